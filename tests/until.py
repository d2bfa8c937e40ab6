"""Wait for an event, however long a busy machine takes to reach it."""

import asyncio
from collections.abc import Awaitable, Callable

from sqlalchemy import text

from chimera.db.engine import Database

LIMIT_S = 60
"""The limit that ends a test that waits for something that never happens; it measures nothing."""


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():
            await asyncio.sleep(0.01)


async def until_true(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition that must be awaited."""
    async with asyncio.timeout(LIMIT_S):
        while not await holds():
            await asyncio.sleep(0.02)


async def until_locked(database: Database) -> None:
    """Wait until a transaction waits for another one."""

    async def is_waiting() -> bool:
        async with database.begin() as session:
            return bool(await session.scalar(text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")))

    await until_true(is_waiting)
