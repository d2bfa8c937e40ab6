"""Schedules: a task that recurs, on a Temporal Schedule."""

from datetime import timedelta
from enum import StrEnum

from pydantic import Field, model_validator

from models.base import Body, Contract, Flag, UtcDatetime, Whole
from models.ids import ScheduleId, TaskId, UserId
from models.tasks import TaskSpec


class Overlap(StrEnum):
    """What happens when a run is due while the one before still runs (Temporal's names)."""

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    ALLOW_ALL = "allow_all"
    CANCEL_OTHER = "cancel_other"


class ScheduleSpec(Body):
    """A recurring task: exactly one of `cron` and `interval_s`."""

    name: str = Field(min_length=1, max_length=120)
    task: TaskSpec
    cron: str | None = Field(default=None, max_length=120, description="Five fields as in cron, or @daily, …")
    interval_s: Whole | None = Field(default=None, ge=10, le=366 * 86_400, description="Seconds between runs")
    time_zone: str = Field(default="UTC", max_length=60)
    overlap: Overlap = Overlap.SKIP
    paused: Flag = False

    @model_validator(mode="after")
    def _has_one_rhythm(self) -> "ScheduleSpec":
        if (self.cron is None) == (self.interval_s is None):
            raise ValueError("Set exactly one of cron and interval_s.")
        return self

    @property
    def interval(self) -> timedelta | None:
        return None if self.interval_s is None else timedelta(seconds=self.interval_s)


class ScheduledRunInput(Contract):
    """The argument of ScheduledTaskWorkflow."""

    schedule_id: ScheduleId
    owner_id: UserId
    priority: int = 3


class ScheduledRunResult(Contract):
    task_id: TaskId
    status: str


class ScheduleView(Contract):
    id: ScheduleId
    name: str
    task: TaskSpec
    cron: str | None
    interval_s: int | None
    time_zone: str
    overlap: Overlap
    paused: bool
    next_runs: tuple[UtcDatetime, ...]
    created_at: UtcDatetime
