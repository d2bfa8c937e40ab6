"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from cli.input.amounts import micro_usd, whole
from cli.input.encodings import path

AsJson = Annotated[bool, typer.Option("--json", help="Print what the API answers, as JSON.")]
TaskName = Annotated[
    str,
    typer.Argument(metavar="ID", help="The task's id, or the beginning of it; last is the newest.", show_default=False),
]
Newest = Annotated[int, typer.Option(parser=whole(1, 1000), help="At most so many, newest first.")]

TaskModel = Annotated[str | None, typer.Option(help="provider/model for agents without one of their own.")]
Plan = Annotated[Path | None, typer.Option(parser=path, help="JSON file with the subtasks, instead of a planner.")]

Follow = Annotated[bool, typer.Option(help="Watch it until it has ended.")]
ExitOnBudget = Annotated[
    bool, typer.Option("--exit-on-budget", help="Stop watching, with 4, when it has used up its budget and waits.")
]

Usd = Annotated[int | None, typer.Option(parser=micro_usd, metavar="AMOUNT", help="US dollars.")]
Tokens = Annotated[int | None, typer.Option(parser=whole(1), help="Input and output together.")]
Requests = Annotated[int | None, typer.Option(parser=whole(1), help="Requests to models, repeated ones included.")]
"""Limits of what a task may spend in all."""
