"""Shares: the rights of groups to what their members own."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from models.base import Body, Contract, UtcDatetime
from models.ids import GroupId


class ShareKind(StrEnum):
    """The kind of a shared object."""

    TASK = "task"
    SCHEDULE = "schedule"
    FILE = "file"
    CHAT_SESSION = "chat_session"
    AGENT = "agent"

    @property
    def noun(self) -> str:
        """The API's noun for an object of this kind."""
        return self.value.replace("_", " ")


class Right(StrEnum):
    """What the members of a group may do with an object. Each right contains those before it."""

    VIEW = "view"
    USE = "use"
    EDIT = "edit"


CONTAINED_IN = {
    Right.VIEW: (Right.VIEW, Right.USE, Right.EDIT),
    Right.USE: (Right.USE, Right.EDIT),
    Right.EDIT: (Right.EDIT,),
}
"""The rights that contain a right."""

RIGHTS: dict[ShareKind, dict[Right, str]] = {
    ShareKind.TASK: {
        Right.VIEW: "read everything that the owner can read, including the conversation, cost, events and files",
        Right.USE: "pause, resume, steer and cancel it; its calls remain on the owner's account",
        Right.EDIT: "change its title, priority and metadata until it begins",
    },
    ShareKind.SCHEDULE: {
        Right.VIEW: "read it, including the task that it creates, but not the tasks that it has created",
        Right.USE: "pause and resume it",
    },
    ShareKind.FILE: {Right.VIEW: "read and download it"},
    ShareKind.CHAT_SESSION: {Right.VIEW: "read and export it, with all messages, but not follow it live"},
    ShareKind.AGENT: {
        Right.VIEW: "read it, including its prompt, its versions and their differences",
        Right.USE: "name it in your own runs, schedules and chat sessions, with your tools and on your account",
        Right.EDIT: "change it, roll it back, activate and deactivate it; its versions count for all who use it",
    },
}
"""The rights that an object can be shared with, and what each of them permits. docs/reference/sharing.md shows it."""

Shared = Literal["mine", "shared", "all"]
"""Which objects a list shows: the caller's own, those that others share with the caller, or both."""


class ShareSpec(Body):
    """The right of a group to an object."""

    right: Right = Field(default=Right.VIEW, description="What the members of the group may do with the object")


class ShareView(Contract):
    """The right of a group to an object."""

    group_id: GroupId = Field(description="ID of the group")
    group: str = Field(description="Name of the group")
    kind: ShareKind = Field(description="Kind of the shared object")
    resource_id: str = Field(description="ID of the shared object")
    right: Right = Field(description="What the members of the group may do with the object")
    created_at: UtcDatetime


class SharePage(Contract):
    """A page of shares, newest first."""

    items: tuple[ShareView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")
