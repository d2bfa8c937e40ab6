"""An answer that was cut at its limit is marked wherever it is shown; other answers aren't."""

import io
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel
from rich.console import Console

from cli.live.lines import line_of
from cli.live.view import TaskState
from cli.output.endings import ending_of
from cli.output.outcomes import print_end
from cli.output.tasks import facts_of, marked_status_of, table_of
from models.events import SubtaskCompleted
from models.ids import NodePath
from models.runs import RunStatus
from tests.cli.builders import TASK, a_bill, call_finished, happened, subtask_view, task_view

Shown = TypeVar("Shown", bound=BaseModel)


def ended(printed: Shown, finish_reason: Any) -> Shown:
    return printed.model_copy(update={"finish_reason": finish_reason})


@pytest.mark.parametrize(
    ("finish_reason", "mark"),
    [
        ("length", "cut off"),
        ("content_filter", "filtered"),
        ("refusal", "refused"),
        ("other", "end unknown"),
        ("stop", None),
        ("tool_calls", None),
        (None, None),
    ],
)
def test_answers_that_may_continue_are_marked(finish_reason: str | None, mark: str | None) -> None:
    ending = ending_of(ended(task_view(), finish_reason))
    assert (ending.mark if ending else None) == mark
    listed = marked_status_of(ended(task_view(status=RunStatus.COMPLETED), finish_reason))
    assert listed == (f"completed ({mark})" if mark else "completed")


def test_a_cut_answer_is_marked_where_it_is_followed() -> None:
    assert line_of(ended(call_finished("a"), "length"), TASK).endswith(", cut off at its token limit")
    assert "cut" not in line_of(ended(call_finished("a"), "stop"), TASK)
    done = SubtaskCompleted(path=NodePath("a"), preview="Half", finish_reason="length")
    assert line_of(done, TASK) == "a: completed, cut off at its token limit: Half"
    state = TaskState(TASK)
    state.apply(happened(1, done))
    assert state.nodes[NodePath("a")].note == "its answer was cut off at its token limit"


def test_a_cut_answer_is_marked_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    shown = io.StringIO()
    done = task_view(status=RunStatus.COMPLETED, result="Half a sen")
    cut = ended(subtask_view("facts"), "length")
    print_end(ended(done, "length"), a_bill(estimated=True), [cut, subtask_view("b")], Console(file=shown, width=100))
    lines = shown.getvalue().splitlines()
    assert lines[:3] == [
        "✓ Completed (simulated), 3 model requests, ~$0.0009",
        "  The answer was cut off at its token limit and may be incomplete.",
        "  The answer from subtask facts was cut off at its token limit.",
    ]
    assert capsys.readouterr().out == "Half a sen\n"


def test_a_cut_answer_is_marked_in_show() -> None:
    task = ended(task_view(status=RunStatus.COMPLETED), "length")
    assert dict(facts_of(task, a_bill()))["Status"] == "completed, the answer was cut off at its token limit"
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(table_of([ended(subtask_view("a"), "length"), subtask_view("b")], a_bill()))
    lines = console.export_text().splitlines()
    assert [("completed (cut off)" in line) for line in lines if line.startswith(("a ", "b "))] == [True, False]
