"""Downloads that are written while they are read."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

import httpx2
import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from api.app import create_app
from api.deps import Parts
from api.live import rights
from api.routes import own_data
from chimera.config.settings import Settings
from chimera.security import sessions
from chimera.security.sessions import SignedIn
from tests.api.accounts import ME
from tests.api.conftest import SignUp, new_task
from tests.api.routes.test_streams import token_of
from tests.until import LIMIT_S, until_true

MOST = 2


@pytest.fixture(scope="module")
async def app(api_settings: Settings) -> AsyncIterator[FastAPI]:
    app = create_app(api_settings.model_copy(update={"max_streams": MOST}))
    async with app.router.lifespan_context(app):
        yield app


async def _signed_in(parts: Parts, client: httpx2.AsyncClient) -> SignedIn:
    return await parts.auth.signed_in(token_of(client))


async def _succeeds(client: httpx2.AsyncClient, path: str) -> bool:
    return (await client.get(path)).status_code == 200


async def test_downloads_count_as_open_streams(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    carol, dave = await sign_up(), await sign_up()
    chat = (await carol.post("/api/v1/chat/sessions", json={})).json()["id"]
    paths = (f"{ME}/export", "/api/v1/analytics/export?format=parquet", f"/api/v1/chat/sessions/{chat}/export")
    user_id = (await _signed_in(parts, carol)).caller.user_id
    async with parts.open_streams.one_more(user_id), parts.open_streams.one_more(user_id):
        for path in paths:
            answer = await carol.get(path)
            assert (answer.status_code, "CHIMERA_MAX_STREAMS" in answer.text) == (429, True), path
        assert (await dave.get(paths[0])).status_code == 200
    for path in paths:
        # The place of the download before is given back in the background.
        await until_true(partial(_succeeds, carol, path))
    assert parts.open_streams.number() == 0


async def test_a_download_is_counted_while_it_runs(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    carol = await sign_up()
    counted: list[int] = []

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            counted.append(parts.open_streams.number())
            await send(message)

        await app(scope, receive, sent)

    transport = httpx2.ASGITransport(app=counting)
    async with httpx2.AsyncClient(transport=transport, base_url=carol.base_url, headers=carol.headers) as client:
        assert (await client.get(f"{ME}/export")).status_code == 200
    assert set(counted[:-1]) == {1}
    assert parts.open_streams.number() == 0


async def test_signing_out_ends_a_copy_of_own_data(
    app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
    parts: Parts = app.state.parts
    carol = await sign_up()
    for _ in range(3):
        await new_task(carol)
    signed_in, lost = await _signed_in(parts, carol), asyncio.Event()

    async def open_stream() -> None:
        pass

    with parts.rights.held(signed_in, lost.set):
        lines = aiter((await own_data.export_me(signed_in, parts, open_stream)).body_iterator)
        assert '"users"' in str(await anext(lines))
        await carol.post("/api/v1/auth/logout")
        async with asyncio.timeout(LIMIT_S):
            await lost.wait()
            assert [line async for line in lines] == []
