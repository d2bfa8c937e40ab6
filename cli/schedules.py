"""Recurring tasks: list, preview, create, change, control, backfill, delete."""

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.http import signed_in
from cli.input.amounts import metavar_of, micro_usd, moment, one_of, whole
from cli.input.arguments import AsJson, Newest, OnFailure, OnTruncated, Plan, Subtasks, TaskModel
from cli.input.options import BACKFILL, CHANGE, SCHEDULE, TIMING
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line
from cli.output.tables import print_table
from cli.output.text import count, one_line, short

if TYPE_CHECKING:
    from models.schedules import ScheduleView
    from models.tasks import TaskView

OVERLAPS = ("skip", "buffer_one", "allow_all", "cancel_other")
BACKFILL_OVERLAPS = ("buffer_all", "allow_all")
_DONE = {
    "pause": "is paused.",
    "resume": "has resumed.",
    "trigger": "is starting a run now. To list its runs, run: chimera schedules runs {id}",
}

Id = Annotated[
    str,
    typer.Argument(metavar="ID", help="The schedule's name, its ID, or the ID's first characters.", show_default=False),
]
NewName = Annotated[str, typer.Argument(metavar="NAME", help="The schedule's name.", show_default=False)]
Goal = Annotated[str, typer.Argument(metavar="GOAL", help="The goal of each run's task.", show_default=False)]
OtherName = Annotated[str | None, typer.Option(help="The schedule's name.")]
OtherGoal = Annotated[str | None, typer.Option(help="The goal of each run's task.")]
Cron = Annotated[str | None, typer.Option(help="A cron expression with five fields, such as '0 7 * * 1-5'.")]
IntervalS = Annotated[int | None, typer.Option(parser=whole(1), help="The interval between runs, in seconds.")]
TimeZone = Annotated[
    str | None, typer.Option(help="The cron expression's time zone, such as Europe/Berlin. Default: UTC.")
]
Overlap = Annotated[
    str | None,
    typer.Option(
        parser=one_of(OVERLAPS),
        metavar=metavar_of(OVERLAPS),
        autocompletion=lambda: OVERLAPS,
        help="What to do if a run is due before the previous run has ended.",
    ),
]
BackfillOverlap = Annotated[
    str | None,
    typer.Option(
        parser=one_of(BACKFILL_OVERLAPS),
        metavar=metavar_of(BACKFILL_OVERLAPS),
        autocompletion=lambda: BACKFILL_OVERLAPS,
        help="How to start the runs: one at a time (buffer_all) or in parallel (allow_all).",
    ),
]
Paused = Annotated[bool, typer.Option("--paused", help="Create the schedule paused.")]
BudgetMicroUsd = Annotated[
    int | None,
    typer.Option(
        "--budget-usd",
        parser=micro_usd,
        metavar="AMOUNT",
        help="Each run's budget in US dollars. A run waits instead of exceeding its budget.",
    ),
]
After = Annotated[
    datetime | None,
    typer.Option(
        parser=moment,
        metavar="TIME",
        help="Show runs due after this time. The UTC offset is optional. Default: now.",
    ),
]
Time = Annotated[
    datetime,
    typer.Option(
        parser=moment,
        metavar="TIME",
        help="A time such as 2026-11-01T07:00. Without a UTC offset, the schedule's time zone applies.",
    ),
]

app = typer.Typer(
    name="schedules",
    help="Manage schedules for recurring tasks: create, change, pause, resume, trigger, backfill or delete them.",
    no_args_is_help=True,
)


@app.command(name="list")
async def list_schedules(as_json: AsJson = False) -> int:
    """List your schedules and when they are due next."""
    async with signed_in() as client:
        schedules = await client.schedules()
    if as_json:
        print_list(schedules)
    elif not schedules:
        print_line(
            'No schedules yet. To create one, run: chimera schedules create "News"'
            ' "Summarize the news." --cron "0 7 * * *"'
        )
    else:
        print_table(Console(highlight=False), table_of(schedules))
        for schedule in schedules:
            if schedule.note:
                print_line(f"{short(schedule.id)}: {one_line(schedule.note, 400)}")
    return 0


@app.command()
async def preview(
    cron: Cron = None,
    interval_s: IntervalS = None,
    time_zone: TimeZone = None,
    after: After = None,
    as_json: AsJson = False,
) -> int:
    """Show the next ten due times for a cron expression or an interval. Nothing is stored."""
    from cli.http.bodies import timing_body

    body = timing_body({"cron": cron, "interval_s": interval_s, "time_zone": time_zone})
    if after is not None:
        body["after"] = _in_zone(after, time_zone or "UTC")
    async with signed_in(TIMING) as client:
        shown = await client.preview_schedule(body)
    if as_json:
        print_json(shown)
    for due in () if as_json else shown.next_runs:
        print(f"{due.astimezone(_zone_named(shown.time_zone)):%a %Y-%m-%d %H:%M:%S %Z}")
    return 0


@app.command()
async def create(
    name: NewName,
    goal: Goal,
    cron: Cron = None,
    interval_s: IntervalS = None,
    time_zone: TimeZone = None,
    overlap: Overlap = None,
    paused: Paused = False,
    model: TaskModel = None,
    budget_micro_usd: BudgetMicroUsd = None,
    plan: Plan = None,
    on_failure: OnFailure = None,
    on_truncated: OnTruncated = None,
    subtasks: Subtasks = None,
    as_json: AsJson = False,
) -> int:
    """Create a recurring task, timed with --cron or --interval-s."""
    from cli.http.bodies import task_body, timing_body

    task = task_body(
        goal,
        model=model,
        budget_micro_usd=budget_micro_usd,
        plan=plan,
        on_failure=on_failure,
        on_truncated=on_truncated,
        subtasks=subtasks,
    )
    timing = {"cron": cron, "interval_s": interval_s, "time_zone": time_zone, "overlap": overlap}
    body = {"name": name, "task": task, "paused": paused, **timing_body(timing)}
    async with signed_in(SCHEDULE) as client:
        schedule = await client.create_schedule(body)
    if as_json:
        print_json(schedule)
    else:
        print_line(f"Schedule {short(schedule.id)} was created. Next run: {next_of(schedule)}.")
    return 0


@app.command()
async def change(
    schedule_id: Id,
    name: OtherName = None,
    goal: OtherGoal = None,
    cron: Cron = None,
    interval_s: IntervalS = None,
    time_zone: TimeZone = None,
    overlap: Overlap = None,
    model: TaskModel = None,
    budget_micro_usd: BudgetMicroUsd = None,
    plan: Plan = None,
    on_failure: OnFailure = None,
    on_truncated: OnTruncated = None,
    subtasks: Subtasks = None,
    as_json: AsJson = False,
) -> int:
    """Change the given fields of a schedule. Other fields and running tasks stay unchanged."""
    from cli.http.bodies import changed_body, schedule_changes, task_body
    from cli.http.ids import schedule_named

    task = task_body(
        goal,
        model=model,
        budget_micro_usd=budget_micro_usd,
        plan=plan,
        on_failure=on_failure,
        on_truncated=on_truncated,
        subtasks=subtasks,
    )
    changes = schedule_changes(
        {"cron": cron, "interval_s": interval_s, "time_zone": time_zone, "overlap": overlap, "name": name}, task
    )
    async with signed_in(CHANGE) as client:
        schedule = await schedule_named(client, schedule_id)
        changed = await client.replace_schedule(schedule.id, changed_body(schedule, changes, task))
    if as_json:
        print_json(changed)
    else:
        print_line(f"Schedule {short(changed.id)} was changed. Next run: {next_of(changed)}.")
    return 0


@app.command()
async def backfill(
    schedule_id: Id,
    start: Time,
    end: Time,
    overlap: BackfillOverlap = None,
    as_json: AsJson = False,
) -> int:
    """Start missed runs that were due between --start and --end."""
    from cli.http.ids import schedule_named

    async with signed_in(BACKFILL) as client:
        schedule = await schedule_named(client, schedule_id)
        body = {each: _in_zone(when, schedule.time_zone) for each, when in (("start", start), ("end", end))}
        made = await client.backfill_schedule(schedule.id, body | ({} if overlap is None else {"overlap": overlap}))
    if as_json:
        print_json(made)
    else:
        due = count(len(made.runs), "run")
        print_line(
            f"Schedule {short(schedule.id)}: requested {due}. Runs that have already started a task are not repeated."
        )
    return 0


@app.command()
async def runs(schedule_id: Id, limit: Newest = 20, as_json: AsJson = False) -> int:
    """List the tasks that a schedule has started, with their due times."""
    from cli.http.ids import schedule_named
    from cli.http.pages import items_of

    async with signed_in() as client:
        schedule = await schedule_named(client, schedule_id)
        tasks = await items_of(
            lambda most, cursor: client.schedule_runs(schedule.id, limit=most, cursor=cursor), most=limit
        )
    if as_json:
        print_list(tasks)
    elif not tasks:
        print_line(f"Schedule {short(schedule.id)} hasn't started a task yet. Next run: {next_of(schedule)}.")
    else:
        print_table(Console(highlight=False), runs_of(tasks, _zone_named(schedule.time_zone)))
    return 0


@app.command()
async def pause(schedule_id: Id) -> int:
    """Pause a schedule. No runs start until you resume it."""
    return await _control(schedule_id, "pause")


@app.command()
async def resume(schedule_id: Id) -> int:
    """Resume a schedule."""
    return await _control(schedule_id, "resume")


@app.command()
async def trigger(schedule_id: Id) -> int:
    """Start a run now, in addition to the scheduled runs."""
    return await _control(schedule_id, "trigger")


@app.command()
async def delete(schedule_id: Id) -> int:
    """Delete a schedule. The tasks it started are kept."""
    from cli.http.ids import schedule_named

    async with signed_in() as client:
        schedule = await schedule_named(client, schedule_id)
        await client.delete_schedule(schedule.id)
    print_line(f"Schedule {short(schedule.id)} was deleted. The tasks it started are kept.")
    return 0


async def _control(schedule_id: str, what: str) -> int:
    from cli.http.ids import schedule_named

    async with signed_in() as client:
        schedule = await schedule_named(client, schedule_id)
        await client.control_schedule(schedule.id, what)
    print_line(f"Schedule {short(schedule.id)} {_DONE[what].format(id=short(schedule.id))}")
    return 0


def table_of(schedules: Sequence["ScheduleView"]) -> Table:
    """Return a table with one line per schedule."""
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Id", "When", "Next"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Name", no_wrap=True, overflow="ellipsis", ratio=1)
    for schedule in schedules:
        when = f"{schedule.cron} ({schedule.time_zone})" if schedule.cron else f"every {schedule.interval_s} s"
        cells = (short(schedule.id), one_line(when, 60), next_of(schedule), one_line(schedule.name, 120))
        table.add_row(*map(Text, cells))
    return table


def runs_of(tasks: Sequence["TaskView"], zone: tzinfo) -> Table:
    """Return a table with one line per task that a schedule has created."""
    from cli.output.tasks import marked_status_of
    from models.base import usd

    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Task", "Due", "Status"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Requests", "Cost"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("Title", no_wrap=True, overflow="ellipsis", ratio=1)
    for task in tasks:
        due = f"{task.due_at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if task.due_at else ""
        cells = (short(task.id), due, marked_status_of(task), str(task.model_calls), usd(task.spent_micro_usd))
        table.add_row(*map(Text, cells), Text(one_line(task.title or task.goal, 200)))
    return table


def next_of(schedule: "ScheduleView") -> str:
    """Describe when a schedule runs next, or why it doesn't."""
    if schedule.note:
        return "needs a change"
    if schedule.paused:
        return "paused"
    if not schedule.next_runs:
        return "unknown"
    return f"{schedule.next_runs[0].astimezone(_zone_named(schedule.time_zone)):%Y-%m-%d %H:%M:%S %Z}"


def _in_zone(when: datetime, zone: str) -> str:
    """Format a time in ISO 8601. A time without a UTC offset is in the schedule's time zone."""
    return (when if when.tzinfo else when.replace(tzinfo=_zone_named(zone))).isoformat()


def _zone_named(name: str) -> tzinfo:
    """Return a schedule's time zone, or UTC if this machine doesn't know the time zone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
