"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from cli.input.amounts import micro_usd, one_of, whole
from cli.input.encodings import path

ON_FAILURE = ("fail", "skip", "retry")
ON_TRUNCATED = ("continue", "accept", "fail")
SUBTASKS = ("child", "inline")

AsJson = Annotated[bool, typer.Option("--json", help="Print the API's response as JSON.")]
TaskName = Annotated[
    str,
    typer.Argument(
        metavar="ID",
        help="The task's ID, the ID's first characters, or 'last' for the newest task.",
        show_default=False,
    ),
]
Newest = Annotated[int, typer.Option(parser=whole(1, 1000), help="Maximum number of tasks to list, newest first.")]

TaskModel = Annotated[str | None, typer.Option(help="The model, as provider/model, for agents that don't specify one.")]
Plan = Annotated[
    Path | None, typer.Option(parser=path, help="A JSON file with the subtasks, used instead of a planner.")
]
OnFailure = Annotated[
    str | None,
    typer.Option(
        parser=one_of(ON_FAILURE),
        # At 80 columns, the choices themselves would leave no room for the names of options.
        metavar="WHAT",
        autocompletion=lambda: ON_FAILURE,
        help="What to do when a subtask fails: fail the task (fail), skip the subtask (skip) or retry it (retry).",
    ),
]
OnTruncated = Annotated[
    str | None,
    typer.Option(
        parser=one_of(ON_TRUNCATED),
        metavar="WHAT",
        autocompletion=lambda: ON_TRUNCATED,
        help="What to do when an answer is cut off at its token limit: continue, accept or fail.",
    ),
]
Subtasks = Annotated[
    str | None,
    typer.Option(
        parser=one_of(SUBTASKS),
        metavar="WHERE",
        autocompletion=lambda: SUBTASKS,
        help="Where subtasks run: in their own workflows (child) or in their parent's workflow (inline).",
    ),
]

Follow = Annotated[bool, typer.Option(help="Watch the task until it ends.")]
ExitOnBudget = Annotated[
    bool,
    typer.Option(
        "--exit-on-budget", help="Stop watching and exit with code 4 when the task waits for a higher budget."
    ),
]

Usd = Annotated[
    int | None,
    typer.Option(parser=micro_usd, metavar="AMOUNT", help="The limit on the task's total cost, in US dollars."),
]
Tokens = Annotated[
    int | None, typer.Option(parser=whole(1), help="The limit on the task's input and output tokens combined.")
]
Requests = Annotated[
    int | None, typer.Option(parser=whole(1), help="The limit on the task's model requests, including retries.")
]
"""`Usd`, `Tokens` and `Requests` limit what a task may spend in total."""
