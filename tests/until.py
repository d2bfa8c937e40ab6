"""Waiting for what is to happen, however long a busy machine takes to get there."""

import asyncio
from collections.abc import Awaitable, Callable

LIMIT_S = 60
"""Ends a test that waits for what never happens; nothing is measured with it."""


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():
            await asyncio.sleep(0.01)


async def until_true(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what has to be asked for."""
    async with asyncio.timeout(LIMIT_S):
        while not await holds():
            await asyncio.sleep(0.02)
