"""Unread entries of the bus about a run."""

import asyncio
from collections import deque

from models.events import TokensFrame

QUEUED = 256
"""Pieces of text that wait while events are read; beyond them text is lost, and no event."""


class Inbox:
    """Pieces of text, and up to which sequence there are events, in the order in which they came."""

    def __init__(self) -> None:
        self._queue: deque[TokensFrame | int] = deque()
        self._newest = 0
        self._taken = 0
        self._news = asyncio.Event()

    def offer(self, news: TokensFrame | int) -> None:
        if isinstance(news, int):
            if news <= self._newest:
                return
            self._newest = news
            if self._queue and isinstance(self._queue[-1], int):
                # Nothing lies between the two: one read brings the events of both.
                self._queue.pop()
        elif self._joined(news):
            return
        # When full, `_newest` remembers the events without a place in the queue.
        if len(self._queue) < QUEUED:
            self._queue.append(news)
        self._news.set()

    def _joined(self, piece: TokensFrame) -> bool:
        """Append a piece to the one before it, if that still waits and no event lies between: one frame for both.

        The busier the process, the more pieces come together, and the fewer frames are sent to each client.
        """
        for place in range(len(self._queue) - 1, -1, -1):
            before = self._queue[place]
            if isinstance(before, int):
                return False
            if _call_of(before) == _call_of(piece):
                if before.offset + len(before.text) != piece.offset:
                    return False
                self._queue[place] = before.model_copy(update={"text": before.text + piece.text})
                return True
        return False

    async def all(self) -> list[TokensFrame | int]:
        """Wait until there is something, and take all of it."""
        while not self._queue and self._newest <= self._taken:
            self._news.clear()
            await self._news.wait()
        news = list(self._queue)
        self._queue.clear()
        if self._newest > max((each for each in news if isinstance(each, int)), default=self._taken):
            news.append(self._newest)
        self._taken = self._newest
        return news


def _call_of(piece: TokensFrame) -> tuple[str, str, int, int]:
    return piece.path, piece.purpose, piece.step, piece.attempt
