"""Ends of following: with its process, or because its tasks are stopped."""

import asyncio
from collections.abc import Iterable
from typing import Any


class HubClosed(Exception):
    """The process is stopping; the client resumes elsewhere, from the last sequence that it received."""


async def stop(tasks: Iterable[asyncio.Future[Any]]) -> None:
    """Cancel tasks and wait until they have ended.

    Again and again, because one cancel can get lost: `asyncio.wait_for` before Python 3.12 drops it when it meets a
    result, and so does redis-py's way of waiting.
    """
    every = set(tasks)
    pending = {task for task in every if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)
    await asyncio.gather(*every, return_exceptions=True)
