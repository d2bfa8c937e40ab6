"""A failing call is reported once instead of at every attempt."""

import io

from rich.console import Console

from cli.live.lines import line_of
from cli.live.repeats import Repeats
from cli.live.screens import Lines
from cli.live.view import TaskState
from models.events import Event, ModelCallFailed, ModelCallWaiting, RunFailed, SubtaskFailed
from models.ids import NodePath
from models.model_calls import Purpose
from tests.cli.builders import TASK, call_failed, call_finished, call_started, happened, task_view


def waiting(path: str, code: str = "provider_away") -> ModelCallWaiting:
    return ModelCallWaiting(
        path=NodePath(path), step=1, purpose=Purpose.TURN, code=code, message="It is away.", retry_after_s=None
    )


def lines_of(*events: Event) -> list[str]:
    """Return the lines that are printed when nothing can be redrawn, without their times."""
    console = Console(file=io.StringIO(), width=200)
    lines = Lines(TaskState(TASK, task_view()), console)
    for seq, event in enumerate(events):
        lines.show(happened(seq, event))
    assert isinstance(console.file, io.StringIO)
    return [line.partition(" s  ")[2] for line in console.file.getvalue().splitlines()]


def attempts(path: str, first: int, last: int, code: str = "overloaded") -> list[Event]:
    return [
        event
        for attempt in range(first, last + 1)
        for event in (call_started(path, attempt=attempt), call_failed(path, attempt=attempt, code=code))
    ]


def test_a_repeated_failure_is_shown_every_tenth_time() -> None:
    lines = lines_of(*attempts("a", 1, 23), call_started("a", attempt=24), call_finished("a", attempt=24))
    begun, trouble = (
        "(analyst, simulator/fast, simulated)",
        "failed: overloaded: It has trouble; the call will be retried",
    )
    assert [line.removeprefix("a: model call 1") for line in lines] == [
        f" {begun}",
        f" {trouble}",
        f" {begun}, attempt 2",
        f", attempt 10 {trouble} (attempts 2 to 9 failed in the same way)",
        f" {begun}, attempt 11",
        f", attempt 20 {trouble} (attempts 11 to 19 failed in the same way)",
        f" {begun}, attempt 21",
        ", attempt 24 finished: 15 tokens, $0.000030 (attempts 21 to 23 failed in the same way)",
    ]


def test_a_changed_reason_and_the_end_are_reported() -> None:
    repeats = Repeats()
    for event in attempts("a", 1, 2):
        repeats.left_out_before(event)
    assert repeats.left_out_before(call_started("a", attempt=3)) is None
    left_out = repeats.left_out_before(call_failed("a", attempt=3, code="rate_limited"))
    assert left_out == "attempt 2 failed in the same way"
    assert repeats.left_out_before(call_started("a", attempt=4)) == ""
    assert repeats.left_out_before(call_failed("a", attempt=4)) is None
    assert repeats.left_out_before(call_failed("b")) == ""
    left_out = repeats.left_out_before(call_failed("a", attempt=5, retryable=False))
    assert left_out == "attempt 4 failed in the same way"


def test_a_waiting_call_is_reported_once_per_reason() -> None:
    lines = lines_of(waiting("a"), waiting("a"), waiting("a", "rate_limited"), waiting("a"), waiting("b"))
    assert lines == [
        "a: is waiting for its provider: provider_away: It is away.",
        "a: is waiting for its provider: rate_limited: It is away.",
        "b: is waiting for its provider: provider_away: It is away.",
    ]


def test_a_reason_is_reported_once() -> None:
    repeats, why = Repeats(), "The provider's key is not valid. " * 5
    call = ModelCallFailed(
        path=NodePath("a"), purpose=Purpose.TURN, step=1, attempt=1, code="wrong_key", message=why, retryable=False
    )
    subtask = SubtaskFailed(path=NodePath("a"), code="wrong_key", message=why[:120])
    task = RunFailed(code="wrong_key", message=f"Subtask 'a' failed: {why}")
    lines = [line_of(repeats.without_reason_again(event), TASK) for event in (call, subtask, task)]
    assert "The provider's key is not valid." in lines[0]
    assert lines[1:] == ["a: failed: wrong_key", "task: failed: wrong_key"]


def test_another_reason_is_reported_too() -> None:
    repeats = Repeats()
    repeats.without_reason_again(SubtaskFailed(path=NodePath("a"), code="no_quota", message="Nothing left."))
    other = repeats.without_reason_again(RunFailed(code="plan_invalid", message="The plan has a circle."))
    assert line_of(other, TASK) == "task: failed: plan_invalid: The plan has a circle."
