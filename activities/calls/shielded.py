"""Work that a cancel may not cut short: whatever was paid for is written before anybody is told that it was stopped."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


async def shielded(work: Coroutine[Any, Any, Result]) -> Result:
    """Do the work to its end; a cancel that comes meanwhile is raised then.

    With a shield alone the cancel would be heard at once, and the call be made again while its answer is being kept.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
        raise
