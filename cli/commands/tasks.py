"""Commands about tasks. All of them speak HTTP with the API."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.input.amounts import micro_usd, one_of, whole
from cli.input.encodings import path as a_path

ON_FAILURE = ("fail", "skip", "retry")
ON_TRUNCATED = ("continue", "accept", "fail")

Id = Annotated[
    str,
    typer.Argument(metavar="ID", help="The task's id, or the beginning of it; last is the newest.", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the API answers, as JSON.")]
ExitOnBudget = Annotated[
    bool, typer.Option("--exit-on-budget", help="Stop watching, with 4, when it has used up its budget and waits.")
]

Follow = Annotated[bool, typer.Option(help="Watch it until it has ended.")]
Usd = Annotated[int | None, typer.Option(parser=micro_usd, metavar="AMOUNT", help="US dollars.")]
Tokens = Annotated[int | None, typer.Option(parser=whole(1), help="Input and output together.")]
Requests = Annotated[int | None, typer.Option(parser=whole(1), help="Requests to models, repeated ones included.")]
"""Limits of what a task may spend in all."""


def run(
    goal: Annotated[str, typer.Argument(metavar="GOAL", help="What is to be done.", show_default=False)],
    model: Annotated[str | None, typer.Option(help="provider/model for agents without one of their own.")] = None,
    budget_micro_usd: Annotated[
        int | None,
        typer.Option(
            "--budget-usd", parser=micro_usd, metavar="AMOUNT", help="Wait and ask before more than this is spent."
        ),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(parser=a_path, help="JSON file with the subtasks, instead of a planner.")
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(parser=a_path, help="A picture that the agents see; may be given more than once."),
    ] = None,
    on_failure: Annotated[
        str | None,
        typer.Option(
            parser=one_of(ON_FAILURE),
            # Its words would leave the names of options no room at 80 columns.
            metavar="WHAT",
            autocompletion=lambda: ON_FAILURE,
            help="fail, skip or retry: what to do when a subtask fails.",
        ),
    ] = None,
    on_truncated: Annotated[
        str | None,
        typer.Option(
            parser=one_of(ON_TRUNCATED),
            metavar="WHAT",
            autocompletion=lambda: ON_TRUNCATED,
            help="continue, accept or fail: what to do with an answer that was cut at its limit of tokens.",
        ),
    ] = None,
    max_output_tokens: Annotated[
        int | None, typer.Option(parser=whole(16, 131_072), help="Longest answer of a built-in agent; else 2048.")
    ] = None,
    max_turns: Annotated[
        int | None, typer.Option(parser=whole(1, 1000), help="Model calls of one subtask at most; else 20.")
    ] = None,
    priority: Annotated[int | None, typer.Option(parser=whole(1, 5), help="1 (most urgent) to 5; else 3.")] = None,
    follow: Follow = True,
    exit_on_budget: ExitOnBudget = False,
    as_json: AsJson = False,
) -> None:
    """Hand in a task and watch it; Ctrl-C leaves it running."""
    from cli.actions.run import run, spec_from
    from cli.input.options import TASK
    from cli.process.running import finish

    finish(
        lambda: run(
            spec_from(
                goal,
                model=model,
                budget_micro_usd=budget_micro_usd,
                plan=plan,
                on_failure=on_failure,
                on_truncated=on_truncated,
                max_output_tokens=max_output_tokens,
                max_turns=max_turns,
                priority=priority,
            ),
            images=image or (),
            follow_it=follow,
            exit_on_budget=exit_on_budget,
            as_json=as_json,
        ),
        TASK,
    )


def follow(
    task_id: Id,
    after: Annotated[int, typer.Option(parser=whole(0), help="Begin behind this event; 0 tells the whole story.")] = 0,
    exit_on_budget: ExitOnBudget = False,
    as_json: AsJson = False,
) -> None:
    """Watch a task until it has ended; Ctrl-C leaves it running."""
    from cli.actions.run import follow
    from cli.process.running import finish

    finish(lambda: follow(task_id, after=after, exit_on_budget=exit_on_budget, as_json=as_json))


def list_tasks(
    status: Annotated[
        list[str] | None, typer.Option(help="Only running, completed, failed …; may be given more than once.")
    ] = None,
    limit: Annotated[int, typer.Option(parser=whole(1, 1000), help="At most so many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List tasks, newest first."""
    from cli.input.options import LIST
    from cli.output.tasks import list_tasks
    from cli.process.running import finish

    finish(lambda: list_tasks(status or [], limit, as_json=as_json), LIST)


def show(
    task_id: Id,
    path: Annotated[
        str | None,
        typer.Option(help="All that was said at this subtask, as in facts; / is for the task's own calls."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show a task: its subtasks, what it cost, its result; or what was said at one of its subtasks."""
    from cli.input.options import NODE
    from cli.output.messages import show_messages
    from cli.output.tasks import show
    from cli.process.running import finish

    finish(
        lambda: show(task_id, as_json=as_json) if path is None else show_messages(task_id, path, as_json=as_json), NODE
    )


def cost(task_id: Id, as_json: AsJson = False) -> None:
    """Show what a task has cost, by model, agent and subtask, and what came to nothing."""
    from cli.output.costs import show_cost
    from cli.process.running import finish

    finish(lambda: show_cost(task_id, as_json=as_json))


def cancel(task_id: Id) -> None:
    """Stop a task; from then on no model call is begun for it."""
    _control(task_id, "cancel")


def pause(task_id: Id) -> None:
    """Let model calls in flight end and begin no other."""
    _control(task_id, "pause")


def resume(task_id: Id) -> None:
    """Let a paused task go on."""
    _control(task_id, "resume")


def retry(
    task_id: Id,
    model: Annotated[str | None, typer.Option(help="provider/model for what failed.")] = None,
    guidance: Annotated[str | None, typer.Option(help="What the failed subtasks should know this time.")] = None,
    usd: Usd = None,
    tokens: Tokens = None,
    requests: Requests = None,
    follow: Follow = True,
    exit_on_budget: ExitOnBudget = False,
    as_json: AsJson = False,
) -> None:
    """Let a failed task go on where it failed, and watch it; what was answered is not paid for again."""
    from cli.actions.run import retry
    from cli.input.options import RETRY
    from cli.process.running import finish

    finish(
        lambda: retry(
            task_id,
            model=model,
            guidance=guidance,
            limits=(usd, tokens, requests),
            follow_it=follow,
            exit_on_budget=exit_on_budget,
            as_json=as_json,
        ),
        RETRY,
    )


def steer(
    task_id: Id,
    guidance: Annotated[
        str, typer.Argument(metavar="GUIDANCE", help="What the next calls should know.", show_default=False)
    ],
    path: Annotated[str | None, typer.Option(help="Only this subtask and what is below it.")] = None,
    interrupt: Annotated[bool, typer.Option("--interrupt", help="Cut the model call in flight.")] = False,
) -> None:
    """Give a running task guidance."""
    from cli.actions.controls import steer
    from cli.input.options import GUIDANCE
    from cli.process.running import finish

    finish(lambda: steer(task_id, guidance, path=path, interrupt=interrupt), GUIDANCE)


def budget(
    task_id: Id,
    usd: Usd = None,
    tokens: Tokens = None,
    requests: Requests = None,
) -> None:
    """Set what a task may spend in all; one that waits for it goes on."""
    from cli.actions.controls import set_budget
    from cli.input.options import BUDGET
    from cli.process.running import finish

    finish(lambda: set_budget(task_id, micro_usd=usd, tokens=tokens, requests=requests), BUDGET)


def delete(task_id: Id) -> None:
    """Delete what an ended task was about; what it cost remains."""
    from cli.actions.controls import delete
    from cli.process.running import finish

    finish(lambda: delete(task_id))


def _control(task_id: str, what: Literal["cancel", "pause", "resume"]) -> None:
    from cli.actions.controls import control
    from cli.process.running import finish

    finish(lambda: control(task_id, what))
