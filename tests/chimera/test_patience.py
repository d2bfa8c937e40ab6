"""Limits of time, and processes that stood still."""

import asyncio

import pytest

from chimera.patience import Patience


class StandsStill:
    """Moves the running loop's clock as a freeze does: all at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._loop = asyncio.get_running_loop()
        self._time = self._loop.time
        self._lost = 0.0
        monkeypatch.setattr(self._loop, "time", lambda: self._time() + self._lost)

    def lose(self, seconds: float) -> None:
        self._lost += seconds


async def test_a_limit_strikes(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TimeoutError):
        async with Patience(asyncio.get_running_loop().time()):
            await asyncio.Event().wait()


async def test_what_came_during_a_freeze_is_read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    freeze = StandsStill(monkeypatch)
    reader = asyncio.StreamReader()
    async with Patience(asyncio.get_running_loop().time() + 60.0):
        reading = asyncio.ensure_future(reader.readline())
        await asyncio.sleep(0)
        freeze.lose(3600.0)
        # The limit has passed by far; the bytes come in the rounds of the loop after the freeze.
        for _ in range(3):
            await asyncio.sleep(0)
        reader.feed_data(b"the answer\n")
        assert await reading == b"the answer\n"


async def test_a_limit_strikes_after_a_freeze_when_nothing_came(monkeypatch: pytest.MonkeyPatch) -> None:
    freeze = StandsStill(monkeypatch)

    async def waits_in_vain() -> None:
        async with Patience(asyncio.get_running_loop().time() + 60.0):
            await asyncio.Event().wait()

    waiting = asyncio.ensure_future(waits_in_vain())
    await asyncio.sleep(0)
    freeze.lose(62.0)
    for _ in range(3):
        await asyncio.sleep(0)
    assert not waiting.done()
    # The grace is as long as the limit was late.
    freeze.lose(2.5)
    with pytest.raises(TimeoutError):
        await waiting
