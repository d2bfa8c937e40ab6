"""Threads for functions that aren't async.

The threads are daemons, and not those of the event loop: a function that never returns must not keep a worker from
ending, or take threads away from name lookups.
"""

import asyncio
import contextvars
from collections.abc import Callable
from threading import Thread
from typing import TypeVar

from chimera.tools.base import ToolUnavailable

Result = TypeVar("Result")

MAX_THREADS = 32
"""The number of functions that run at once. Further calls wait."""


class Threads:
    """Runs functions in threads of their own. A function that was given up keeps its place until it returns."""

    def __init__(self, at_most: int = MAX_THREADS) -> None:
        self._places = asyncio.Semaphore(at_most)

    async def run(self, function: Callable[[], Result]) -> Result:
        """Run `function` and return its result, or raise its error. If cancelled, the function goes on unheard."""
        await self._places.acquire()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        context = contextvars.copy_context()

        def work() -> None:
            try:
                result = context.run(function)
            except BaseException as error:  # noqa: BLE001  # raised where the result is awaited
                self._end(loop, lambda error=error: _fail(future, error))  # type: ignore[misc]
            else:
                self._end(loop, lambda: None if future.done() else future.set_result(result))

        try:
            Thread(target=work, name="chimera-tool", daemon=True).start()
        except RuntimeError:
            self._places.release()
            raise ToolUnavailable("The worker can't start another thread.") from None
        return await future

    def _end(self, loop: asyncio.AbstractEventLoop, settle: Callable[[], None]) -> None:
        def both() -> None:
            self._places.release()
            settle()

        if not loop.is_closed():
            loop.call_soon_threadsafe(both)


def _fail(future: "asyncio.Future[Result]", error: BaseException) -> None:
    if future.done():
        return
    # A StopIteration can't be set, and an exit is meant for the thread.
    is_usual = isinstance(error, Exception) and not isinstance(error, StopIteration)
    future.set_exception(error if is_usual else RuntimeError(f"The function raised {type(error).__name__}."))
