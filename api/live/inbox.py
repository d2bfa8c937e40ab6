"""Unread bus entries of a run."""

import asyncio
from collections import deque

from models.events import TokensFrame

QUEUED = 256
"""Maximum number of entries that wait while events are read. Beyond that, text is lost, but no events are."""


class Inbox:
    """Pieces of text, and the sequence numbers up to which there are events, in order of arrival."""

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
                # There is no text between the two, so one read returns the events of both.
                self._queue.pop()
        elif self._joined(news):
            return
        # When the queue is full, `_newest` still records which events there are.
        if len(self._queue) < QUEUED:
            self._queue.append(news)
        self._news.set()

    def _joined(self, piece: TokensFrame) -> bool:
        """Append a piece to its call's previous piece, if that still waits and no event came between.

        Both then share a frame. The busier the process, the more pieces are joined, and the fewer frames are sent to
        each client.
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
        """Wait until there are entries, and remove and return all of them."""
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
