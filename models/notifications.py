"""Notifications: what waits for a user, and what went wrong."""

from enum import StrEnum
from typing import NewType

from pydantic import Field, computed_field

from models.approvals import ApprovalId
from models.base import Body, Contract, UtcDatetime, Whole
from models.ids import RunId, ScheduleId

NotificationId = NewType("NotificationId", int)
MAX_ID = 2**53 - 1
"""JSON clients that read numbers as doubles keep larger ones inexactly."""


class NotificationKind(StrEnum):
    APPROVAL = "approval"
    """A tool call, or the unknown outcome of one, waits for the user's decision."""
    QUESTION = "question"
    """An agent's question waits for the user's answer."""
    RUN_FAILED = "run_failed"
    BUDGET_REACHED = "budget_reached"
    """A run waits until its budget is raised."""
    SPENDING_REACHED = "spending_reached"
    """The user's own spending limit was reached."""
    SCHEDULE_SKIPPED = "schedule_skipped"
    """A schedule couldn't create the task that was due."""
    TOOL_CHANGED = "tool_changed"
    """An MCP server offers another definition of a tool, which can't be called until it is accepted."""


class NotificationData(Contract):
    """The facts of a notification. Which of them there are depends on its kind."""

    title: str | None = None
    agent: str | None = None
    tool: str | None = None
    text: str | None = None
    """The beginning of a question, a reason or an error message."""
    code: str | None = None


class NotificationView(Contract):
    """A notification as returned by the API."""

    id: NotificationId
    kind: NotificationKind
    run_id: RunId | None = Field(description="The run that the notification is about")
    approval_id: ApprovalId | None = Field(default=None, description="The approval that waits for you")
    schedule_id: ScheduleId | None = Field(default=None, description="The schedule that the notification is about")
    data: NotificationData = Field(description="Facts about the notification. Absent ones are `null`.")
    created_at: UtcDatetime
    read_at: UtcDatetime | None = Field(description="When you marked it as read, or when it was resolved")
    resolved_at: UtcDatetime | None = Field(
        description="When nothing was left to do, for example because a decision was made"
    )

    @computed_field(description="The notification in words")  # type: ignore[prop-decorator]
    @property
    def text(self) -> str:
        return text_of(self.kind, self.data)


class NotificationPage(Contract):
    """A page of notifications."""

    items: tuple[NotificationView, ...]
    unread: int = Field(description="Number of all your unread notifications, up to 1,000")
    next_cursor: str | None = Field(
        description="Send this value as `cursor` to get the next page. `null` on the last page."
    )


class NotificationCounts(Contract):
    """What is left after notifications were marked as read."""

    marked: int = Field(description="Number of notifications that this request marked as read")
    unread: int = Field(description="Number of all your unread notifications, up to 1,000")


class ReadMark(Body):
    """Up to which notification everything was read."""

    up_to: Whole = Field(ge=0, le=MAX_ID, description="ID of the newest notification that you have seen")


MAX_COUNTED = 1000
"""Unread notifications are counted up to this number, so that the query stays cheap."""


def text_of(kind: NotificationKind, data: NotificationData) -> str:
    """Return a notification in words."""
    work = f"Task {data.title!r}" if data.title else "A run"
    more = f": {data.text}" if data.text else "."
    match kind:
        case NotificationKind.APPROVAL:
            return f"{work} waits for your decision about tool {data.tool!r}{more}"
        case NotificationKind.QUESTION:
            return f"Agent {data.agent!r} asks you{more}"
        case NotificationKind.RUN_FAILED:
            return f"{work} failed{more}"
        case NotificationKind.BUDGET_REACHED:
            return f"{work} waits for a higher budget{more}"
        case NotificationKind.SPENDING_REACHED:
            return f"You have reached your spending limit{more}"
        case NotificationKind.SCHEDULE_SKIPPED:
            return f"Schedule {data.title!r} created no task{more}"
        case NotificationKind.TOOL_CHANGED:
            return f"The definition of tool {data.tool!r} has changed. Accept it before agents can call it again."
