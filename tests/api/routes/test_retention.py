"""Retention as administrators and users see it. `tests/workflows/test_retention.py` has a worker."""

import asyncio
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from chimera.db.engine import Database
from chimera.security import sessions
from chimera.store import accounts, retention
from models.ids import RetentionId, UserId
from models.runs import RunStatus
from tests.api.accounts import ME, login, person
from tests.api.conftest import PASSWORD, SignUp, administrator, new_task, set_task
from tests.until import until_locked

RETENTION, HOLDS, ERASE = "/api/v1/system/retention", "/api/v1/holds", f"{ME}/erase"


@pytest.fixture(autouse=True)
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read account states at each request, as after 3 s."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)


@pytest.fixture
async def admin(sign_up: SignUp, database: Database) -> httpx2.AsyncClient:
    return await administrator(sign_up, database)


async def test_only_administrators_run_retention(alice: httpx2.AsyncClient) -> None:
    for answer in (
        await alice.get(RETENTION),
        await alice.get(f"{RETENTION}/{uuid4()}"),
        await alice.post(RETENTION, json={"dry_run": True}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_rules_and_runs_are_listed(admin: httpx2.AsyncClient) -> None:
    dry = await admin.post(RETENTION, json={"dry_run": True})
    assert (dry.status_code, dry.json()["dry_run"], dry.json()["id"]) == (200, True, None)
    started = await admin.post(RETENTION, json={})
    assert started.status_code == 202, started.text
    again = await admin.post(RETENTION, json={})
    assert again.json()["id"] == started.json()["id"]
    page = (await admin.get(RETENTION, params={"limit": 1})).json()
    rules = {rule["kind"]: (rule["days"], rule["setting"], rule["continuous"]) for rule in page["rules"]}
    assert rules["tasks"] == (0, "CHIMERA_TASKS_KEPT_DAYS", False)
    assert rules["system_log"] == (30, "CHIMERA_SYSTEM_LOG_DAYS", True)
    assert [each["id"] for each in page["items"]] == [started.json()["id"]]
    one = await admin.get(f"{RETENTION}/{started.json()['id']}")
    assert (one.status_code, one.json()["status"]) == (200, "running")
    assert (await admin.get(f"{RETENTION}/{uuid4()}")).status_code == 404
    both = await admin.post(RETENTION, json={"dry_run": True, "user_id": str(uuid4())})
    assert both.status_code == 422
    assert (await admin.post(RETENTION, json={"user_id": str(uuid4())})).status_code == 404


async def test_owners_hold_their_own(admin: httpx2.AsyncClient, sign_up: SignUp, database: Database) -> None:
    carol, dave = await person(sign_up), await person(sign_up)
    task = (await new_task(carol.client, start=False))["id"]
    for answer in (
        await dave.client.put(f"{HOLDS}/{task}"),
        await dave.client.put(f"{HOLDS}/{uuid4()}"),
        await dave.client.delete(f"{HOLDS}/{task}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    for _ in range(2):
        assert (await carol.client.put(f"{HOLDS}/{task}")).json()["placed_by"] == carol.id
    assert [each["id"] for each in (await carol.client.get(HOLDS)).json()["items"]] == [task]
    assert (await dave.client.get(HOLDS)).json()["items"] == []
    assert (await carol.client.delete(f"{HOLDS}/{task}")).status_code == 204
    assert (await admin.put(f"{HOLDS}/{task}")).status_code == 200
    assert (await carol.client.delete(f"{HOLDS}/{task}")).status_code == 403
    assert (await admin.delete(f"{HOLDS}/{task}")).status_code == 204


async def test_an_administrators_hold_replaces_the_owners(
    admin: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    carol = await person(sign_up)
    task = (await new_task(carol.client, start=False))["id"]
    assert (await carol.client.put(f"{HOLDS}/{task}")).json()["placed_by"] == carol.id
    placed_by = (await admin.get(ME)).json()["id"]
    for client in (admin, admin, carol.client):
        assert (await client.put(f"{HOLDS}/{task}")).json()["placed_by"] == placed_by
    assert (await carol.client.delete(f"{HOLDS}/{task}")).status_code == 403
    noted = (await admin.get("/api/v1/audit", params={"subject_id": task})).json()["items"]
    assert [each["actor_id"] for each in noted if each["action"] == "hold.placed"] == [placed_by, carol.id]
    assert (await admin.delete(f"{HOLDS}/{task}")).status_code == 204


async def test_erasure_needs_the_password(sign_up: SignUp) -> None:
    carol = await person(sign_up)
    wrong = await carol.client.post(ERASE, json={"current_password": "wrong"})
    assert (wrong.status_code, "current_password" in wrong.text) == (422, True)
    assert (await carol.client.get(ERASE)).status_code == 404
    begun = await carol.client.post(ERASE, json={"current_password": PASSWORD})
    assert (begun.status_code, begun.json()["user_id"]) == (202, carol.id)
    assert (await carol.client.get(ERASE)).json()["id"] == begun.json()["id"]
    assert (await carol.client.get(ME)).status_code == 200


async def test_a_second_erasure_covers_newer_content(sign_up: SignUp, database: Database) -> None:
    carol = await person(sign_up)
    first = (await carol.client.post(ERASE, json={"current_password": PASSWORD})).json()
    await _step(database, first["id"])
    made = [
        await carol.client.post("/api/v1/agents", json={"name": "poet", "prompt": "Rhyme."}),
        await carol.client.post("/api/v1/files", files={"file": ("a.txt", b"a")}),
        await carol.client.post("/api/v1/chat/sessions", json={}),
    ]
    assert [each.status_code for each in made] == [201, 201, 201]
    second = (await carol.client.post(ERASE, json={"current_password": PASSWORD})).json()
    assert (second["id"], second["created_at"] != first["created_at"]) == (first["id"], True)
    assert second["deleted"] == {"chat_sessions": 1}
    while await _step(database, first["id"]) == "more":
        pass
    assert [(await carol.client.get(each.headers["Location"])).status_code for each in made] == [404] * 3


async def test_an_erasure_is_requested_during_its_steps(sign_up: SignUp, database: Database) -> None:
    carol = await person(sign_up)
    await carol.client.post("/api/v1/agents", json={"name": "poet", "prompt": "Rhyme."})
    first = (await carol.client.post(ERASE, json={"current_password": PASSWORD})).json()
    async with database.begin() as session:
        await accounts.locked(session, UserId(carol.id))
        step = asyncio.create_task(_step(database, first["id"]))
        await until_locked(database)
        row = await retention.create(session, {}, user_id=UserId(carol.id))
        assert row.id == first["id"]
    assert await step == "more"


async def _step(database: Database, retention_id: str) -> str:
    async with database.begin() as session:
        return await retention.step(session, RetentionId(retention_id))


async def test_an_erasure_can_delete_the_account(app: FastAPI, sign_up: SignUp, database: Database) -> None:
    carol = await person(sign_up)
    task = (await new_task(carol.client))["id"]
    await set_task(database, task, status=RunStatus.COMPLETED)
    begun = await carol.client.post(ERASE, json={"current_password": PASSWORD, "delete_account": True})
    assert begun.status_code == 202, begun.text
    assert (await carol.client.get(ME)).status_code == 401
    assert (await login(app, carol.email)).status_code == 401
