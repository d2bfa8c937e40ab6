"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from cli.input.amounts import micro_usd, whole
from cli.input.encodings import path

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's answer as JSON.")]
TaskName = Annotated[
    str,
    typer.Argument(metavar="ID", help="The task's id or its beginning; last is the newest.", show_default=False),
]
Newest = Annotated[int, typer.Option(parser=whole(1, 1000), help="Most entries to list, newest first.")]

TaskModel = Annotated[str | None, typer.Option(help="provider/model for agents without one of their own.")]
Plan = Annotated[Path | None, typer.Option(parser=path, help="JSON file with the subtasks, instead of a planner.")]

Follow = Annotated[bool, typer.Option(help="Watch it until it has ended.")]
ExitOnBudget = Annotated[
    bool, typer.Option("--exit-on-budget", help="Stop watching, with exit code 4, when it waits for its budget.")
]

Usd = Annotated[int | None, typer.Option(parser=micro_usd, metavar="AMOUNT", help="US dollars.")]
Tokens = Annotated[int | None, typer.Option(parser=whole(1), help="Input and output together.")]
Requests = Annotated[int | None, typer.Option(parser=whole(1), help="Requests to models, retries included.")]
"""Limits of what a task may spend in all."""
