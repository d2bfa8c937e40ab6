"""The messages that clients send on the WebSocket `/ws`.

The responses are the frames in `models/events.py` and a few small messages.
"""

from typing import Annotated, Literal, Self, get_args
from uuid import UUID

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from models.base import TOPIC, Body, Whole
from models.changes import ChangeTopic
from models.ids import RunId

Topic = Annotated[str, StringConstraints(pattern=TOPIC)]


StateTopic = Literal["agents", "system"]
"""The topics with a current state, which isn't stored."""
CHANGE_TOPICS: tuple[ChangeTopic, ...] = get_args(ChangeTopic)
STATE_TOPICS: tuple[StateTopic, ...] = get_args(StateTopic)

MessageId = Annotated[
    str, Field(min_length=1, max_length=64, description="Any text; the answer to this message contains it, too")
]


class Authenticate(Body):
    """The first message, unless the handshake contained an Authorization header or a ticket."""

    type: Literal["authenticate"]
    token: str | None = Field(default=None, min_length=1, max_length=4096, description="Access token")
    ticket: str | None = Field(default=None, min_length=1, max_length=200, description="One-time ticket")

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if (self.token is None) == (self.ticket is None):
            raise ValueError("Send either 'token' or 'ticket'.")
        return self


class Subscribe(Body):
    type: Literal["subscribe"]
    id: MessageId | None = None
    topic: Topic
    after: Annotated[Whole, Field(ge=0, le=2**53)] | Annotated[str, Field(max_length=4000)] | None = Field(
        default=None,
        description="For a run: sequence number of the last event that you received. For a list: the last `cursor`.",
    )


class Unsubscribe(Body):
    type: Literal["unsubscribe"]
    id: MessageId | None = None
    topic: Topic


class Ping(Body):
    type: Literal["ping"]
    id: MessageId | None = None


ClientMessage = Annotated[Authenticate | Subscribe | Unsubscribe | Ping, Field(discriminator="type")]

CLIENT_MESSAGE: TypeAdapter[ClientMessage] = TypeAdapter(ClientMessage)


def topic_of(run_id: RunId) -> Topic:
    """Return the topic of a run, in its canonical form."""
    return f"run:{run_id}"


def run_of(topic: Topic) -> RunId:
    """Return the run that a topic refers to. Raises ValueError if the topic doesn't contain a valid ID."""
    return RunId(str(UUID(topic.partition(":")[2])))


def is_of_run(topic: Topic) -> bool:
    """Return whether a topic is about a single run."""
    return topic.partition(":")[0] in ("run", "task", "reply")
