"""The next step after a failed task: the command is shown, and whether the task's budget suffices."""

from typing import Any

import pytest

from cli.input.amounts import micro_usd
from cli.output.outcomes import next_step_of, shortfall_of, shortfall_of_retry
from cli.output.tasks import facts_of
from models.costs import CostView
from models.runs import RunStatus
from models.tasks import Budget, BudgetView, TaskView
from models.waits import Waiting, budget_wait
from tests.cli.builders import TASK, a_bill, attempt, task_view


def failed(code: str) -> TaskView:
    return task_view(status=RunStatus.FAILED, error_code=code, error="It failed.")


def bill(*attempts: Any, **limits: int) -> CostView:
    none = {"max_cost_micro_usd": None, "max_tokens": None, "max_model_calls": None}
    return a_bill(attempts=attempts, budget=BudgetView.model_validate(none | limits))


FAILED = attempt(status="failed", reserved_micro_usd=1100, reserved_tokens=50)


@pytest.mark.parametrize(
    ("code", "ends"),
    [
        ("attempts_used_up", "Retry the task from the point where it failed: chimera retry 6c1f0b1e"),
        ("context_too_long", "chimera retry 6c1f0b1e --model <provider/model>"),
        ("unknown_model", "chimera retry 6c1f0b1e --model <provider/model>"),
        ("bad_request", "in a new task: chimera retry 6c1f0b1e --model <provider/model>, or: chimera run <goal>"),
        ("content_refused", "a new task: chimera retry 6c1f0b1e --model <provider/model>, or: chimera run <goal>"),
        ("plan_invalid", "chimera retry 6c1f0b1e --model <provider/model>, or: chimera run <goal>"),
        (
            "same_failure_again",
            'chimera retry 6c1f0b1e --guidance "…", or: chimera retry 6c1f0b1e --model <provider/model>',
        ),
        (
            "unusable_header",
            "or choose another model: chimera retry 6c1f0b1e, or: chimera retry 6c1f0b1e --model <provider/model>",
        ),
        (
            "wrong_key",
            "or choose another model: chimera retry 6c1f0b1e, or: chimera retry 6c1f0b1e --model <provider/model>",
        ),
        ("no_quota", ": chimera retry 6c1f0b1e, or: chimera retry 6c1f0b1e --model <provider/model>"),
        ("unknown_agent", "then retry the task: chimera retry 6c1f0b1e"),
        ("turn_limit_reached", "Create a new task with different limits: chimera run <goal>"),
    ],
)
def test_a_failure_names_the_needed_change(code: str, ends: str) -> None:
    assert next_step_of(failed(code)).endswith(ends)
    assert dict(facts_of(failed(code), a_bill()))["Next step"].endswith(ends)


def test_a_running_task_has_no_next_step() -> None:
    assert "Next step" not in dict(facts_of(task_view(), a_bill()))


@pytest.mark.parametrize(
    ("limits", "needs"),
    [
        ({"max_cost_micro_usd": 1999}, "--usd 0.002"),
        ({"max_tokens": 64}, "--tokens 65"),
        ({"max_model_calls": 3}, "--requests 4"),
        ({"max_cost_micro_usd": 901, "max_model_calls": 3}, "--usd 0.002 --requests 4"),
        ({"max_cost_micro_usd": 2000, "max_tokens": 65, "max_model_calls": 4}, None),
        ({}, None),
    ],
)
def test_a_budget_too_small_to_continue_is_reported(limits: dict[str, int], needs: str | None) -> None:
    printed = shortfall_of_retry(bill(FAILED, **limits))
    assert printed == (
        needs
        and f"The budget is too small to continue, because the failed call needs a total budget of at least {needs}."
    )


def test_only_calls_that_failed_in_the_end_count() -> None:
    answered = attempt(attempt=2, status="finished", reserved_micro_usd=1100)
    assert shortfall_of_retry(bill(FAILED, answered, max_cost_micro_usd=901)) is None


def test_the_price_of_another_model_is_not_known() -> None:
    assert shortfall_of_retry(bill(FAILED, max_cost_micro_usd=901), "openai/gpt-5-mini") is None


def test_a_bill_without_a_budget_has_no_shortfall() -> None:
    assert shortfall_of_retry(a_bill(attempts=(FAILED,))) is None


COSTS_MORE = budget_wait(TASK, limit="max_cost_micro_usd", message="", needed=4475)


def test_a_raise_too_small_is_reported() -> None:
    assert shortfall_of(COSTS_MORE, Budget(max_cost_micro_usd=4000)) == (
        "The task will wait again, because its next call needs a total budget of at least --usd 0.004475."
    )


@pytest.mark.parametrize(("needed", "printed"), [(12_345_678, "12.345678"), (2_000_000_000_000, "2000000")])
def test_a_needed_amount_can_be_typed_again(needed: int, printed: str) -> None:
    waiting = budget_wait(TASK, limit="max_cost_micro_usd", message="", needed=needed)
    shortfall = shortfall_of(waiting, Budget(max_cost_micro_usd=1)) or ""
    assert f"at least --usd {printed}." in shortfall
    assert micro_usd(printed) == needed


def test_a_raise_of_another_limit_is_reported() -> None:
    waiting = budget_wait(TASK, limit="max_tokens", message="", needed=700)
    assert "--tokens 700" in (shortfall_of(waiting, Budget(max_cost_micro_usd=10**9)) or "")


@pytest.mark.parametrize("waiting", [None, COSTS_MORE, budget_wait(TASK, limit="max_tokens", message="")])
def test_a_sufficient_raise_causes_no_remark(waiting: Waiting | None) -> None:
    assert shortfall_of(waiting, Budget(max_cost_micro_usd=4475)) is None
