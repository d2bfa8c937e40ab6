"""Sessions that begin or are refreshed at the moment at which the account's sessions end."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import bcrypt
import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import Parts
from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.security import sessions
from chimera.store import users
from tests.api.accounts import ME, USERS, Person, login, new_session, person, status_with
from tests.api.conftest import PASSWORD, SignUp, administrator, client_of
from tests.chimera.ledger.test_calls import until_it_waits

AUTH = "/api/v1/auth"
NEW_PASSWORD = "another battery staple"
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}


@pytest.fixture(autouse=True)
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read account states at each request, as after 3 s."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)


@pytest.mark.parametrize("act", ["sign out", "end the session", "end the others", "change the password"])
async def test_a_session_ends_during_its_refresh(
    app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    carol = await person(sign_up)
    tokens = await new_session(app, carol.email)
    session_id = (await carol.client.get(f"{AUTH}/sessions")).json()["items"][0]["id"]
    add, endings = users.add_refresh_token, list[asyncio.Task[httpx2.Response]]()

    async def end() -> httpx2.Response:
        match act:
            case "sign out":
                headers = {"Authorization": f"Bearer {tokens['access_token']}"}
                return await carol.client.post(f"{AUTH}/logout", headers=headers)
            case "end the session":
                return await carol.client.delete(f"{AUTH}/sessions/{session_id}")
            case "end the others":
                return await carol.client.delete(f"{AUTH}/sessions")
            case _:
                return await carol.client.post(f"{AUTH}/password", json=CHANGE)

    async def add_while_it_ends(session: AsyncSession, *values: Any, **more: Any) -> None:
        if not endings:
            endings.append(asyncio.create_task(end()))
            await until_it_waits(session)
        await add(session, *values, **more)

    monkeypatch.setattr(users, "add_refresh_token", add_while_it_ends)
    async with client_of(app) as client:
        refreshed = await client.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert (await endings[0]).is_success
        assert await status_with(app, refreshed.json()["access_token"]) == 401
        again = await client.post(f"{AUTH}/refresh", json={"refresh_token": refreshed.json()["refresh_token"]})
        assert again.status_code == 401


def _after_the_check(app: FastAPI, patch: pytest.MonkeyPatch, act: Callable[[], Awaitable[object]]) -> None:
    """Let something happen right after the next password has been checked."""
    parts: Parts = app.state.parts
    check = parts.auth.passwords.check

    async def checked(*values: Any, **more: Any) -> tuple[bool, str | None]:
        patch.setattr(parts.auth.passwords, "check", check)
        found = await check(*values, **more)
        await act()
        return found

    patch.setattr(parts.auth.passwords, "check", checked)


async def _set_outdated_hash(database: Database, user: Person) -> None:
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4)).decode()
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == user.id).values(password_hash=old))


@pytest.mark.parametrize("is_outdated", [False, True])
async def test_an_old_password_begins_no_session(
    app: FastAPI, sign_up: SignUp, database: Database, monkeypatch: pytest.MonkeyPatch, is_outdated: bool
) -> None:
    carol, admin = await person(sign_up), await administrator(sign_up, database)
    reset = (await admin.post(f"{USERS}/{carol.id}/password-reset")).json()
    if is_outdated:
        await _set_outdated_hash(database, carol)

    async def set_password() -> None:
        body = {"email": carol.email, "token": reset["token"], "new_password": NEW_PASSWORD}
        async with client_of(app) as client:
            assert (await client.post(f"{AUTH}/password-reset", json=body)).status_code == 204

    _after_the_check(app, monkeypatch, set_password)
    assert (await login(app, carol.email)).status_code == 401
    assert (await login(app, carol.email)).status_code == 401
    assert (await login(app, carol.email, NEW_PASSWORD)).status_code == 200


async def test_a_disabled_user_begins_no_session(
    app: FastAPI, sign_up: SignUp, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol, admin = await person(sign_up), await administrator(sign_up, database)
    _after_the_check(app, monkeypatch, lambda: admin.post(f"{USERS}/{carol.id}/disable"))
    assert (await login(app, carol.email)).status_code == 401
    await admin.post(f"{USERS}/{carol.id}/enable")
    assert (await login(app, carol.email)).status_code == 200


async def test_sign_ins_update_the_hash_together(
    app: FastAPI, sign_up: SignUp, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    carol = await person(sign_up)
    await _set_outdated_hash(database, carol)
    others = list[int]()

    async def sign_in() -> None:
        others.append((await login(app, carol.email)).status_code)

    _after_the_check(app, monkeypatch, sign_in)
    assert (await login(app, carol.email)).status_code == 200
    assert others == [200]


async def test_one_old_password_changes_it_once(app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch) -> None:
    carol = await person(sign_up)
    thief = client_of(app)
    thief.headers.update(carol.client.headers)
    changed = list[int]()

    async def change() -> None:
        changed.append((await carol.client.post(f"{AUTH}/password", json=CHANGE)).status_code)

    _after_the_check(app, monkeypatch, change)
    theirs = {"current_password": PASSWORD, "new_password": "another user's staple"}
    answer = await thief.post(f"{AUTH}/password", json=theirs)
    assert (changed, answer.status_code) == ([200], 422)
    assert [each["field"] for each in answer.json()["errors"]] == ["current_password"]
    assert (await login(app, carol.email, NEW_PASSWORD)).status_code == 200


async def test_an_old_password_moves_no_account(app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch) -> None:
    carol = await person(sign_up)
    thief = client_of(app)
    thief.headers.update(carol.client.headers)
    _after_the_check(app, monkeypatch, lambda: carol.client.post(f"{AUTH}/password", json=CHANGE))
    moved = await thief.put(ME, json={"email": f"moved-{carol.email}", "current_password": PASSWORD})
    assert moved.status_code == 422
    assert (await login(app, carol.email, NEW_PASSWORD)).status_code == 200
