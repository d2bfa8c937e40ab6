"""The audit log: each act is recorded once, with its actor and without secrets."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.live.foreign_reads import LISTS, OBJECTS
from chimera.db.engine import Database
from tests.api.access.world import routes_of, send, world_of
from tests.api.accounts import USERS, login, person
from tests.api.conftest import PASSWORD, SignUp, administrator, new_task
from tests.api.live.test_changes import followed
from tests.api.routes.test_api_keys import make
from tests.api.routes.test_streams import received, signed_in

AUDIT = "/api/v1/audit"


@pytest.fixture
async def admin(sign_up: SignUp, database: Database) -> httpx2.AsyncClient:
    return await administrator(sign_up, database)


async def entries(admin: httpx2.AsyncClient, **params: Any) -> list[dict[str, Any]]:
    answer = await admin.get(AUDIT, params={"limit": 100, **params})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_acts_on_an_account_are_recorded(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    me = (await admin.get("/api/v1/auth/me")).json()
    await login(app, carol.email, "not this one")
    await admin.put(f"{USERS}/{carol.id}", json={"role": "viewer"})
    answer = await admin.post(f"{USERS}/{carol.id}/disable")
    await admin.post(f"{USERS}/{carol.id}/enable")
    await admin.post(f"{USERS}/{carol.id}/password-reset")
    await admin.delete(f"{USERS}/{carol.id}")
    found = await entries(admin, subject_id=carol.id)
    assert [each["action"] for each in found][::-1] == [
        "user.registered",
        "sign_in.failed",
        "user.changed",
        "user.disabled",
        "user.enabled",
        "password.reset_created",
        "user.deleted",
    ]
    disabled = next(each for each in found if each["action"] == "user.disabled")
    assert (disabled["actor_id"], disabled["actor"]) == (me["id"], me["email"])
    assert disabled["request_id"] == answer.headers["X-Request-ID"]
    assert disabled["address"]
    changed = next(each for each in found if each["action"] == "user.changed")
    assert changed["details"] == {"role": "viewer"}


async def test_what_changes_nothing_is_not_recorded(admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    before = len(await entries(admin, subject_id=carol.id))
    await admin.put(f"{USERS}/{carol.id}", json={"role": "user"})
    await admin.post(f"{USERS}/{carol.id}/enable")
    assert len(await entries(admin, subject_id=carol.id)) == before


async def test_entries_are_filtered_and_paged(admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    for _ in range(3):
        await make(carol.client)
    made = await entries(admin, actor_id=carol.id, action="api_key.created")
    assert len(made) == 3
    wanted: dict[str, Any] = {"actor_id": carol.id, "action": "api_key.created", "limit": 2}
    first = (await admin.get(AUDIT, params=wanted)).json()
    second = (await admin.get(AUDIT, params={**wanted, "cursor": first["next_cursor"]})).json()
    assert [*first["items"], *second["items"]] == made
    assert await entries(admin, actor_id=carol.id, since="2100-01-01T00:00:00Z") == []
    assert len(await entries(admin, actor_id=carol.id, action="api_key.created", until="2100-01-01T00:00:00Z")) == 3
    other = await admin.get(AUDIT, params={"limit": 2, "cursor": first["next_cursor"]})
    assert other.status_code == 422


@pytest.mark.parametrize("params", [{"action": "x"}, {"actor_id": "x"}, {"since": "today"}, {"sort": "at"}])
async def test_odd_filters_are_refused(admin: httpx2.AsyncClient, params: dict[str, Any]) -> None:
    assert (await admin.get(AUDIT, params=params)).status_code == 422


async def test_no_secret_is_recorded(
    app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    carol = await person(sign_up)
    secret = "a nightingale in a password"
    await login(app, carol.email, secret)
    await login(app, f"{secret.replace(' ', '')}@example.com", PASSWORD)
    change = {"current_password": secret, "new_password": f"{secret} again"}
    await carol.client.post("/api/v1/auth/password", json=change)
    async with database.begin() as session:
        logged = await session.scalar(text("SELECT string_agg(a::text, ' ') FROM audit_log a"))
    assert "nightingale" not in logged
    assert PASSWORD not in logged
    assert (await entries(admin, subject_id=carol.id))[0]["action"] == "password.change_failed"


async def test_the_rules_of_the_installation_are_recorded(admin: httpx2.AsyncClient) -> None:
    assert (await admin.put("/api/v1/policy/installation", json={"rules": []})).status_code == 200
    assert (await entries(admin, action="policy.replaced"))[0]["details"] == {"rules": 0}


READ = "content.read"


async def test_administrators_reads_of_others_are_recorded(
    app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp
) -> None:
    """Every GET that shows an administrator another user's object, from the router."""
    world = await world_of(app, await sign_up())
    me = (await admin.get("/api/v1/auth/me")).json()["id"]
    seen = 0
    for route in routes_of(app):
        named = [name for name in route.parameters if name in OBJECTS]
        if route.method != "GET" or not route.is_of_an_owner or route.path.endswith("/events"):
            continue
        before = await entries(admin, actor_id=me, action=READ)
        answer = await send(admin, app, route, world.ids)
        new = (await entries(admin, actor_id=me, action=READ))[: -len(before) or None]
        if answer.status_code != 200 or not named:
            assert new == [], route
            continue
        [entry] = new
        details = {"operation": route.operation_id, "owner_id": world.ids["user_id"]}
        assert (entry["subject_id"], entry["details"]) == (world.ids[named[0]], details), route
        assert entry["request_id"] == answer.headers["X-Request-ID"]
        seen += 1
    print(f"{seen} reads by an administrator, one entry each")
    assert seen >= 14


async def test_lists_of_others_are_recorded_once(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    await world_of(app, await sign_up())
    me = (await admin.get("/api/v1/auth/me")).json()["id"]
    lists = [route for route in routes_of(app) if route.operation_id in LISTS]
    assert len(lists) == len(LISTS)
    for route in lists:
        before = len(await entries(admin, actor_id=me, action=READ))
        assert (await send(admin, app, route, {})).status_code == 200
        found = await entries(admin, actor_id=me, action=READ)
        assert len(found) == before + 1, route
        assert (found[0]["subject_id"], found[0]["details"]["operation"]) == (None, route.operation_id)


async def test_reads_of_own_content_leave_no_entry(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await sign_up()
    for client in (admin, carol):
        me = (await client.get("/api/v1/auth/me")).json()["id"]
        task_id = (await new_task(client))["id"]
        for path in (f"/{task_id}", f"/{task_id}/cost", f"/{task_id}/messages", "?shared=mine"):
            assert (await client.get(f"/api/v1/tasks{path}")).status_code == 200
        assert (await client.get(f"/api/v1/tasks/{uuid4()}")).status_code == 404
        assert await entries(admin, actor_id=me, action=READ) == []


async def test_live_reads_of_others_are_recorded(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await sign_up()
    me = (await admin.get("/api/v1/auth/me")).json()["id"]
    task_id = (await new_task(carol))["id"]
    async with signed_in(app, admin) as socket:
        await followed(socket, "tasks")
        await followed(socket, f"task:{task_id}")
        [live] = await entries(admin, actor_id=me, action=READ)
        assert (live["subject_id"], live["details"]["operation"]) == (task_id, "subscribe")
        await new_task(carol)
        while (await received(socket)).get("topic") != "tasks":
            pass
    assert [each["details"]["operation"] for each in await entries(admin, actor_id=me, action=READ)] == [
        "follow_changes",
        "subscribe",
    ]
