"""Retention: how long content is kept, the runs that delete it, and holds that exempt something from deletion.

What was paid is never deleted: see docs/decisions/0024-retention-empties-and-keeps-the-bill.md.
"""

from enum import StrEnum
from typing import Literal
from uuid import UUID

from pydantic import Field

from models.base import Body, Contract, Flag, UtcDatetime
from models.ids import RetentionId, UserId
from models.users import CurrentPassword

MIN_AUDIT_DAYS = 90
"""An audit log that is shorter couldn't show what happened before a problem was noticed."""


class RetentionKind(StrEnum):
    """A kind of content."""

    TASKS = "tasks"
    COMPLETIONS = "completions"
    CHAT_SESSIONS = "chat_sessions"
    AI_CALLS = "ai_calls"
    FILES = "files"
    AUDIT_LOG = "audit_log"
    NOTIFICATIONS = "notifications"
    SYSTEM_LOG = "system_log"
    CUSTOM_METRICS = "custom_metrics"
    RUNS = "runs"
    """Runs of all kinds; only on request."""
    ACCOUNT_DATA = "account_data"
    """An account's agents, schedules, tools, notifications and metrics; only on request."""


class RetentionStatus(StrEnum):
    """The state of a retention run. `waiting`: it waits until cancelled runs have ended."""

    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"


OPEN_RETENTION = frozenset({RetentionStatus.RUNNING, RetentionStatus.WAITING})


class RetentionInput(Contract):
    """The argument of a retention workflow. None: the schedule has started it, and it creates its own row."""

    retention_id: RetentionId | None = None


class RetentionProgress(Contract):
    """How far a step has come: `more` content is left, it is `waiting` for runs to end, or everything is `done`."""

    state: Literal["more", "waiting", "done"]


class RetentionRequest(Body):
    """A request to delete content now."""

    dry_run: Flag = Field(default=False, description="`true` to delete nothing and return what would be deleted")
    user_id: UUID | None = Field(
        default=None,
        description="ID of a user. All of the user's content is deleted, whatever its age. The account is kept."
        " `null`: the content of all users that is older than the settings permit.",
    )


class EraseRequest(Body):
    """A request to delete all of the caller's content."""

    current_password: CurrentPassword = Field(description="Your password")
    delete_account: Flag = Field(
        default=False, description="`true` to delete your account too. You can no longer sign in after that."
    )


class RetentionRule(Contract):
    """How long a kind of content is kept."""

    kind: RetentionKind
    days: int = Field(description="Days that content is kept. `0`: until it is deleted on request.")
    setting: str = Field(description="Name of the setting")
    continuous: bool = Field(
        description="`true` if workers delete old content all the time, and not in the daily retention runs"
    )


class RetentionView(Contract):
    """A retention run: what it deletes, and how far it has come."""

    id: RetentionId | None = Field(description="ID of the retention run. `null` for a dry run.")
    status: RetentionStatus
    dry_run: bool = Field(
        default=False, description="`true` if nothing was deleted. `deleted` then shows what would be."
    )
    user_id: UserId | None = Field(
        description="ID of the user whose content is deleted. `null`: content of all users, by age."
    )
    requested_by: UserId | None = Field(description="ID of the user who requested it. `null` for a daily run.")
    days: dict[str, int] = Field(description="Days that content was to be kept, by kind. Empty if a user is named.")
    deleted: dict[str, int] = Field(description="Number of items whose content was deleted, by kind")
    bytes_freed: int = Field(
        description="Size of the deleted messages, events and files. PostgreSQL reuses the space; it doesn't return it"
        " to the disk at once."
    )
    created_at: UtcDatetime
    updated_at: UtcDatetime = Field(description="Time of the latest progress")
    ended_at: UtcDatetime | None


class RetentionPage(Contract):
    """The rules, and a page of retention runs, newest first."""

    rules: tuple[RetentionRule, ...]
    hour: int = Field(description="Hour of the day, in UTC, at which the daily run starts")
    items: tuple[RetentionView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")


class HoldView(Contract):
    """A hold: retention deletes nothing of the object with this ID."""

    id: str = Field(description="ID of the task, chat session, completion, AI call or file")
    placed_by: UserId = Field(description="ID of the user who placed the hold")
    created_at: UtcDatetime


class HoldPage(Contract):
    """A page of holds, newest first."""

    items: tuple[HoldView, ...]
    next_cursor: str | None = Field(default=None, description="Cursor of the next page. `null` on the last page.")
