"""A frame on its way to many clients, and which text of a run is being written."""

from functools import cached_property

from pydantic_core import to_json

from models.events import EventFrame, Frame, ModelCallFailed, ModelCallFinished, ModelCallStarted, TokensFrame
from models.streams import Topic, topic_of


class Written:
    """A frame whose JSON is written once, however many clients get it."""

    def __init__(self, frame: Frame, seq: int) -> None:
        self.frame = frame
        self.seq = seq
        """Of the event, or of the last event before a piece of text."""

    @cached_property
    def json(self) -> str:
        """The frame by itself, for server-sent events."""
        return self.frame.model_dump_json()

    def message(self, topic: Topic) -> str:
        """Return the frame as a message about a topic. Its usual spelling is shared; a client may have another."""
        return self._message if topic == topic_of(self.frame.task_id) else self._about(topic)

    @cached_property
    def _message(self) -> str:
        return self._about(topic_of(self.frame.task_id))

    def _about(self, topic: Topic) -> str:
        fields = {name: getattr(self.frame, name) for name in type(self.frame).model_fields}
        return to_json({"type": self.frame.kind, "topic": topic, **fields}).decode()


class Calls:
    """Which model call is being written at each node, so that tokens of an attempt that is over are not shown."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], tuple[int, int, bool]] = {}

    def note(self, frame: EventFrame) -> bool:
        """Take in what an event says about calls; return whether it did."""
        event = frame.event
        if not isinstance(event, (ModelCallStarted, ModelCallFinished, ModelCallFailed)):
            return False
        live = isinstance(event, ModelCallStarted)
        self._latest[event.path, event.purpose] = (event.step or 0, event.attempt or 0, live)
        return True

    def is_live(self, frame: TokensFrame) -> bool:
        step, attempt, live = self._latest.get((frame.path, frame.purpose), (0, 0, False))
        theirs, ours = (frame.step, frame.attempt), (step, attempt)
        return theirs > ours or (live and theirs == ours)
