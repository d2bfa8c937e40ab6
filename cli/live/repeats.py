"""Chooses the events that are printed. If a call fails repeatedly in the same way, only some failures are printed.

The next line about such a call names the attempts that were left out, so that the numbers of the attempts add up.
"""

from collections import Counter
from dataclasses import dataclass, field

from cli.live.lines import CUT
from models.events import (
    Event,
    ModelCallFailed,
    ModelCallFellBack,
    ModelCallFinished,
    ModelCallStarted,
    ModelCallWaiting,
    RunFailed,
    SubtaskFailed,
    SubtaskSkipped,
)
from models.ids import NodePath
from models.model_calls import Purpose

EVERY = 10
"""After the first failure, one in this many identical failures of a call is shown."""

REASON_CHARS = 80
"""How many characters of a reason are compared, because events cut off long reasons at different points."""

Call = tuple[NodePath, Purpose, int | None]


@dataclass(slots=True)
class _Shown:
    """How often each failure of a call has occurred, and the failed attempts not shown since the last line."""

    times: Counter[tuple[str, str]] = field(default_factory=Counter)
    first_left_out: int = 0
    last_left_out: int = 0
    passed_over: bool = False
    """Whether the newest failure was not shown."""

    def leave_out(self, attempt: int) -> None:
        self.first_left_out = self.first_left_out or attempt
        self.last_left_out = attempt

    def take_left_out(self) -> str:
        """Return a note on the attempts that were left out since the last line; empty if there are none."""
        first, last = self.first_left_out, self.last_left_out
        self.first_left_out = self.last_left_out = 0
        if not first:
            return ""
        return f"attempt{f's {first} to {last}' if last > first else f' {first}'} failed in the same way"


class Repeats:
    """Counts how often each failure of each call has occurred."""

    def __init__(self) -> None:
        self._shown: dict[Call, _Shown] = {}
        self._reasons: set[str] = set()

    def without_reason_again(self, event: Event) -> Event:
        """Remove a failure's message if it was already shown for the call or the subtask that caused the failure."""
        if not isinstance(event, (ModelCallFailed, SubtaskFailed, SubtaskSkipped, RunFailed)):
            return event
        if not isinstance(event, ModelCallFailed) and any(reason in event.message for reason in self._reasons):
            return event.model_copy(update={"message": ""})
        if reason := event.message[:REASON_CHARS].rstrip(" ."):
            self._reasons.add(reason)
        return event

    def left_out_before(self, event: Event) -> str | None:
        """Return a note on attempts left out before this event, often empty; None to leave the event out too."""
        known = (ModelCallStarted, ModelCallFinished, ModelCallFailed, ModelCallFellBack, ModelCallWaiting)
        if not isinstance(event, known):
            return ""
        shown = self._shown.setdefault((event.path, event.purpose, event.step), _Shown())
        if not self._is_news(shown, event):
            if isinstance(event, ModelCallFailed):
                shown.leave_out(event.attempt or 1)
            return None
        return shown.take_left_out()

    def _is_news(self, shown: _Shown, event: Event) -> bool:
        if isinstance(event, ModelCallStarted):
            # If a failure was not shown, the start of the next attempt isn't shown either.
            return not shown.passed_over
        shown.passed_over = False
        if isinstance(event, ModelCallFellBack):
            # Another model's failure is news.
            shown.times.clear()
        if isinstance(event, (ModelCallFailed, ModelCallWaiting)):
            if isinstance(event, ModelCallFailed) and (not event.retryable or event.code == CUT):
                return True
            shown.times[event.type, event.code] += 1
            times = shown.times[event.type, event.code]
            shown.passed_over = times != 1 and times % EVERY != 0
        return not shown.passed_over
