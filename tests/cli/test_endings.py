"""An answer that was cut at its limit is marked wherever it is shown; others aren't."""

import io
from typing import Any, TypeVar

import pytest
from pydantic import BaseModel
from rich.console import Console

from cli.actions.run import tell_end
from cli.actions.showing import facts_of, table_of
from cli.endings import is_cut
from cli.lines import line_of
from models.tasks import TaskStatus
from tests.cli.builders import a_bill, call_finished, subtask_view, task_view

Told = TypeVar("Told", bound=BaseModel)


def ended(told: Told, finish_reason: Any) -> Told:
    return told.model_copy(update={"finish_reason": finish_reason})


@pytest.mark.parametrize(("finish_reason", "cut"), [("length", True), ("stop", False), ("other", False), (None, False)])
def test_only_an_answer_at_its_limit_counts_as_cut(finish_reason: str | None, cut: bool) -> None:
    assert is_cut(ended(task_view(), finish_reason)) is cut
    assert is_cut(task_view()) is False


def test_a_cut_answer_is_marked_where_it_is_followed() -> None:
    assert line_of(ended(call_finished("a"), "length")).endswith(", cut at its limit")
    assert "cut" not in line_of(ended(call_finished("a"), "stop"))


def test_a_cut_answer_is_marked_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    shown = io.StringIO()
    done = task_view(status=TaskStatus.COMPLETED, result="Half a sen")
    tell_end(ended(done, "length"), Console(file=shown, width=100))
    assert "The answer was cut at its limit" in shown.getvalue()
    assert capsys.readouterr().out == "Half a sen\n"


def test_a_cut_answer_is_marked_where_a_task_is_shown() -> None:
    task = ended(task_view(status=TaskStatus.COMPLETED), "length")
    assert dict(facts_of(task, a_bill()))["Status"] == "completed, the answer cut at its limit"
    console = Console(file=io.StringIO(), width=120, record=True)
    console.print(table_of([ended(subtask_view("a"), "length"), subtask_view("b")], a_bill()))
    lines = console.export_text().splitlines()
    assert [("completed (cut)" in line) for line in lines if line.startswith(("a ", "b "))] == [True, False]
