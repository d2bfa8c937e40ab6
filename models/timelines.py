"""Timelines of tasks: spans with a start and an end, for a Gantt chart."""

from typing import Literal

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import NodePath
from models.tasks import FinishReason
from models.usage import Usage

MAX_SPANS = 5000


class Span(Contract):
    """A period of time. `ended_at` is `null` until the period ends."""

    kind: Literal["task", "subtask", "model_call", "tool_call"]
    path: NodePath
    label: str = Field(description="Title of the task or subtask, or name of the model or tool")
    status: str
    purpose: str | None = None
    step: int | None = None
    attempt: int | None = None
    agent: str | None = Field(default=None, description="For a model call or a subtask: its agent")
    agent_version: int | None = Field(
        default=None, description="For a model call: the agent's version. `null` for built-in agents."
    )
    simulated: bool | None = Field(
        default=None, description="For a model call or the task: whether the built-in simulator answered"
    )
    usage: Usage | None = Field(default=None, description="Token counts. `null` for a tool call.")
    cost_micro_usd: int | None = Field(
        default=None,
        description="Cost in millionths of a US dollar, that of a node without the subtasks below it, and that of the"
        " task in total. `null` for a tool call.",
    )
    in_doubt_micro_usd: int | None = Field(
        default=None,
        description="For a model call or the task: estimated cost of attempts whose outcome is unknown (in doubt), in"
        " addition to `cost_micro_usd`",
    )
    estimated: bool | None = Field(default=None, description="For a model call: `true` if the cost is an estimate")
    finish_reason: FinishReason | None = Field(default=None, description="Why the answer ended")
    error_code: str | None = Field(default=None, description="Error code of a failure")
    index: int | None = Field(default=None, description="For a tool call: its position in the turn")
    queued_at: UtcDatetime | None = Field(
        default=None,
        description="For the task: when it was accepted. For a model call: when it began to wait for its provider or"
        " for a rate limit; `null` if no wait was recorded.",
    )
    started_at: UtcDatetime
    first_token_at: UtcDatetime | None = Field(
        default=None,
        description="For a model call: when the first piece of the answer arrived. `null` until the call has ended, and"
        " if nothing was streamed.",
    )
    ended_at: UtcDatetime | None


class TimelineView(Contract):
    spans: tuple[Span, ...] = Field(
        description=f"Spans, ordered by start time. The list contains at most {MAX_SPANS} spans."
    )
    complete: bool = Field(description="`false` if the task has more spans than `spans` contains")
