"""Messages: what was said at a node of a task, as models were told it and as they answered."""

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import NodePath
from models.model_calls import Purpose
from models.tasks import FinishReason


class ToolCallView(Contract):
    """A tool that a model asked for."""

    id: str
    name: str
    arguments: str = Field(description="As the model wrote them: JSON, where it wrote JSON")


class MessageView(Contract):
    """One message of a node's transcript."""

    path: NodePath
    purpose: Purpose
    step: int = Field(description="Of the model call that it was said for, or that said it")
    seq: int = Field(description="Its place in the transcript of this purpose at this node")
    role: str = Field(description="user, assistant or tool. What the system says is the agent's prompt")
    content: str
    thought: str | None = Field(description="Of a reply: what the model wrote while it reasoned, where it tells")
    tool_calls: tuple[ToolCallView, ...] = ()
    tool_call_id: str | None = Field(description="Of a tool's result: which call of the reply before it answers")
    tool: str | None = Field(description="Of a tool's result: its name")
    failed: bool | None = Field(description="Of a tool's result: whether the tool failed")
    guidance_id: int | None = Field(description="Of guidance: which piece")
    agent: str | None = Field(description="Of a reply: who answered")
    model: str | None = Field(description="Of a reply: the model that was asked")
    finish_reason: FinishReason | None = Field(description="Of a reply: how it ended")
    tokens: int = Field(description="An estimate; the bill has what providers counted")
    created_at: UtcDatetime


class MessagePage(Contract):
    """A page of what was said in a task."""

    items: tuple[MessageView, ...]
    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one")
