"""Messages of chat sessions: what a user sends, and what the API shows."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from models.base import Body, Contract, Flag, UtcDatetime
from models.chat import DoubleTexting
from models.ids import ChatMessageId, ChatSessionId, FileId, RunId, TaskId
from models.runs import RunStatus
from models.tasks import FinishReason, TaskSpec

MAX_MESSAGE_CHARS = 100_000
MAX_ATTACHMENTS = 10

MessageRole = Literal["user", "assistant"]


class _Sending(Body):
    """The fields of every request that starts a reply."""

    double_texting: DoubleTexting | None = Field(
        default=None,
        description="What happens to this request if a reply in the session is open. Default: the session's policy.",
    )
    stream: Flag = Field(
        default=False,
        description="`true` to receive the reply as server-sent events. The first event, `message`, contains the"
        " response of a request without `stream`.",
    )


class MessageSpec(_Sending):
    """A message to send."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"text": "Write a haiku about rain."}]})

    text: Annotated[str, StringConstraints(strip_whitespace=False)] = Field(
        min_length=1, max_length=MAX_MESSAGE_CHARS, description="Text of the message"
    )
    attachments: tuple[UUID, ...] = Field(
        default=(), max_length=MAX_ATTACHMENTS, fail_fast=True, description="IDs of your files to send with the message"
    )
    parent_id: UUID | None = Field(
        default=None,
        description="ID of the message that this message follows, to begin a new branch there. `null` begins a new"
        " branch at the beginning of the conversation. Default: the end of the active branch.",
    )

    @property
    def has_place(self) -> bool:
        """Whether the request says where the message belongs."""
        return "parent_id" in self.model_fields_set


class RegenerateSpec(_Sending):
    """A request for another reply to the same message."""


class TaskMessageSpec(Body):
    """A task to start from a conversation."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"task": {"goal": "Compare the three offers."}}]})

    task: TaskSpec = Field(description="The task. Its agents also receive the end of the conversation.")

    @model_validator(mode="after")
    def _starts(self) -> "TaskMessageSpec":
        if not self.task.start:
            raise ValueError("A task of a conversation starts at once, so omit 'start'.")
        return self


class AttachmentView(Contract):
    """A file that was sent with a message."""

    id: FileId
    name: str | None = Field(description="Name of the file. `null` if it was deleted.")
    media_type: str | None = Field(description="Media type of the file. `null` if it was deleted.")
    size_bytes: int | None = Field(description="Size of the file. `null` if it was deleted.")


class ReplyState(Contract):
    """The state of the run that writes an assistant's message."""

    id: RunId = Field(description="ID of the reply, or of the task")
    status: RunStatus
    finish_reason: FinishReason | None = Field(
        default=None,
        description="Why the text ended. `length`: it was cut off at its token limit. `interrupted`: the reply was"
        " cancelled.",
    )
    error_code: str | None = None
    error: str | None = None
    agent: str | None = Field(default=None, description="Agent that replies. `null` for a model without an agent.")
    model: str | None = None
    simulated: bool = Field(default=False, description="`true` if the built-in simulator answered")
    cost_micro_usd: int = Field(description="Cost so far, in millionths of a US dollar")
    input_tokens: int
    output_tokens: int
    last_seq: int = Field(description="Sequence number of the newest event")


class ChatMessageView(Contract):
    """A message of a chat session."""

    id: ChatMessageId
    session_id: ChatSessionId = Field(description="ID of the chat session")
    parent_id: ChatMessageId | None = Field(
        description="ID of the message that this message follows. `null` at the beginning of the conversation."
    )
    role: MessageRole = Field(description="Who wrote the message")
    text: str | None = Field(
        description="Text of the message. For an assistant's message, `null` until the reply or task has ended."
    )
    attachments: tuple[AttachmentView, ...] = Field(default=(), description="Files that were sent with the message")
    reply: ReplyState | None = Field(default=None, description="For an assistant's message: the state of its run")
    task_id: TaskId | None = Field(default=None, description="For an assistant's message about a task: the task's ID")
    summary: str | None = Field(
        default=None,
        description="Summary of the conversation up to and including this message, if later replies received one"
        " instead of these messages",
    )
    sibling: int = Field(description="Position of the message among the messages with the same parent, from 1")
    siblings: int = Field(description="Number of messages with the same parent")
    previous_sibling_id: ChatMessageId | None = Field(default=None, description="ID of the sibling before this one")
    next_sibling_id: ChatMessageId | None = Field(default=None, description="ID of the sibling after this one")
    created_at: UtcDatetime


class ChatMessagePage(Contract):
    """A page of the messages of a branch."""

    items: tuple[ChatMessageView, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
    previous_cursor: str | None = Field(
        description="Send this value as `cursor` to get the previous page. `null` on the first page."
    )


class SentView(Contract):
    """A message and the assistant's message that answers it."""

    message: ChatMessageView = Field(description="The user's message")
    reply: ChatMessageView = Field(description="The assistant's message, which the reply or the task writes")
