"""What control commands say beside what the API answers."""

import pytest

from cli.actions.controls import shortfall_of
from models.tasks import Budget, Waiting

COSTS_MORE = Waiting(limit="max_cost_micro_usd", message="", needed=4475)


def test_a_raise_that_is_too_small_for_the_next_call_is_said() -> None:
    assert shortfall_of(COSTS_MORE, Budget(max_cost_micro_usd=4000)) == (
        "It will wait again: its next call needs --usd 0.004475 at least."
    )


def test_a_raise_of_another_limit_is_said() -> None:
    waiting = Waiting(limit="max_tokens", message="", needed=700)
    assert "--tokens 700" in (shortfall_of(waiting, Budget(max_cost_micro_usd=10**9)) or "")


@pytest.mark.parametrize("waiting", [None, COSTS_MORE, Waiting(limit="max_tokens", message="")])
def test_a_raise_that_is_enough_or_can_not_be_judged_is_not_remarked_on(waiting: Waiting | None) -> None:
    assert shortfall_of(waiting, Budget(max_cost_micro_usd=4475)) is None
