from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import func, select

from api.app import create_app
from chimera.db.engine import Database
from chimera.db.tables import Schedule
from chimera.settings import Settings
from tests.api.conftest import client_of

DAILY = {"name": "Morning report", "task": {"goal": "Report."}, "cron": "0 7 * * *", "time_zone": "Europe/Berlin"}


async def test_a_schedule_lives_and_ends(alice: httpx2.AsyncClient) -> None:
    created = await alice.post("/api/v1/schedules", json=DAILY)
    schedule = created.json()
    assert created.status_code == 201, created.text
    address = created.headers["Location"]
    assert schedule["next_runs"][0] < schedule["next_runs"][1]
    assert schedule["id"] in [one["id"] for one in (await alice.get("/api/v1/schedules")).json()]

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
    [("GET", ""), ("DELETE", ""), ("POST", "/pause"), ("POST", "/resume"), ("POST", "/trigger"), ("GET", "/runs")],
)
async def test_somebody_elses_schedule_looks_as_if_it_did_not_exist(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, method: str, path: str
) -> None:
    schedule = (await alice.post("/api/v1/schedules", json=DAILY | {"paused": True})).json()
    nobody, request_id = str(uuid4()), {"X-Request-ID": uuid4().hex}
    theirs = await bob.request(method, f"/api/v1/schedules/{schedule['id']}{path}", headers=request_id)
    nobodys = await bob.request(method, f"/api/v1/schedules/{nobody}{path}", headers=request_id)
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text.replace(schedule["id"], "") == nobodys.text.replace(nobody, "")
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
        ({"time_zone": "Mars/Base"}, "time_zone"),
        ({"task": {"goal": "g", "model": "acme/one"}}, "task.model"),
        ({"task": {"goal": "g", "start": False}}, "task.start"),
        ({"task": {"goal": "g", "plan": [{"key": "a", "instruction": "x", "agent": "nobody"}]}}, "task.plan.0.agent"),
    ],
)
async def test_a_bad_schedule_is_refused_by_the_name_of_its_field_and_nothing_is_stored(
    alice: httpx2.AsyncClient, database: Database, change: dict[str, Any], field: str
) -> None:
    before = await _schedules_in(database)
    answer = await alice.post("/api/v1/schedules", json=DAILY | change)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text
    assert await _schedules_in(database) == before


@pytest.mark.parametrize("cron", ["every now and then", "7 o'clock", "0 25 * * *"])
async def test_a_rhythm_that_is_none_is_refused_in_our_words(alice: httpx2.AsyncClient, cron: str) -> None:
    answer = await alice.post("/api/v1/schedules", json={**DAILY, "cron": cron})
    message = answer.json()["errors"][0]["message"]
    assert message.startswith(f"{cron!r} is no rhythm")
    assert "write five fields" in message
    assert "5-7" not in message


@pytest.mark.parametrize(
    ("time_zone", "says"),
    [("Europe/Berln", "did you mean 'Europe/Berlin'?"), ("", "use a name such as UTC or Europe/Berlin.")],
)
async def test_a_mistyped_time_zone_is_told_which_was_meant(
    alice: httpx2.AsyncClient, time_zone: str, says: str
) -> None:
    answer = await alice.post("/api/v1/schedules", json={**DAILY, "time_zone": time_zone})
    assert answer.json()["errors"] == [{"field": "time_zone", "message": f"No time zone {time_zone!r}; {says}"}]


@pytest.mark.parametrize("fields", [{"cron": "@daily"}, {"cron": "0 7 29 2 *"}, {"paused": True}])
async def test_a_rhythm_that_comes_is_taken(alice: httpx2.AsyncClient, fields: dict[str, Any]) -> None:
    created = await alice.post("/api/v1/schedules", json=DAILY | fields)
    assert created.status_code == 201, created.text
    assert (await alice.delete(created.headers["Location"])).status_code == 204


async def test_without_temporal_nothing_is_stored(
    alice: httpx2.AsyncClient, api_settings: Settings, database: Database
) -> None:
    before = await _schedules_in(database)
    app = create_app(api_settings.model_copy(update={"temporal_address": "127.0.0.1:9"}))
    async with app.router.lifespan_context(app), client_of(app) as client:
        headers = {"Authorization": alice.headers["Authorization"]}
        answer = await client.post("/api/v1/schedules", json=DAILY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert await _schedules_in(database) == before


async def _schedules_in(database: Database) -> int:
    async with database.begin() as session:
        return await session.scalar(select(func.count()).select_from(Schedule)) or 0
