"""Recurring tasks: list, preview, create, change, control, backfill, delete."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.errors import Ambiguous, NotThere, WrongUsage
from cli.http.client import Client
from cli.http.connect import connected
from cli.http.ids import SHORT_CHARS, is_hex, short
from cli.input.settings import where_settings
from cli.output.printing import print_json, print_list
from cli.output.prose import tell
from cli.output.tables import print_table
from cli.output.tasks import marked_status_of, newest
from cli.output.text import count, one_line
from models.base import usd
from models.schedules import ScheduleView
from models.tasks import TaskView

_SAID = {"pause": "is paused.", "resume": "goes on.", "trigger": "makes a run now; chimera schedules runs lists it."}


async def list_schedules(*, as_json: bool) -> int:
    async with connected(where_settings()) as client:
        schedules = await client.schedules()
    if as_json:
        print_list(schedules)
    elif not schedules:
        tell('No schedules yet. Make one: chimera schedules create "<name>" "<goal>" --cron "0 7 * * *"')
    else:
        print_table(Console(highlight=False), _list_of(schedules))
        for schedule in schedules:
            if schedule.note:
                tell(f"{schedule.id[:SHORT_CHARS]}: {one_line(schedule.note, 400)}")
    return 0


async def preview(timing: Mapping[str, Any], *, as_json: bool) -> int:
    """Print when a schedule would be due next."""
    body = _said(timing)
    if isinstance(after := body.get("after"), datetime):
        # Without an offset it is a time of the zone that the timing is written in.
        zone = _zone_named(body.get("time_zone", "UTC"))
        body["after"] = (after if after.tzinfo else after.replace(tzinfo=zone)).isoformat()
    async with connected(where_settings()) as client:
        shown = await client.preview_schedule(body)
    if as_json:
        print_json(shown)
    for due in () if as_json else shown.next_runs:
        print(f"{due.astimezone(_zone_named(shown.time_zone)):%a %Y-%m-%d %H:%M:%S %Z}")
    return 0


async def create(spec: dict[str, Any], timing: Mapping[str, Any], *, as_json: bool) -> int:
    """Make a schedule; the API is the one that judges it."""
    body = spec | _said(timing)
    async with connected(where_settings()) as client:
        schedule = await client.create_schedule(body)
    if as_json:
        print_json(schedule)
    else:
        tell(f"{schedule.id[:SHORT_CHARS]} is made; {_next_of(schedule)}.")
    return 0


async def change(
    name: str, timing: Mapping[str, Any], task: Mapping[str, Any], new_name: str | None, *, as_json: bool
) -> int:
    """Replace what is named of a schedule; the rest stays as it is."""
    _check_one_of(timing)
    changes = {each: value for each, value in timing.items() if value is not None}
    if not changes and not task and new_name is None:
        raise WrongUsage("Say what to change, as in --cron '0 7 * * 1-5' or --goal 'Report.'.")
    async with connected(where_settings()) as client:
        schedule = await schedule_named(client, name)
        body = schedule.model_dump(
            mode="json", include={"name", "task", "cron", "interval_s", "time_zone", "overlap"}, exclude_none=True
        )
        if "cron" in changes or "interval_s" in changes:
            body = {each: value for each, value in body.items() if each not in ("cron", "interval_s")}
        body |= changes | ({} if new_name is None else {"name": new_name})
        body["task"] |= task
        changed = await client.replace_schedule(schedule.id, body)
    if as_json:
        print_json(changed)
    else:
        tell(f"{changed.id[:SHORT_CHARS]} is changed; {_next_of(changed)}.")
    return 0


async def backfill(name: str, start: datetime, end: datetime, overlap: str | None, *, as_json: bool) -> int:
    """Make the runs of a time of the past; times without an offset are those of the schedule's zone."""
    async with connected(where_settings()) as client:
        schedule = await schedule_named(client, name)
        zone = _zone_named(schedule.time_zone)
        times = {"start": start, "end": end}
        body: dict[str, Any] = {
            each: (when if when.tzinfo else when.replace(tzinfo=zone)).isoformat() for each, when in times.items()
        }
        made = await client.backfill_schedule(schedule.id, body | ({} if overlap is None else {"overlap": overlap}))
    if as_json:
        print_json(made)
    else:
        due = count(len(made.runs), "run")
        tell(f"{schedule.id[:SHORT_CHARS]}: {due} asked for; those whose task is there already are not made again.")
    return 0


async def list_runs(name: str, limit: int, *, as_json: bool) -> int:
    """List the tasks that a schedule has made, newest first."""
    async with connected(where_settings()) as client:
        schedule = await schedule_named(client, name)
        tasks = await newest(limit, lambda most, cursor: client.schedule_runs(schedule.id, limit=most, cursor=cursor))
    if as_json:
        print_list(tasks)
    elif not tasks:
        tell(f"{schedule.id[:SHORT_CHARS]} has made no task yet; {_next_of(schedule)}.")
    else:
        print_table(Console(highlight=False), _runs_of(tasks, _zone_named(schedule.time_zone)))
    return 0


async def control(name: str, what: str) -> int:
    async with connected(where_settings()) as client:
        schedule = await schedule_named(client, name)
        await client.control_schedule(schedule.id, what)
    tell(f"{schedule.id[:SHORT_CHARS]} {_SAID[what]}")
    return 0


async def delete(name: str) -> int:
    async with connected(where_settings()) as client:
        schedule = await schedule_named(client, name)
        await client.delete_schedule(schedule.id)
    tell(f"{schedule.id[:SHORT_CHARS]} is deleted; the tasks that it made remain.")
    return 0


async def schedule_named(client: Client, name: str) -> ScheduleView:
    """Return the schedule called `name`, or whose id begins so. Raises NotThere or Ambiguous."""
    wanted = name.strip().lower().replace("-", "")
    begins = wanted if wanted and is_hex(wanted) else None
    found = [
        schedule
        for schedule in await client.schedules()
        if schedule.name == name.strip() or (begins and schedule.id.replace("-", "").startswith(begins))
    ]
    if not found:
        raise NotThere(
            f"No schedule is called {one_line(name, 60)!r}, or has an id that begins so; `chimera schedules list` lists"
            " them."
        )
    if len(found) > 1:
        could_be = [f"{schedule.id} ({one_line(schedule.name, 30)})" for schedule in found]
        raise Ambiguous(one_line(name, 60), could_be, "Write one's id.")
    return found[0]


def _list_of(schedules: Sequence[ScheduleView]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Id", "When", "Next"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Name", no_wrap=True, overflow="ellipsis", ratio=1)
    for schedule in schedules:
        when = f"{schedule.cron} ({schedule.time_zone})" if schedule.cron else f"every {schedule.interval_s} s"
        cells = (schedule.id[:SHORT_CHARS], one_line(when, 60), _next_of(schedule, ""), one_line(schedule.name, 120))
        table.add_row(*map(Text, cells))
    return table


def _runs_of(tasks: Sequence[TaskView], zone: tzinfo) -> Table:
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


def _next_of(schedule: ScheduleView, word: str = "next ") -> str:
    """Say when it runs next, behind a word, or why it doesn't."""
    if schedule.note:
        return "needs a change"
    if schedule.paused:
        return "paused"
    if not schedule.next_runs:
        return "not known now"
    return f"{word}{schedule.next_runs[0].astimezone(_zone_named(schedule.time_zone)):%Y-%m-%d %H:%M:%S %Z}"


def _said(timing: Mapping[str, Any]) -> dict[str, Any]:
    _check_one_of(timing)
    if timing.get("cron") is None and timing.get("interval_s") is None:
        raise WrongUsage("Say when, with --cron or --interval-s, as in --cron '0 7 * * 1-5' or --interval-s 3600.")
    return {name: value for name, value in timing.items() if value is not None}


def _check_one_of(timing: Mapping[str, Any]) -> None:
    if timing.get("cron") is not None and timing.get("interval_s") is not None:
        raise WrongUsage("Say when with --cron or with --interval-s, not with both; leave one of them out.")


def _zone_named(name: str) -> tzinfo:
    """The zone that a schedule is written in, or UTC where this machine doesn't know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
