"""A connection that is away: said once, tried again after longer and longer pauses, and not for ever."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

from cli.errors import NotReachable, Refused

FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0

Answer = TypeVar("Answer")


class Trouble:
    """Knows since when nobody answers; `goes_on` says what that does not stop."""

    def __init__(self, say: Callable[[str], None], patience_s: float, goes_on: str = "") -> None:
        self._say = say
        self._patience_s = patience_s
        self._goes_on = goes_on
        self._since: float | None = None
        self._pause_s = FIRST_PAUSE_S

    def is_over(self) -> None:
        if self._since is not None:
            self._say("Connected again.")
        self._since, self._pause_s = None, FIRST_PAUSE_S

    async def wait(self, error: NotReachable | Refused) -> None:
        """Wait a while; raise the error when this has gone on for too long."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
            self._say(f"The connection to Chimera was lost; trying again. {self._goes_on}".rstrip())
        if now - self._since > self._patience_s:
            raise error
        await asyncio.sleep(self._pause_s)
        self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)


async def come_through(ask: Callable[[], Awaitable[Answer]], trouble: Trouble) -> Answer:
    """Ask until somebody answers; what is asked has to be safe to repeat. Raises what the API refuses."""
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
            trouble.is_over()
            return answer


def is_away(error: Refused) -> bool:
    """Whether the API, or a proxy before it, says that it can't be used now."""
    problem = error.problem
    no_document = not problem.code and problem.status in (HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT)
    return problem.status == HTTPStatus.SERVICE_UNAVAILABLE or no_document
