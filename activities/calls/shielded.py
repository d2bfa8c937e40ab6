"""Work that a cancellation must not interrupt: a paid answer is stored before the cancellation is reported."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

Result = TypeVar("Result")


async def shielded(work: Coroutine[Any, Any, Result]) -> Result:
    """Run the work to its end. A cancellation that arrives in the meantime is raised afterward.

    With `asyncio.shield` alone, the cancellation would take effect at once, and the call would be repeated while its
    answer is still being stored.
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
