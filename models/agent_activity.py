"""The activity of agents: the model calls in flight, and totals by version."""

from typing import Literal

from pydantic import Field

from models.approvals import ApprovalId, ApprovalKind
from models.base import Contract, UtcDatetime
from models.ids import NodePath, TaskId
from models.model_calls import Purpose
from models.usage import Usage

MAX_CALLS = 50
"""Maximum number of calls in flight that are listed."""
METRICS_DAYS = 7
"""The period of metrics if none is requested."""


class AgentCall(Contract):
    """A model call in flight."""

    task_id: TaskId
    path: NodePath
    purpose: Purpose
    step: int
    since: UtcDatetime = Field(description="When the current attempt started")


class AgentWait(Contract):
    """A decision by people that an agent's work waits for."""

    approval_id: ApprovalId
    kind: ApprovalKind
    task_id: TaskId
    path: NodePath
    tool: str
    approvers: tuple[str, ...] = Field(
        description="E-mail addresses of the users who may decide. Administrators can always decide."
    )
    since: UtcDatetime


class AgentStatusView(Contract):
    """The current activity of an agent in your tasks."""

    status: Literal["idle", "busy"] = Field(description="`busy` if the agent has model calls in flight")
    calls: tuple[AgentCall, ...] = Field(description=f"Model calls in flight, oldest first, at most {MAX_CALLS}")
    tasks_waiting: int = Field(description="Number of open tasks with subtasks for the agent that haven't started")
    waits_for: tuple[AgentWait, ...] = Field(
        default=(), description=f"Pending decisions that the agent waits for, oldest first, at most {MAX_CALLS}"
    )


class VersionMetrics(Contract):
    """The totals of the attempts that a version of an agent made."""

    version: int | None = Field(description="`null` for built-in agents")
    calls: int = Field(description="Number of model calls")
    attempts: int = Field(description="Number of attempts at these calls, including failed attempts")
    failures: dict[str, int] = Field(
        description="Number of failed attempts by error code. Cancelled attempts don't count."
    )
    latency_p50_ms: int | None = Field(description="Median duration of finished attempts, in milliseconds")
    latency_p95_ms: int | None = Field(description="95th percentile of these durations, in milliseconds")
    usage: Usage
    cost_micro_usd: int


class AgentMetricsView(Contract):
    """The metrics of an agent in the tasks that you have created since a time."""

    since: UtcDatetime
    versions: tuple[VersionMetrics, ...] = Field(
        description="Metrics of each version with attempts in this period, newest first"
    )
