"""Schedules: a task that recurs, on a Temporal Schedule."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from models.base import Body, Contract, Flag, UtcDatetime, Whole
from models.cron import parse
from models.ids import ScheduleId, TaskId, UserId
from models.pages import Page
from models.tasks import TaskSpec

FIRST_YEAR, LAST_YEAR = 1970, 2100
"""The years that previews cover: earlier clock changes followed other rules, and later ones are unknown."""


class Overlap(StrEnum):
    """What happens when a run is due while the previous one is still in progress. The names are Temporal's."""

    SKIP = "skip"
    BUFFER_ONE = "buffer_one"
    ALLOW_ALL = "allow_all"
    CANCEL_OTHER = "cancel_other"


class BackfillOverlap(StrEnum):
    """How a backfill's runs may overlap. Each run starts a task."""

    BUFFER_ALL = "buffer_all"
    ALLOW_ALL = "allow_all"


def _known(cron: str) -> str:
    parse(cron)
    return cron


class Timing(Body):
    """The timing of a schedule: exactly one of `cron` and `interval_s`."""

    cron: Annotated[str, AfterValidator(_known)] | None = Field(
        default=None,
        max_length=120,
        description="Cron expression with five fields: minute, hour, day of the month, month, and day of the week",
    )
    interval_s: Whole | None = Field(default=None, ge=10, le=366 * 86_400, description="Seconds between runs")
    time_zone: str = Field(default="UTC", max_length=60)

    @model_validator(mode="after")
    def _has_one_timing(self) -> Self:
        if (self.cron is None) == (self.interval_s is None):
            raise ValueError("Set either cron or interval_s, but not both.")
        return self

    @property
    def interval(self) -> timedelta | None:
        return None if self.interval_s is None else timedelta(seconds=self.interval_s)


class ScheduleSpec(Timing):
    """A recurring task."""

    name: str = Field(min_length=1, max_length=120)
    task: TaskSpec
    overlap: Overlap = Overlap.SKIP
    paused: Flag = False


def _moment(sent: object) -> datetime:
    try:
        moment = datetime.fromisoformat(sent) if isinstance(sent, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise ValueError("Specify a time with its UTC offset, as in 2026-11-01T07:00:00Z.")
    return moment


Moment = Annotated[datetime, BeforeValidator(_moment)]


def _foreseeable(after: datetime) -> datetime:
    # Check the year as written: the first and the last possible times can't be converted to another time zone.
    if not FIRST_YEAR <= after.year < LAST_YEAR:
        raise ValueError(f"Use a year from {FIRST_YEAR} to {LAST_YEAR - 1}.")
    return after


class PreviewSpec(Timing):
    """A schedule to preview. Everything except its timing is optional."""

    after: Annotated[Moment, AfterValidator(_foreseeable)] | None = Field(
        default=None, description="Show runs after this time. Default: now."
    )
    name: str | None = Field(default=None, min_length=1, max_length=120)
    task: TaskSpec | None = None
    overlap: Overlap = Overlap.SKIP
    paused: Flag = False


class BackfillSpec(Body):
    """A request for the missed runs from `start` to `end`, inclusive."""

    start: Moment
    end: Moment
    overlap: BackfillOverlap = BackfillOverlap.BUFFER_ALL


class ScheduledRunInput(Contract):
    """The argument of ScheduledTaskWorkflow."""

    schedule_id: ScheduleId
    owner_id: UserId
    priority: int = 3
    calendar: str = ""
    """Identifies the calendar that was sent to Temporal. A run that finds it outdated has it renewed."""


class ScheduledRunResult(Contract):
    task_id: TaskId | None = None
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
    note: str | None = Field(
        default=None, description="Why the schedule isn't starting runs, or why its last run was skipped"
    )
    next_runs: tuple[UtcDatetime, ...]
    created_at: UtcDatetime


class PreviewView(Contract):
    time_zone: str
    next_runs: tuple[UtcDatetime, ...]


class BackfillView(Contract):
    """The times of the backfill's runs. A time that already has a task doesn't start a second one."""

    runs: tuple[UtcDatetime, ...]


class SchedulePage(Page):
    """A page of schedules, newest first."""

    items: tuple[ScheduleView, ...]
