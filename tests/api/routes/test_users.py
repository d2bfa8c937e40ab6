"""Accounts as administrators manage them."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text, update

from api.app import create_app
from api.deps import Parts
from api.live import rights
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Agent, ApiKey, ChatSession, File, Run, Schedule, Table, User
from chimera.security import sessions
from chimera.store import deleted_owners, users
from models.runs import STOPPED, RunStatus
from tests.api.accounts import USERS, installation, login, person, status_with
from tests.api.conftest import SignUp, administrator, client_of, new_task, set_task
from tests.api.routes.test_api_keys import KEYS, make, with_key
from tests.api.routes.test_invitations import INVITATIONS
from tests.api.routes.test_streams import close_code, opened, received, token_of

REFUSED = (403, "forbidden")


@pytest.fixture(autouse=True)
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read account states at each request, as after 3 s."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)


@pytest.fixture
async def admin(sign_up: SignUp, database: Database) -> httpx2.AsyncClient:
    return await administrator(sign_up, database)


async def change(admin: httpx2.AsyncClient, user_id: str, **fields: Any) -> httpx2.Response:
    return await admin.put(f"{USERS}/{user_id}", json=fields)


async def test_only_administrators_see_users(alice: httpx2.AsyncClient) -> None:
    for path in (USERS, f"{USERS}/{uuid4()}", "/api/v1/audit", "/api/v1/invitations"):
        answer = await alice.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    mine = (await alice.get("/api/v1/auth/me")).json()["id"]
    assert (await change(alice, mine, role="admin")).status_code == 403
    assert (await alice.post(f"{USERS}/{mine}/password-reset")).status_code == 403


async def test_users_are_listed_in_pages(admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    people = [await person(sign_up) for _ in range(3)]
    for sort in ("-created_at", "created_at", "-email", "email"):
        seen: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            answer = await admin.get(USERS, params={"limit": 2, "sort": sort, **cursor})
            assert answer.status_code == 200, answer.text
            page = answer.json()
            seen += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        field = sort.removeprefix("-")
        assert len({each["id"] for each in seen}) == len(seen)
        assert {each.id for each in people} <= {each["id"] for each in seen}
        assert [each[field] for each in seen] == sorted((each[field] for each in seen), reverse=sort[0] == "-")


async def test_cursors_contain_any_address(admin: httpx2.AsyncClient, sign_up: SignUp, database: Database) -> None:
    marker = uuid4().hex
    # 254 characters, the most that an address may have.
    emails = [f"{marker}{number}{'名' * 209}@example.com" for number in range(3)]
    async with database.begin() as session:
        for email in emails:
            await users.create(session, email, None)
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while len(seen) < 3:
        answer = await admin.get(USERS, params={"limit": 1, "sort": "email", "q": marker, **cursor})
        assert answer.status_code == 200, answer.text
        seen += [each["email"] for each in answer.json()["items"]]
        cursor["cursor"] = answer.json()["next_cursor"]
    assert seen == emails


async def test_users_are_filtered(admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    found = (await admin.get(USERS, params={"q": carol.email.upper()[:20]})).json()["items"]
    assert [each["id"] for each in found] == [carol.id]
    assert found[0]["state"] == "active"
    assert found[0]["last_used_at"] is not None
    assert (await admin.get(USERS, params={"q": carol.email, "role": "admin"})).json()["items"] == []
    await admin.post(f"{USERS}/{carol.id}/disable")
    disabled = (await admin.get(USERS, params={"state": "disabled", "q": carol.email})).json()["items"]
    assert [each["id"] for each in disabled] == [carol.id]


@pytest.mark.parametrize("params", [{"sort": "password_hash"}, {"limit": 0}, {"limit": 10**9}, {"cursor": "x"}])
async def test_odd_lists_are_refused(admin: httpx2.AsyncClient, params: dict[str, Any]) -> None:
    assert (await admin.get(USERS, params=params)).status_code == 422


async def test_no_answer_contains_a_hash(admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    for path in (USERS, f"{USERS}/{carol.id}", f"{USERS}/{carol.id}/api-keys", "/api/v1/audit"):
        assert "argon2" not in (await admin.get(path)).text


async def test_a_viewer_reads_and_changes_nothing(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    task_id = (await new_task(carol.client))["id"]
    assert (await change(admin, carol.id, role="viewer")).status_code == 200
    assert (await carol.client.get(f"/api/v1/tasks/{task_id}")).status_code == 200
    for method, path in (
        ("POST", "/api/v1/tasks"),
        ("DELETE", f"/api/v1/tasks/{task_id}"),
        ("POST", f"/api/v1/tasks/{task_id}/execute"),
        ("POST", "/api/v1/agents"),
        ("PUT", "/api/v1/policy"),
        ("POST", "/api/v1/files"),
        ("POST", "/api/v1/ai/embeddings"),
    ):
        answer = await carol.client.request(method, path, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), path
    assert (await carol.client.post("/api/v1/schedules/preview", json={"interval_s": 60})).status_code == 200
    assert (await carol.client.put("/api/v1/auth/me", json={"name": "Carol"})).status_code == 200
    assert (await carol.client.post(KEYS, json={"name": "x", "scopes": ["write"]})).status_code == 403
    async with client_of(app) as program:
        program.headers |= await with_key(carol.client, "read")
        assert (await program.get(f"/api/v1/tasks/{task_id}")).status_code == 200
        assert (await program.post("/api/v1/tasks", json={"goal": "x"})).status_code == 403
    assert (await carol.client.post("/api/v1/auth/logout")).status_code == 204


async def test_a_new_role_closes_sockets(
    app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.05)
    carol = await person(sign_up)
    async with opened(app, {"Authorization": carol.client.headers["Authorization"]}) as socket:
        assert await received(socket) == {"type": "authenticated"}
        await change(admin, carol.id, role="viewer")
        assert await close_code(socket) == 4401


async def test_a_disabled_account_is_out(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    key, token = (await make(carol.client))["key"], token_of(carol.client)
    assert (await admin.post(f"{USERS}/{carol.id}/disable")).json()["state"] == "disabled"
    assert [await status_with(app, each) for each in (key, token)] == [401, 401]
    assert (await login(app, carol.email)).status_code == 401
    assert (await admin.post(f"{USERS}/{carol.id}/enable")).json()["state"] == "active"
    # Sessions have ended for good; keys are kept.
    assert [await status_with(app, each) for each in (key, token)] == [200, 401]
    assert (await login(app, carol.email)).status_code == 200


async def test_the_last_administrator_stays(parts: Settings, api_settings: Settings) -> None:
    async with installation(parts, api_settings, administrators=2) as (_, (first, second)):
        assert (await change(first.client, second.id, role="user")).status_code == 200
        for answer in (
            await change(first.client, first.id, role="viewer"),
            await change(first.client, first.id, disabled=True),
            await first.client.post(f"{USERS}/{first.id}/disable"),
            await first.client.delete(f"{USERS}/{first.id}"),
        ):
            assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert (await first.client.get(USERS)).status_code == 200


async def test_two_administrators_cannot_remove_each_other(parts: Settings, api_settings: Settings) -> None:
    async with installation(parts, api_settings, administrators=2) as (app, (first, second)):
        for _ in range(5):
            answers = await asyncio.gather(
                change(first.client, second.id, role="user"), change(second.client, first.id, role="user")
            )
            assert sorted(each.status_code for each in answers) in ([200, 409], [200, 403])
            database: Database = app.state.parts.database
            async with database.begin() as session:
                assert len((await session.scalars(select(User).where(User.role == "admin"))).all()) == 1
                await session.execute(update(User).values(role="admin"))


async def test_a_deleted_account_leaves_only_its_bill(
    app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    carol = await person(sign_up)
    canary = f"CANARY{uuid4().hex}"
    await carol.client.put("/api/v1/auth/me", json={"name": canary})
    ended, opened_task = [(await new_task(carol.client, goal=canary))["id"] for _ in range(2)]
    await set_task(database, ended, status=RunStatus.COMPLETED, spent_micro_usd=4711, result=canary)
    await set_task(database, opened_task, status=RunStatus.RUNNING)
    uploaded = await carol.client.post("/api/v1/files", files={"file": (f"{canary}.txt", canary.encode())})
    assert uploaded.status_code == 201, uploaded.text
    assert (await carol.client.post("/api/v1/agents", json={"name": "poet", "prompt": canary})).status_code == 201
    chat = (await carol.client.post("/api/v1/chat/sessions", json={"title": canary})).headers["Location"]
    sent = (await carol.client.post(f"{chat}/messages", json={"text": canary})).json()
    body = {"messages": [{"role": "user", "content": canary}], "instructions": canary}
    headers = {"Prefer": "wait=0", "Idempotency-Key": uuid4().hex}
    completion = (await carol.client.post("/api/v1/chat/completions", json=body, headers=headers)).json()
    metric = {"name": "score", "value": 1, "labels": {"of": canary}}
    recorded = await carol.client.post("/api/v1/analytics/metrics/record", json={"metrics": [metric]}, headers=headers)
    assert recorded.status_code == 201, recorded.text
    key, token = (await make(carol.client))["key"], token_of(carol.client)

    assert (await admin.delete(f"{USERS}/{carol.id}")).status_code == 204

    assert [await status_with(app, each) for each in (key, token)] == [401, 401]
    assert (await login(app, carol.email)).status_code == 401
    await _sweep(app)
    async with database.begin() as session:
        run = await session.get(Run, ended)
        assert run is not None
        assert (run.spent_micro_usd, run.owner_id) == (4711, carol.id)
        still_open = await session.get(Run, opened_task)
        assert still_open is not None
        assert still_open.status in STOPPED
        assert await session.scalar(select(File.id).where(File.owner_id == carol.id)) is None
    for run_id in (opened_task, sent["reply"]["reply"]["id"], completion["id"]):
        await set_task(database, run_id, status=RunStatus.CANCELLED)
    await _sweep(app)
    assert await _tables_with(database, canary) == []
    assert await _tables_with(database, carol.email) == []
    details = (await admin.get(f"{USERS}/{carol.id}")).json()
    assert (details["state"], details["name"], details["last_used_at"]) == ("deleted", "Deleted user", None)
    assert (await change(admin, carol.id, disabled=False)).status_code == 409


async def test_requests_in_flight_leave_nothing(
    app: FastAPI, api_settings: Settings, admin: httpx2.AsyncClient, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol, dave = await person(sign_up), await person(sign_up)
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 600)
    slow = create_app(api_settings)
    async with slow.router.lifespan_context(slow):
        for each in (carol, dave):
            client = client_of(slow)
            client.headers["Authorization"] = each.client.headers["Authorization"]
            assert (await client.get("/api/v1/auth/me")).status_code == 200
            if each is carol:
                # This process still knows the account.
                assert (await admin.delete(f"{USERS}/{carol.id}")).status_code == 204
            for answer in await _made_by(client):
                assert answer.status_code == 201, answer.text
    parts: Parts = app.state.parts
    assert await _owned_by(parts.database, carol.id) == {"agents": 1, "chat_sessions": 1, "files": 1, "schedules": 1}
    await parts.dispatcher.empty_leftovers()
    assert await _owned_by(parts.database, carol.id) == {}
    assert len(await _owned_by(parts.database, dave.id)) == 4
    async with parts.database.begin() as session:
        assert await deleted_owners.owners_of_leftovers(session) == []


async def _made_by(client: httpx2.AsyncClient) -> list[httpx2.Response]:
    task = {"goal": "Report."}
    return [
        await client.post("/api/v1/files", files={"file": ("a.txt", b"a")}),
        await client.post("/api/v1/agents", json={"name": "poet", "prompt": "Rhyme."}),
        await client.post("/api/v1/chat/sessions", json={}),
        await client.post("/api/v1/schedules", json={"name": "A", "interval_s": 86400, "paused": True, "task": task}),
    ]


async def _owned_by(database: Database, user_id: str) -> dict[str, int]:
    """Count what users see of what a user owns."""
    queries = [
        (table.__tablename__, select(func.count()).where(table.owner_id == user_id))
        for table in (File, Agent, Schedule, ApiKey)
    ]
    visible = (ChatSession.owner_id == user_id, ChatSession.deleted_at.is_(None))
    queries.append(("chat_sessions", select(func.count()).where(*visible)))
    async with database.begin() as session:
        return {name: number for name, query in queries if (number := await session.scalar(query))}


async def _sweep(app: FastAPI) -> None:
    """Do what the workers do every few seconds."""
    parts: Parts = app.state.parts
    async with parts.database.begin() as session:
        await deleted_owners.empty_runs(session, limit=100)
    await parts.dispatcher.stop_disabled()
    await parts.dispatcher.delete_sessions()


async def _tables_with(database: Database, canary: str) -> list[str]:
    """Return the tables that contain a text. The audit log keeps names: it is what an audit reads."""
    found = []
    async with database.begin() as session:
        for table in Table.metadata.sorted_tables:
            if table.name != "audit_log":
                query = text(f'SELECT count(*) FROM "{table.name}" t WHERE t::text LIKE :canary')
                if await session.scalar(query, {"canary": f"%{canary}%"}):
                    found.append(table.name)
    return found


def test_each_table_of_users_is_deleted_or_kept() -> None:
    """Decide for each new table what happens to its rows when their user is deleted."""
    of_users = {
        table.name
        for table in Table.metadata.tables.values()
        for key in table.foreign_keys
        if key.target_fullname == "users.id"
    }
    decided = {table.__tablename__ for table in deleted_owners.CONTENT} | deleted_owners.KEPT.keys()
    assert of_users == decided


async def test_the_name_of_a_service_account_is_taken(admin: httpx2.AsyncClient) -> None:
    name = f"s-{uuid4().hex[:8]}"
    assert (await admin.post(USERS, json={"name": name})).status_code == 201
    again = await admin.post(USERS, json={"name": name})
    assert again.status_code == 409
    assert again.json()["errors"] == [
        {"field": "name", "message": f"A service account named {name!r} already exists. Choose another name."}
    ]
    assert again.json().get("remedy") is None


async def test_a_service_account_has_only_keys(app: FastAPI, admin: httpx2.AsyncClient, database: Database) -> None:
    name = f"report-{uuid4().hex[:8]}"
    made = await admin.post(USERS, json={"name": name, "role": "viewer"})
    assert made.status_code == 201, made.text
    service = made.json()
    assert (service["kind"], service["email"], service["has_password"]) == ("service", name, False)
    assert service["id"] not in (await admin.get(USERS, params={"limit": 100})).text
    assert service["id"] in (await admin.get(USERS, params={"kind": "service"})).text
    keys = f"{USERS}/{service['id']}/api-keys"
    assert (await admin.post(keys, json={"name": "x", "scopes": ["write"]})).status_code == 403
    key = (await admin.post(keys, json={"name": "x", "scopes": ["read"]})).json()
    assert await status_with(app, key["key"]) == 200
    assert [each["id"] for each in (await admin.get(keys)).json()["items"]] == [key["id"]]
    assert (await admin.post(f"{USERS}/{service['id']}/password-reset")).status_code == 409
    # The empty password matches the decoy hash, which is checked if an account has none.
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == service["id"]).values(email=f"{name}@example.com"))
    assert (await login(app, f"{name}@example.com", "")).status_code == 401
    assert (await admin.delete(f"{keys}/{key['id']}")).status_code == 204
    assert await status_with(app, key["key"]) == 401


async def test_users_make_their_own_keys(admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    answer = await admin.post(f"{USERS}/{carol.id}/api-keys", json={"name": "x", "scopes": ["read"]})
    assert answer.status_code == 409


async def test_a_key_makes_no_credentials(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    service = (await admin.post(USERS, json={"name": f"s-{uuid4().hex[:8]}"})).json()["id"]
    async with client_of(app) as program:
        program.headers |= await with_key(admin, "read", "write", "admin")
        assert (await program.get(USERS)).status_code == 200
        key = {"name": "x", "scopes": ["read"]}
        assert (await program.post(f"{USERS}/{carol.id}/password-reset")).status_code == 403
        keys = f"{USERS}/{service}/api-keys"
        made = (await admin.post(keys, json=key)).json()["id"]
        assert (await program.post(keys, json=key)).status_code == 403
        assert (await program.delete(f"{keys}/{made}")).status_code == 403
        assert (await program.post(INVITATIONS, json={"role": "admin"})).status_code == 403
        assert (await program.delete(f"{INVITATIONS}/{uuid4()}")).status_code == 403
        assert [(await program.get(path)).status_code for path in (keys, INVITATIONS)] == [200, 200]
        program.headers |= await with_key(admin, "read", "write")
        assert (await program.get(USERS)).json()["code"] == "missing_scope"


async def test_an_unknown_user_is_not_found(admin: httpx2.AsyncClient) -> None:
    path = f"{USERS}/{uuid4()}"
    answers = [
        await admin.get(path),
        await admin.put(path, json={"name": "x"}),
        await admin.delete(path),
        await admin.post(f"{path}/disable"),
        await admin.post(f"{path}/password-reset"),
        await admin.get(f"{path}/api-keys"),
    ]
    assert {each.status_code for each in answers} == {404}


async def test_other_fields_are_refused(admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    for field in ("id", "email", "password_hash", "kind", "created_at", "deleted_at", "is_admin"):
        assert (await change(admin, carol.id, **{field: "x"})).status_code == 422


@pytest.mark.parametrize("lost", [{"role": "user"}, {"disabled_at": func.now()}], ids=["demoted", "disabled"])
async def test_a_former_administrator_changes_nothing(
    admin: httpx2.AsyncClient,
    sign_up: SignUp,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    lost: dict[str, Any],
) -> None:
    """Another API process has changed the account, and this one doesn't know yet."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 3600)
    former, carol = await administrator(sign_up, database), await person(sign_up)
    mine = (await former.get("/api/v1/auth/me")).json()["id"]
    service = (await admin.post(USERS, json={"name": f"s{uuid4().hex[:8]}"})).json()["id"]
    keys = f"{USERS}/{service}/api-keys"
    key = (await admin.post(keys, json={"name": "k", "scopes": ["read"]})).json()["id"]
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == mine).values(**lost))
    acts: list[tuple[str, str, dict[str, Any] | None]] = [
        ("PUT", f"{USERS}/{mine}", {"role": "admin", "disabled": False}),
        ("POST", f"{USERS}/{mine}/enable", None),
        ("POST", f"{USERS}/{carol.id}/disable", None),
        ("DELETE", f"{USERS}/{carol.id}", None),
        ("POST", f"{USERS}/{carol.id}/password-reset", None),
        ("PUT", f"{USERS}/{carol.id}/limits", {}),
        ("POST", USERS, {"name": f"s{uuid4().hex[:8]}", "role": "admin"}),
        ("POST", keys, {"name": "k", "scopes": ["read"]}),
        ("DELETE", f"{keys}/{key}", None),
        ("POST", "/api/v1/invitations", {"role": "admin"}),
        ("DELETE", f"/api/v1/invitations/{uuid4()}", None),
        ("POST", "/api/v1/system/retention", {"user_id": carol.id}),
        ("POST", "/api/v1/system/retention", {}),
        ("PUT", "/api/v1/policy/installation", {"rules": []}),
    ]
    answers = {f"{method} {path}": await former.request(method, path, json=body) for method, path, body in acts}
    others = {
        act: answer.text for act, answer in answers.items() if (answer.status_code, answer.json()["code"]) != REFUSED
    }
    assert others == {}
