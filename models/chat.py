"""Chat sessions: conversations of a user with an agent or with a model. Their messages are in `chat_messages.py`."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, StringConstraints, field_validator
from pydantic_core import to_json

from models.base import AGENT, Body, Contract, ModelRef, UtcDatetime, has_endless
from models.ids import ChatMessageId, ChatSessionId, RunId, UserId
from models.runs import RunStatus

MAX_TITLE_CHARS = 120
TITLE_CHARS = 60
"""The length of a title that is the beginning of the first message."""
WRITTEN_TITLE_CHARS = 80
"""The maximum length of a title that a model writes. Longer ones are shortened."""
MAX_INSTRUCTIONS_CHARS = 20_000
MAX_SESSION_METADATA_BYTES = 16 * 1024


class DoubleTexting(StrEnum):
    """What happens to a message that arrives while a reply in its session is open."""

    REJECT = "reject"
    """The message is rejected."""
    QUEUE = "queue"
    """Its reply starts when the earlier ones have ended."""
    INTERRUPT = "interrupt"
    """The open replies are cancelled. Their text so far stays in the conversation."""
    ROLLBACK = "rollback"
    """The open replies are cancelled. They and their messages leave the branch."""


class ChatSessionSpec(Body):
    """A chat session to create or to replace."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"agent": "writer", "title": "Letters"}]})

    agent: Annotated[str, StringConstraints(pattern=AGENT)] | None = Field(
        default=None, description="Name or ID of the agent that replies. Default: a model replies without an agent."
    )
    model: ModelRef | None = Field(
        default=None,
        description="Model that replies, as `provider/model`. Default: the agent's model, or else the default model.",
    )
    instructions: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_INSTRUCTIONS_CHARS,
        description="Instructions for every reply. They follow the agent's prompt, or are the model's system prompt.",
    )
    title: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_TITLE_CHARS,
        description="Title for display. Default: a title is generated from the first message.",
    )
    double_texting: DoubleTexting = Field(
        default=DoubleTexting.QUEUE,
        description="What happens to a message that arrives while a reply is open. `reject`: the message is rejected."
        " `queue`: its reply starts when the earlier ones have ended. `interrupt`: the open replies are cancelled, and"
        " their text so far stays. `rollback`: the open replies are cancelled, and they and their messages leave the"
        " branch.",
    )
    metadata: dict[Annotated[str, Field(max_length=60)], JsonValue] = Field(
        default_factory=dict, max_length=50, description="Your own JSON, at most 50 entries and 16 KiB"
    )

    @field_validator("metadata")
    @classmethod
    def _is_small(cls, metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if metadata and len(to_json(metadata, inf_nan_mode="constants")) > MAX_SESSION_METADATA_BYTES:
            raise ValueError(
                f"As JSON, the metadata can be at most {MAX_SESSION_METADATA_BYTES} bytes long. Store larger data"
                " elsewhere."
            )
        if has_endless(metadata):
            raise ValueError("The metadata contains a number that is too large. Send it as text.")
        return metadata

    @field_validator("title", "instructions")
    @classmethod
    def _can_be_read(cls, text: str | None) -> str | None:
        if text is not None and not text.strip():
            raise ValueError("The text is empty. Enter at least one character, or omit the field.")
        return text


class LeafChoice(Body):
    """The choice of the active branch of a session."""

    message_id: UUID = Field(
        description="ID of a message of the session. The branch that becomes active contains this message, and then"
        " the newest messages that follow it."
    )


class LeafView(Contract):
    """The end of the active branch of a session."""

    message_id: ChatMessageId | None = Field(
        description="ID of the last message of the active branch. `null` for a session without messages."
    )


class OpenReply(Contract):
    """A reply that hasn't ended yet."""

    id: RunId = Field(description="ID of the reply")
    status: RunStatus


class ChatSessionView(Contract):
    """A chat session as returned by the API, without its messages."""

    id: ChatSessionId
    owner_id: UserId = Field(description="ID of the user who owns the session")
    title: str = Field(
        description="Title for display. Until a title has been generated, the beginning of the first message. Empty if"
        " the session belongs to another user."
    )
    agent: str | None
    model: str | None
    instructions: str | None = Field(description="`null` if the session belongs to another user")
    double_texting: DoubleTexting = Field(description="What happens to a message that arrives while a reply is open")
    archived: bool = Field(description="Whether the session is in the archive")
    leaf_id: ChatMessageId | None = Field(
        description="ID of the last message of the active branch. `null` for a session without messages."
    )
    open_replies: tuple[OpenReply, ...] = Field(
        default=(), description="Replies that haven't ended yet, in the order in which they start. Empty in lists."
    )
    metadata: dict[str, JsonValue]
    created_at: UtcDatetime
    updated_at: UtcDatetime = Field(description="When the session last changed, also by a message")
    last_message_at: UtcDatetime | None = Field(
        description="When the last message was sent. `null` for a session without messages."
    )


class ChatSessionPage(Contract):
    """A page of chat sessions."""

    items: tuple[ChatSessionView, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
