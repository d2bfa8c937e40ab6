"""Commands about recurring tasks."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.commands.amounts import micro_usd, whole
from cli.encodings import path

Id = Annotated[str, typer.Argument(metavar="ID", help="The schedule's id, or the beginning of it.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the API answers, as JSON.")]
Overlapping = Literal["skip", "buffer_one", "allow_all", "cancel_other"]

app = typer.Typer(
    name="schedules", help="Tasks that recur: list, create, pause, resume, trigger, delete.", no_args_is_help=True
)


@app.command(name="list")
def list_schedules(as_json: AsJson = False) -> None:
    """List your schedules and when they are due next."""
    from cli.actions.schedules import list_schedules
    from cli.running import finish

    finish(lambda: list_schedules(as_json=as_json))


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.", show_default=False)],
    goal: Annotated[str, typer.Argument(metavar="GOAL", help="What is to be done each time.", show_default=False)],
    cron: Annotated[str | None, typer.Option(help="When: five fields as in cron, or @daily.")] = None,
    interval_s: Annotated[int | None, typer.Option(parser=whole(1), help="When: every so many seconds.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Of --cron, as in Europe/Berlin (UTC).")] = None,
    overlap: Annotated[Overlapping | None, typer.Option(help="When one is due and the one before still runs.")] = None,
    paused: Annotated[bool, typer.Option("--paused", help="Don't begin yet.")] = False,
    model: Annotated[str | None, typer.Option(help="provider/model for agents without one of their own.")] = None,
    budget_micro_usd: Annotated[
        int | None,
        typer.Option("--budget-usd", parser=micro_usd, metavar="AMOUNT", help="Each run asks before more is spent."),
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(parser=path, help="JSON file with the subtasks, instead of a planner.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have a task run again and again; say when with --cron or --interval-s."""
    from cli.actions.run import spec_from
    from cli.actions.schedules import create
    from cli.running import finish

    rhythm = {"cron": cron, "interval_s": interval_s, "time_zone": time_zone, "overlap": overlap}
    finish(
        lambda: create(
            {
                "name": name,
                "task": spec_from(goal, model=model, budget_micro_usd=budget_micro_usd, plan=plan),
                "paused": paused,
            },
            rhythm,
            as_json=as_json,
        )
    )


@app.command()
def pause(schedule_id: Id) -> None:
    """Begin no further run."""
    _control(schedule_id, "pause")


@app.command()
def resume(schedule_id: Id) -> None:
    """Go on."""
    _control(schedule_id, "resume")


@app.command()
def trigger(schedule_id: Id) -> None:
    """Make a run now, beside the rhythm."""
    _control(schedule_id, "trigger")


@app.command()
def delete(schedule_id: Id) -> None:
    """End a schedule; tasks that it made remain."""
    from cli.actions.schedules import delete
    from cli.running import finish

    finish(lambda: delete(schedule_id))


def _control(schedule_id: str, what: Literal["pause", "resume", "trigger"]) -> None:
    from cli.actions.schedules import control
    from cli.running import finish

    finish(lambda: control(schedule_id, what))
