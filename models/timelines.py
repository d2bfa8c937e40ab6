"""Timelines of tasks: spans with a start and an end, for a Gantt chart."""

from typing import Literal

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import NodePath
from models.tasks import FinishReason

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
    agent: str | None = Field(default=None, description="For a model call: the agent that made it")
    agent_version: int | None = Field(
        default=None, description="For a model call: the agent's version. `null` for built-in agents."
    )
    finish_reason: FinishReason | None = Field(default=None, description="For a model call: why the answer ended")
    index: int | None = Field(default=None, description="For a tool call: its position in the turn")
    started_at: UtcDatetime
    ended_at: UtcDatetime | None


class TimelineView(Contract):
    spans: tuple[Span, ...] = Field(
        description=f"Spans, ordered by start time. The list contains at most {MAX_SPANS} spans."
    )
    complete: bool = Field(description="`false` if the task has more spans than `spans` contains")
