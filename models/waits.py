"""The waits of a task: a tagged union, one contract per kind."""

from typing import Annotated, Literal

from pydantic import Field

from models.approvals import ApprovalId, ApprovalKind
from models.base import Contract, UtcDatetime
from models.ids import NodePath, RunId
from models.limits import is_spending, show_limits
from models.remedies import Action, Remedy, raise_budget

MAX_PENDING = 20
"""Maximum number of pending decisions that a task's view lists."""


class BudgetWait(Contract):
    """What a task is waiting for when its budget is used up."""

    kind: Literal["budget"] = "budget"
    limit: str = Field(description="Limit that was reached")
    needed: int | None = Field(default=None, description="Lowest limit that allows the next call")
    message: str = Field(description="Why the next call was rejected")
    until: UtcDatetime | None = Field(
        default=None, description="For a spending limit, when its period ends and the task continues on its own"
    )
    remedy: Remedy = Field(
        description="Action that lets the task continue: `raise_budget`, with a limit that allows further calls. For a"
        " spending limit, `show_limits`: only administrators can raise it."
    )


class PendingApproval(Contract):
    """A decision that a task is waiting for."""

    id: ApprovalId
    kind: ApprovalKind
    path: NodePath
    agent: str
    tool: str
    question: str | None = Field(default=None, description="The agent's question, if it has asked one")


class ApprovalWait(Contract):
    """What a task is waiting for when people have to decide about tool calls or answer questions."""

    kind: Literal["approval"] = "approval"
    pending: int = Field(description="Number of pending decisions")
    approvals: tuple[PendingApproval, ...] = Field(
        description=f"The pending decisions, oldest first, at most {MAX_PENDING}"
    )
    message: str = Field(description="What has to be decided")
    remedy: Remedy = Field(description="Action that shows what has to be decided: `show_approval` or `list_approvals`")


Waiting = Annotated[BudgetWait | ApprovalWait, Field(discriminator="kind")]
"""All kinds of waits."""


def budget_wait(
    run_id: RunId, *, limit: str, message: str, needed: int | None = None, until: UtcDatetime | None = None
) -> BudgetWait:
    """Return the wait of a run whose account rejected a call, from the event `budget.reached`."""
    return BudgetWait(
        limit=limit, needed=needed, message=message, until=until, remedy=remedy_for(run_id, limit, needed)
    )


def remedy_for(run_id: RunId, limit: str, needed: int | None) -> Remedy:
    """Return what lets a run continue whose call a limit rejected."""
    return show_limits() if is_spending(limit) else raise_budget(run_id, limit, needed)


def approval_wait(approvals: tuple[PendingApproval, ...], pending: int) -> ApprovalWait:
    """Return the wait of a run with pending decisions, of which `approvals` are the oldest, at least one."""
    message = message_for(approvals[0].kind, approvals[0].agent, approvals[0].tool)
    if pending > 1:
        others = "1 other decision is" if pending == 2 else f"{pending - 1} other decisions are"
        message += f" {others} pending."
        remedy = Remedy(action=Action.LIST_APPROVALS)
    else:
        remedy = Remedy(action=Action.SHOW_APPROVAL, target=approvals[0].id)
    return ApprovalWait(pending=pending, approvals=approvals, message=message, remedy=remedy)


def message_for(kind: ApprovalKind, agent: str, tool: str) -> str:
    """Return what a person has to decide, as a sentence."""
    match kind:
        case ApprovalKind.TOOL_CALL:
            return f"Agent {agent!r} needs approval to call {tool!r}."
        case ApprovalKind.QUESTION:
            return f"Agent {agent!r} has a question."
        case ApprovalKind.OUTCOME:
            return f"The outcome of a call of {tool!r} by agent {agent!r} is unknown."
