"""Work that a cancel must not interrupt: a paid answer is written before the cancellation is reported."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


async def shielded(work: Coroutine[Any, Any, Result]) -> Result:
    """Run the work to its end; a cancel that arrives meanwhile is raised afterwards.

    With a shield alone the cancel would take effect at once, and the call be repeated while its answer is being stored.
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
