"""The information that IDs contain about the things they name."""

from datetime import UTC, datetime

import pytest

from models.ids import ScheduleId, due_at_of, schedule_workflow_id

RUN = schedule_workflow_id(ScheduleId("6c1f0b1e-0000-4000-8000-000000000001"))


@pytest.mark.parametrize(
    ("run_id", "due_at"),
    [
        (f"{RUN}-2026-11-01T05:30:00Z", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
        (f"{RUN}-2026-11-01T05:30:00.25Z", datetime(2026, 11, 1, 5, 30, 0, 250_000, tzinfo=UTC)),
        (RUN, None),
        (f"{RUN}-2026-11-01", None),
        ("another", None),
        (None, None),
    ],
)
def test_a_scheduled_run_names_its_due_time(run_id: str | None, due_at: datetime | None) -> None:
    assert due_at_of(run_id) == due_at
