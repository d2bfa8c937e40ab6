"""Prints the files of a task."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_line
from cli.output.tables import print_table
from cli.output.text import count, one_line, short
from models.files import FileView
from models.ids import TaskId

NAMED = 10
"""How many files the summary of a task names."""


def print_files(files: Sequence[FileView], task_id: TaskId) -> None:
    """Print a list of a task's files, and how to save them."""
    if not files:
        print_line(f"No files yet. To see the task's progress, run: chimera show {short(task_id)}")
        return
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("Size", no_wrap=True, justify="right")
    table.add_column("Type", no_wrap=True)
    table.add_column("Name", overflow="fold", ratio=1)
    for file in files:
        table.add_row(count(file.size_bytes, "byte"), one_line(file.media_type, 40), Text(one_line(file.name)))
    print_table(Console(highlight=False), table)
    print_line(f"To save them, run: chimera files {short(task_id)} --save FOLDER")


def named(files: Sequence[FileView], *, more: bool, task_id: TaskId) -> str:
    """Name the newest files of a task in one line; empty if there are none. `more`: these aren't all."""
    if not files:
        return ""
    names = ", ".join(file.name for file in files[:NAMED])
    rest = ", …" if more or len(files) > NAMED else ""
    return f"{names}{rest}. To save them, run: chimera files {short(task_id)} --save FOLDER"
