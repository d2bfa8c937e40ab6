"""Tool calls: only their places and outcomes. Arguments and results are rows of the transcript."""

from typing import Final

from models.base import Contract
from models.ids import NodePath, RunId
from models.plans import PlanNode

TOOL_SECONDS: Final = 300
"""How long a tool may run at most. Most tools set a shorter limit for themselves."""


class ToolCallRequest(Contract):
    """The `index`-th tool call that was requested in turn `step`."""

    run_id: RunId
    path: NodePath
    step: int
    index: int
    retry: int = 0
    """How often the subtask was retried. The default protects histories from before tools could fail a subtask."""


class ToolCallWait(Contract):
    """A tool call that waits for a person. It needs no worker until the decision, or until `timeout_s` has passed."""

    approval_id: str
    timeout_s: float | None = None
    """Seconds until the call has to be looked at again: for an escalation, a default answer or the expiry."""


class ToolCallOutcome(Contract):
    """The outcome of a tool call. If it failed, the model sees the failure, and the run continues.

    With `wait` or `child`, the call has no result yet: it is repeated once a person has decided, or the child has
    ended.
    """

    tool: str
    failed: bool = False
    wait: ToolCallWait | None = None
    child: PlanNode | None = None
    """The subtask to which the call delegates work."""


class Decision(Contract):
    """The place of a tool call about which a person has decided: the argument of the signal `decided`."""

    path: NodePath
    step: int
    index: int
