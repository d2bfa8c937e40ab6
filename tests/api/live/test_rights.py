"""One query checks the rights of all open connections, and each holder is notified when its rights end."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import ExitStack
from uuid import uuid4

import httpx2
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text
from structlog.testing import capture_logs

from api.deps import Parts
from api.live import rights
from api.live.rights import Rights
from chimera.security.sessions import SignedIn
from chimera.store import access
from chimera.store.users import AccountState, SessionOwner
from models.ids import RunId
from tests.api.conftest import SignUp
from tests.api.routes.test_streams import token_of
from tests.until import LIMIT_S, until


@pytest.fixture
def asked(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> list[Collection[SessionOwner]]:
    """Record the queries for account states; the database answers all of them."""
    auth, questions = _parts(app).auth, list[Collection[SessionOwner]]()
    account_states = auth.account_states

    async def noting(sessions: Collection[SessionOwner]) -> dict[SessionOwner, AccountState | None]:
        questions.append(sessions)
        return await account_states(sessions)

    monkeypatch.setattr(auth, "account_states", noting)
    return questions


@pytest.fixture
async def watched(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Rights]:
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.02)
    own = Rights(_parts(app).auth, _parts(app).database)
    own.start()
    yield own
    await own.close()


async def test_one_question_is_asked_for_all(
    app: FastAPI, sign_up: SignUp, watched: Rights, asked: list[Collection[SessionOwner]]
) -> None:
    both = [await _signed_in(app, await sign_up()) for _ in range(2)]
    asked.clear()
    with ExitStack() as held:
        for signed_in in both * 50:
            held.enter_context(watched.held(signed_in, lambda: None))
        await until(lambda: len(asked) >= 3)
    assert {frozenset(question) for question in asked} == {frozenset(each.owner for each in both)}
    assert not watched._holders


async def test_a_lost_session_ends_its_holders_alone(app: FastAPI, sign_up: SignUp, watched: Rights) -> None:
    carol, dave = await sign_up(), await sign_up()
    lost, kept = [asyncio.Event(), asyncio.Event()], asyncio.Event()
    with ExitStack() as held:
        for each in lost:
            held.enter_context(watched.held(await _signed_in(app, carol), each.set))
        held.enter_context(watched.held(await _signed_in(app, dave), kept.set))
        await carol.post("/api/v1/auth/logout")
        async with asyncio.timeout(LIMIT_S):
            await asyncio.gather(*(each.wait() for each in lost))
        assert not kept.is_set()


@pytest.mark.parametrize("change", ["role = 'admin'", "disabled_at = now()"])
async def test_a_user_that_changes_ends_holders(app: FastAPI, sign_up: SignUp, watched: Rights, change: str) -> None:
    signed_in, lost = await _signed_in(app, await sign_up()), asyncio.Event()
    with watched.held(signed_in, lost.set):
        async with _parts(app).database.begin() as session:
            await session.execute(text(f"UPDATE users SET {change} WHERE id = :id"), {"id": signed_in.caller.user_id})
        async with asyncio.timeout(LIMIT_S):
            await lost.wait()


async def test_an_unavailable_database_ends_no_session(
    app: FastAPI, alice: httpx2.AsyncClient, watched: Rights, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed_in, lost, tries = await _signed_in(app, alice), asyncio.Event(), 0

    async def away(sessions: object) -> None:
        nonlocal tries
        tries += 1
        raise psycopg.OperationalError

    monkeypatch.setattr(_parts(app).auth, "account_states", away)
    with watched.held(signed_in, lost.set):
        await until(lambda: tries >= 3)
        assert not lost.is_set()


@pytest.mark.parametrize("fails", ["account_states", "visible_runs"])
async def test_an_unexpected_error_ends_no_check(
    app: FastAPI, sign_up: SignUp, watched: Rights, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    carol, tries = await sign_up(), 0
    signed_in, lost = await _signed_in(app, carol), asyncio.Event()
    place = _parts(app).auth if fails == "account_states" else access
    works = getattr(place, fails)

    async def failing_once(*args: object) -> object:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise psycopg.NotSupportedError("cached plan must not change result type")
        return await works(*args)

    monkeypatch.setattr(place, fails, failing_once)
    with capture_logs() as logged, ExitStack() as held:
        if fails == "account_states":
            await carol.post("/api/v1/auth/logout")
            held.enter_context(watched.held(signed_in, lost.set))
        else:
            held.enter_context(watched.seeing(signed_in.caller, RunId(str(uuid4())), lost.set))
        async with asyncio.timeout(LIMIT_S):
            await lost.wait()
    assert "rights_failed" in [line["event"] for line in logged]


def _parts(app: FastAPI) -> Parts:
    parts: Parts = app.state.parts
    return parts


async def _signed_in(app: FastAPI, client: httpx2.AsyncClient) -> SignedIn:
    return await _parts(app).auth.signed_in(token_of(client))
