"""Remedies: which one an error has, and how far a budget should be raised."""

import pytest

from models.errors import (
    AiCallFailed,
    AttemptsUsedUp,
    ChimeraError,
    NotFound,
    NotSignedIn,
    TokenRefused,
    UnknownAgent,
    WrongKindOfModel,
    remedy_of,
)
from models.ids import RunId
from models.remedies import Action, Remedy, raise_budget
from models.waits import budget_wait

RUN = RunId("6c1f0b1e-0000-4000-8000-000000000001")


@pytest.mark.parametrize(
    ("error", "action", "target"),
    [
        (NotSignedIn(), "sign_in", None),
        (TokenRefused("access"), "refresh_token", None),
        (TokenRefused("refresh"), "sign_in", None),
        (UnknownAgent("poet", ["writer"]), "create_agent", None),
        (WrongKindOfModel("a/b", "chat", "c/d"), "list_models", None),
        (NotFound("schedule", "x"), "list_schedules", None),
        (AiCallFailed("7d1f", "overloaded", "Busy."), "show_ai_call", "7d1f"),
    ],
)
def test_an_error_carries_its_remedy(error: ChimeraError, action: str, target: str | None) -> None:
    assert error.remedy == Remedy(action=Action(action), target=target)


def test_an_error_may_have_no_remedy() -> None:
    assert NotFound("page", "x").remedy is None
    assert str(NotFound("page", "x")) == "There is no page 'x'."


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        ("attempts_used_up", Remedy(action=Action.SHOW_COST, target=RUN)),
        ("same_failure_again", Remedy(action=Action.SHOW_COST, target=RUN)),
        ("unknown_agent", Remedy(action=Action.CREATE_AGENT)),
        ("wrong_kind_of_model", Remedy(action=Action.LIST_MODELS)),
        ("overloaded", None),
        ("a code of a newer server", None),
        (None, None),
    ],
)
def test_a_kept_error_has_its_remedy_again(code: str | None, remedy: Remedy | None) -> None:
    assert remedy_of(code, RUN) == remedy


def test_exhausted_attempts_show_the_last_failure() -> None:
    assert AttemptsUsedUp(3, "overloaded", "Busy.").message == (
        "The provider was called 3 times, which is the maximum allowed. Last outcome: overloaded: Busy."
    )


@pytest.mark.parametrize(
    ("limit", "needed", "raised"),
    [
        ("max_cost_micro_usd", 200, 10_000),
        ("max_cost_micro_usd", 5_000, 10_000),
        ("max_cost_micro_usd", 5_001, 20_000),
        ("max_tokens", 700, 1_400),
        ("max_model_calls", 3, 6),
    ],
)
def test_a_budget_is_raised_to_twice_its_need(limit: str, needed: int, raised: int) -> None:
    assert raise_budget(RUN, limit, needed).options == {limit: raised}


def test_an_unknown_need_proposes_no_amount() -> None:
    assert raise_budget(RUN, "max_tokens", None) == Remedy(action=Action.RAISE_BUDGET, target=RUN)


def test_a_wait_for_a_budget_is_tagged() -> None:
    wait = budget_wait(RUN, limit="max_tokens", message="All are used.", needed=7)
    assert wait.model_dump(mode="json") == {
        "kind": "budget",
        "limit": "max_tokens",
        "needed": 7,
        "message": "All are used.",
        "until": None,
        "remedy": {"action": "raise_budget", "target": RUN, "options": {"max_tokens": 14}},
    }


def test_a_spending_limit_is_shown_instead_of_raised() -> None:
    wait = budget_wait(RUN, limit="max_cost_day_micro_usd", message="It is spent.", needed=7)
    assert wait.remedy == Remedy(action=Action.SHOW_LIMITS)
