"""Forgotten passwords, and the first administrator."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func, select, text, update

from api.deps import Parts
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import PasswordReset, User
from chimera.security import sessions
from chimera.security.sign_ins import ACCOUNT_TRIES, ADDRESS_TRIES
from tests.api.accounts import USERS, Person, installation, login, new_session, person, status_with
from tests.api.conftest import PASSWORD, SignUp, administrator, client_of

RESET = "/api/v1/auth/password-reset"
FIRST = "/api/v1/auth/first-admin"
NEW = "another battery staple"
SETUP_TOKEN = "a set-up token of these tests that is long enough"


@pytest.fixture
async def admin(sign_up: SignUp, database: Database) -> httpx2.AsyncClient:
    return await administrator(sign_up, database)


async def token_for(admin: httpx2.AsyncClient, user: Person) -> str:
    answer = await admin.post(f"{USERS}/{user.id}/password-reset")
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


async def reset(app: FastAPI, **body: Any) -> httpx2.Response:
    async with client_of(app) as client:
        return await client.post(RESET, json=body)


async def test_a_token_sets_a_new_password(
    app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
    carol = await person(sign_up)
    old = (await new_session(app, carol.email))["access_token"]
    token = await token_for(admin, carol)
    assert (await reset(app, email=carol.email, token=token, new_password=NEW)).status_code == 204
    assert await status_with(app, old) == 401
    assert [(await login(app, carol.email, each)).status_code for each in (PASSWORD, NEW)] == [401, 200]
    assert (await reset(app, email=carol.email, token=token, new_password=PASSWORD)).status_code == 403


async def test_a_token_works_once(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    token = await token_for(admin, carol)
    answers = await asyncio.gather(
        *(reset(app, email=carol.email, token=token, new_password=f"{NEW} {number}") for number in range(4))
    )
    assert sorted(each.status_code for each in answers) == [204, 403, 403, 403]


async def test_a_newer_token_replaces_older_ones(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    older, newer = await token_for(admin, carol), await token_for(admin, carol)
    answers = [await reset(app, email=carol.email, token=each, new_password=NEW) for each in (older, newer)]
    assert [each.status_code for each in answers] == [403, 204]


async def test_a_token_is_for_one_account(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol, dave = await person(sign_up), await person(sign_up)
    answer = await reset(app, email=dave.email, token=await token_for(admin, carol), new_password=NEW)
    assert (answer.status_code, answer.json()["code"]) == (403, "reset_token_refused")
    assert (await login(app, dave.email)).status_code == 200


async def test_an_expired_token_is_refused(
    app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    carol = await person(sign_up)
    token = await token_for(admin, carol)
    async with database.begin() as session:
        row = await session.scalar(select(PasswordReset).where(PasswordReset.user_id == carol.id))
        assert row is not None
        assert (row.expires_at - row.created_at).total_seconds() == 1800
        assert token not in row.token_sha256
        await session.execute(
            text("UPDATE password_resets SET expires_at = now() - interval '1 s' WHERE id = :id"), {"id": row.id}
        )
    assert (await reset(app, email=carol.email, token=token, new_password=NEW)).status_code == 403


@pytest.mark.parametrize("token", [None, "", " " * 40, "x" * 43, "null", 0, False, [], {}, [""], "x" * 5000])
async def test_an_invented_token_is_refused(app: FastAPI, sign_up: SignUp, token: object) -> None:
    carol = await person(sign_up)
    answers = [
        await reset(app, email=carol.email, token=token, new_password=NEW),
        await reset(app, email=carol.email, new_password=NEW),
        await reset(app, email=f"{uuid4().hex}@example.com", token=token, new_password=NEW),
    ]
    assert {each.status_code for each in answers} <= {403, 422}
    assert (await login(app, carol.email)).status_code == 200


async def test_a_refusal_reveals_no_account(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    answers = [
        (await reset(app, email=email, token="x" * 43, new_password=NEW)).json()
        for email in (carol.email, f"{uuid4().hex}@example.com")
    ]
    assert answers[0] | {"instance": ""} == answers[1] | {"instance": ""}


async def test_guesses_of_tokens_are_limited(app: FastAPI, sign_up: SignUp) -> None:
    body = {"email": (await person(sign_up)).email, "new_password": NEW}
    async with client_of(app) as client:
        answers = [
            (await client.post(RESET, json={**body, "token": f"{uuid4().hex}{uuid4().hex}"})).status_code
            for _ in range(ADDRESS_TRIES + 2)
        ]
    assert answers == [403] * ADDRESS_TRIES + [429] * 2


async def test_guesses_of_tokens_block_no_owner(app: FastAPI, admin: httpx2.AsyncClient, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    token = (await admin.post(f"{USERS}/{carol.id}/password-reset")).json()["token"]
    for _ in range(ACCOUNT_TRIES):
        assert (await reset(app, email=carol.email, token="x" * 43, new_password=NEW)).status_code == 403
    assert (await reset(app, email=carol.email, token=token, new_password=NEW)).status_code == 204


async def test_of_twenty_first_administrators_one_is_made(parts: Settings, api_settings: Settings) -> None:
    async with installation(parts, api_settings, setup_token=SecretStr(SETUP_TOKEN)) as (app, _):
        answers = await asyncio.gather(*(_first(app, number) for number in range(20)))
        statuses = [each.status_code for each in answers]
        assert statuses.count(201) == 1
        # The others were too late, or found the queue of passwords full.
        assert set(statuses) <= {201, 404, 503}
        assert (await _first(app, 99)).status_code == 404
        parts_of_app: Parts = app.state.parts
        async with parts_of_app.database.begin() as session:
            assert await session.scalar(select(func.count()).select_from(User)) == 1
        made = next(each.json()["email"] for each in answers if each.status_code == 201)
        assert (await login(app, made)).status_code == 200


async def test_the_first_administrator_needs_the_token(parts: Settings, api_settings: Settings) -> None:
    async with installation(parts, api_settings, setup_token=SecretStr(SETUP_TOKEN)) as (app, _):
        for token in ("", "x", f"{SETUP_TOKEN}x", "é"):
            assert (await _first(app, 1, token)).status_code == 403
    async with installation(parts, api_settings) as (app, _):
        for token in ("", "None", SETUP_TOKEN):
            assert (await _first(app, 1, token)).status_code == 404


async def test_a_registered_user_is_no_first_administrator(parts: Settings, api_settings: Settings) -> None:
    async with installation(parts, api_settings, setup_token=SecretStr(SETUP_TOKEN)) as (app, _):
        async with client_of(app) as client:
            body = {"email": "early@example.com", "password": PASSWORD}
            assert (await client.post("/api/v1/auth/register", json=body)).status_code == 202
        assert (await _first(app, 1)).status_code == 201


async def test_a_late_first_administrator_waits_for_no_one(parts: Settings, api_settings: Settings) -> None:
    token = SecretStr(SETUP_TOKEN)
    async with installation(parts, api_settings, administrators=1, setup_token=token) as (app, (admin,)):
        database: Database = app.state.parts.database
        async with database.begin() as session, asyncio.timeout(30):
            await session.execute(update(User).where(User.id == admin.id).values(name="Changing"))
            assert (await _first(app, 1)).status_code == 404


async def _first(app: FastAPI, number: int, token: str = SETUP_TOKEN) -> httpx2.Response:
    body = {"setup_token": token, "email": f"first{number}@example.com", "password": PASSWORD}
    async with client_of(app) as client:
        return await client.post(FIRST, json=body)
