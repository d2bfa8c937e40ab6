"""Streams and downloads end with the rights of their reader."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest
from fastapi import FastAPI

from api.deps import Parts
from api.live import rights
from api.live.sse import while_allowed
from chimera.security import sessions
from tests.api.conftest import SignUp
from tests.api.routes.test_streams import token_of
from tests.until import LIMIT_S


class Frames:
    """Frames that note when they are closed."""

    is_closed = False

    async def silent(self) -> AsyncGenerator[int]:
        try:
            yield 0
            await asyncio.Event().wait()
        finally:
            self.is_closed = True

    async def endless(self) -> AsyncGenerator[int]:
        try:
            while True:
                yield 0
        finally:
            self.is_closed = True

    async def two(self) -> AsyncGenerator[int]:
        for number in range(2):
            yield number


@pytest.mark.parametrize("frames_of", [Frames.silent, Frames.endless])
async def test_lost_rights_end_any_frames(
    app: FastAPI,
    sign_up: SignUp,
    monkeypatch: pytest.MonkeyPatch,
    frames_of: Callable[[Frames], AsyncGenerator[int]],
) -> None:
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
    parts: Parts = app.state.parts
    carol, frames = await sign_up(), Frames()
    allowed = while_allowed(parts.rights, await parts.auth.signed_in(token_of(carol)), frames_of(frames))
    assert await anext(allowed) == 0
    await carol.post("/api/v1/auth/logout")
    async with asyncio.timeout(LIMIT_S):
        async for _ in allowed:
            await asyncio.sleep(0)
    assert frames.is_closed


async def test_frames_end_by_themselves(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    signed_in = await parts.auth.signed_in(token_of(await sign_up()))
    assert [each async for each in while_allowed(parts.rights, signed_in, Frames().two())] == [0, 1]


async def test_readers_that_go_close_the_frames(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    signed_in, frames = await parts.auth.signed_in(token_of(await sign_up())), Frames()
    allowed = while_allowed(parts.rights, signed_in, frames.silent())
    assert await anext(allowed) == 0
    await allowed.aclose()
    assert frames.is_closed
    assert signed_in.owner not in parts.rights._holders
