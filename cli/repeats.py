"""What is worth a line of its own: a call that fails the same way again and again is told now and then."""

from collections import Counter

from cli.lines import CUT
from models.events import Event, ModelCallFailed, ModelCallFellBack, ModelCallStarted, ModelCallWaiting
from models.ids import NodePath
from models.model_calls import Purpose

EVERY = 10
"""Of so many times that a call fails the same way, one is told after the first."""

Call = tuple[NodePath, Purpose, int | None]


class Repeats:
    """Remembers of each call how often which trouble was told."""

    def __init__(self) -> None:
        self._times: dict[Call, Counter[tuple[str, str]]] = {}
        self._passed_over: set[Call] = set()

    def times(self, event: Event) -> int | None:
        """Count the event: how often the same has happened by now, None for one that is no news."""
        if not isinstance(event, (ModelCallStarted, ModelCallFailed, ModelCallFellBack, ModelCallWaiting)):
            return 1
        call = (event.path, event.purpose, event.step)
        if isinstance(event, ModelCallFellBack):
            # Another model's trouble is news.
            self._times.pop(call, None)
            self._passed_over.discard(call)
            return 1
        if isinstance(event, ModelCallStarted):
            # An attempt after a failure that was no news is none itself.
            return None if call in self._passed_over else 1
        self._passed_over.discard(call)
        if isinstance(event, ModelCallFailed) and (not event.retryable or event.code == CUT):
            return 1
        trouble = self._times.setdefault(call, Counter())
        trouble[event.type, event.code] += 1
        times = trouble[event.type, event.code]
        if times == 1 or times % EVERY == 0:
            return times
        self._passed_over.add(call)
        return None
