"""The events of a run, as a tagged union.

Each event is a row in PostgreSQL, written in the same transaction as the change that it reports. A run's events are
numbered without gaps. Every event contains its place in the tree (`path`, `step`, `attempt`). A `ModelCallStarted`
whose attempt is above 1 retracts the text that earlier attempts of the same call streamed.
"""

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from models.approvals import ApprovalId, ApprovalKind, ApprovalStatus
from models.base import Contract, UtcDatetime
from models.ids import ROOT, FileId, NodePath, RunId
from models.model_calls import Purpose
from models.plans import PlanNode
from models.replies import ReplyView
from models.subtasks import SubtaskView
from models.tasks import FinishReason, TaskView


class _Placed(Contract):
    path: NodePath = ROOT
    step: int | None = None
    attempt: int | None = None


class RunAccepted(_Placed):
    type: Literal["run.accepted"] = "run.accepted"


class RunStarted(_Placed):
    type: Literal["run.started"] = "run.started"


class RunPaused(_Placed):
    type: Literal["run.paused"] = "run.paused"


class RunResumed(_Placed):
    type: Literal["run.resumed"] = "run.resumed"


class RunRetried(_Placed):
    type: Literal["run.retried"] = "run.retried"
    paths: tuple[NodePath, ...]
    """The subtasks that had failed or been interrupted, and may start again."""
    model: str | None = None


class RunCancelling(_Placed):
    type: Literal["run.cancelling"] = "run.cancelling"


class RunCompleted(_Placed):
    type: Literal["run.completed"] = "run.completed"
    preview: str
    simulated: bool = False
    finish_reason: FinishReason = "stop"
    """Why the answer ended. `length`: the answer was cut off at its limit."""


class RunFailed(_Placed):
    type: Literal["run.failed"] = "run.failed"
    code: str
    message: str


class RunCancelled(_Placed):
    type: Literal["run.cancelled"] = "run.cancelled"
    last_call_at: UtcDatetime | None = None
    preview: str = ""
    """For a reply: the beginning of the text that had arrived, which is kept."""


class RunChanged(_Placed):
    """A user has changed a run that has not begun."""

    type: Literal["run.changed"] = "run.changed"
    fields: tuple[str, ...]
    """The names of the fields that were sent."""


class PlanCreated(_Placed):
    type: Literal["plan.created"] = "plan.created"
    subtasks: tuple[PlanNode, ...]


class PlanRejected(_Placed):
    type: Literal["plan.rejected"] = "plan.rejected"
    problems: tuple[str, ...]


class SubtaskDelegated(_Placed):
    """An agent has delegated work to a new subtask, whose path this is."""

    type: Literal["subtask.delegated"] = "subtask.delegated"
    agent: str
    title: str = ""


class SubtaskStarted(_Placed):
    type: Literal["subtask.started"] = "subtask.started"
    agent: str


class SubtaskCompleted(_Placed):
    type: Literal["subtask.completed"] = "subtask.completed"
    preview: str
    finish_reason: FinishReason = "stop"


class SubtaskFailed(_Placed):
    type: Literal["subtask.failed"] = "subtask.failed"
    code: str
    message: str


class SubtaskSkipped(_Placed):
    type: Literal["subtask.skipped"] = "subtask.skipped"
    code: str
    message: str


class SubtaskCancelled(_Placed):
    type: Literal["subtask.cancelled"] = "subtask.cancelled"


class ModelCallStarted(_Placed):
    type: Literal["model_call.started"] = "model_call.started"
    purpose: Purpose
    agent: str
    agent_version: int | None = None
    """Null for built-in agents. The default protects events from before agents had versions."""
    model: str
    simulated: bool


class ModelCallFinished(_Placed):
    type: Literal["model_call.finished"] = "model_call.finished"
    purpose: Purpose
    preview: str
    tool_calls: tuple[str, ...]
    input_tokens: int
    output_tokens: int
    cost_micro_usd: int
    estimated: bool = False
    """Whether tokens and cost are estimates because no usage was reported. The default protects older events."""
    finish_reason: FinishReason = "stop"


class ModelCallFailed(_Placed):
    type: Literal["model_call.failed"] = "model_call.failed"
    purpose: Purpose
    code: str
    message: str
    retryable: bool
    retry_after_s: float | None = None
    """Seconds until the next attempt, set by the provider or by our retry policy."""


class ModelCallFellBack(_Placed):
    type: Literal["model_call.fell_back"] = "model_call.fell_back"
    purpose: Purpose
    from_model: str
    to_model: str
    code: str


class ModelCallWaiting(_Placed):
    type: Literal["model_call.waiting"] = "model_call.waiting"
    purpose: Purpose
    code: str
    message: str
    retry_after_s: float | None


class ToolCallStarted(_Placed):
    """A tool begins to run, in an activity of its own. `attempt` counts the starts of the call."""

    type: Literal["tool_call.started"] = "tool_call.started"
    index: int
    tool: str
    preview: str
    """The beginning of the arguments."""


class ToolCallFinished(_Placed):
    type: Literal["tool_call.finished"] = "tool_call.finished"
    index: int
    tool: str
    failed: bool
    preview: str
    images: tuple[FileId, ...] = ()
    """The files with the result's images. The default protects events from before results could have some."""


class FileWritten(_Placed):
    """An agent has written a file of the run, perhaps in place of one with the same name."""

    type: Literal["file.written"] = "file.written"
    file_id: FileId
    name: str
    size_bytes: int


class ApprovalRequested(_Placed):
    """A person has to decide about a tool call, or answer an agent's question."""

    type: Literal["approval.requested"] = "approval.requested"
    approval_id: ApprovalId
    kind: ApprovalKind
    index: int
    tool: str
    reason: str
    preview: str
    """The question, or the beginning of the call's arguments."""


class ApprovalEscalated(_Placed):
    type: Literal["approval.escalated"] = "approval.escalated"
    approval_id: ApprovalId
    approvers: tuple[str, ...]
    """The e-mail addresses of the users who may decide now, too."""


class ApprovalDecided(_Placed):
    type: Literal["approval.decided"] = "approval.decided"
    approval_id: ApprovalId
    kind: ApprovalKind
    status: ApprovalStatus
    by: str | None = None
    """The e-mail address of the user; null if no decision was made in time, or if none is needed anymore."""


class ConversationSummarized(_Placed):
    """The older messages of a chat session were summarized, so that the conversation fits into the model's window."""

    type: Literal["conversation.summarized"] = "conversation.summarized"
    covers_id: str = Field(description="ID of the last message that the summary covers")
    preview: str


class GuidanceGiven(_Placed):
    type: Literal["guidance.given"] = "guidance.given"
    guidance_id: int
    preview: str


class GuidanceSeen(_Placed):
    type: Literal["guidance.seen"] = "guidance.seen"
    guidance_id: int
    preview: str = ""


class BudgetReached(_Placed):
    type: Literal["budget.reached"] = "budget.reached"
    limit: str
    message: str
    needed: int | None = Field(default=None, description="Lowest limit that allows the next call")
    until: UtcDatetime | None = Field(
        default=None, description="For a spending limit, when its period ends and the task continues on its own"
    )


class BudgetRaised(_Placed):
    type: Literal["budget.raised"] = "budget.raised"
    max_cost_micro_usd: int | None
    max_tokens: int | None
    max_model_calls: int | None


Event = Annotated[
    RunAccepted
    | RunStarted
    | RunPaused
    | RunResumed
    | RunRetried
    | RunCancelling
    | RunCompleted
    | RunFailed
    | RunCancelled
    | RunChanged
    | PlanCreated
    | PlanRejected
    | SubtaskDelegated
    | SubtaskStarted
    | SubtaskCompleted
    | SubtaskFailed
    | SubtaskSkipped
    | SubtaskCancelled
    | ModelCallStarted
    | ModelCallFinished
    | ModelCallFailed
    | ModelCallFellBack
    | ModelCallWaiting
    | ToolCallStarted
    | ToolCallFinished
    | FileWritten
    | ApprovalRequested
    | ApprovalEscalated
    | ApprovalDecided
    | ConversationSummarized
    | GuidanceGiven
    | GuidanceSeen
    | BudgetReached
    | BudgetRaised,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)

LAST = ("run.completed", "run.failed", "run.cancelled")
"""Types of a run's last event. Others follow only if a failed task is retried (`RunRetried`)."""


class EventFrame(Contract):
    """A durable event, as clients receive it. To continue after the event, a client sends its `seq`."""

    kind: Literal["event"] = "event"
    run_id: RunId
    seq: int
    at: UtcDatetime
    event: Event


class EventPage(Contract):
    """A page of a run's stored events, oldest first."""

    items: tuple[EventFrame, ...]
    next_after: int | None = Field(
        description="Send this value as `after` to get the next page. `null` if there are no more events yet."
    )
    last_seq: int = Field(description="Sequence number of the run's newest event")


class TokensFrame(Contract):
    """A piece of a streamed answer. It is sent once, isn't stored and has no `seq`.

    `offset` is the position of `text` in the answer, in characters. A client that has `offset` characters appends the
    text. A client that has more characters ignores the piece. A client that has fewer characters has missed pieces;
    the whole text arrives with the finished call.
    """

    kind: Literal["tokens"] = "tokens"
    run_id: RunId
    path: NodePath
    purpose: Purpose
    step: int
    attempt: int
    offset: int
    text: str


class SnapshotFrame(Contract):
    """The state of a run, for a client too far behind to receive every event. Events continue after `seq`."""

    kind: Literal["snapshot"] = "snapshot"
    run_id: RunId
    seq: int
    task: TaskView | None = None
    reply: ReplyView | None = Field(default=None, description="Set instead of `task` if the run is a reply")
    subtasks: tuple[SubtaskView, ...]


Frame = EventFrame | TokensFrame | SnapshotFrame
