"""Changes of lists: what happened to a user's runs, approvals and notifications, for clients that show them live."""

from typing import Literal

from pydantic import Field

from models.approvals import ApprovalId, ApprovalStatus
from models.base import Contract, UtcDatetime
from models.events import Event
from models.ids import RunId
from models.notifications import NotificationView
from models.runs import RunKind, RunStatus

ChangeTopic = Literal["runs", "tasks", "approvals", "notifications"]
"""The topics whose changes are stored, so that clients can resume them."""


class RunChange(Contract):
    """An event that changes what a list of runs shows."""

    run_id: RunId
    kind: RunKind
    title: str | None = Field(description="Title of a task; `null` for other runs")
    session_id: str | None = Field(default=None, description="For a reply: the chat session that it belongs to")
    status: RunStatus = Field(description="Status of the run now, after this event and perhaps later ones")
    seq: int = Field(description="Sequence number of the event in its run")
    at: UtcDatetime
    event: Event


class ApprovalChange(Contract):
    """A decision was requested, passed on, made, or is no longer needed."""

    approval_id: ApprovalId
    status: ApprovalStatus = Field(description="Status of the approval now")
    run_id: RunId
    title: str | None
    at: UtcDatetime
    event: Event


Change = RunChange | ApprovalChange | NotificationView


class ChangesFrame(Contract):
    """What has changed since the previous frame. To continue after it, a client sends its `cursor`."""

    type: Literal["changes"] = "changes"
    topic: str
    cursor: str
    changes: tuple[Change, ...]


class MissedFrame(Contract):
    """The client missed too many changes to send them. It loads the list again, and continues after `cursor`."""

    type: Literal["missed"] = "missed"
    topic: str
    cursor: str
