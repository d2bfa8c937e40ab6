"""Tasks: requests, the input of the workflow, and views."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, JsonValue, field_validator, model_validator
from pydantic_core import to_json

from models.agents import AnswerTokens
from models.base import (
    Body,
    Contract,
    Fallbacks,
    Flag,
    ModelRef,
    OutputSchema,
    Priority,
    UtcDatetime,
    Whole,
    has_endless,
)
from models.files import MAX_TASK_IMAGES
from models.ids import FileId, NodePath, RunId, TaskId, UserId
from models.nodes import NodeState
from models.plans import MAX_NODES, PlannedSubtask, PlanNode
from models.retries import RetryAdvice
from models.runs import RunStatus
from models.usage import Usage
from models.waits import Waiting

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "other", "interrupted"]
"""Why an answer ended. `other`: for an unknown reason; the answer is used as it is. `interrupted`: a reply was
cancelled, and what had arrived is kept.
"""

MAX_METADATA_BYTES = 16 * 1024


class OnFailure(StrEnum):
    """What happens to a task when one of its subtasks fails."""

    FAIL = "fail"
    SKIP = "skip"
    RETRY = "retry"


class SubtaskMode(StrEnum):
    """Where a task's subtasks run, unless they are planned further."""

    CHILD = "child"
    """Each subtask runs in a child workflow, with a page of its own in Temporal's Web UI."""
    INLINE = "inline"
    """Subtasks run inside their parent's workflow, which costs about half. A subtask with many turns moves into a
    child.
    """


class OnTruncated(StrEnum):
    """What happens to an answer that was cut off at its token limit."""

    CONTINUE = "continue"
    """The model is asked to continue where it stopped, at most twice. After that, the same as `accept`."""
    ACCEPT = "accept"
    """The answer is used as it is, and marked as truncated."""
    FAIL = "fail"


class Budget(Body):
    """Limits on a task's spending. A task that reaches a limit waits until it is raised."""

    max_cost_micro_usd: Whole | None = Field(
        default=None, ge=1, le=10**13, description="Maximum cost, in millionths of a US dollar"
    )
    max_tokens: Whole | None = Field(
        default=None, ge=1, le=10**12, description="Maximum total number of input and output tokens"
    )
    max_model_calls: Whole | None = Field(
        default=None,
        ge=1,
        le=10**6,
        description="Maximum number of requests to providers, including repeated requests. Failed connections don't"
        " count.",
    )

    @field_validator("max_cost_micro_usd", "max_tokens", "max_model_calls", mode="before")
    @classmethod
    def _is_positive(cls, limit: object) -> object:
        # A caller who writes 0 may mean "no limit", but would get a task that can never make a call.
        if isinstance(limit, int) and not isinstance(limit, bool) and limit <= 0:
            raise ValueError("The limit must be greater than 0. For no limit, omit the field.")
        return limit

    @model_validator(mode="after")
    def _sets_a_limit(self) -> "Budget":
        if self.max_cost_micro_usd is None and self.max_tokens is None and self.max_model_calls is None:
            raise ValueError("Set at least one of max_cost_micro_usd, max_tokens and max_model_calls.")
        return self


class BudgetView(Contract):
    """A task's limits, as returned by the API."""

    max_cost_micro_usd: int | None
    max_tokens: int | None
    max_model_calls: int | None


class RunLimits(Body):
    """Limits on each subtask."""

    max_turns: Whole = Field(default=20, ge=1, le=1000, description="Maximum number of model calls per subtask")
    max_output_tokens: AnswerTokens | None = Field(
        default=None,
        description="Maximum number of tokens per answer from a built-in agent, including the planner and the"
        " coordinator. Default: 2048.",
    )


class TaskSpec(Body):
    """A task to create: `POST /api/v1/tasks`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"goal": "Compare tea and coffee.", "budget": {"max_cost_micro_usd": 50_000}}]}
    )

    goal: str = Field(min_length=1, max_length=100_000)
    title: str = Field(default="", max_length=120)
    model: ModelRef | None = Field(
        default=None, description="Model for agents without a model of their own, as `provider/model`"
    )
    fallbacks: Fallbacks = Field(
        default=(),
        description="Fallback models for agents without a model of their own. When a model fails, the next one in this"
        " list is tried.",
    )
    plan: Annotated[tuple[PlannedSubtask, ...], Field(fail_fast=True)] | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_NODES,
        description="Subtasks as a directed acyclic graph. Default: a model plans the subtasks.",
    )
    images: tuple[UUID, ...] = Field(
        default=(),
        max_length=MAX_TASK_IMAGES,
        fail_fast=True,
        description="IDs of your image files to send to every agent in the task",
    )
    on_failure: OnFailure = OnFailure.FAIL
    max_retries: Whole = Field(
        default=2, ge=0, le=5, description="Maximum number of retries per failed subtask if `on_failure` is `retry`"
    )
    on_truncated: OnTruncated = Field(
        default=OnTruncated.CONTINUE,
        description="What happens to an answer that was cut off at its token limit. `continue`: the model continues the"
        " answer, at most twice. `accept`: the answer is used as it is. `fail`: the subtask or task fails.",
    )
    subtasks: SubtaskMode | None = Field(
        default=None,
        description="Where subtasks run. `child`: each subtask runs in its own workflow. `inline`: subtasks run in"
        " their parent's workflow, with about half as many Temporal events as with `child`. Default: the setting"
        " `CHIMERA_SUBTASKS`.",
    )
    output_schema: OutputSchema | None = None
    budget: Budget | None = None
    limits: RunLimits = RunLimits()
    priority: Priority = 3
    metadata: dict[Annotated[str, Field(max_length=60)], JsonValue] = Field(default_factory=dict, max_length=50)
    start: Flag = Field(default=True, description="`false` to keep the task as a draft until you execute it")

    @field_validator("metadata")
    @classmethod
    def _is_small(cls, metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if metadata and len(to_json(metadata)) > MAX_METADATA_BYTES:
            raise ValueError(
                f"As JSON, the metadata can be at most {MAX_METADATA_BYTES} bytes long. Store larger data elsewhere."
            )
        if has_endless(metadata):
            raise ValueError("The metadata contains a number that is too large. Send it as text.")
        return metadata


class TaskChange(Body):
    """A change of a task that hasn't begun: `PUT /api/v1/tasks/{id}`. Omitted fields keep their values."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Tea and coffee", "priority": 1}]})

    goal: str | None = Field(default=None, min_length=1, max_length=100_000, description="Goal of the task")
    title: str | None = Field(default=None, max_length=120, description="Title of the task")
    model: ModelRef | None = Field(
        default=None, description="Model for agents without a model of their own, as `provider/model`"
    )
    fallbacks: Fallbacks | None = Field(
        default=None, description="Fallback models for agents without a model of their own"
    )
    plan: Annotated[tuple[PlannedSubtask, ...], Field(fail_fast=True)] | None = Field(
        default=None,
        max_length=MAX_NODES,
        description="Subtasks that replace the current ones. An empty list: a model plans the subtasks.",
    )
    images: Annotated[tuple[UUID, ...], Field(max_length=MAX_TASK_IMAGES, fail_fast=True)] | None = Field(
        default=None, description="IDs of your image files to send to every agent in the task"
    )
    on_failure: OnFailure | None = Field(default=None, description="What happens when a subtask fails")
    max_retries: Whole | None = Field(default=None, ge=0, le=5, description="Maximum number of retries per subtask")
    on_truncated: OnTruncated | None = Field(
        default=None, description="What happens to an answer that was cut off at its token limit"
    )
    subtasks: SubtaskMode | None = Field(default=None, description="Where subtasks run")
    output_schema: OutputSchema | None = Field(
        default=None, description="JSON Schema (draft 2020-12) of the answer. An empty object removes the schema."
    )
    budget: Budget | None = Field(default=None, description="Limits to change. The others keep their values.")
    limits: RunLimits | None = Field(default=None, description="Limits on each subtask")
    priority: Priority | None = Field(default=None, description="Priority, from 1 (most urgent) to 5 (least urgent)")
    metadata: dict[Annotated[str, Field(max_length=60)], JsonValue] | None = Field(
        default=None, max_length=50, description="Data of your own that replaces the current metadata"
    )


class RunPolicy(Contract):
    """The settings of a task that its workflows act on."""

    on_failure: OnFailure = OnFailure.FAIL
    max_retries: int = 2
    max_turns: int = 20
    on_truncated: OnTruncated = OnTruncated.ACCEPT
    """The default protects histories and tasks from before answers were continued."""
    max_output_tokens: int | None = None
    """The limit for built-in agents. The default protects histories and tasks from before it could be set."""
    subtasks: SubtaskMode = SubtaskMode.CHILD
    max_history_events: int = Field(
        default=2000,
        description="Number of history events above which the workflow continues as new, unless Temporal suggests it"
        " earlier",
    )


class TaskInput(Contract):
    """The argument of TaskWorkflow."""

    task_id: TaskId
    owner_id: UserId
    policy: RunPolicy = RunPolicy()
    priority: int = 3
    plan: tuple[PlanNode, ...] | None = None
    """The caller's plan; None if the planner has to create one."""
    retries: int = 0
    """How often the task was retried after a failure. Each retry allows planners new rounds."""
    state: NodeState = NodeState()
    """The progress so far, if the workflow continued as new."""


class TaskResult(Contract):
    """How TaskWorkflow ends. The answer itself is in the `tasks` row."""

    status: Literal["completed", "failed", "cancelled"]


class Guidance(Body):
    """Guidance for a running task: `POST /api/v1/tasks/{id}/steer`."""

    text: str = Field(min_length=1, max_length=20_000)
    path: NodePath | None = Field(
        default=None,
        max_length=200,
        description="Path of the subtask that receives the guidance, along with all subtasks below it. Default: the"
        " whole task.",
    )
    interrupt: Flag = Field(
        default=False,
        description="`true` to interrupt the model call in flight, so that the agent receives the guidance at once",
    )


class TaskRetry(Body):
    """A retry of a failed task: `POST /api/v1/tasks/{id}/retry`. Omitted fields keep their values."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"guidance": "Keep it short."}]})

    model: ModelRef | None = Field(
        default=None,
        description="Model that replaces the failed subtasks' models, or the task's model if no subtask failed",
    )
    budget: Budget | None = Field(default=None, description="New limits for the task's budget")
    guidance: str | None = Field(
        default=None, min_length=1, max_length=20_000, description="Guidance for the failed subtasks in this retry"
    )


class SteerRequest(Contract):
    """Guidance that is already stored. The update contains its ID, never its text."""

    guidance_id: int
    path: NodePath | None = None
    """The subtask that receives the guidance, with all subtasks below it; None means the whole task."""
    interrupt: bool = False
    """Interrupt the model call in flight, so that the guidance is received at once."""


class SteerReceipt(Contract):
    """The effect of guidance when it was accepted."""

    guidance_id: int
    reaches: tuple[NodePath, ...]
    """Subtasks in flight whose next model call will receive it."""


class TransitionRecord(Contract):
    """A change of state that doesn't result from a model call; recorded by a local activity."""

    run_id: RunId
    path: NodePath
    status: Literal["completed", "failed", "skipped", "cancelled"]
    error_code: str | None = None
    error: str = ""
    from_child: NodePath | None = None
    """The child whose result becomes the node's result: a plan with one subtask doesn't need aggregation."""
    retries: int = 0
    """The retry number of the reporting run. A record from a run before the latest retry has no effect."""


class BlockedCall(Contract):
    """A model call that isn't currently making progress. It is retried automatically."""

    path: NodePath
    step: int
    code: str = Field(
        description="Why the call is blocked, for example `rate_limited`, `provider_away`, `model_loading` or"
        " `overloaded`"
    )
    message: str
    since: UtcDatetime = Field(description="When the call was first blocked, according to the task's newest events")
    attempts: int = Field(description="Number of attempts so far, including failed connections")
    requests: int = Field(description="Number of requests to providers so far. Failed connections don't count.")
    model: str | None = Field(description="Model of the latest attempt. `null` before the first attempt.")
    next_try_at: UtcDatetime | None = Field(
        description="When the next attempt is due. `null` if the time is unknown or has passed."
    )


class WaitsFor(StrEnum):
    """What a task in a list waits for."""

    APPROVAL = "approval"
    """A person's decision about a tool call, or about the unknown outcome of one."""
    QUESTION = "question"
    """An answer to an agent's question."""
    BUDGET = "budget"
    """A higher budget or spending limit."""


class TaskView(Contract):
    """A task as returned by the API."""

    id: TaskId
    title: str
    goal: str
    status: RunStatus
    priority: int
    model: str | None
    fallbacks: tuple[str, ...] = ()
    images: tuple[FileId, ...] = ()
    on_failure: OnFailure
    on_truncated: OnTruncated = OnTruncated.ACCEPT
    subtasks: SubtaskMode = SubtaskMode.CHILD
    simulated: bool = Field(description="`true` if the built-in simulator answered at least one of the task's calls")
    budget: BudgetView | None
    spent_micro_usd: int
    estimated: bool = Field(
        default=False,
        description="`true` if part of `spent_micro_usd` is an estimate because a provider didn't report usage",
    )
    in_doubt_micro_usd: int = Field(
        description="Estimated cost of attempts whose outcome is unknown, for example after a worker crashed"
    )
    model_calls: int = Field(
        description="Number of requests to providers, including repeated requests. Failed connections don't count."
    )
    usage: Usage
    subtasks_total: int
    subtasks_done: int
    retries: int = Field(default=0, description="Number of times the task was retried after a failure")
    result: str | None
    output: JsonValue | None = Field(
        default=None, description="The result as JSON, if it has a JSON Schema. Always `null` in lists."
    )
    finish_reason: FinishReason | None = Field(
        default=None,
        description="Why the answer ended. `length`: the answer was cut off at its token limit and is incomplete.",
    )
    queue_place: int | None = Field(
        default=None,
        description="Position in the queue of tasks that are waiting to start. The task at position `1` is next.",
    )
    error_code: str | None
    error: str | None
    remedy: RetryAdvice | None = Field(default=None, description="How a failed task can continue")
    waiting: Waiting | None = Field(
        default=None, description="What a waiting task is waiting for. Always `null` in lists."
    )
    approvals_pending: int = Field(default=0, description="Number of decisions by people that the task is waiting for")
    blocked_by: tuple[BlockedCall, ...] = Field(
        default=(), description="Calls of a running task that are currently blocked. Always empty in lists."
    )
    metadata: dict[str, JsonValue]
    last_seq: int = Field(description="Sequence number of the task's newest event")
    schedule_id: str | None
    due_at: UtcDatetime | None = Field(
        default=None, description="For a task that a schedule created: when the run was due or triggered"
    )
    temporal_url: str = Field(description="URL of the run in Temporal's Web UI")
    created_at: UtcDatetime
    started_at: UtcDatetime | None
    ended_at: UtcDatetime | None
    last_call_at: UtcDatetime | None = Field(
        description="When the last model call began. After a cancellation, use this time to check that no further call"
        " began."
    )


class TaskPage(Contract):
    """A page of tasks. `goal` and `result` are shortened to 500 characters."""

    items: tuple[TaskView, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )


class GuidanceView(Contract):
    """Guidance that was accepted."""

    guidance_id: int
    path: NodePath | None
    received: bool = Field(
        description="`false` if the run didn't confirm the guidance in time. Even then, the task's next model call"
        " receives the guidance."
    )
    reaches: tuple[NodePath, ...] = Field(description="Running subtasks whose next model call receives the guidance")
