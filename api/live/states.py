"""Topics that show a current state: the agents of a user, and the installation.

Nothing of it is stored. A subscription begins with the whole state, and continues with what differs from it.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

import structlog

from api.live.channel import AWAY_SECONDS
from chimera.db.engine import AWAY, SESSION_AWAY

log = structlog.get_logger()

State = Mapping[str, Any]
"""The items of a state by name. An item is compared with the one before, and sent whole if it differs."""
Read = Callable[[], Awaitable[State]]


class States:
    """One per process: reads each state once for all of its followers, as long as there are any."""

    def __init__(self) -> None:
        self._read: dict[str, _Shared] = {}

    async def follow(self, key: str, read: Read, every_s: float) -> AsyncGenerator[tuple[State, list[str]]]:
        """Yield the whole state, then the changed items and the names of those that no longer exist.

        Followers with the same key share the reader. Raises the error of the first read.
        """
        shared = self._read.setdefault(key, _Shared(read, every_s))
        shared.followers += 1
        try:
            state, version = await shared.current()
            yield state, []
            while True:
                newer, version = await shared.after(version)
                changed = {name: item for name, item in newer.items() if state.get(name) != item}
                gone = [name for name in state if name not in newer]
                state = newer
                if changed or gone:
                    yield changed, gone
        finally:
            shared.followers -= 1
            if not shared.followers:
                shared.close()
                if self._read.get(key) is shared:
                    del self._read[key]


class _Shared:
    """A state that is read repeatedly."""

    def __init__(self, read: Read, every_s: float) -> None:
        self.followers = 0
        self._read_once = read
        self._every_s = every_s
        self._state: State | None = None
        self._version = 0
        self._news = asyncio.Event()
        self._first = asyncio.Lock()
        self._work: asyncio.Task[None] | None = None

    async def current(self) -> tuple[State, int]:
        async with self._first:
            if self._state is None:
                self._take(await self._read_once())
                self._work = asyncio.create_task(self._keep_reading())
        assert self._state is not None
        return self._state, self._version

    async def after(self, version: int) -> tuple[State, int]:
        while self._version == version:
            await self._news.wait()
        assert self._state is not None
        return self._state, self._version

    def close(self) -> None:
        if self._work is not None:
            self._work.cancel()

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            try:
                self._take(await self._read_once())
            except (*AWAY, *SESSION_AWAY) as error:
                log.warning("state_waits_for_database", error=type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)
            except Exception as error:
                # Without this loop, the state would never change again.
                log.error("state_failed", error=type(error).__name__, exc_info=error)
                await asyncio.sleep(AWAY_SECONDS)

    def _take(self, state: State) -> None:
        if state == self._state:
            return
        self._state = state
        self._version += 1
        self._news.set()
        self._news.clear()
