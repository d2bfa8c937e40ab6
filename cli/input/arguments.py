"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from cli.input.amounts import micro_usd, whole
from cli.input.encodings import path

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's response as JSON.")]
TaskName = Annotated[
    str,
    typer.Argument(
        metavar="ID", help="The task's id or the beginning of the id. Use last for the newest task.", show_default=False
    ),
]
Newest = Annotated[int, typer.Option(parser=whole(1, 1000), help="Maximum number of entries to list, newest first.")]

TaskModel = Annotated[
    str | None, typer.Option(help="Model for agents without a model of their own, as provider/model.")
]
Plan = Annotated[
    Path | None, typer.Option(parser=path, help="JSON file with the subtasks, which replaces the planner.")
]

Follow = Annotated[bool, typer.Option(help="Watch the task until it ends.")]
ExitOnBudget = Annotated[
    bool, typer.Option("--exit-on-budget", help="Stop watching, with exit code 4, when the task waits for budget.")
]

Usd = Annotated[int | None, typer.Option(parser=micro_usd, metavar="AMOUNT", help="Total cost limit in US dollars.")]
Tokens = Annotated[int | None, typer.Option(parser=whole(1), help="Total limit on tokens, input and output together.")]
Requests = Annotated[int | None, typer.Option(parser=whole(1), help="Total limit on model requests, retries included.")]
"""Limits of what a task may spend in all."""
