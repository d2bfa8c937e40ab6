"""API keys: what they may do, and when they stop working."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select, text, update

from api.deps import Parts
from api.live import rights
from chimera.db.engine import Database
from chimera.db.tables import ApiKey, AuditEntry, User
from chimera.security import api_keys, sessions
from tests.api.conftest import SignUp, administrator, client_of, new_task
from tests.api.routes.test_streams import close_code, opened, received

KEYS = "/api/v1/auth/api-keys"
ME = "/api/v1/auth/me"


@pytest.fixture
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read account states at each request, as after 3 s."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)


async def make(client: httpx2.AsyncClient, *scopes: str, **fields: Any) -> dict[str, Any]:
    answer = await client.post(KEYS, json={"name": "a program", "scopes": scopes or ("read", "write"), **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def with_key(client: httpx2.AsyncClient, *scopes: str) -> dict[str, str]:
    """Return the headers of a program with a new key."""
    return {"Authorization": f"Bearer {(await make(client, *scopes))['key']}"}


async def test_a_key_signs_in_its_owner(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    key = (await make(alice))["key"]
    mine = (await alice.get(ME)).json()
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-Api-Key": key}):
        assert (await anonymous.get(ME, headers=headers)).json() == mine


async def test_a_key_is_shown_once(alice: httpx2.AsyncClient, database: Database) -> None:
    made = await make(alice, "read", expires_in_days=3)
    key = made.pop("key")
    assert key.startswith(made["begins_with"])
    assert next(each for each in (await alice.get(KEYS)).json()["items"] if each["id"] == made["id"]) == made
    async with database.begin() as session:
        row = await session.get(ApiKey, made["id"])
        stored = await session.scalar(text("SELECT string_agg(k::text, ' ') FROM api_keys k"))
        logged = await session.scalar(text("SELECT string_agg(a::text, ' ') FROM audit_log a"))
    assert row is not None
    assert len(row.secret_sha256) == 64
    secret = key.rpartition("_")[2]
    assert secret not in stored
    assert secret not in logged


@pytest.mark.parametrize("change", ["secret", "id", "none", "long", "letters", "unicode"])
async def test_a_wrong_key_is_refused(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient, change: str) -> None:
    key = (await make(alice))["key"]
    prefix, id, secret = key.split("_")
    wrong = {
        "secret": f"{prefix}_{id}_{secret[:-1]}{'0' if secret[-1] != '0' else '1'}",
        "id": f"{prefix}_{uuid4().hex}_{secret}",
        "none": f"{prefix}_{id}_",
        "long": f"{key}{'0' * 60_000}"[:30_000],
        "letters": f"{prefix}_zzzz_{secret}",
        "unicode": f"{prefix}_{id}_é{secret}",
    }[change].encode("latin-1")
    for name, value in ((b"authorization", b"Bearer " + wrong), (b"x-api-key", wrong)):
        answer = await anonymous.get(ME, headers=[(name, value)])
        assert answer.status_code == 401, answer.text
        assert answer.json()["code"] == "not_signed_in"


async def test_a_key_elsewhere_is_ignored(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    key = (await make(alice))["key"]
    for name in ("api_key", "key", "token", "access_token", "x-api-key"):
        assert (await anonymous.get(ME, params={name: key})).status_code == 401
        assert (await anonymous.get(ME, headers={"Cookie": f"{name}={key}"})).status_code == 401
    assert (await anonymous.get(ME, headers={"Authorization": f"Basic {key}"})).status_code == 401
    assert (await anonymous.get(ME, headers={"Authorization": key})).status_code == 401


async def test_a_token_is_not_a_key(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    token = alice.headers["Authorization"].removeprefix("Bearer ")
    assert (await anonymous.get(ME, headers={"X-Api-Key": token})).status_code == 401


async def test_two_credentials_are_refused(
    anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    mine, theirs = (await make(alice))["key"], (await make(bob))["key"]
    token = alice.headers["Authorization"]
    for headers in (
        [("Authorization", f"Bearer {mine}"), ("X-Api-Key", theirs)],
        [("Authorization", token), ("X-Api-Key", mine)],
        [("Authorization", f"Bearer {mine}"), ("Authorization", f"Bearer {theirs}")],
        [("X-Api-Key", mine), ("X-Api-Key", theirs)],
    ):
        answer = await anonymous.get(ME, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "two_credentials")
    same = {"Authorization": f"Bearer {mine}", "X-Api-Key": mine}
    assert (await anonymous.get(ME, headers=same)).status_code == 200


async def test_a_reading_key_changes_nothing(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    task_id = (await new_task(alice))["id"]
    anonymous.headers |= await with_key(alice, "read")
    assert (await anonymous.get(f"/api/v1/tasks/{task_id}")).status_code == 200
    assert (await anonymous.get("/api/v1/tasks")).status_code == 200
    preview = {"interval_s": 60}
    assert (await anonymous.post("/api/v1/schedules/preview", json=preview)).status_code == 200
    for method, path in (
        ("POST", "/api/v1/tasks"),
        ("DELETE", f"/api/v1/tasks/{task_id}"),
        ("POST", f"/api/v1/tasks/{task_id}/cancel"),
        ("PUT", "/api/v1/policy"),
    ):
        answer = await anonymous.request(method, path, json={})
        assert (answer.status_code, answer.json()["code"]) == (403, "missing_scope")


async def test_a_writing_key_works_for_its_owner(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    anonymous.headers |= await with_key(alice, "write")
    task_id = (await new_task(anonymous))["id"]
    assert (await alice.get(f"/api/v1/tasks/{task_id}")).status_code == 200


async def test_an_openai_key_reads_nothing_else(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    task_id = (await new_task(alice))["id"]
    anonymous.headers |= await with_key(alice, "openai")
    for path in (ME, KEYS, "/api/v1/tasks", f"/api/v1/tasks/{task_id}", "/api/v1/files"):
        assert (await anonymous.get(path)).status_code == 403


async def test_no_key_changes_the_account(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    kept = await make(alice)
    anonymous.headers |= await with_key(alice, "read", "write", "openai")
    for method, path in (
        ("POST", KEYS),
        ("DELETE", f"{KEYS}/{kept['id']}"),
        ("POST", "/api/v1/auth/password"),
        ("POST", "/api/v1/auth/logout"),
    ):
        assert (await anonymous.request(method, path, json={})).status_code == 403
    assert kept["id"] in [each["id"] for each in (await anonymous.get(KEYS)).json()["items"]]


async def test_only_administrators_have_administrating_keys(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post(KEYS, json={"name": "x", "scopes": ["read", "admin"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_a_key_without_admin_has_a_users_rights(
    anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    task = f"/api/v1/tasks/{(await new_task(alice))['id']}"
    admin = await administrator(sign_up, database)
    assert (await admin.get(task)).status_code == 200
    assert (await anonymous.get(task, headers=await with_key(admin, "write"))).status_code == 404
    assert (await anonymous.get(task, headers=await with_key(admin, "read", "admin"))).status_code == 200


@pytest.mark.usefixtures("_fresh_states")
async def test_a_demoted_owner_demotes_the_key(
    anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    task = f"/api/v1/tasks/{(await new_task(alice))['id']}"
    admin = await administrator(sign_up, database)
    key = await make(admin, "read", "admin")
    async with database.begin() as session:
        await session.execute(
            update(User)
            .where(User.id == select(ApiKey.owner_id).where(ApiKey.id == key["id"]).scalar_subquery())
            .values(role="user")
        )
    assert (await anonymous.get(task, headers={"X-Api-Key": key["key"]})).status_code == 404


async def test_an_expired_key_is_refused(
    anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient, database: Database
) -> None:
    made = await make(alice, "read", expires_in_days=1)
    async with database.begin() as session:
        await session.execute(
            text("UPDATE api_keys SET expires_at = now() - interval '1 s' WHERE id = :id"), {"id": made["id"]}
        )
    assert (await anonymous.get(ME, headers={"X-Api-Key": made["key"]})).status_code == 401


async def test_a_deleted_key_stops_working(app: FastAPI, alice: httpx2.AsyncClient, database: Database) -> None:
    made = await make(alice)
    async with client_of(app) as program:
        program.headers["X-Api-Key"] = made["key"]
        assert (await program.get(ME)).status_code == 200
        assert (await alice.delete(f"{KEYS}/{made['id']}")).status_code == 204
        assert (await program.get(ME)).status_code == 401
    assert (await alice.delete(f"{KEYS}/{made['id']}")).status_code == 404
    async with database.begin() as session:
        entries = select(AuditEntry.action).where(AuditEntry.subject_id == made["id"]).order_by(AuditEntry.at)
        assert list(await session.scalars(entries)) == ["api_key.created", "api_key.deleted"]


async def test_a_foreign_key_looks_like_none(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    made = await make(alice)
    answers = [await bob.delete(f"{KEYS}/{id}") for id in (made["id"], str(uuid4()))]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert made["id"] not in (await bob.get(KEYS)).text


async def test_a_deleted_key_closes_its_socket(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.05)
    made = await make(alice, "read")
    async with opened(app) as socket:
        await socket.send_json({"type": "authenticate", "token": made["key"]})
        assert await received(socket) == {"type": "authenticated"}
        await alice.delete(f"{KEYS}/{made['id']}")
        assert await close_code(socket) == 4401


async def test_a_socket_needs_a_key_that_reads(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    key = (await make(alice, "openai"))["key"]
    async with opened(app, {"X-Api-Key": key}) as socket:
        assert await close_code(socket) == 4401


async def test_the_last_use_is_noted(
    app: FastAPI, alice: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await make(alice)
    assert made["last_used_at"] is None
    async with client_of(app) as program:
        for _ in range(3):
            await program.get(ME, headers={"X-Api-Key": made["key"]})
    parts: Parts = app.state.parts
    await parts.auth.close()

    async with database.begin() as session:
        row = await session.get(ApiKey, made["id"])
    assert row is not None
    assert row.last_used_at is not None


async def test_keys_are_limited(app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch) -> None:
    carol = await sign_up()
    parts: Parts = app.state.parts
    few = parts.settings.model_copy(update={"max_api_keys": 2})
    monkeypatch.setitem(app.state._state, "parts", replace(parts, settings=few))
    await make(carol)
    await make(carol)
    answer = await carol.post(KEYS, json={"name": "x", "scopes": ["read"]})
    assert (answer.status_code, answer.json()["code"]) == (429, "limit_reached")


async def test_keys_are_listed_in_pages(sign_up: SignUp) -> None:
    carol = await sign_up()
    made = [(await make(carol))["id"] for _ in range(3)]
    first = (await carol.get(KEYS, params={"limit": 2})).json()
    second = (await carol.get(KEYS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [each["id"] for page in (first, second) for each in page["items"]] == made[::-1]
    assert second["next_cursor"] is None


def test_keys_are_random() -> None:
    assert len({api_keys.new_key().key for _ in range(1000)}) == 1000
