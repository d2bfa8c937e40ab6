"""A short and fair queue: senders are served in turn, and places are reserved for known senders.

Because senders take turns, a sender with many requests waits longer for its last one, but the others wait no longer
than for one request of each sender. If the queue is full, the latest request of the sender with the most requests gives
way to a request of a sender with fewer.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from models.errors import TooBusy


@dataclass(slots=True, eq=False)
class _Turn:
    sender: str
    is_known: bool
    # Completed when the request gets its turn, or with an exception when it gives way.
    comes: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Turns:
    """Lets in `at_once` requests at a time. Up to `max_waiting` more wait, at most half of them from unknown senders.

    It works in only one event loop. `what` is the noun for the error message.
    """

    def __init__(self, at_once: int, max_waiting: int, what: str) -> None:
        self._free = at_once
        self._max_waiting = max_waiting
        self._what = what
        # By sender. The first sender's turn is next.
        self._waiting: dict[str, deque[_Turn]] = {}

    @asynccontextmanager
    async def turn(self, sender: str, *, is_known: bool) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises TooBusy if no place is left, or a sender with fewer requests needs it."""
        await self._come(sender, is_known=is_known)
        try:
            yield
        finally:
            self._free += 1
            self._serve()

    async def _come(self, sender: str, *, is_known: bool) -> None:
        self._make_room(sender, is_known=is_known)
        turn = _Turn(sender, is_known)
        self._waiting.setdefault(sender, deque()).append(turn)
        self._serve()
        try:
            await turn.comes
        except asyncio.CancelledError:
            if turn.comes.cancelled():
                self._remove(turn)
            elif turn.comes.exception() is None:
                # The request got its turn at the moment that it was cancelled.
                self._free += 1
                self._serve()
            raise

    def _make_room(self, sender: str, *, is_known: bool) -> None:
        """Make sure that one of the places that a newcomer may take is free. Raises TooBusy if that isn't possible."""
        waiting = [turn for turns in self._waiting.values() for turn in turns if not turn.comes.done()]
        rivals = waiting if is_known else [turn for turn in waiting if not turn.is_known]
        places = self._max_waiting if is_known else self._max_waiting // 2
        if len(rivals) < places and len(waiting) < self._max_waiting:
            return
        counts = Counter(turn.sender for turn in rivals)
        # A sender that gives way must still have at least as many requests as the newcomer has then.
        most = max(counts, key=counts.__getitem__, default=sender)
        if counts[most] <= counts[sender] + 1:
            raise TooBusy(self._what)
        last = [turn for turn in rivals if turn.sender == most][-1]
        self._remove(last)
        last.comes.set_exception(TooBusy(self._what))

    def _serve(self) -> None:
        while self._free and self._waiting:
            sender = next(iter(self._waiting))
            turns = self._waiting.pop(sender)
            turn = turns.popleft()
            if turns:
                self._waiting[sender] = turns
            # A request that was cancelled a moment ago is still in the queue.
            if not turn.comes.done():
                self._free -= 1
                turn.comes.set_result(None)

    def _remove(self, turn: _Turn) -> None:
        turns = self._waiting.get(turn.sender, deque())
        if turn in turns:
            turns.remove(turn)
        if not turns:
            self._waiting.pop(turn.sender, None)
