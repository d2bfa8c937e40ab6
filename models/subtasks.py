"""Subtasks: one node of a task's tree, run by a child workflow or inside its parent's."""

from enum import StrEnum

from pydantic import Field

from models.base import Contract, UtcDatetime
from models.ids import NodePath, RunId, UserId
from models.nodes import NodeState
from models.tasks import FinishReason, RunPolicy
from models.usage import Usage


class SubtaskStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


ANSWERED = frozenset({SubtaskStatus.COMPLETED, SubtaskStatus.SKIPPED})
"""A subtask in one of these may be built on."""
OPEN_SUBTASKS = frozenset({SubtaskStatus.PENDING, SubtaskStatus.RUNNING})


class SubtaskInput(Contract):
    """A node to be run: the argument of SubtaskWorkflow, also across continue-as-new."""

    run_id: RunId
    owner_id: UserId
    path: NodePath
    agent: str
    title: str = ""
    pattern: str = "single"
    """Which of `workflows.patterns.PATTERNS` works it out."""
    policy: RunPolicy = RunPolicy()
    priority: int = 3
    state: NodeState = NodeState()
    retries: int = 0
    """How often the whole task was retried; see `TaskInput`."""
    retry: int = 0
    """How often this subtask failed before; finished calls of earlier tries come back from the ledger, unpaid."""


class SubtaskView(Contract):
    """A subtask as returned by the API."""

    path: NodePath
    key: str
    title: str
    agent: str
    model: str | None = Field(default=None, description="Model that replaced the agent's model in a retry of the task")
    status: SubtaskStatus
    depends_on: tuple[str, ...]
    instruction: str
    result: str | None
    finish_reason: FinishReason | None = Field(
        default=None,
        description="Why the answer ended. `length`: the answer was cut off at its token limit and is incomplete.",
    )
    error_code: str | None
    error: str | None
    turns: int
    spent_micro_usd: int
    usage: Usage
    started_at: UtcDatetime | None
    ended_at: UtcDatetime | None
