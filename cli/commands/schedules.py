"""Commands about recurring tasks."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cli.input.amounts import metavar_of, micro_usd, moment, one_of, whole
from cli.input.encodings import path

Id = Annotated[
    str, typer.Argument(metavar="ID", help="The schedule's id, the beginning of it, or its name.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Print what the API answers, as JSON.")]
Cron = Annotated[str | None, typer.Option(help="When: five fields, as in '0 7 * * 1-5'.")]
IntervalS = Annotated[int | None, typer.Option(parser=whole(1), help="When: every so many seconds.")]
TimeZone = Annotated[str | None, typer.Option(help="Of --cron, as in Europe/Berlin (UTC).")]
OVERLAPS = ("skip", "buffer_one", "allow_all", "cancel_other")
BACKFILL_OVERLAPS = ("buffer_all", "allow_all")
Overlap = Annotated[
    str | None,
    typer.Option(
        parser=one_of(OVERLAPS),
        metavar=metavar_of(OVERLAPS),
        autocompletion=lambda: OVERLAPS,
        help="When one is due and the one before still runs.",
    ),
]
Model = Annotated[str | None, typer.Option(help="provider/model for agents without one of their own.")]
BudgetMicroUsd = Annotated[
    int | None,
    typer.Option("--budget-usd", parser=micro_usd, metavar="AMOUNT", help="Each run asks before more is spent."),
]
Plan = Annotated[Path | None, typer.Option(parser=path, help="JSON file with the subtasks, instead of a planner.")]
Time = Annotated[
    datetime, typer.Option(parser=moment, metavar="TIME", help="As in 2026-11-01T07:00, or with an offset.")
]

app = typer.Typer(
    name="schedules",
    help="Tasks that recur: list, preview, create, change, runs, pause, resume, trigger, backfill, delete.",
    no_args_is_help=True,
)


@app.command(name="list")
def list_schedules(as_json: AsJson = False) -> None:
    """List your schedules and when they are due next."""
    from cli.actions.schedules import list_schedules
    from cli.process.running import finish

    finish(lambda: list_schedules(as_json=as_json))


@app.command()
def preview(
    cron: Cron = None,
    interval_s: IntervalS = None,
    time_zone: TimeZone = None,
    after: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="Later than this, as in 2027-03-01 or with an offset (now)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the next ten times of a timing; nothing is made."""
    from cli.actions.schedules import preview
    from cli.input.options import TIMING
    from cli.process.running import finish

    timing = {"cron": cron, "interval_s": interval_s, "time_zone": time_zone, "after": after}
    finish(lambda: preview(timing, as_json=as_json), TIMING)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What you call it.", show_default=False)],
    goal: Annotated[str, typer.Argument(metavar="GOAL", help="What is to be done each time.", show_default=False)],
    cron: Cron = None,
    interval_s: IntervalS = None,
    time_zone: TimeZone = None,
    overlap: Overlap = None,
    paused: Annotated[bool, typer.Option("--paused", help="Don't begin yet.")] = False,
    model: Model = None,
    budget_micro_usd: BudgetMicroUsd = None,
    plan: Plan = None,
    as_json: AsJson = False,
) -> None:
    """Have a task run again and again; say when with --cron or --interval-s."""
    from cli.actions.run import spec_from
    from cli.actions.schedules import create
    from cli.input.options import SCHEDULE
    from cli.process.running import finish

    timing = {"cron": cron, "interval_s": interval_s, "time_zone": time_zone, "overlap": overlap}
    finish(
        lambda: create(
            {
                "name": name,
                "task": spec_from(goal, model=model, budget_micro_usd=budget_micro_usd, plan=plan),
                "paused": paused,
            },
            timing,
            as_json=as_json,
        ),
        SCHEDULE,
    )


@app.command()
def change(
    schedule_id: Id,
    name: Annotated[str | None, typer.Option(help="What you call it.")] = None,
    goal: Annotated[str | None, typer.Option(help="What is to be done each time.")] = None,
    cron: Cron = None,
    interval_s: IntervalS = None,
    time_zone: TimeZone = None,
    overlap: Overlap = None,
    model: Model = None,
    budget_micro_usd: BudgetMicroUsd = None,
    plan: Plan = None,
    as_json: AsJson = False,
) -> None:
    """Change what you name of a schedule; the rest stays, and so does what runs."""
    from cli.actions.run import spec_from
    from cli.actions.schedules import change
    from cli.input.options import CHANGE
    from cli.process.running import finish

    timing = {"cron": cron, "interval_s": interval_s, "time_zone": time_zone, "overlap": overlap}
    finish(
        lambda: change(
            schedule_id,
            timing,
            spec_from(goal, model=model, budget_micro_usd=budget_micro_usd, plan=plan),
            name,
            as_json=as_json,
        ),
        CHANGE,
    )


@app.command()
def backfill(
    schedule_id: Id,
    start: Time,
    end: Time,
    overlap: Annotated[
        str | None,
        typer.Option(
            parser=one_of(BACKFILL_OVERLAPS),
            metavar=metavar_of(BACKFILL_OVERLAPS),
            autocompletion=lambda: BACKFILL_OVERLAPS,
            help="One after the other, or side by side.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make the runs that were due from --start to --end and weren't made."""
    from cli.actions.schedules import backfill
    from cli.input.options import BACKFILL
    from cli.process.running import finish

    finish(lambda: backfill(schedule_id, start, end, overlap, as_json=as_json), BACKFILL)


@app.command()
def runs(
    schedule_id: Id,
    limit: Annotated[int, typer.Option(parser=whole(1, 1000), help="At most so many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the tasks that a schedule has made, and when each was due."""
    from cli.actions.schedules import list_runs
    from cli.process.running import finish

    finish(lambda: list_runs(schedule_id, limit, as_json=as_json))


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
    """Make a run now, beside those that are due."""
    _control(schedule_id, "trigger")


@app.command()
def delete(schedule_id: Id) -> None:
    """End a schedule; tasks that it made remain."""
    from cli.actions.schedules import delete
    from cli.process.running import finish

    finish(lambda: delete(schedule_id))


def _control(schedule_id: str, what: Literal["pause", "resume", "trigger"]) -> None:
    from cli.actions.schedules import control
    from cli.process.running import finish

    finish(lambda: control(schedule_id, what))
