"""Heartbeats of an activity, from a task of their own: they report that the worker lives, not that a token arrived."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

HEARTBEAT_SECONDS = 3.0
"""Three of them fit into the timeout of 10 s. A stop doesn't wait for one: see `stops.py`."""


@asynccontextmanager
async def heartbeats() -> AsyncIterator[None]:
    """Heartbeat for as long as the block runs."""
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        activity.heartbeat()
