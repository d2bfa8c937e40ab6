"""How streams end: the process stops, or their asyncio tasks are stopped."""

import asyncio
from collections.abc import Iterable
from typing import Any


class HubClosed(Exception):
    """The process is stopping. The client resumes elsewhere, after the last sequence number that it received."""


async def stop(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they have ended.

    Tasks are cancelled repeatedly, because a cancellation can get lost: before Python 3.12, `asyncio.wait_for` drops a
    cancellation that coincides with a result, and so does redis-py when it waits.
    """
    every = set(tasks)
    pending = {task for task in every if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    await asyncio.gather(*every, return_exceptions=True)
