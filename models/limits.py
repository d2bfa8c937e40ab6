"""Spending limits: what the runs of a user, or of all users, may cost per day and per calendar month."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from models.base import Body, Contract, UtcDatetime, Whole
from models.remedies import Action, Remedy

MAX_MICRO_USD = 10**15
"""A billion dollars."""


class SpendingLimit(StrEnum):
    """The spending limits, by the settings with their defaults."""

    USER_DAY = "max_cost_day_micro_usd"
    USER_MONTH = "max_cost_month_micro_usd"
    TOTAL_DAY = "max_total_cost_day_micro_usd"
    TOTAL_MONTH = "max_total_cost_month_micro_usd"

    @property
    def scope(self) -> Literal["user", "installation"]:
        return "user" if self in (SpendingLimit.USER_DAY, SpendingLimit.USER_MONTH) else "installation"

    @property
    def period(self) -> Literal["day", "month"]:
        return "day" if self in (SpendingLimit.USER_DAY, SpendingLimit.TOTAL_DAY) else "month"


class UserLimits(Body):
    """A user's own spending limits. They replace the limits in the settings, which apply where a field is `null`."""

    max_cost_day_micro_usd: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_MICRO_USD,
        description="What the user's runs may cost per day, in millionths of a US dollar. `null`: as in the settings.",
    )
    max_cost_month_micro_usd: Whole | None = Field(
        default=None,
        ge=0,
        le=MAX_MICRO_USD,
        description="What the user's runs may cost per calendar month, in millionths of a US dollar. `null`: as in the"
        " settings.",
    )


class SpendingLimitView(Contract):
    """A spending limit, and what counts toward it at the moment. Amounts are in millionths of a US dollar."""

    name: SpendingLimit = Field(description="Name of the limit, as in errors and events")
    scope: Literal["user", "installation"] = Field(description="Whose runs count toward the limit")
    period: Literal["day", "month"]
    limit_micro_usd: int
    spent_micro_usd: int = Field(description="Cost of the calls that started in this period")
    in_doubt_micro_usd: int = Field(
        description="Estimated cost of calls in this period whose outcome is unknown. It counts toward the limit."
    )
    reserved_micro_usd: int = Field(
        description="Highest possible cost of the calls in flight, which counts toward the limit until they end"
    )
    left_micro_usd: int = Field(description="What the next call may cost at most")
    begins_at: UtcDatetime = Field(description="When the period began")
    ends_at: UtcDatetime = Field(description="When the period ends, and runs that wait for this limit continue")


class SpentView(Contract):
    """What a user has spent in a period, with or without a limit. Amounts are in millionths of a US dollar."""

    spent_micro_usd: int = Field(description="Cost of the calls that started in this period")
    in_doubt_micro_usd: int = Field(description="Estimated cost of calls in this period whose outcome is unknown")
    reserved_micro_usd: int = Field(description="Highest possible cost of the calls in flight")
    begins_at: UtcDatetime = Field(description="When the period began")
    ends_at: UtcDatetime = Field(description="When the period ends")


class Holding(StrEnum):
    """What a user may have at the same time, by the settings with the limits."""

    KEPT_BYTES = "max_kept_bytes"
    OPEN_TASKS = "max_open_tasks"
    OPEN_AI_CALLS = "max_open_ai_calls"
    OPEN_REPLIES = "max_open_replies"
    CHAT_SESSIONS = "max_chat_sessions"
    SCHEDULES = "max_schedules"
    AGENTS = "max_agents"
    API_KEYS = "max_api_keys"


class HoldingView(Contract):
    """How much of something a user has, and may have."""

    name: Holding = Field(description="Name of the limit, as in settings. `max_kept_bytes` is in bytes.")
    used: int = Field(
        description="How much the user has. Of files, each counts as at least 64 KiB, as do images to be generated."
    )
    limit: int | None = Field(description="How much the user may have. `null` for no limit.")


class LimitsView(Contract):
    """The spending limits that apply to a user, and how much the user has of what is limited otherwise."""

    time_zone: str = Field(description="Time zone in which days and months begin")
    limits: tuple[SpendingLimitView, ...] = Field(
        description="Limits that are set. The installation's limits are only shown to administrators."
    )
    own: UserLimits = Field(description="Limits that an administrator has set for this user")
    day: SpentView = Field(description="What the user has spent today")
    month: SpentView = Field(description="What the user has spent in this calendar month")
    holdings: tuple[HoldingView, ...] = Field(
        description="How many files, open tasks and other objects the user has, and may have"
    )


def is_spending(limit: str) -> bool:
    """Return whether the name of a limit is that of a spending limit, and not of a run's own budget."""
    return limit in set(SpendingLimit)


def show_limits() -> Remedy:
    """Return the remedy of a run that waits for a spending limit: only administrators can raise it."""
    return Remedy(action=Action.SHOW_LIMITS)
