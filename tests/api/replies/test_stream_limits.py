"""Streams of answers count toward the limit of open streams, and a stream too many accepts nothing."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from api.app import create_app
from api.deps import Parts
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Run
from tests.api.replies.conftest import API, COMPLETIONS, FAST, said
from tests.parts import serving
from tests.until import until

pytestmark = pytest.mark.usefixtures("runs")

LONG = "Long. [[sim: tokens=2000; drip=20]]"
CHAT = ("POST", "/v1/chat/completions", {"model": FAST, "messages": [{"role": "user", "content": LONG}]})
RESPONSE = ("POST", "/v1/responses", {"model": FAST, "input": LONG, "store": False})
COMPLETION = ("POST", COMPLETIONS, said(LONG))
MESSAGE = ("POST", f"{API}/chat/sessions/{{session}}/messages", {"text": LONG})
EXPORT = ("GET", f"{API}/auth/me/export", None)
RETRIEVED = ("GET", "/v1/responses/{response}?stream=true", None)


@pytest.fixture(scope="module")
async def processes(api_settings: Settings) -> AsyncIterator[tuple[FastAPI, str, str]]:
    """Return the first app, and the addresses of two processes of an API whose users can open one stream."""
    one, two = (create_app(api_settings.model_copy(update={"max_streams": 1})) for _ in range(2))
    async with (
        one.router.lifespan_context(one),
        two.router.lifespan_context(two),
        serving(one) as first,
        serving(two) as second,
    ):
        yield one, first, second


@pytest.mark.parametrize(
    "request_", [CHAT, RESPONSE, COMPLETION, MESSAGE, EXPORT, RETRIEVED], ids=lambda request_: request_[1][:30]
)
@pytest.mark.parametrize("process", ["same", "other"])
async def test_one_stream_too_many_is_refused(
    processes: tuple[FastAPI, str, str],
    alice: httpx2.AsyncClient,
    database: Database,
    request_: tuple[str, str, Any],
    process: str,
) -> None:
    app, first, second = processes
    parts: Parts = app.state.parts
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx2.AsyncClient(headers=alice.headers, trust_env=False, timeout=60))
        method, path, body = await _prepared(client, first, request_)
        held = client.stream("POST", f"{first}/v1/chat/completions", json=CHAT[2] | {"stream": True})
        answer = await stack.enter_async_context(held)
        assert answer.status_code == 200
        runs = await _runs(database)
        refused = await client.request(method, f"{first if process == 'same' else second}{path}", json=body)
        assert refused.status_code == 429, refused.text
        assert "CHIMERA_MAX_STREAMS" in refused.text
        assert await _runs(database) == runs
    # A client that disconnects frees its place.
    await until(lambda: not parts.open_streams.number())


async def _prepared(client: httpx2.AsyncClient, address: str, request_: tuple[str, str, Any]) -> tuple[str, str, Any]:
    method, path, body = request_
    if "{session}" in path:
        session = await client.post(f"{address}{API}/chat/sessions", json={"model": FAST})
        path = path.format(session=session.json()["id"])
    if "{response}" in path:
        created = await client.post(f"{address}/v1/responses", json={"model": FAST, "input": f"Hi. {uuid4()}"})
        path = path.format(response=created.json()["id"])
    return method, path, None if body is None else body | {"stream": True}


async def _runs(database: Database) -> int:
    async with database.begin() as session:
        return await session.scalar(select(func.count()).select_from(Run)) or 0
