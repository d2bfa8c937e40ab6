"""Which limit an agent has reached, from what it has done so far."""

import re
from collections.abc import Sequence

import pytest

from activities.agent_limits import MISTAKEN_TURNS, notice_of, reached_in
from activities.tool_results import arguments_in, not_available
from chimera.ledger.agent_limits import MISTAKES, Progress, Turn
from chimera.providers.base import ToolRequest
from chimera.tools.base import ToolError, problems_of
from models.agents import AgentLimits

NONE = AgentLimits()


def turn(*calls: tuple[str, str], mistaken: bool = False) -> Turn:
    return Turn(calls, mistaken)


def progress(turns: Sequence[Turn] = (), *, tool_calls: int = 0, seconds: float = 0.0) -> Progress:
    return Progress(tool_calls, seconds, tuple(turns))


def test_without_limits_an_agent_goes_on() -> None:
    assert reached_in(progress(tool_calls=10**6, seconds=10**6), NONE) is None


@pytest.mark.parametrize(("made", "is_reached"), [(4, False), (5, True), (7, True)])
def test_tool_calls_are_counted(made: int, is_reached: bool) -> None:
    assert (reached_in(progress(tool_calls=made), AgentLimits(max_tool_calls=5)) is not None) == is_reached


@pytest.mark.parametrize(("seconds", "is_reached"), [(59.9, False), (60.0, True)])
def test_seconds_are_counted(seconds: float, is_reached: bool) -> None:
    assert (reached_in(progress(seconds=seconds), AgentLimits(max_seconds=60)) is not None) == is_reached


def test_identical_calls_are_compared_by_meaning() -> None:
    same = [turn(("f", '{"a": 1, "b": 2}'), ("g", "")), turn(("g", "{}"), ("f", '{"b":2,"a":1}'))]
    assert reached_in(progress([*same, same[0]]), NONE) is not None
    assert reached_in(progress(same), NONE) is None


@pytest.mark.parametrize(
    "other",
    [turn(), turn(("g", "{}")), turn(("f", '{"a": 1}')), turn(("f", "{}"), ("f", "{}")), turn(("f", "{"))],
    ids=["no calls", "another tool", "other arguments", "twice", "invalid"],
)
def test_a_different_turn_breaks_the_row(other: Turn) -> None:
    same = turn(("f", "{}"))
    assert reached_in(progress([same, same, other]), NONE) is None
    assert reached_in(progress([same, other, same, same]), NONE) is None
    assert reached_in(progress([same, same, same, other]), NONE) is not None


def test_turns_without_calls_are_not_identical() -> None:
    assert reached_in(progress([turn()] * 9), NONE) is None


def test_mistakes_in_a_row_end_an_agent() -> None:
    wrong = [turn((f"f{n}", "{}"), mistaken=True) for n in range(MISTAKEN_TURNS)]
    assert reached_in(progress(wrong), NONE) is not None
    assert reached_in(progress([*wrong[1:], turn(("f", "{}"))]), NONE) is None


def test_a_notice_asks_for_an_answer() -> None:
    assert notice_of("Enough.").startswith("Enough. You can't call tools anymore.")


def test_errors_of_mistaken_calls_are_recognized() -> None:
    """The ledger knows these errors by their beginning."""
    with pytest.raises(ToolError) as invalid:
        arguments_in(ToolRequest("1", "f", "["))
    messages = [
        invalid.value.message,
        not_available("f", ()).message,
        not_available("f", ("g",)).message,
        problems_of("f", ["a: Field required"]),
    ]
    assert all(re.search(MISTAKES, message) for message in messages), messages
