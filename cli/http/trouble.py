"""Handles a lost connection: reports it once, retries after growing pauses, and finally gives up."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

from cli.errors import NotReachable, Refused

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0

Answer = TypeVar("Answer")


class Trouble:
    """Tracks how long the API has not responded. `meanwhile` tells the user which work continues."""

    def __init__(self, report: Callable[[str], None], patience_s: float, meanwhile: str = "") -> None:
        self._report = report
        self._patience_s = patience_s
        self._meanwhile = meanwhile
        self._since: float | None = None
        self._pause_s = FIRST_PAUSE_S

    def clear(self) -> None:
        if self._since is not None:
            self._report("Connected again.")
        self._since, self._pause_s = None, FIRST_PAUSE_S

    async def wait(self, error: NotReachable | Refused) -> None:
        """Wait before a retry. Raises the error if the connection has been lost for too long."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._report(f"The connection to Chimera was lost. Trying to reconnect. {self._meanwhile}".rstrip())
        if now - self._since > self._patience_s:
            raise error
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)


async def retry_until_answered(ask: Callable[[], Awaitable[Answer]], trouble: Trouble) -> Answer:
    """Retry a request, which must be safe to repeat, until the API responds. Raises Refused or NotReachable."""
    while True:
        try:
            answer = await ask()
        except NotReachable as error:
            await trouble.wait(error)
        except Refused as error:
            if not is_away(error):
                raise
            await trouble.wait(error)
        else:
            trouble.clear()
            return answer


def is_away(error: Refused) -> bool:
    """Return whether the API, or a proxy in front of it, reports that the API is unavailable."""
    problem = error.problem
    no_document = not problem.code and problem.status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
    return problem.status == HTTPStatus.SERVICE_UNAVAILABLE or no_document
