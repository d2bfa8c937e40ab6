"""Due times of schedules around clock changes, in UTC, so that the time zone's data doesn't help the test."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from models.due_times import backfilled, next_times, times_between
from models.errors import InvalidInput
from models.schedules import BackfillSpec, Timing

NOW = datetime(2026, 11, 29, 15, 7, 30, tzinfo=UTC)


def _on(cron: str, zone: str, start: str, end: str) -> list[str]:
    """Return the due times between `start` and `end`, all in UTC, as month-day and time."""
    timing = Timing(cron=cron, time_zone=zone)
    first, last = (datetime.fromisoformat(when).replace(tzinfo=UTC) for when in (start, end))
    return [f"{due:%m-%d %H:%M}" for due in times_between(timing, first, last, most=1000)]


def _backfill(start: datetime, end: datetime) -> BackfillSpec:
    return BackfillSpec.model_validate({"start": start.isoformat(), "end": end.isoformat()})


@pytest.mark.parametrize(
    ("cron", "zone", "start", "end", "due"),
    [
        # 02:00 becomes 03:00.
        ("30 2 * * *", "Europe/Berlin", "2027-03-27", "2027-03-30", ["03-27 01:30", "03-28 01:00", "03-29 00:30"]),
        # 00:00 becomes 01:00.
        ("15 0 * * *", "America/Santiago", "2027-09-04", "2027-09-07", ["09-04 04:15", "09-05 04:00", "09-06 03:15"]),
        # Half an hour is skipped.
        ("10 2 * * *", "Australia/Lord_Howe", "2027-10-01T16:00", "2027-10-03T16:00", ["10-02 15:30", "10-03 15:10"]),
    ],
)
def test_a_skipped_clock_time_moves_after_the_gap(cron: str, zone: str, start: str, end: str, due: list[str]) -> None:
    assert _on(cron, zone, start, end) == due


def test_several_times_in_one_gap_are_one_run() -> None:
    due = _on("*/20 2-3 * * *", "Europe/Berlin", "2027-03-28", "2027-03-28T12:00")
    assert due == ["03-28 01:00", "03-28 01:20", "03-28 01:40"]


@pytest.mark.parametrize(
    ("cron", "zone", "start", "end", "due"),
    [
        ("30 1 * * *", "America/New_York", "2027-11-06", "2027-11-09", ["11-06 05:30", "11-07 05:30", "11-08 06:30"]),
        ("30 2 * * *", "Europe/Berlin", "2027-10-30", "2027-11-01", ["10-30 00:30", "10-31 00:30"]),
        ("30 23 * * 6", "America/Santiago", "2027-04-03", "2027-04-05", ["04-04 02:30"]),
    ],
)
def test_a_time_that_is_shown_twice_comes_once(cron: str, zone: str, start: str, end: str, due: list[str]) -> None:
    assert _on(cron, zone, start, end) == due


@pytest.mark.parametrize(
    ("cron", "minutes"), [("30 * * * *", 60), ("*/15 * * * *", 15), ("*/15 * * * 0", 15), ("* * * * *", 1)]
)
@pytest.mark.parametrize(
    ("zone", "change"),
    [
        ("Europe/Berlin", "2027-03-28T01:00"),
        ("Europe/Berlin", "2027-10-31T01:00"),
        ("America/New_York", "2027-03-14T07:00"),
        ("America/New_York", "2027-11-07T06:00"),
    ],
)
def test_an_hourly_schedule_keeps_each_real_hour(cron: str, minutes: int, zone: str, change: str) -> None:
    around = datetime.fromisoformat(change).replace(tzinfo=UTC)
    times = times_between(
        Timing(cron=cron, time_zone=zone), around - timedelta(hours=1), around + timedelta(hours=4), 500
    )
    steps = {later - earlier for earlier, later in pairwise(times)}
    assert steps == {timedelta(minutes=minutes)}
    assert len(times) >= 5 * 60 // minutes


def test_either_day_and_leap_days_are_due() -> None:
    either = _on("0 9 13 * 5", "UTC", "2027-08-01", "2027-08-31")
    assert [due[:5] for due in either] == ["08-06", "08-13", "08-20", "08-27"]
    leap = next_times(Timing(cron="0 0 29 2 *"), NOW, 2)
    assert [due.date().isoformat() for due in leap] == ["2028-02-29", "2032-02-29"]


def test_an_interval_counts_from_the_epoch() -> None:
    due = next_times(Timing(interval_s=3600), NOW, 2)
    assert due == [datetime(2026, 11, 29, 16, tzinfo=UTC), datetime(2026, 11, 29, 17, tzinfo=UTC)]
    assert next_times(Timing(interval_s=10), due[0], 1) == [due[0] + timedelta(seconds=10)]


@pytest.mark.parametrize(
    ("span", "field", "expected"),
    [
        ({"end": NOW + timedelta(seconds=1)}, "end", "in the future"),
        ({"start": NOW, "end": NOW - timedelta(hours=1)}, "start", "later than the end"),
        ({"start": NOW - timedelta(days=367)}, "start", "366 days ago"),
        ({"start": datetime.min.replace(tzinfo=UTC)}, "start", "366 days ago"),
        ({"start": NOW - timedelta(minutes=7)}, "end", "No runs are due"),
        ({"start": NOW - timedelta(hours=101)}, "end", "101 runs are due"),
    ],
)
def test_a_backfill_out_of_bounds_is_refused(span: dict[str, Any], field: str, expected: str) -> None:
    backfill = _backfill(**{"start": NOW - timedelta(hours=2), "end": NOW} | span)
    with pytest.raises(InvalidInput, match=expected) as refused:
        backfilled(Timing(cron="0 * * * *"), backfill, NOW)
    assert refused.value.field == field


def test_a_very_large_backfill_is_counted_so_far() -> None:
    backfill = _backfill(start=NOW - timedelta(days=300), end=NOW)
    for timing in (Timing(interval_s=10), Timing(cron="* * * * *")):
        with pytest.raises(InvalidInput, match="More than 10,000 runs"):
            backfilled(timing, backfill, NOW)


def test_a_backfill_has_both_ends() -> None:
    backfill = _backfill(start=datetime(2026, 11, 29, 13, tzinfo=UTC), end=datetime(2026, 11, 29, 15, tzinfo=UTC))
    assert [due.hour for due in backfilled(Timing(cron="0 * * * *"), backfill, NOW)] == [13, 14, 15]
