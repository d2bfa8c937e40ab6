"""Approvals: decisions that a run waits for. A person approves a tool call, answers an agent's question, or determines
the unknown outcome of a call."""

from enum import StrEnum
from typing import Annotated, Any, Literal, NewType

from pydantic import Field, JsonValue

from models.base import Body, Contract, Flag, UtcDatetime
from models.ids import NodePath, RunId
from models.policies import ApprovalTerms
from models.runs import RunKind
from models.users import Email

ApprovalId = NewType("ApprovalId", str)

MAX_ANSWER_CHARS = 20_000
MAX_ARGUMENTS_BYTES = 64 * 1024
"""Maximum size of changed arguments, as JSON."""


class ApprovalKind(StrEnum):
    """What has to be decided."""

    TOOL_CALL = "tool_call"
    """Whether a tool call may run."""
    QUESTION = "question"
    """The answer to an agent's question."""
    OUTCOME = "outcome"
    """Whether a call that may not run twice has happened; its result was lost."""


class ApprovalStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    """The call may run; for an unknown outcome: it runs again."""
    REJECTED = "rejected"
    ANSWERED = "answered"
    """A question has an answer; an unknown outcome has a result."""
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    """The run, or the subtask, ended before a decision."""


DECIDED = frozenset({ApprovalStatus.APPROVED, ApprovalStatus.REJECTED, ApprovalStatus.ANSWERED, ApprovalStatus.EXPIRED})


class Approve(Body):
    """Approval of a tool call, as it is or with changed arguments."""

    decision: Literal["approve"]
    arguments: dict[str, JsonValue] | None = Field(
        default=None, description="Arguments that replace those of the agent. Default: the agent's arguments."
    )


class Reject(Body):
    """Rejection of a tool call. The agent receives the reason and continues."""

    decision: Literal["reject"]
    reason: str = Field(default="", max_length=2000)


class Happened(Body):
    """For an unknown outcome: the call has taken effect, with this result."""

    decision: Literal["happened"]
    result: str = Field(default="", max_length=MAX_ANSWER_CHARS, description="Result for the agent")


class NotHappened(Body):
    """For an unknown outcome: the call has not taken effect. The agent receives an error and continues."""

    decision: Literal["not_happened"]


class Again(Body):
    """For an unknown outcome: run the call again, although it may have taken effect."""

    decision: Literal["again"]


ApprovalDecision = Annotated[Approve | Reject | Happened | NotHappened | Again, Field(discriminator="decision")]
"""A decision about an approval: `POST /api/v1/approvals/{id}/decision`."""


class Answer(Body):
    """An answer to an agent's question: `POST /api/v1/approvals/{id}/answer`."""

    answer: str = Field(min_length=1, max_length=MAX_ANSWER_CHARS)


class Delegation(Body):
    """A further approver, named by one who may decide: `POST /api/v1/approvals/{id}/delegate`."""

    to: Email = Field(description="E-mail address of the user who may decide from now on")
    keep: Flag = Field(default=False, description="`true` if you may still decide, too")


class VoteView(Contract):
    """A user's decision."""

    user: str = Field(description="E-mail address of the user")
    decision: str
    reason: str
    at: UtcDatetime


class ApprovalView(Contract):
    """An approval as returned by the API."""

    id: ApprovalId
    kind: ApprovalKind
    status: ApprovalStatus
    task_id: RunId = Field(description="ID of the task or reply that waits for the decision")
    task_title: str = Field(description="Title of the task, or of the reply's chat session")
    run_kind: RunKind = Field(default=RunKind.TASK, description="What waits for the decision: a task, or a reply")
    path: NodePath
    step: int
    index: int
    agent: str
    tool: str
    arguments: dict[str, Any] = Field(description="Complete arguments of the call")
    sha256: str = Field(description="Hash of the exact call: task, place, tool, version of the tool, and arguments")
    question: str | None = None
    options: tuple[str, ...] = ()
    default: str | None = Field(default=None, description="Answer that applies if no user answers in time")
    reason: str = Field(description="Why a person has to decide")
    terms: ApprovalTerms
    approvers: tuple[str, ...] = Field(description="E-mail addresses of the users who may decide now")
    votes: tuple[VoteView, ...] = ()
    changed_arguments: dict[str, Any] | None = None
    answer: str | None = None
    created_at: UtcDatetime
    may_decide: bool = Field(description="Whether you may decide now")
    expires_at: UtcDatetime | None
    decided_at: UtcDatetime | None


class ApprovalPage(Contract):
    """A page of approvals."""

    items: tuple[ApprovalView, ...]
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )
