"""Invitations, and who can create an account without one."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text, update

from chimera.db.engine import Database
from chimera.db.tables import Invitation, User
from chimera.security.one_time import sha256_of
from chimera.store import invitations
from tests.api.accounts import ME, login, register, set_registration
from tests.api.conftest import SignUp, administrator

INVITATIONS = "/api/v1/invitations"


@pytest.fixture
async def admin(
    app: FastAPI, sign_up: SignUp, database: Database, monkeypatch: pytest.MonkeyPatch
) -> httpx2.AsyncClient:
    """An administrator of an installation that is open to invited users."""
    client = await administrator(sign_up, database)
    set_registration(app, monkeypatch, "invited")
    return client


async def invite(admin: httpx2.AsyncClient, **fields: Any) -> dict[str, Any]:
    answer = await admin.post(INVITATIONS, json=fields)
    assert answer.status_code == 201, answer.text
    invitation: dict[str, Any] = answer.json()
    return invitation


def an_email() -> str:
    return f"{uuid4().hex}@example.com"


async def test_an_invitation_creates_an_account(app: FastAPI, admin: httpx2.AsyncClient, database: Database) -> None:
    email = an_email()
    invitation = await invite(admin, email=email, role="viewer")
    assert (await register(app, email=email, invitation=invitation["token"])).status_code == 202
    assert (await login(app, email)).status_code == 200
    async with database.begin() as session:
        role = await session.scalar(select(User.role).where(User.email == email))
    assert role == "viewer"
    listed = (await admin.get(INVITATIONS)).json()["items"]
    assert next(each["used_at"] for each in listed if each["id"] == invitation["id"]) is not None
    assert invitation["token"] not in str(listed)


async def test_without_an_invitation_nobody_registers(app: FastAPI, admin: httpx2.AsyncClient) -> None:
    for body in ({}, {"invitation": None}):
        answer = await register(app, **body)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("token", ["", " " * 30, "x" * 43, "null", 0, [], {}, True, "x" * 10_000])
async def test_an_invented_invitation_is_refused(app: FastAPI, admin: httpx2.AsyncClient, token: object) -> None:
    assert (await register(app, invitation=token)).status_code in (403, 422)


async def test_an_invitation_is_for_its_address(app: FastAPI, admin: httpx2.AsyncClient) -> None:
    invitation = await invite(admin, email=an_email())
    answer = await register(app, invitation=invitation["token"])
    assert (answer.status_code, answer.json()["code"]) == (403, "invitation_refused")


async def test_an_invitation_works_once(app: FastAPI, admin: httpx2.AsyncClient, database: Database) -> None:
    token = (await invite(admin))["token"]
    emails = [an_email() for _ in range(5)]
    answers = await asyncio.gather(*(register(app, email=email, invitation=token) for email in emails))
    assert sorted(each.status_code for each in answers) == [202, 403, 403, 403, 403]
    async with database.begin() as session:
        made = await session.scalar(select(func.count()).select_from(User).where(User.email.in_(emails)))
    assert made == 1


async def test_a_known_address_uses_up_the_invitation(app: FastAPI, admin: httpx2.AsyncClient) -> None:
    email = an_email()
    await register(app, email=email, invitation=(await invite(admin))["token"])
    token = (await invite(admin))["token"]
    known, again = [await register(app, email=each, invitation=token) for each in (email, an_email())]
    assert (known.status_code, again.status_code) == (202, 403)


async def test_an_expired_invitation_is_refused(app: FastAPI, admin: httpx2.AsyncClient, database: Database) -> None:
    invitation = await invite(admin, expires_in_hours=1)
    async with database.begin() as session:
        await session.execute(
            text("UPDATE invitations SET expires_at = now() - interval '1 s' WHERE id = :id"), {"id": invitation["id"]}
        )
    assert (await register(app, invitation=invitation["token"])).status_code == 403


async def test_a_deleted_invitation_is_refused(app: FastAPI, admin: httpx2.AsyncClient) -> None:
    invitation = await invite(admin)
    assert (await admin.delete(f"{INVITATIONS}/{invitation['id']}")).status_code == 204
    assert (await register(app, invitation=invitation["token"])).status_code == 403
    assert (await admin.delete(f"{INVITATIONS}/{invitation['id']}")).status_code == 404


@pytest.mark.parametrize("lost", [{"role": "user"}, {"disabled_at": func.now()}], ids=["demoted", "disabled"])
async def test_a_former_administrator_invites_no_one(
    app: FastAPI, admin: httpx2.AsyncClient, database: Database, lost: dict[str, Any]
) -> None:
    email = an_email()
    invitation = await invite(admin, email=email, role="admin")
    inviter = update(User).where(User.id == (await admin.get(ME)).json()["id"])
    async with database.begin() as session:
        await session.execute(inviter.values(**lost))
    answer = await register(app, email=email, invitation=invitation["token"])
    assert (answer.status_code, answer.json()["code"]) == (403, "invitation_refused")
    async with database.begin() as session:
        assert await invitations.use_for(session, email) is None
        assert await invitations.use(session, sha256_of(invitation["token"]), email) is None
        await session.execute(inviter.values(role="admin", disabled_at=None))
        accepted = await invitations.use_for(session, email)
    assert accepted is not None
    assert accepted.role == "admin"


async def test_an_invitation_lasts_a_week_at_most(admin: httpx2.AsyncClient) -> None:
    assert (await admin.post(INVITATIONS, json={"expires_in_hours": 24 * 7 + 1})).status_code == 422


async def test_only_hashes_of_invitations_are_stored(admin: httpx2.AsyncClient, database: Database) -> None:
    invitation = await invite(admin)
    async with database.begin() as session:
        row = await session.get(Invitation, invitation["id"])
        logged = await session.scalar(text("SELECT string_agg(a::text, ' ') FROM audit_log a"))
    assert row is not None
    assert len(row.token_sha256) == 64
    assert invitation["token"] not in logged


async def test_without_registration_there_are_no_invitations(
    app: FastAPI, admin: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = (await invite(admin))["token"]
    set_registration(app, monkeypatch, "off")
    assert (await admin.post(INVITATIONS, json={})).status_code == 409
    assert (await register(app, invitation=token)).status_code == 403
