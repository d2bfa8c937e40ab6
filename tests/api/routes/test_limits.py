"""Spending limits over HTTP: one's own, and those that administrators set."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import calls
from models.limits import Holding
from tests.api.conftest import SignUp, administrator, new_task, set_task
from tests.api.routes.test_analytics import a_task_of
from tests.api.test_rates import as_user, limited
from tests.chimera.ledger.test_calls import an_intent
from tests.chimera.ledger.test_rollups import answered, left_in_doubt

API = "/api/v1"
MINE = f"{API}/usage/limits"


@pytest.fixture(scope="module")
async def admin(sign_up: SignUp, database: Database) -> httpx2.AsyncClient:
    return await administrator(sign_up, database)


async def _id_of(client: httpx2.AsyncClient) -> str:
    user_id: str = (await client.get(f"{API}/auth/me")).json()["id"]
    return user_id


async def _holdings_of(client: httpx2.AsyncClient) -> dict[str, tuple[int, int | None]]:
    holdings = (await client.get(MINE)).json()["holdings"]
    return {each["name"]: (each["used"], each["limit"]) for each in holdings}


async def _limits_of(client: httpx2.AsyncClient) -> dict[str, Any]:
    return {each["name"]: each for each in (await client.get(MINE)).json()["limits"]}


async def test_without_limits_none_are_listed(alice: httpx2.AsyncClient) -> None:
    answer = (await alice.get(MINE)).json()
    assert (answer["time_zone"], answer["limits"]) == ("UTC", [])
    assert answer["own"] == {"max_cost_day_micro_usd": None, "max_cost_month_micro_usd": None}


async def test_spending_is_shown_without_a_limit(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    await a_task_of(carol, database, answered, left_in_doubt)
    shown = (await carol.get(MINE)).json()
    figures = (await carol.get(f"{API}/analytics/overview")).json()["model_calls"]
    for period in ("day", "month"):
        assert shown[period]["spent_micro_usd"] == figures["cost_micro_usd"] > 0
        assert shown[period]["in_doubt_micro_usd"] == figures["in_doubt_micro_usd"] > 0
    assert shown["month"]["begins_at"] <= shown["day"]["begins_at"] < shown["day"]["ends_at"]


async def test_what_a_user_has_is_shown_with_its_limit(
    api_settings: Settings, sign_up: SignUp, admin: httpx2.AsyncClient
) -> None:
    carol = await sign_up()
    before = await _holdings_of(carol)
    assert set(before) == {each.value for each in Holding}
    assert {used for used, _ in before.values()} == {0}
    await new_task(carol)
    await carol.post(f"{API}/files", files={"file": ("a.txt", b"x" * 100_000)})
    await carol.post(f"{API}/files", files={"file": ("b.txt", b"x")})
    await carol.post(f"{API}/chat/sessions", json={})
    await carol.post(f"{API}/agents", json={"name": "poet", "prompt": "Rhyme."})
    after = await _holdings_of(carol)
    assert after["max_kept_bytes"] == (100_000 + 64 * 1024, api_settings.max_kept_bytes)
    assert (after["max_open_tasks"][0], after["max_chat_sessions"][0], after["max_agents"]) == (1, 1, (1, 100))
    others = (await admin.get(f"{API}/users/{await _id_of(carol)}/limits")).json()["holdings"]
    assert {each["name"]: (each["used"], each["limit"]) for each in others} == after
    async with limited(api_settings, max_kept_bytes=0) as (app,):
        assert (await _holdings_of(as_user(app, carol)))["max_kept_bytes"] == (165_536, None)


async def test_an_administrator_sets_a_users_limits(
    sign_up: SignUp, admin: httpx2.AsyncClient, database: Database
) -> None:
    carol = await sign_up()
    path = f"{API}/users/{await _id_of(carol)}/limits"
    answer = await admin.put(path, json={"max_cost_day_micro_usd": 5_000_000})
    assert answer.status_code == 200
    assert (await admin.get(path)).json() == answer.json()
    (limit,) = (await _limits_of(carol)).values()
    assert (limit["limit_micro_usd"], limit["left_micro_usd"], limit["period"]) == (5_000_000, 5_000_000, "day")
    task_id = (await new_task(carol, plan=[{"key": "a", "instruction": "say"}]))["id"]
    await set_task(database, task_id, status="running")
    async with database.statements() as connection:
        assert await calls.reserve(connection, an_intent(task_id, money=1_000_000), is_checked=True)
    (limit,) = (await _limits_of(carol)).values()
    assert (limit["reserved_micro_usd"], limit["left_micro_usd"]) == (1_000_000, 4_000_000)
    await admin.put(path, json={})
    assert await _limits_of(carol) == {}


async def test_the_settings_limit_every_user(
    api_settings: Settings, sign_up: SignUp, admin: httpx2.AsyncClient
) -> None:
    carol = await sign_up()
    defaults = {"max_cost_month_micro_usd": 7, "max_total_cost_day_micro_usd": 9}
    async with limited(api_settings, **defaults) as (app,):
        assert list(await _limits_of(as_user(app, carol))) == ["max_cost_month_micro_usd"]
        # Only administrators see what all users have spent.
        assert list(await _limits_of(as_user(app, admin))) == list(defaults)


async def test_only_administrators_see_or_set_others_limits(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    for user_id in (await _id_of(alice), await _id_of(bob), str(uuid4())):
        path = f"{API}/users/{user_id}/limits"
        assert (await alice.get(path)).status_code == 403
        assert (await alice.put(path, json={})).status_code == 403


async def test_unknown_users_have_no_limits(admin: httpx2.AsyncClient) -> None:
    path = f"{API}/users/{uuid4()}/limits"
    assert (await admin.get(path)).status_code == 404
    assert (await admin.put(path, json={})).status_code == 404


@pytest.mark.parametrize("amount", [-1, 1.5, "5", 10**16])
async def test_invalid_amounts_are_rejected(
    admin: httpx2.AsyncClient, alice: httpx2.AsyncClient, amount: object
) -> None:
    path = f"{API}/users/{await _id_of(alice)}/limits"
    answer = await admin.put(path, json={"max_cost_day_micro_usd": amount})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "max_cost_day_micro_usd"


async def test_a_change_is_in_the_audit_log(admin: httpx2.AsyncClient, alice: httpx2.AsyncClient, app: FastAPI) -> None:
    user_id = await _id_of(alice)
    await admin.put(f"{API}/users/{user_id}/limits", json={"max_cost_day_micro_usd": 3})
    await admin.put(f"{API}/users/{user_id}/limits", json={})
    async with app.state.parts.database.begin() as session:
        query = text("SELECT details FROM audit_log WHERE action = 'limits.changed' AND subject_id = :id ORDER BY at")
        details = list(await session.scalars(query, {"id": user_id}))
    assert [each["after"]["max_cost_day_micro_usd"] for each in details] == [3, None]
