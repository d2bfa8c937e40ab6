"""A frame on its way to many clients, and which text of a run is being written."""

from functools import cached_property

from pydantic_core import to_json
from starlette.types import Message
from starlette.websockets import WebSocket

from api.live.protocol import TAKES_FRAMES, frame_of
from models.events import EventFrame, Frame, ModelCallFailed, ModelCallFinished, ModelCallStarted, TokensFrame
from models.streams import Topic, topic_of

TOGETHER = 64
"""Frames that are one write at most; each write has a time in which the client has to take it."""


class Written:
    """A frame whose JSON is written once, however many clients get it."""

    def __init__(self, frame: Frame, seq: int) -> None:
        self.frame = frame
        self.seq = seq
        """Of the event, or of the last event before a piece of text."""

    def comes_after(self, seq: int) -> bool:
        """Return whether a client that has the event `seq` gets this: a later event, or text behind that event."""
        return self.seq > seq or (self.seq == seq and isinstance(self.frame, TokensFrame))

    @cached_property
    def json(self) -> str:
        """The frame by itself, for server-sent events."""
        return self.frame.model_dump_json()

    def message(self, topic: Topic) -> Message:
        """Return the frame as a message about a topic. Its usual spelling is shared; a client may have another."""
        return self._message if topic == topic_of(self.frame.run_id) else self._about(topic)

    @cached_property
    def _message(self) -> Message:
        return self._about(topic_of(self.frame.run_id))

    def _about(self, topic: Topic) -> Message:
        fields = {name: getattr(self.frame, name) for name in type(self.frame).model_fields}
        text = to_json({"type": self.frame.kind, "topic": topic, **fields}).decode()
        return {"type": "websocket.send", "text": text, "frame": frame_of(text)}


def messages_of(batch: list[Written], topic: Topic, websocket: WebSocket) -> list[Message]:
    """Return the messages for some frames: few, where the server writes frames unchanged."""
    messages = [written.message(topic) for written in batch]
    if len(messages) == 1 or TAKES_FRAMES not in websocket.scope.get("extensions", {}):
        return messages
    frames = [message["frame"] for message in messages]
    return [
        {"type": "websocket.send", "frame": b"".join(frames[first : first + TOGETHER])}
        for first in range(0, len(frames), TOGETHER)
    ]


class Calls:
    """Which model call is being written at each node, so that tokens of an attempt that is over are not shown."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], tuple[int, int, bool]] = {}

    def note(self, frame: EventFrame) -> bool:
        """Apply an event about calls; return whether it was one."""
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
