import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, update
from temporalio.client import ScheduleDescription, ScheduleOverlapPolicy
from temporalio.service import RPCError

from api.app import create_app
from api.deps import Parts
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Outbox, Schedule, User
from chimera.ledger import outbox
from chimera.temporal.schedule_dispatcher import ScheduleDispatcher
from models.errors import InvalidInput
from models.ids import ScheduleId, UserId
from models.schedules import ScheduleSpec
from tests.api.conftest import SignUp, client_of
from tests.until import until_true

DAILY = {"name": "Morning report", "task": {"goal": "Report."}, "cron": "0 7 * * *", "time_zone": "Europe/Berlin"}

HOURS = {"start": "2026-11-01T00:00:00Z", "end": "2026-11-01T02:00:00Z"}


async def test_a_schedule_lives_and_ends(alice: httpx2.AsyncClient) -> None:
    created = await alice.post("/api/v1/schedules", json=DAILY)
    schedule = created.json()
    assert created.status_code == 201, created.text
    address = created.headers["Location"]
    assert schedule["next_runs"][0] < schedule["next_runs"][1]
    assert schedule["id"] in [one["id"] for one in (await alice.get("/api/v1/schedules")).json()["items"]]

    paused = (await alice.post(f"{address}/pause")).json()
    assert (paused["paused"], paused["next_runs"]) == (True, [])
    assert not (await alice.post(f"{address}/resume")).json()["paused"]
    assert (await alice.get(address)).json()["next_runs"]
    assert (await alice.post(f"{address}/trigger")).status_code == 202
    assert (await alice.get(f"{address}/runs")).json() == {"items": [], "next_cursor": None}

    assert (await alice.delete(address)).status_code == 204
    assert (await alice.get(address)).status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PUT", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/trigger"),
        ("POST", "/backfill"),
        ("GET", "/runs"),
    ],
)
async def test_another_users_schedule_looks_missing(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, method: str, path: str
) -> None:
    schedule = (await alice.post("/api/v1/schedules", json=DAILY | {"paused": True})).json()
    unknown_id, request_id = str(uuid4()), {"X-Request-ID": uuid4().hex}
    body = DAILY if method == "PUT" else HOURS if path == "/backfill" else None
    theirs = await bob.request(method, f"/api/v1/schedules/{schedule['id']}{path}", headers=request_id, json=body)
    unknown = await bob.request(method, f"/api/v1/schedules/{unknown_id}{path}", headers=request_id, json=body)
    assert theirs.status_code == unknown.status_code == 404
    assert theirs.text.replace(schedule["id"], "") == unknown.text.replace(unknown_id, "")
    assert (await alice.delete(f"/api/v1/schedules/{schedule['id']}")).status_code == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cron": None}, "body"),
        ({"interval_s": 60}, "body"),
        ({"cron": None, "interval_s": 1}, "interval_s"),
        ({"cron": "every now and then"}, "cron"),
        ({"cron": ""}, "cron"),
        ({"cron": " "}, "cron"),
        ({"cron": "0 7 30 2 *"}, "cron"),
        ({"cron": "0 7 30 2 *", "paused": True}, "cron"),
        ({"cron": "@daily"}, "cron"),
        ({"cron": "0 0 7 * * *"}, "cron"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"task": {"goal": "g", "model": "acme/one"}}, "task.model"),
        ({"task": {"goal": "g", "start": False}}, "task.start"),
        ({"task": {"goal": "g", "plan": [{"key": "a", "instruction": "x", "agent": "nobody"}]}}, "task.plan.0.agent"),
    ],
)
async def test_a_bad_schedule_is_refused_by_field(
    alice: httpx2.AsyncClient, database: Database, change: dict[str, Any], field: str
) -> None:
    before = await _schedules_in(database)
    answer = await alice.post("/api/v1/schedules", json=DAILY | change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text
    assert await _schedules_in(database) == before


@pytest.mark.parametrize("cron", ["every now and then", "7 o'clock", "0 25 * * *"])
async def test_an_invalid_cron_expression_is_refused_clearly(alice: httpx2.AsyncClient, cron: str) -> None:
    answer = await alice.post("/api/v1/schedules", json={**DAILY, "cron": cron})
    message = answer.json()["errors"][0]["message"]
    assert message.startswith(f"Invalid cron expression {cron!r}: ")
    assert "Use five fields" in message


@pytest.mark.parametrize(
    ("time_zone", "expected"),
    [("Europe/Berln", "Did you mean 'Europe/Berlin'?"), ("", "Use a name such as UTC or Europe/Berlin.")],
)
async def test_a_mistyped_time_zone_gets_a_suggestion(alice: httpx2.AsyncClient, time_zone: str, expected: str) -> None:
    answer = await alice.post("/api/v1/schedules", json={**DAILY, "time_zone": time_zone})
    assert answer.json()["errors"] == [
        {"field": "time_zone", "message": f"Unknown time zone {time_zone!r}. {expected}"}
    ]


@pytest.mark.parametrize("fields", [{"cron": "0 7 13 * FRI-MON"}, {"cron": "0 7 29 2 *"}, {"paused": True}])
async def test_a_timing_that_comes_due_is_accepted(alice: httpx2.AsyncClient, fields: dict[str, Any]) -> None:
    created = await alice.post("/api/v1/schedules", json=DAILY | fields)
    assert created.status_code == 201, created.text
    assert (await alice.delete(created.headers["Location"])).status_code == 204


async def test_schedules_are_kept_without_temporal(
    alice: httpx2.AsyncClient, app: FastAPI, api_settings: Settings, database: Database
) -> None:
    address, gone = [(await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"] for _ in range(2)]
    away = create_app(api_settings.model_copy(update={"temporal_address": "127.0.0.1:9"}))
    async with away.router.lifespan_context(away), client_of(away) as client:
        client.headers["Authorization"] = alice.headers["Authorization"]
        created = await client.post("/api/v1/schedules", json=DAILY)
        assert (created.status_code, len(created.json()["next_runs"])) == (201, 10), created.text
        new = created.headers["Location"]
        assert (await client.post(f"{address}/pause")).status_code == 200
        replaced = await client.put(address, json=DAILY | {"name": "Evening", "overlap": "allow_all"})
        assert (replaced.status_code, replaced.json()["paused"]) == (200, True)
        assert (await client.delete(gone)).status_code == 204
        for path, body in (("trigger", None), ("backfill", HOURS | {"end": "2026-11-01T08:00:00Z"})):
            asked = await client.post(f"{address}/{path}", json=body)
            assert (asked.status_code, asked.json()["code"]) == (503, "unavailable"), path
    for schedule in (new, address, gone):
        assert await _undelivered(database, schedule) > 0
    assert not (await _in_temporal(app, address)).schedule.state.paused
    await _delivered(app, database, (new, address, gone))
    assert not (await _in_temporal(app, new)).schedule.state.paused
    changed = (await _in_temporal(app, address)).schedule
    assert (changed.state.paused, changed.policy.overlap) == (True, ScheduleOverlapPolicy.ALLOW_ALL)
    with pytest.raises(RPCError):
        await _in_temporal(app, gone)


async def test_a_schedule_refused_by_temporal_is_not_kept(
    alice: httpx2.AsyncClient, app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: Parts = app.state.parts
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    before = await _schedules_in(database)
    send = parts.schedules.replace

    async def refuse(schedule_id: ScheduleId, owner_id: UserId, spec: ScheduleSpec, *, paused: bool) -> None:
        if spec.name == "Refused":
            raise InvalidInput("time_zone", "Temporal refuses this schedule: no such zone. Use another time_zone.")
        await send(schedule_id, owner_id, spec, paused=paused)

    monkeypatch.setattr(parts.schedules, "replace", refuse)
    answers = [
        await alice.post("/api/v1/schedules", json=DAILY | {"name": "Refused"}),
        await alice.put(address, json=DAILY | {"name": "Refused", "paused": True}),
    ]
    for answer in answers:
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "time_zone"), answer.text
    assert await _schedules_in(database) == before
    kept = (await alice.get(address)).json()
    assert (kept["name"], kept["paused"], await _undelivered(database, address)) == (DAILY["name"], False, 0)


class Rejecting:
    """Temporal, rejecting schedules named "Refused" and recording the names of those it receives."""

    def __init__(self, parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
        self.given: list[str] = []
        self.held = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()
        self._send = parts.schedules.replace
        monkeypatch.setattr(parts.schedules, "replace", self._replace)

    async def _replace(self, schedule_id: ScheduleId, owner_id: UserId, spec: ScheduleSpec, *, paused: bool) -> None:
        self.held.set()
        await self.go_on.wait()
        self.given.append(spec.name)
        if spec.name == "Refused":
            raise InvalidInput("time_zone", "Temporal rejected this schedule: no such zone. Use another time_zone.")
        await self._send(schedule_id, owner_id, spec, paused=paused)

    def hold(self) -> None:
        self.held.clear()
        self.go_on.clear()


REFUSED = DAILY | {"name": "Refused"}


async def test_a_rejected_change_undoes_no_later_pause(
    alice: httpx2.AsyncClient, app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    temporal = Rejecting(app.state.parts, monkeypatch)
    temporal.hold()
    changing = asyncio.create_task(alice.put(address, json=REFUSED))
    await temporal.held.wait()
    pausing = asyncio.create_task(alice.post(f"{address}/pause"))
    await until_true(lambda: _is_paused(database, address))
    temporal.go_on.set()
    assert [(await each).status_code for each in (changing, pausing)] == [422, 200]
    kept = (await alice.get(address)).json()
    assert (kept["name"], kept["paused"], kept["note"]) == (DAILY["name"], True, None)
    assert ((await _in_temporal(app, address)).schedule.state.paused, await _undelivered(database, address)) == (
        True,
        0,
    )


async def test_a_rejected_change_undoes_no_later_change(
    alice: httpx2.AsyncClient, app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    temporal = Rejecting(app.state.parts, monkeypatch)
    temporal.hold()
    rejected = asyncio.create_task(alice.put(address, json=REFUSED | {"paused": True}))
    await temporal.held.wait()
    later = asyncio.create_task(alice.put(address, json=DAILY | {"name": "Later"}))
    await until_true(lambda: _is_named(database, address, "Later"))
    temporal.go_on.set()
    assert [(await each).status_code for each in (rejected, later)] == [422, 200]
    kept = (await alice.get(address)).json()
    assert (kept["name"], kept["paused"], temporal.given[-1]) == ("Later", True, "Later")


async def test_a_valid_change_is_not_blamed_for_another(
    alice: httpx2.AsyncClient, app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    temporal = Rejecting(app.state.parts, monkeypatch)
    temporal.hold()
    pausing = asyncio.create_task(alice.post(f"{address}/pause"))
    await temporal.held.wait()
    valid = asyncio.create_task(alice.put(address, json=DAILY | {"name": "Valid"}))
    await until_true(lambda: _is_named(database, address, "Valid"))
    invalid = asyncio.create_task(alice.put(address, json=REFUSED))
    await until_true(lambda: _is_named(database, address, "Refused"))
    temporal.go_on.set()
    assert [(await each).status_code for each in (pausing, valid, invalid)] == [200, 200, 422]
    assert ((await alice.get(address)).json()["name"], temporal.given[-1]) == ("Valid", "Valid")


async def test_a_change_waits_for_a_delivery_elsewhere(
    alice: httpx2.AsyncClient, app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    schedule_id, parts = ScheduleId(address.rpartition("/")[2]), app.state.parts
    temporal = Rejecting(parts, monkeypatch)
    async with database.begin() as session:
        await outbox.enqueue_schedule(session, schedule_id)
    temporal.hold()
    elsewhere = ScheduleDispatcher(database, parts.schedules)
    delivering = asyncio.create_task(elsewhere.deliver(schedule_id))
    await temporal.held.wait()
    changing = asyncio.create_task(alice.put(address, json=REFUSED))
    await until_true(lambda: _is_named(database, address, "Refused"))
    temporal.go_on.set()
    assert (await changing).status_code == 422
    await delivering
    assert (temporal.given[0], temporal.given[-1]) == (DAILY["name"], DAILY["name"])


async def test_a_change_committed_late_is_still_delivered(
    alice: httpx2.AsyncClient, app: FastAPI, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    schedule_id, parts = ScheduleId(address.rpartition("/")[2]), app.state.parts
    temporal = Rejecting(parts, monkeypatch)
    async with database.begin() as late:
        await outbox.enqueue_schedule(late, schedule_id)
        await late.execute(
            update(Schedule).where(Schedule.id == schedule_id).values(name="Late", spec=DAILY | {"name": "Late"})
        )
        async with database.begin() as session:
            await outbox.enqueue_schedule(session, schedule_id)
        temporal.hold()
        delivering = asyncio.create_task(parts.schedule_dispatcher.deliver(schedule_id))
        await temporal.held.wait()
    temporal.go_on.set()
    await delivering
    assert temporal.given == [DAILY["name"], "Late"]
    assert await _undelivered(database, address) == 0


async def test_a_schedule_rejected_later_says_so(
    alice: httpx2.AsyncClient,
    app: FastAPI,
    api_settings: Settings,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    away = create_app(api_settings.model_copy(update={"temporal_address": "127.0.0.1:9"}))
    async with away.router.lifespan_context(away), client_of(away) as client:
        client.headers["Authorization"] = alice.headers["Authorization"]
        assert (await client.put(address, json=REFUSED)).status_code == 200
    Rejecting(app.state.parts, monkeypatch)
    await _delivered(app, database, [address])
    note = (await alice.get(address)).json()["note"]
    assert note.startswith("At 20")
    assert note.endswith("Temporal rejected this schedule: no such zone. Use another time_zone.")
    assert (await alice.put(address, json=DAILY)).json()["note"] is None


async def _is_paused(database: Database, address: str) -> bool:
    async with database.begin() as session:
        paused = select(Schedule.paused).where(Schedule.id == address.rpartition("/")[2])
        return bool(await session.scalar(paused))


async def _is_named(database: Database, address: str, name: str) -> bool:
    async with database.begin() as session:
        found = await session.scalar(select(Schedule.name).where(Schedule.id == address.rpartition("/")[2]))
    return found == name


async def test_a_preview_shows_the_later_runs(alice: httpx2.AsyncClient, app: FastAPI, database: Database) -> None:
    before = await _schedules_in(database)
    timing = {name: DAILY[name] for name in ("cron", "time_zone")}
    alone, whole = [await alice.post("/api/v1/schedules/preview", json=body) for body in (timing, DAILY)]
    assert (alone.status_code, alone.json()) == (200, whole.json()), whole.text
    assert (alone.json()["time_zone"], len(alone.json()["next_runs"])) == ("Europe/Berlin", 10)
    assert await _schedules_in(database) == before
    schedule = (await alice.post("/api/v1/schedules", json=DAILY)).json()
    assert schedule["next_runs"] == alone.json()["next_runs"]
    # Across clock changes, a preview matches what Temporal lists for a saved schedule, even in the distant future.
    change = {"cron": "30 2 28-31 3,10 0", "time_zone": "Europe/Berlin"}
    address = f"/api/v1/schedules/{schedule['id']}"
    saved = (await alice.put(address, json=DAILY | change)).json()
    assert saved["next_runs"] == (await alice.post("/api/v1/schedules/preview", json=change)).json()["next_runs"]
    due = (await _in_temporal(app, address)).info.next_action_times
    assert saved["next_runs"] == [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in due]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"cron": "* * * * * *"}, "cron"),
        ({"cron": "0 7 * * *", "time_zone": "Mars/Base"}, "time_zone"),
        ({"interval_s": 9}, "interval_s"),
        (DAILY | {"task": {"goal": "g", "model": "acme/one"}}, "task.model"),
    ],
)
async def test_a_preview_judges_as_creation_does(alice: httpx2.AsyncClient, body: dict[str, Any], field: str) -> None:
    answer = await alice.post("/api/v1/schedules/preview", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


async def test_a_schedule_is_replaced_as_a_whole(alice: httpx2.AsyncClient) -> None:
    created = await alice.post("/api/v1/schedules", json=DAILY | {"overlap": "allow_all"})
    address = created.headers["Location"]
    new = {"name": "Evening", "task": {"goal": "Sum up."}, "interval_s": 3600}
    replaced, again = [await alice.put(address, json=new) for _ in range(2)]
    assert (replaced.status_code, again.status_code) == (200, 200), replaced.text
    schedule = replaced.json()
    assert schedule["task"]["goal"] == "Sum up."
    changed = [schedule[name] for name in ("id", "name", "cron", "interval_s", "overlap", "time_zone", "paused")]
    assert changed == [created.json()["id"], "Evening", None, 3600, "skip", "UTC", False]
    assert all(due.endswith(":00:00Z") for due in schedule["next_runs"])
    assert (await alice.get(address)).json() == again.json() == schedule


async def test_a_paused_schedule_stays_paused_by_default(alice: httpx2.AsyncClient, app: FastAPI) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    await alice.post(f"{address}/pause")
    for fields, paused in (({}, True), ({"paused": False}, False), ({"paused": True}, True)):
        replaced = (await alice.put(address, json=DAILY | fields)).json()
        assert replaced["paused"] is paused
        assert (await _in_temporal(app, address)).schedule.state.paused is paused
        assert bool(replaced["next_runs"]) is not paused


async def test_a_replacement_is_judged_as_a_new_one(alice: httpx2.AsyncClient) -> None:
    created = await alice.post("/api/v1/schedules", json=DAILY)
    address = created.headers["Location"]
    for change, field in (({"cron": "0 7 * * * *"}, "cron"), ({"task": {"goal": "g", "start": False}}, "task.start")):
        answer = await alice.put(address, json=DAILY | change)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)
    assert (await alice.get(address)).json() == created.json()


async def test_a_schedule_that_temporal_lost_is_put_back(alice: httpx2.AsyncClient, app: FastAPI) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    parts: Parts = app.state.parts
    await parts.schedules.delete(ScheduleId(address.rpartition("/")[2]))
    assert (await alice.post(f"{address}/trigger")).status_code == 202
    assert (await _in_temporal(app, address)).info.next_action_times


async def test_overlapping_schedules_catch_up_for_an_hour(alice: httpx2.AsyncClient, app: FastAPI) -> None:
    for overlap, late in (("allow_all", timedelta(hours=1)), ("skip", timedelta(days=365))):
        address = (await alice.post("/api/v1/schedules", json=DAILY | {"overlap": overlap})).headers["Location"]
        assert (await _in_temporal(app, address)).schedule.policy.catchup_window == late


async def test_a_backfill_shows_its_runs(alice: httpx2.AsyncClient) -> None:
    hourly = DAILY | {"cron": "0 * * * *", "paused": True}
    address = (await alice.post("/api/v1/schedules", json=hourly)).headers["Location"]
    end = datetime.now(UTC).replace(minute=30, second=0, microsecond=0) - timedelta(hours=1)
    body = {"start": (end - timedelta(hours=2)).isoformat(), "end": end.isoformat()}
    answer = await alice.post(f"{address}/backfill", json=body)
    assert answer.status_code == 202, answer.text
    due = [end.replace(minute=0) - timedelta(hours=hours) for hours in (1, 0)]
    assert answer.json() == {"runs": [f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in due]}


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"start": "2026-11-01T00:00:00"}, "start", "as in 2026-11-01T07:00:00Z"),
        ({"start": "yesterday"}, "start", "as in 2026-11-01T07:00:00Z"),
        ({"start": 1_790_000_000}, "start", "as in 2026-11-01T07:00:00Z"),
        ({"end": None}, "end", "as in 2026-11-01T07:00:00Z"),
        ({"end": "2999-01-01T00:00:00Z"}, "end", "in the future"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "start", "366 days ago"),
        ({"overlap": "skip"}, "overlap", "Use one of"),
    ],
)
async def test_a_backfill_out_of_bounds_names_its_field(
    alice: httpx2.AsyncClient, change: dict[str, Any], field: str, expected: str
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY | {"paused": True})).headers["Location"]
    answer = await alice.post(f"{address}/backfill", json=HOURS | change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text
    assert expected in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("change", "field", "expected"),
    [
        ({"cron": "* * * * * * *"}, "cron", "it contains 7 fields"),
        ({"time_zone": "localtime"}, "time_zone", "Unknown time zone"),
    ],
)
async def test_an_old_schedule_is_shown_and_replaceable(
    alice: httpx2.AsyncClient, app: FastAPI, database: Database, change: dict[str, Any], field: str, expected: str
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    schedule_id = address.rpartition("/")[2]
    async with database.begin() as session:
        old = DAILY | change
        await session.execute(update(Schedule).where(Schedule.id == schedule_id).values(spec=old))
    listed = next(one for one in (await alice.get("/api/v1/schedules")).json()["items"] if one["id"] == schedule_id)
    assert listed == (await alice.get(address)).json()
    assert (listed[field], listed["next_runs"]) == (change[field], [])
    assert "isn't starting runs" in listed["note"]
    assert expected in listed["note"]
    for path, body in (("resume", None), ("trigger", None), ("backfill", HOURS)):
        answer = await alice.post(f"{address}/{path}", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), path
    # Its first run leaves the schedule like this.
    parts: Parts = app.state.parts
    await parts.schedules.pause(ScheduleId(schedule_id), note="stopped")
    replaced = (await alice.put(address, json=DAILY)).json()
    assert (replaced["note"], replaced["paused"], len(replaced["next_runs"])) == (None, False, 10)
    assert (await alice.delete(address)).status_code == 204


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ({"task": {"goal": "Report.", "priority": 99}}, {"goal": "Report.", "priority": 3}),
        ({"task": {"images": ["x"]}}, {"goal": "(This version cannot read the goal.)", "images": []}),
        ({"task": {"goal": "Report.", "plan": [{"key": "a b"}]}}, {"goal": "Report.", "plan": None}),
        ({"overlap": "queue", "task": {"goal": "Report."}}, {"goal": "Report."}),
        ({}, {"goal": "(This version cannot read the goal.)"}),
    ],
)
async def test_an_unreadable_task_does_not_break_the_list(
    alice: httpx2.AsyncClient, database: Database, stored: dict[str, Any], shown: dict[str, Any]
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY)).headers["Location"]
    schedule_id = address.rpartition("/")[2]
    async with database.begin() as session:
        await session.execute(update(Schedule).where(Schedule.id == schedule_id).values(spec=stored))
    listed = next(one for one in (await alice.get("/api/v1/schedules")).json()["items"] if one["id"] == schedule_id)
    assert listed == (await alice.get(address)).json()
    assert listed["task"] | shown == listed["task"]
    assert "isn't starting runs" in listed["note"]
    assert (await alice.put(address, json=DAILY)).json()["note"] is None
    assert (await alice.delete(address)).status_code == 204


async def test_an_admin_cannot_change_other_users_schedules(
    alice: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    address = (await alice.post("/api/v1/schedules", json=DAILY | {"paused": True})).headers["Location"]
    admin = await sign_up()
    admin_id = (await admin.get("/api/v1/auth/me")).json()["id"]
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == admin_id).values(role="admin"))
    while (await admin.get(address)).status_code == 404:
        await asyncio.sleep(0.2)  # a user's role is cached for a few seconds
    for method, path, body in (("PUT", "", DAILY), ("POST", "/backfill", HOURS)):
        answer = await admin.request(method, address + path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def _in_temporal(app: FastAPI, address: str) -> ScheduleDescription:
    parts: Parts = app.state.parts
    client = await parts.temporal.client()
    return await client.get_schedule_handle(f"schedule-{address.rpartition('/')[2]}").describe()


async def _schedules_in(database: Database) -> int:
    async with database.begin() as session:
        return await session.scalar(select(func.count()).select_from(Schedule)) or 0


@pytest.mark.parametrize(
    ("after", "first"),
    [("2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z"), ("2027-03-28T03:00:00+02:00", "2027-03-29T00:30:00Z")],
)
async def test_a_preview_begins_after_a_time(alice: httpx2.AsyncClient, after: str, first: str) -> None:
    body = {"cron": "30 2 * * *", "time_zone": "Europe/Berlin", "after": after}
    answer = (await alice.post("/api/v1/schedules/preview", json=body)).json()
    assert (answer["next_runs"][0], len(answer["next_runs"])) == (first, 10)


@pytest.mark.parametrize(
    "after", ["1969-12-31T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "soon", 7]
)
async def test_a_preview_after_an_impossible_time_is_refused(alice: httpx2.AsyncClient, after: object) -> None:
    answer = await alice.post("/api/v1/schedules/preview", json={"interval_s": 60, "after": after})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after")
    stored = await alice.post("/api/v1/schedules", json=DAILY | {"after": "2027-03-28T00:00:00Z"})
    assert (stored.status_code, stored.json()["errors"][0]["field"]) == (422, "after")


async def _undelivered(database: Database, address: str) -> int:
    """Count the changes to a schedule that Temporal hasn't received."""
    count = select(func.count()).select_from(Outbox).where(Outbox.schedule_id == address.rpartition("/")[2])
    async with database.begin() as session:
        return await session.scalar(count) or 0


async def _delivered(app: FastAPI, database: Database, addresses: Sequence[str]) -> None:
    """Make the changes due, then sweep as a worker does."""
    parts: Parts = app.state.parts
    async with database.begin() as session:
        await session.execute(update(Outbox).where(Outbox.schedule_id.is_not(None)).values(next_attempt_at=func.now()))
    await parts.schedule_dispatcher.sweep()
    assert [await _undelivered(database, address) for address in addresses] == [0] * len(addresses)
