"""Commands for schedules, against the real API."""

import json
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from cli import schedules
from cli.errors import NotThere, Refused, WrongUsage
from models.schedules import ScheduleView
from tests.cli.builders import NOW, task_view


@pytest.mark.usefixtures("real_api")
async def test_a_schedule_is_made_held_triggered_and_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert await schedules.create("Morning", "Report.", cron="0 7 * * *", time_zone="Europe/Berlin") == 0
    printed = capsys.readouterr().out
    beginning = printed.split()[1]
    assert "was created. Next run: 2" in printed
    assert re.search("07:00:00 CES?T[.]", printed)
    controls = (
        (schedules.pause, "is paused"),
        (schedules.resume, "has resumed"),
        (schedules.trigger, "is starting a run now"),
    )
    for control, answer in controls:
        assert await control(beginning) == 0
        assert answer in capsys.readouterr().out
    assert await schedules.list_schedules() == 0
    listed = capsys.readouterr().out
    assert all(word in listed for word in (beginning, "0 7 * * * (Europe/Berlin)", "07:00:00 CE", "Morning"))
    assert await schedules.delete(beginning) == 0
    capsys.readouterr()
    assert await schedules.list_schedules(as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["items"] == []
    with pytest.raises(NotThere, match="chimera schedules list"):
        await schedules.delete(beginning)


@pytest.mark.usefixtures("real_api")
async def test_a_timing_is_previewed_and_nothing_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert await schedules.preview("30 2 * 10 *", time_zone="Europe/Berlin") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert all(re.fullmatch(r"\w{3} \d{4}-10-\d\d 02:30:00 CES?T", line) for line in lines)
    assert await schedules.preview("30 2 * 10 *", time_zone="Europe/Berlin", as_json=True) == 0
    assert len(json.loads(capsys.readouterr().out)["next_runs"]) == 10
    assert await schedules.list_schedules(as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["items"] == []
    with pytest.raises(Refused, match="it contains 6 fields"):
        await schedules.preview("0 0 7 * * *")
    with pytest.raises(WrongUsage, match="--cron or --interval-s"):
        await schedules.preview()
    with pytest.raises(WrongUsage, match="not both"):
        await schedules.preview("0 7 * * *", 60)


@pytest.mark.usefixtures("real_api")
async def test_a_preview_can_begin_later(capsys: pytest.CaptureFixture[str]) -> None:
    after = datetime(2027, 3, 27, 2, 30)  # noqa: DTZ001
    assert await schedules.preview("30 2 * * *", time_zone="Europe/Berlin", after=after) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "Sun 2027-03-28 03:00:00 CEST",
        "Mon 2027-03-29 02:30:00 CEST",
    ]
    after = datetime(2027, 3, 28, 1, tzinfo=UTC)
    assert await schedules.preview("30 2 * * *", time_zone="Europe/Berlin", after=after) == 0
    assert capsys.readouterr().out.startswith("Mon 2027-03-29 02:30:00 CEST")


@pytest.mark.usefixtures("real_api")
async def test_a_schedule_is_changed_and_backfilled(capsys: pytest.CaptureFixture[str]) -> None:
    await schedules.create(
        "Morning",
        "Report.",
        "0 7 * * *",
        time_zone="Europe/Berlin",
        overlap="allow_all",
        budget_micro_usd=500_000,
        on_failure="skip",
        subtasks="child",
        paused=True,
        as_json=True,
    )
    before = json.loads(capsys.readouterr().out)
    assert (before["task"]["on_failure"], before["task"]["subtasks"]) == ("skip", "child")
    assert await schedules.change(before["id"], cron="0 * * * *", goal="Sum up.", subtasks="inline", as_json=True) == 0
    after = json.loads(capsys.readouterr().out)
    task = before["task"] | {"goal": "Sum up.", "subtasks": "inline"}
    assert after == before | {"cron": "0 * * * *", "task": task}
    assert await schedules.change(before["id"], interval_s=3600, name="Hourly") == 0
    assert "was changed. Next run: paused." in capsys.readouterr().out
    with pytest.raises(WrongUsage, match="Add an option for each field"):
        await schedules.change(before["id"])

    # A time without an offset is in the schedule's time zone.
    end = datetime.now(ZoneInfo("Europe/Berlin")).replace(minute=30, second=0, microsecond=0) - timedelta(hours=24)
    start = (end - timedelta(hours=2)).replace(tzinfo=None)
    assert await schedules.backfill(before["id"], start, end) == 0
    assert "requested 2 runs" in capsys.readouterr().out
    assert await schedules.backfill(before["id"], start, end, "allow_all", as_json=True) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 2


@pytest.mark.usefixtures("real_api")
async def test_a_schedule_is_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Morning", "cafe"):
        await schedules.create(name, "Report.", "0 7 * * *", paused=True)
        beginning = capsys.readouterr().out.split()[1]
        assert await schedules.runs(name) == 0
        assert capsys.readouterr().out == f"Schedule {beginning} hasn't started a task yet. Next run: paused.\n"
    assert await schedules.runs("Morning", as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"items": [], "next_cursor": None}
    with pytest.raises(NotThere, match="No schedule is named 'Noon'"):
        await schedules.runs("Noon")


def test_runs_are_listed_with_their_due_times() -> None:
    late = task_view(title="Report", due_at=NOW, created_at=NOW + timedelta(hours=3), status="completed")
    console = Console(width=100)
    with console.capture() as capture:
        console.print(schedules.runs_of([late, task_view(title="Old")], ZoneInfo("Europe/Berlin")))
    first, second = capture.get().splitlines()[1:]
    assert first.split() == ["6c1f0b1e", "2026-11-01", "13:00:00", "CET", "completed", "0", "$0.00", "Report"]
    assert second.split() == ["6c1f0b1e", "running", "0", "$0.00", "Old"]


@pytest.mark.usefixtures("real_api")
async def test_an_old_cron_line_needs_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    await schedules.create("Old", "Report.", "0 7 * * *", as_json=True)
    view = ScheduleView.model_validate_json(capsys.readouterr().out)
    noted = view.model_copy(update={"note": "The schedule isn't starting runs: write five fields.", "next_runs": ()})
    assert schedules.next_of(noted) == "needs a change"
    assert await schedules.delete(view.id) == 0


@pytest.mark.usefixtures("real_api")
async def test_a_timing_is_judged_by_the_api() -> None:
    with pytest.raises(Refused) as refused:
        await schedules.create("x", "y", "0 7 30 2 *")
    assert [each.field for each in refused.value.problem.errors] == ["cron"]


async def test_a_schedule_without_a_timing_is_asked_for_one() -> None:
    with pytest.raises(WrongUsage, match=r"--cron or --interval-s"):
        await schedules.create("x", "y")
