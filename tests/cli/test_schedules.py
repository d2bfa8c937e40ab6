"""Commands about schedules, agents and deletion, against the real API."""

import json
import re
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import structlog
from pydantic import SecretStr
from rich.console import Console

from api.app import create_app
from chimera.config.settings import Settings
from cli.actions import agents, controls, run, schedules
from cli.actions.run import spec_from
from cli.errors import NotThere, Refused, WrongUsage
from cli.http.connect import connected
from cli.input.settings import where_settings
from cli.stack.stack import sign_in_here
from models.schedules import ScheduleView
from tests.cli.builders import NOW, task_view
from tests.media import a_png
from tests.parts import SECRET, fresh_database, serving


@pytest.fixture
async def signed_in(parts: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A command line that is signed in to an API on a database of its own."""
    async with fresh_database(parts.database_url or "") as url:
        settings = parts.model_copy(
            update={
                "database_url": url,
                "data_dir": tmp_path,
                "jwt_secret": SecretStr(SECRET),
            }
        )
        # The API's log is not what the commands print.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        app = create_app(settings)
        async with app.router.lifespan_context(app), serving(app) as api_url:
            await sign_in_here(settings.model_copy(update={"api_port": int(api_url.rpartition(":")[2])}))
            monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
            yield
        structlog.reset_defaults()


@pytest.mark.usefixtures("signed_in")
async def test_a_schedule_is_made_held_triggered_and_ended(capsys: pytest.CaptureFixture[str]) -> None:
    spec = {"name": "Morning", "task": spec_from("Report."), "paused": False}
    assert await schedules.create(spec, {"cron": "0 7 * * *", "time_zone": "Europe/Berlin"}, as_json=False) == 0
    said = capsys.readouterr().out
    beginning = said.split()[0]
    assert "is made; next 2" in said
    assert re.search("07:00:00 CES?T[.]", said)
    for what, answer in (("pause", "is paused"), ("resume", "goes on"), ("trigger", "makes a run now")):
        assert await schedules.control(beginning, what) == 0
        assert answer in capsys.readouterr().out
    assert await schedules.list_schedules(as_json=False) == 0
    listed = capsys.readouterr().out
    assert all(word in listed for word in (beginning, "0 7 * * * (Europe/Berlin)", "07:00:00 CE", "Morning"))
    assert await schedules.delete(beginning) == 0
    capsys.readouterr()
    assert await schedules.list_schedules(as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["items"] == []
    with pytest.raises(NotThere, match="chimera schedules list"):
        await schedules.delete(beginning)


@pytest.mark.usefixtures("signed_in")
async def test_a_timing_is_previewed_and_nothing_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    timing = {"cron": "30 2 * 10 *", "interval_s": None, "time_zone": "Europe/Berlin"}
    assert await schedules.preview(timing, as_json=False) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    assert all(re.fullmatch(r"\w{3} \d{4}-10-\d\d 02:30:00 CES?T", line) for line in lines)
    assert await schedules.preview(timing, as_json=True) == 0
    assert len(json.loads(capsys.readouterr().out)["next_runs"]) == 10
    assert await schedules.list_schedules(as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["items"] == []
    with pytest.raises(Refused, match="it has 6 fields"):
        await schedules.preview({"cron": "0 0 7 * * *"}, as_json=False)
    with pytest.raises(WrongUsage, match="--cron or --interval-s"):
        await schedules.preview({"cron": None}, as_json=False)
    with pytest.raises(WrongUsage, match="not with both"):
        await schedules.preview({"cron": "0 7 * * *", "interval_s": 60}, as_json=False)


@pytest.mark.usefixtures("signed_in")
async def test_a_preview_can_begin_later(capsys: pytest.CaptureFixture[str]) -> None:
    timing = {"cron": "30 2 * * *", "time_zone": "Europe/Berlin", "after": datetime(2027, 3, 27, 2, 30)}  # noqa: DTZ001
    assert await schedules.preview(timing, as_json=False) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "Sun 2027-03-28 03:00:00 CEST",
        "Mon 2027-03-29 02:30:00 CEST",
    ]
    assert await schedules.preview(timing | {"after": datetime(2027, 3, 28, 1, tzinfo=UTC)}, as_json=False) == 0
    assert capsys.readouterr().out.startswith("Mon 2027-03-29 02:30:00 CEST")


@pytest.mark.usefixtures("signed_in")
async def test_a_schedule_is_changed_and_backfilled(capsys: pytest.CaptureFixture[str]) -> None:
    spec = {"name": "Morning", "task": spec_from("Report.", budget_micro_usd=500_000), "paused": True}
    await schedules.create(
        spec, {"cron": "0 7 * * *", "time_zone": "Europe/Berlin", "overlap": "allow_all"}, as_json=True
    )
    before = json.loads(capsys.readouterr().out)
    assert await schedules.change(before["id"], {"cron": "0 * * * *"}, {"goal": "Sum up."}, None, as_json=True) == 0
    after = json.loads(capsys.readouterr().out)
    task = before["task"] | {"goal": "Sum up."}
    assert after == before | {"cron": "0 * * * *", "task": task}
    assert await schedules.change(before["id"], {"interval_s": 3600}, {}, "Hourly", as_json=False) == 0
    assert "is changed; paused." in capsys.readouterr().out
    with pytest.raises(WrongUsage, match="Say what to change"):
        await schedules.change(before["id"], {"cron": None}, {}, None, as_json=False)

    # A time without an offset is of the schedule's zone.
    end = datetime.now(ZoneInfo("Europe/Berlin")).replace(minute=30, second=0, microsecond=0) - timedelta(hours=24)
    start = (end - timedelta(hours=2)).replace(tzinfo=None)
    assert await schedules.backfill(before["id"], start, end, None, as_json=False) == 0
    assert "2 runs asked for" in capsys.readouterr().out
    assert await schedules.backfill(before["id"], start, end, "allow_all", as_json=True) == 0
    assert len(json.loads(capsys.readouterr().out)["runs"]) == 2


@pytest.mark.usefixtures("signed_in")
async def test_a_schedule_is_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("Morning", "cafe"):
        spec = {"name": name, "task": spec_from("Report."), "paused": True}
        await schedules.create(spec, {"cron": "0 7 * * *"}, as_json=False)
        beginning = capsys.readouterr().out.split()[0]
        assert await schedules.list_runs(name, 20, as_json=False) == 0
        assert capsys.readouterr().out == f"{beginning} has made no task yet; paused.\n"
    assert await schedules.list_runs("Morning", 20, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == {"items": [], "next_cursor": None}
    with pytest.raises(NotThere, match="is called 'Noon'"):
        await schedules.list_runs("Noon", 20, as_json=False)


def test_runs_are_listed_with_their_due_times() -> None:
    late = task_view(title="Report", due_at=NOW, created_at=NOW + timedelta(hours=3), status="completed")
    console = Console(width=100)
    with console.capture() as capture:
        console.print(schedules._runs_of([late, task_view(title="Old")], ZoneInfo("Europe/Berlin")))
    first, second = capture.get().splitlines()[1:]
    assert first.split() == ["6c1f0b1e", "2026-11-01", "13:00:00", "CET", "completed", "0", "$0.00", "Report"]
    assert second.split() == ["6c1f0b1e", "running", "0", "$0.00", "Old"]


@pytest.mark.usefixtures("signed_in")
async def test_a_line_of_before_needs_a_change(capsys: pytest.CaptureFixture[str]) -> None:
    await schedules.create(
        {"name": "Old", "task": spec_from("Report."), "paused": False}, {"cron": "0 7 * * *"}, as_json=True
    )
    view = ScheduleView.model_validate_json(capsys.readouterr().out)
    noted = view.model_copy(update={"note": "It makes no run: write five fields.", "next_runs": ()})
    assert schedules._next_of(noted) == "needs a change"
    assert await schedules.delete(view.id) == 0


@pytest.mark.usefixtures("signed_in")
async def test_a_timing_is_judged_by_the_api() -> None:
    with pytest.raises(Refused) as refused:
        await schedules.create({"name": "x", "task": spec_from("y")}, {"cron": "0 7 30 2 *"}, as_json=False)
    assert [each.field for each in refused.value.problem.errors] == ["cron"]


async def test_a_schedule_without_a_timing_is_asked_for_one() -> None:
    with pytest.raises(WrongUsage, match=r"--cron or --interval-s"):
        await schedules.create({"name": "x", "task": spec_from("y")}, {"cron": None}, as_json=False)


@pytest.mark.usefixtures("signed_in")
async def test_agents_are_listed_with_what_they_are_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert await agents.list_agents(as_json=False) == 0
    assert "researcher" in capsys.readouterr().out
    assert await agents.list_agents(as_json=True) == 0
    assert "planner" in [agent["name"] for agent in json.loads(capsys.readouterr().out)["items"]]


@pytest.mark.usefixtures("signed_in")
async def test_a_refused_task_leaves_no_pictures_behind(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(a_png())
    async with connected(where_settings()) as client:
        spec = spec_from("Look.", model="simulator/embedding")
        with pytest.raises(Refused, match="no model for tasks"):
            await run.run(spec, images=[picture, picture], follow_it=False, as_json=False)
        assert b'"items":[]' in await client._get("/files")
        await run.run(spec_from("Look."), images=[picture], follow_it=False, as_json=False)
        assert b'"name":"a.png"' in await client._get("/files")


@pytest.mark.usefixtures("signed_in")
async def test_a_deleted_task_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    async with connected(where_settings()) as client:
        task = await client.create_task({"goal": "x", "start": False})
    assert await controls.delete(task.id[:8]) == 0
    assert "is deleted" in capsys.readouterr().out
    with pytest.raises(NotThere):
        await controls.delete(task.id[:8])
