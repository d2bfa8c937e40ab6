"""The caller's own account and sessions."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Invitation, PasswordReset, RefreshToken, Ticket
from chimera.reports.pruning import prune
from chimera.security import sessions
from chimera.store import users
from tests.api.accounts import LOGIN, ME, USERS, login, new_session, person, status_with
from tests.api.conftest import PASSWORD, SignUp, administrator, client_of
from tests.until import until_locked

SESSIONS = "/api/v1/auth/sessions"
REFRESH = "/api/v1/auth/refresh"


@pytest.fixture(autouse=True)
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read account states at each request, as after 3 s."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)


async def test_sessions_show_where_they_began(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    async with client_of(app, "192.0.2.7") as client:
        agent = f"Browser/1.0 {'x' * 500}\x1b[31m"
        body = {"email": carol.email, "password": PASSWORD}
        await client.post(LOGIN, json=body, headers={"User-Agent": agent.replace("\x1b", "")})
    newest, first = (await carol.client.get(SESSIONS)).json()["items"]
    assert (newest["address"], newest["current"], first["current"]) == ("192.0.2.7", False, True)
    assert newest["client"].startswith("Browser/1.0")
    assert len(newest["client"]) == 200
    assert newest["began_at"] <= newest["last_used_at"] <= newest["expires_at"]


async def test_a_refresh_keeps_the_session(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    tokens = await new_session(app, carol.email)
    before = (await carol.client.get(SESSIONS)).json()["items"]
    async with client_of(app) as client:
        answer = await client.post(REFRESH, json={"refresh_token": tokens["refresh_token"]})
        assert answer.status_code == 200
    after = (await carol.client.get(SESSIONS)).json()["items"]
    assert [(each["id"], each["client"], each["began_at"]) for each in after] == [
        (each["id"], each["client"], each["began_at"]) for each in before
    ]


async def test_one_session_is_ended(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    token = (await new_session(app, carol.email))["access_token"]
    other = (await carol.client.get(SESSIONS)).json()["items"][0]["id"]
    assert (await carol.client.delete(f"{SESSIONS}/{other}")).status_code == 204
    assert await status_with(app, token) == 401
    assert [each["current"] for each in (await carol.client.get(SESSIONS)).json()["items"]] == [True]
    assert (await carol.client.delete(f"{SESSIONS}/{other}")).status_code == 404


async def test_all_other_sessions_are_ended(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    tokens = [(await new_session(app, carol.email))["access_token"] for _ in range(2)]
    assert (await carol.client.delete(SESSIONS)).json() == {"ended": 2}
    assert [await status_with(app, token) for token in tokens] == [401, 401]
    assert (await carol.client.get(ME)).status_code == 200


async def test_a_foreign_session_looks_like_none(
    app: FastAPI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    theirs = (await alice.get(SESSIONS)).json()["items"][0]["id"]
    answers = [await bob.delete(f"{SESSIONS}/{id}") for id in (theirs, str(uuid4()))]
    assert [each.status_code for each in answers] == [404, 404]
    assert (await alice.get(ME)).status_code == 200


async def test_name_and_preferences_are_changed(sign_up: SignUp) -> None:
    carol = await person(sign_up)
    wishes = {"name": "Carol", "preferences": {"time_zone": "Europe/Berlin", "theme": "dark"}}
    changed = await carol.client.put(ME, json=wishes)
    assert changed.status_code == 200, changed.text
    me = (await carol.client.get(ME)).json()
    assert (me["name"], me["preferences"], me["email"]) == ("Carol", wishes["preferences"], carol.email)
    assert (await carol.client.put(ME, json={"name": ""})).json()["preferences"] == wishes["preferences"]


async def test_a_new_address_needs_the_password(app: FastAPI, sign_up: SignUp) -> None:
    carol, dave = await person(sign_up), await person(sign_up)
    email = f"{uuid4().hex}@example.com"
    refusals = [
        await carol.client.put(ME, json=body)
        for body in ({"email": email}, {"email": email, "current_password": "not this one"})
    ]
    assert [each.status_code for each in refusals] == [422, 422]
    taken = await carol.client.put(ME, json={"email": dave.email, "current_password": PASSWORD})
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")
    assert (await carol.client.put(ME, json={"email": email, "current_password": PASSWORD})).status_code == 200
    assert [(await login(app, each)).status_code for each in (carol.email, email)] == [401, 200]


async def test_one_of_two_gets_an_address(sign_up: SignUp, database: Database) -> None:
    carol, email = await person(sign_up), f"{uuid4().hex}@example.com"
    async with database.begin() as session:
        await users.create(session, email, None)
        late = asyncio.create_task(carol.client.put(ME, json={"email": email, "current_password": PASSWORD}))
        # It has found the address free, and waits for this transaction.
        await until_locked(database)
    answer = await late
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (409, "email")
    assert (await carol.client.get(ME)).json()["email"] == carol.email


@pytest.mark.parametrize(
    "body",
    [
        {"role": "admin"},
        {"id": str(uuid4())},
        {"preferences": {"time_zone": "Moon/Sea"}},
        {"preferences": {"theme": "pink"}},
        {"preferences": {"is_admin": True}},
        {"name": "x" * 121},
    ],
)
async def test_odd_changes_are_refused(alice: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await alice.put(ME, json=body)).status_code == 422


async def refreshed(app: FastAPI, tokens: dict[str, Any]) -> dict[str, Any]:
    async with client_of(app) as client:
        answer = await client.post(REFRESH, json={"refresh_token": tokens["refresh_token"]})
    assert answer.status_code == 200, answer.text
    new: dict[str, Any] = answer.json()
    return new


async def tokens_of(database: Database, user_id: str) -> list[str]:
    """Return the IDs of a user's refresh tokens, oldest first."""
    rows = select(RefreshToken.id).where(RefreshToken.user_id == user_id).order_by(RefreshToken.created_at)
    async with database.begin() as session:
        return list(await session.scalars(rows))


async def age(database: Database, days: int, *tokens: str) -> None:
    """Let tokens be older by some days."""
    by = timedelta(days=days)
    older = {"created_at": RefreshToken.created_at - by, "expires_at": RefreshToken.expires_at - by}
    async with database.begin() as session:
        await session.execute(update(RefreshToken).where(RefreshToken.id.in_(tokens)).values(older))


async def test_expired_tokens_are_deleted(
    app: FastAPI, sign_up: SignUp, database: Database, settings: Settings
) -> None:
    carol = await person(sign_up)
    [own] = await tokens_of(database, carol.id)
    tokens = await new_session(app, carol.email)
    for _ in range(2):
        tokens = await refreshed(app, tokens)
    for _ in range(2):
        await new_session(app, carol.email)
    _, first, second, third, recent, old = await tokens_of(database, carol.id)
    await age(database, 100, first, second, old)
    await age(database, 40, recent)
    before = (await carol.client.get(SESSIONS)).json()
    await prune(database, settings)
    assert set(await tokens_of(database, carol.id)) == {own, first, third, recent}
    assert (await carol.client.get(SESSIONS)).json() == before
    assert await status_with(app, (await refreshed(app, tokens))["access_token"]) == 200


async def test_reuse_is_noticed_after_deletions(
    app: FastAPI, sign_up: SignUp, database: Database, settings: Settings
) -> None:
    carol = await person(sign_up)
    stolen = await refreshed(app, await new_session(app, carol.email))
    newest = await refreshed(app, stolen)
    await prune(database, settings)
    async with client_of(app) as thief:
        assert (await thief.post(REFRESH, json={"refresh_token": stolen["refresh_token"]})).status_code == 401
    assert await status_with(app, newest["access_token"]) == 401


async def test_expired_one_time_tokens_are_deleted(sign_up: SignUp, database: Database, settings: Settings) -> None:
    admin, carol = await administrator(sign_up, database), await person(sign_up)
    for _ in range(2):
        assert (await carol.client.post("/api/v1/auth/ws-ticket")).status_code == 201
        assert (await admin.post(f"{USERS}/{carol.id}/password-reset")).status_code == 201
    invitations = [(await admin.post("/api/v1/invitations", json={})).json()["id"] for _ in range(3)]
    rows = (
        (Ticket, Ticket.sha256, Ticket.user_id, Ticket.created_at),
        (PasswordReset, PasswordReset.id, PasswordReset.user_id, PasswordReset.created_at),
    )
    async with database.begin() as session:
        for table, key, user_id, created_at in rows:
            one = select(key).where(user_id == carol.id).limit(1)
            await session.execute(update(table).where(key.in_(one)).values(expires_at=created_at))
        for invitation, days in zip(invitations, (80, 100), strict=False):
            then = Invitation.expires_at - timedelta(days=days)
            await session.execute(update(Invitation).where(Invitation.id == invitation).values(expires_at=then))
    await prune(database, settings)
    async with database.begin() as session:
        for _, key, user_id, _ in rows:
            assert len((await session.scalars(select(key).where(user_id == carol.id))).all()) == 1
    listed = {each["id"] for each in (await admin.get("/api/v1/invitations")).json()["items"]}
    assert listed.intersection(invitations) == {invitations[0], invitations[2]}
