"""Messages: the transcript of each node of a task, as sent to models and as they answered."""

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import NodePath
from models.model_calls import Purpose
from models.tasks import FinishReason


class ToolCallView(Contract):
    """A call of a tool, requested by a model."""

    id: str
    name: str
    arguments: str = Field(description="As the model wrote them, usually JSON")


class MessageView(Contract):
    """One message of a node's transcript."""

    path: NodePath
    purpose: Purpose
    step: int = Field(description="Step of the model call that it was sent with, or that returned it")
    seq: int = Field(description="Position in the transcript of this purpose at this node")
    role: str = Field(description="user, assistant or tool; the system prompt is the agent's")
    content: str
    thought: str | None = Field(description="For a reply: the model's reasoning, if the provider returns it")
    tool_calls: tuple[ToolCallView, ...] = ()
    tool_call_id: str | None = Field(description="For a tool result: the id of the tool call that it answers")
    tool: str | None = Field(description="For a tool result: the tool's name")
    failed: bool | None = Field(description="For a tool result: whether the tool failed")
    guidance_id: int | None = Field(description="For guidance: its id")
    agent: str | None = Field(description="For a reply: the agent that answered")
    model: str | None = Field(description="For a reply: the model that answered")
    finish_reason: FinishReason | None = Field(description="For a reply: how it ended")
    tokens: int = Field(description="An estimate; the cost view has the provider's counts")
    created_at: UtcDatetime


class MessagePage(Contract):
    """A page of a task's messages."""

    items: tuple[MessageView, ...]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one")
