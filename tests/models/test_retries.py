"""Advice for a failed task actually helps: if the same failure would recur, the advice includes a change."""

import inspect

import pytest

from models import errors
from models.errors import SETTLED, ChimeraError, ProviderError
from models.retries import AS_IT_IS, advice_for
from models.tasks import TaskRetry

CODES = {each.code for each in vars(errors).values() if inspect.isclass(each) and issubclass(each, ChimeraError)}


@pytest.mark.parametrize(
    "code",
    ["context_too_long", "unknown_model", "bad_request", "content_refused", "plan_invalid", "same_failure_again"],
)
def test_repeating_failures_need_a_change(code: str) -> None:
    advice = advice_for(code)
    assert code in CODES
    assert advice.retry
    assert advice.change


@pytest.mark.parametrize("code", ["wrong_key", "missing_key", "no_quota", "unknown_price", "unusable_header"])
def test_a_failure_fixed_elsewhere_needs_no_change(code: str) -> None:
    advice = advice_for(code)
    assert (code in CODES, advice.retry, advice.change) == (True, True, ())
    assert advice is not AS_IT_IS


@pytest.mark.parametrize("code", ["content_refused", "bad_request"])
def test_a_refused_text_asks_for_no_guidance(code: str) -> None:
    advice = advice_for(code)
    assert "guidance" not in advice.change
    assert advice.new_task


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_named_remedy_is_a_request_field(code: str) -> None:
    advice = advice_for(code)
    fields = {*advice.change, *advice.instead}
    assert ("model" in fields) == ("choose a" in advice.message.lower()), advice.message
    if advice.retry:
        assert advice.new_task == ("new task" in advice.message)


@pytest.mark.parametrize("code", sorted(SETTLED))
def test_settled_failures_need_a_new_task(code: str) -> None:
    assert not advice_for(code).retry


@pytest.mark.parametrize("code", ["attempts_used_up", "overloaded", "a code of a newer server", None])
def test_transient_failures_are_retried_unchanged(code: str | None) -> None:
    assert advice_for(code) == AS_IT_IS


def test_each_failure_for_good_has_advice() -> None:
    # A provider failure without its own class, a call whose attempts are used up, and runs that fail no task.
    others = {"provider_error", "attempts_used_up", "ai_call_failed", "reply_failed"}
    for_good = {each.code for each in _with_kinds(ProviderError) if not each.retryable}
    assert {code for code in for_good if advice_for(code) == AS_IT_IS} == others


def _with_kinds(error: type[ProviderError]) -> list[type[ProviderError]]:
    return [error, *(each for kind in error.__subclasses__() for each in _with_kinds(kind))]


def test_changes_are_fields_of_a_retry() -> None:
    assert {change for code in CODES for change in advice_for(code).change} <= set(TaskRetry.model_fields)
