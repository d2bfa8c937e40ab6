"""Run several starts at once, and report the first failure."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


async def together(*starts: Coroutine[Any, Any, T]) -> list[T]:
    """Run all starts to completion. If one fails, cancel the others, wait for them, and raise its error."""
    tasks = [asyncio.ensure_future(start) for start in starts]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
