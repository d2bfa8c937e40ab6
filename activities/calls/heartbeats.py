"""Heartbeats of an activity, sent by a separate task. They show that the worker is alive, not that tokens arrive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import activity

HEARTBEAT_SECONDS = 3.0
"""Three heartbeats fit into the timeout of 10 s. A stop doesn't wait for a heartbeat: see `stops.py`."""


@asynccontextmanager
async def heartbeats() -> AsyncIterator[None]:
    """Send heartbeats for as long as the block runs."""
    beating = asyncio.create_task(_beat())
    try:
        yield
    finally:
        beating.cancel()


async def _beat() -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        activity.heartbeat()
