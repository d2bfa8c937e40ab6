"""Messages: the transcript of each node of a task, with the messages to models and their replies."""

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import FileId, NodePath
from models.model_calls import Purpose
from models.tasks import FinishReason


class ToolCallView(Contract):
    """A tool call that a model requested."""

    id: str
    name: str
    arguments: str = Field(description="Arguments as the model wrote them, usually JSON")


class MessageView(Contract):
    """One message in a node's transcript."""

    path: NodePath
    purpose: Purpose
    step: int = Field(description="Step number of the model call that sent or returned the message")
    seq: int = Field(description="Position of the message among the messages with the same `path` and `purpose`")
    role: str = Field(
        description="`user`, `assistant` or `tool`. The agent's system prompt isn't included as a message."
    )
    content: str
    thought: str | None = Field(description="For a reply: the model's reasoning, if the provider returns it")
    tool_calls: tuple[ToolCallView, ...] = ()
    tool_call_id: str | None = Field(description="For a tool result: the ID of the tool call")
    tool: str | None = Field(description="For a tool result: the tool's name")
    failed: bool | None = Field(description="For a tool result: whether the tool failed")
    images: tuple[FileId, ...] = Field(
        default=(), description="For a tool result: the IDs of the files with its images, unless they were deleted"
    )
    guidance_id: int | None = Field(description="For guidance: the ID of the guidance")
    agent: str | None = Field(description="For a reply: the agent that answered")
    agent_version: int | None = Field(
        default=None, description="For a reply: the agent's version. `null` for built-in agents."
    )
    model: str | None = Field(description="For a reply: the model that answered")
    finish_reason: FinishReason | None = Field(description="For a reply: why the reply ended")
    tokens: int = Field(description="Estimated number of tokens. For the provider's own counts, see the task's cost.")
    created_at: UtcDatetime


class MessagePage(Contract):
    """A page of a task's messages."""

    items: tuple[MessageView, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
