"""Frames that are sent to many clients, and the model calls whose text is being streamed."""

from functools import cached_property

from pydantic_core import to_json
from starlette.types import Message
from starlette.websockets import WebSocket

from api.live.protocol import TAKES_FRAMES, frame_of
from models.events import EventFrame, Frame, ModelCallFailed, ModelCallFinished, ModelCallStarted, TokensFrame
from models.streams import Topic, topic_of

TOGETHER = 64
"""Maximum number of frames in one write. There is a time limit for the client to accept each write."""


class Written:
    """A frame that is serialised only once, however many clients receive it."""

    def __init__(self, frame: Frame, seq: int) -> None:
        self.frame = frame
        self.seq = seq
        """Sequence number of the event, or of the last event before a piece of text."""

    def comes_after(self, seq: int) -> bool:
        """Return whether a client that has event `seq` needs this frame: a later event, or text after that event."""
        return self.seq > seq or (self.seq == seq and isinstance(self.frame, TokensFrame))

    @cached_property
    def json(self) -> str:
        """The frame alone, without a topic, for server-sent events."""
        return self.frame.model_dump_json()

    def message(self, topic: Topic) -> Message:
        """Return the frame as a message about a topic. Clients share the message for the topic's usual spelling."""
        return self._message if topic == topic_of(self.frame.run_id) else self._about(topic)

    @cached_property
    def _message(self) -> Message:
        return self._about(topic_of(self.frame.run_id))

    def _about(self, topic: Topic) -> Message:
        fields = {name: getattr(self.frame, name) for name in type(self.frame).model_fields}
        text = to_json({"type": self.frame.kind, "topic": topic, **fields}).decode()
        return {"type": "websocket.send", "text": text, "frame": frame_of(text)}


def messages_of(batch: list[Written], topic: Topic, websocket: WebSocket) -> list[Message]:
    """Return the messages for some frames. If the server can write frames unchanged, one message contains several."""
    messages = [written.message(topic) for written in batch]
    if len(messages) == 1 or TAKES_FRAMES not in websocket.scope.get("extensions", {}):
        return messages
    frames = [message["frame"] for message in messages]
    return [
        {"type": "websocket.send", "frame": b"".join(frames[first : first + TOGETHER])}
        for first in range(0, len(frames), TOGETHER)
    ]


class Calls:
    """Tracks which model call is in flight at each node, so that the tokens of ended attempts are not shown."""

    def __init__(self) -> None:
        self._latest: dict[tuple[str, str], tuple[int, int, bool]] = {}

    def note(self, frame: EventFrame) -> bool:
        """Apply an event. Return whether it was about a model call."""
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
