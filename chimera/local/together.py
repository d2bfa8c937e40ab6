"""Several starts at once, of which the first failure is the one to report."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def together(*starts: Coroutine[Any, Any, T]) -> list[T]:
    """Run all to their end; when one fails, cancel the others, wait for them, and raise that one's error."""
    tasks = [asyncio.ensure_future(start) for start in starts]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
