"""A reply's frames as news for a screen, without a terminal, a clock or a network.

Frames may arrive twice after a reconnect, and text may arrive before the event of its call. Users notice neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cli.live.lines import CUT, decision_of, line_of
from models.approvals import ApprovalId
from models.events import (
    LAST,
    ApprovalDecided,
    ApprovalRequested,
    BudgetReached,
    ConversationSummarized,
    Event,
    EventFrame,
    FileWritten,
    Frame,
    ModelCallFailed,
    ModelCallFellBack,
    ModelCallFinished,
    ModelCallStarted,
    ModelCallWaiting,
    SnapshotFrame,
    SubtaskCancelled,
    SubtaskCompleted,
    SubtaskDelegated,
    SubtaskFailed,
    SubtaskSkipped,
    SubtaskStarted,
    TokensFrame,
    ToolCallFinished,
    ToolCallStarted,
)
from models.ids import ROOT
from models.model_calls import Purpose

_SHOWN = (
    ApprovalDecided,
    BudgetReached,
    ConversationSummarized,
    FileWritten,
    ModelCallFellBack,
    ModelCallWaiting,
    SubtaskCancelled,
    SubtaskCompleted,
    SubtaskDelegated,
    SubtaskFailed,
    SubtaskSkipped,
    SubtaskStarted,
    ToolCallFinished,
    ToolCallStarted,
)


@dataclass(frozen=True, slots=True)
class Written:
    """The next piece of the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Retracted:
    """The text of this call isn't valid anymore, because another attempt begins."""


@dataclass(frozen=True, slots=True)
class CallEnded:
    """The text of this call is complete."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line for the user about something else than text."""

    text: str


News = Written | Retracted | CallEnded | Line


class ReplyState:
    """The known state of one reply; only `apply` changes it."""

    def __init__(self) -> None:
        self.seq = 0
        self.has_ended = False
        self.activity = "waiting"
        """What the reply does while no text arrives."""
        self.pending: dict[ApprovalId, str] = {}
        """The decisions that the reply waits for, in the order of their requests, in words."""
        self._place = (0, 0)
        self._length = 0
        self._has_gap = False

    def apply(self, frame: Frame) -> list[News]:
        """Apply a frame, and return what to show."""
        match frame:
            case TokensFrame():
                return list(self._take_tokens(frame))
            case SnapshotFrame():
                self.seq = frame.seq
                return []
            case EventFrame() if frame.seq > self.seq:
                self.seq = frame.seq
                self.has_ended = frame.event.type in LAST
                return list(self._happened(frame.event, frame))
        return []

    def _take_tokens(self, frame: TokensFrame) -> Iterator[News]:
        if frame.path != ROOT or frame.purpose is not Purpose.TURN:
            return
        place = (frame.step, frame.attempt)
        if place < self._place:
            return
        yield from self._begin(*place)
        # After a gap, pieces don't fit anymore. The whole text arrives with the message.
        self._has_gap = self._has_gap or frame.offset > self._length
        missing = self._length - frame.offset
        if self._has_gap or missing >= len(frame.text):
            return
        text = frame.text[missing:]
        self._length += len(text)
        yield Written(text)

    def _begin(self, step: int, attempt: int) -> Iterator[News]:
        """Begin a call. A new attempt takes the text of the one before back, and a new step completes it."""
        if (step, attempt) <= self._place:
            return
        if self._length:
            yield Retracted() if step == self._place[0] else CallEnded()
        self._place, self._length, self._has_gap = (step, attempt), 0, False

    def _happened(self, event: Event, frame: EventFrame) -> Iterator[News]:
        match event:
            case ModelCallStarted(path="", purpose=Purpose.TURN):
                self.activity = "thinking" if (event.attempt or 1) == 1 else f"thinking, attempt {event.attempt}"
                yield from self._begin(event.step or 0, event.attempt or 1)
            case ModelCallStarted():
                self.activity = "summarizing" if event.purpose is Purpose.SUMMARY else f"{event.path or 'agent'} works"
            case ModelCallFinished(path="", purpose=Purpose.TURN):
                if self._length and event.tool_calls:
                    yield CallEnded()
                    self._length = 0
            case ModelCallFailed():
                if event.code != CUT or event.path:
                    yield Line(line_of(event, frame.run_id))
            case ApprovalRequested():
                self.activity = "waiting for you"
                self.pending[event.approval_id] = decision_of(event)
                yield Line(f"The reply {decision_of(event)}")
            case _:
                if isinstance(event, ApprovalDecided):
                    self.pending.pop(event.approval_id, None)
                if isinstance(event, _SHOWN):
                    yield Line(_line_of(event, frame))


def _line_of(event: Event, frame: EventFrame) -> str:
    """Describe an event in one line; a delegated subtask is named."""
    match event:
        case ToolCallStarted(path=""):
            return f"→ {event.tool} {event.preview}".rstrip()
        case ToolCallFinished(path=""):
            return f"{'✗' if event.failed else '✓'} {event.tool}: {event.preview}"
        case ConversationSummarized():
            return "Earlier messages were summarized to fit into the model's context window."
    line = line_of(event, frame.run_id)
    return f"  {line}" if event.path else line
