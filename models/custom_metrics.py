"""Custom metrics: values that users, their programs and their agents record."""

import re
from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from models.base import METRIC_NAME, Body, Contract, Number, UtcDatetime
from models.ids import UserId

LABEL_NAME = r"^[a-z][a-z0-9_]{0,39}$"
MAX_LABELS = 10
MAX_VALUE_CHARS = 100
MAX_LABELS_CHARS = 500
"""Maximum number of characters of all labels of a value. In UTF-8, they have to fit into an index entry (2,704 bytes).
"""
MAX_POINTS = 100
"""Maximum number of values in a request."""
MAX_SERIES = 500
"""Maximum number of combinations of names and labels per user."""
MAX_VALUE = 1e100
"""Sums and means of larger values overflow in PostgreSQL."""
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Earliest time of a value. A period can't begin before it, either."""

MetricName = Annotated[str, StringConstraints(pattern=METRIC_NAME)]


class MetricRecord(Body):
    """A value of a metric."""

    name: MetricName = Field(
        description="Name of the metric: lower-case letters, digits, `_` and `.`, at most 80 characters",
        examples=["reviews.score"],
    )
    value: Number = Field(
        ge=-MAX_VALUE, le=MAX_VALUE, allow_inf_nan=False, description=f"The value, from -{MAX_VALUE:g} to {MAX_VALUE:g}"
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        max_length=MAX_LABELS,
        description=f"At most {MAX_LABELS} labels, for example `agent`, with at most {MAX_VALUE_CHARS} characters each",
    )
    at: UtcDatetime | None = Field(
        default=None,
        description="Time of the value, with a time zone, from the year 2000 to a day from now. Default: now",
    )

    @model_validator(mode="after")
    def _has_short_labels(self) -> Self:
        for name, value in self.labels.items():
            if not re.fullmatch(LABEL_NAME, name):
                raise ValueError(f"The label {name[:60]!r} must consist of lower-case letters, digits and underscores.")
            if len(value) > MAX_VALUE_CHARS:
                raise ValueError(f"The value of the label {name!r} can have at most {MAX_VALUE_CHARS} characters.")
        if sum(len(name) + len(value) for name, value in self.labels.items()) > MAX_LABELS_CHARS:
            raise ValueError(f"The labels together can have at most {MAX_LABELS_CHARS} characters. Shorten them.")
        if self.at is not None and self.at.tzinfo is None:
            raise ValueError("The time has no time zone. Add one, for example Z for UTC.")
        if self.at is not None and self.at < EARLIEST:
            raise ValueError(f"The time is before the year {EARLIEST.year}. Use a later time.")
        return self


class MetricRecords(Body):
    """Values to record."""

    metrics: tuple[MetricRecord, ...] = Field(
        min_length=1, max_length=MAX_POINTS, description=f"From 1 to {MAX_POINTS} values"
    )


class MetricsRecorded(Contract):
    recorded: int = Field(description="Number of values that were stored")


class MetricFigures(Contract):
    """The values of a metric with particular labels in a period."""

    user_id: UserId = Field(description="ID of the user whose values these are")
    name: str = Field(description="Name of the metric")
    labels: dict[str, str] = Field(description="Labels of the metric")
    count: int = Field(description="Number of values in the period")
    sum: float | None = Field(description="Their sum; `null` without values")
    minimum: float | None = Field(description="The smallest value")
    maximum: float | None = Field(description="The largest value")
    mean: float | None = Field(description="Their mean")
    last: float | None = Field(description="The latest value")


class MetricPage(Contract):
    """Custom metrics, in the order in which they were first recorded."""

    items: tuple[MetricFigures, ...] = Field(description="Rows of this page")
    next_cursor: str | None = Field(
        default=None, description="Pass it as `cursor` to get the next page; `null` on the last page"
    )
