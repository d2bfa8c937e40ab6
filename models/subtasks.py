"""Subtasks: nodes of a task's tree, each run by a child workflow or inside its parent's workflow."""

from enum import StrEnum

from pydantic import Field, JsonValue

from models.base import Contract, UtcDatetime
from models.ids import NodePath, RunId, UserId
from models.nodes import NodeState
from models.pages import Page
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
"""The statuses in which other nodes can build on a subtask."""
OPEN_SUBTASKS = frozenset({SubtaskStatus.PENDING, SubtaskStatus.RUNNING})


class SubtaskInput(Contract):
    """A node to run: the argument of SubtaskWorkflow, also after continue-as-new."""

    run_id: RunId
    owner_id: UserId
    path: NodePath
    agent: str
    title: str = ""
    pattern: str = "single"
    """The key in `workflows.patterns.PATTERNS` of the pattern that produces the node's answer."""
    policy: RunPolicy = RunPolicy()
    priority: int = 3
    state: NodeState = NodeState()
    retries: int = 0
    """How often the whole task was retried; see `TaskInput`."""
    retry: int = 0
    """How often this subtask failed before. The ledger returns the finished calls of earlier tries at no cost."""


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
    output: JsonValue | None = Field(default=None, description="The result as JSON, if it has a JSON Schema")
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


class SubtaskPage(Page):
    """A page of subtasks, with parents before their children."""

    items: tuple[SubtaskView, ...]
