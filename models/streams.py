"""The messages that clients send on the WebSocket `/ws`.

The responses are the frames in `models/events.py` and a few small messages.
"""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter

from models.base import TOPIC, Body, Whole
from models.ids import RunId

Topic = Annotated[str, StringConstraints(pattern=TOPIC)]


class Authenticate(Body):
    """The first message, unless the handshake contained an Authorization header."""

    type: Literal["authenticate"]
    token: str = Field(min_length=1, max_length=4096)


class Subscribe(Body):
    type: Literal["subscribe"]
    topic: Topic
    after: Whole = Field(default=0, ge=0, le=2**53, description="Sequence number of the last event that you received")


class Unsubscribe(Body):
    type: Literal["unsubscribe"]
    topic: Topic


class Ping(Body):
    type: Literal["ping"]


ClientMessage = Annotated[Authenticate | Subscribe | Unsubscribe | Ping, Field(discriminator="type")]

CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def topic_of(run_id: RunId) -> Topic:
    """Return the topic of a run, in its canonical form."""
    return f"run:{run_id}"


def run_of(topic: Topic) -> RunId:
    """Return the run that a topic refers to. Raises ValueError if the topic doesn't contain a valid ID."""
    return RunId(str(UUID(topic.removeprefix("run:"))))
