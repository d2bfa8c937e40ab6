"""A table that doesn't fit is printed as lines, without losing anything."""

import io
import os
import shutil
import sys

import pytest
from rich.console import Console

from cli.output.tables import print_table
from cli.output.tasks import list_of, table_of
from cli.process.program import use_size
from tests.cli.builders import TASK, a_bill, a_sum, subtask_view, task_view


def printed(width: int, table: object) -> str:
    written = io.StringIO()
    print_table(Console(file=written, width=width, force_terminal=True, color_system=None), table)  # type: ignore[arg-type]
    return written.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_list_of_tasks_keeps_ids_and_costs(width: int) -> None:
    task = task_view(spent_micro_usd=1_234, estimated=True)
    text = printed(width, list_of([task], frozenset()))
    assert all(each in text for each in (TASK[:8], "running", "~$0.0012", "A title"))
    assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_of_subtasks_keeps_its_sum(width: int) -> None:
    bill = a_bill(by_subtask=(a_sum(1, 900, path="facts"),))
    text = printed(width, table_of([subtask_view("facts")], bill))
    assert all(each in text for each in ("facts", "completed", "writer", "Total", "$0.0009"))


def test_an_exact_cost_has_no_mark() -> None:
    text = printed(80, list_of([task_view(spent_micro_usd=1_234)], frozenset()))
    assert " $0.0012" in text
    assert "~" not in text


def test_a_dumb_terminal_is_as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "LINES"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda fallback: os.terminal_size((40, 10)))
    use_size()
    assert Console().size == (40, 10)
