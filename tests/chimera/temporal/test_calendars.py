"""Our calendars as the real Temporal interprets them: a whole year of times, compared with our own computation."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.api.workflowservice.v1 import ListScheduleMatchingTimesRequest
from temporalio.client import Client, Schedule, ScheduleActionStartWorkflow, ScheduleState

from chimera.config.settings import Settings
from chimera.temporal.calendars import fingerprint_of, spec_of
from chimera.temporal.client import Temporal
from models.due_times import clock_changes, times_between
from models.schedules import Timing

NOW = datetime(2026, 11, 29, 15, tzinfo=UTC)
START, END = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
MOST_LISTED = 1000
"""The number of times that Temporal lists at once."""

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # one change skips midnight, and the other repeats the hour before it
    "America/Havana",  # a change skips midnight
    "Africa/Casablanca",  # two changes a year, on different dates each year
    "Africa/Cairo",
    "Antarctica/Troll",  # changes by two hours
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Chatham",  # 45 minutes off the full hour
    "Asia/Kolkata",
    "UTC",
)
UNCHANGED = ("Asia/Kolkata", "UTC")
EXPRESSIONS = (
    "30 2 * * *",
    "15 0 * * *",
    "30 1 * * *",
    "30 23 * * 6",
    "0 7 * * 1-5",
    "0 7 * * 0",
    "0 9 13 * 5",
    "45 2 28-3 * SAT-MON",
    "*/20 1-3 * 3,4,9-11 0",
    "42 */2 4,15,23 3,10 2-3",
    "0 0 29 2 *",
)


@pytest.fixture
async def client(settings: Settings) -> Client:
    return await Temporal(settings).client()


async def _listed(client: Client, timing: Timing, start: datetime, end: datetime) -> list[datetime]:
    """Return the times that Temporal's scheduler finds."""
    action = ScheduleActionStartWorkflow("Nothing", id=f"nothing-{uuid4()}", task_queue="nothing")
    schedule = Schedule(action=action, spec=spec_of(timing, NOW), state=ScheduleState(paused=True))
    handle = await client.create_schedule(f"calendar-{uuid4()}", schedule)
    try:
        request = ListScheduleMatchingTimesRequest(
            namespace=client.namespace,
            schedule_id=handle.id,
            start_time=_stamp(start - timedelta(seconds=1)),
            end_time=_stamp(end),
        )
        answer = await client.workflow_service.list_schedule_matching_times(request)
        return [each.ToDatetime(tzinfo=UTC) for each in answer.start_time]
    finally:
        await handle.delete()


def _stamp(at: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(at)
    return stamp


@pytest.mark.parametrize("zone", ZONES)
async def test_a_year_of_ours_is_a_year_of_temporals(client: Client, zone: str) -> None:
    for cron in EXPRESSIONS:
        timing = Timing(cron=cron, time_zone=zone)
        ours = times_between(timing, START, END, most=MOST_LISTED)
        assert await _listed(client, timing, START, END) == ours, cron


@pytest.mark.parametrize("cron", ["*/15 * * * *", "30 * * * *", "*/15 * * * 0", "*/15 * * 3,10 6", "* 1-3 * * *"])
@pytest.mark.parametrize("zone", [zone for zone in ZONES if zone not in UNCHANGED])
async def test_frequent_times_agree_around_each_change(client: Client, cron: str, zone: str) -> None:
    timing = Timing(cron=cron, time_zone=zone)
    changes = clock_changes(ZoneInfo(zone), 2027, 2027)
    assert len(changes) == 2
    for change in changes:
        start, end = change.at - timedelta(days=2), change.at + timedelta(days=2)
        ours = times_between(timing, start, end, most=MOST_LISTED)
        assert await _listed(client, timing, start, end) == ours, f"{start:%m-%d}"


async def test_an_interval_agrees(client: Client) -> None:
    for seconds in (86_400, 100_001, 366 * 86_400):
        timing = Timing(interval_s=seconds)
        assert await _listed(client, timing, START, END) == times_between(timing, START, END, most=MOST_LISTED)


def test_times_that_no_change_touches_have_one_plain_calendar() -> None:
    for cron in ("0 7 * * *", "*/15 * * * *", "0 12 * * 1-5"):
        spec = spec_of(Timing(cron=cron, time_zone="Europe/Berlin"), NOW)
        assert (len(spec.calendars), len(spec.intervals), spec.calendars[0].year) == (1, 0, [])


def test_a_calendars_fingerprint_depends_on_its_contents() -> None:
    timing = Timing(cron="30 2 * * *", time_zone="Europe/Berlin")
    a_year_later = NOW.replace(year=2027)
    assert fingerprint_of(spec_of(timing, NOW)) == fingerprint_of(spec_of(timing, NOW + timedelta(days=9)))
    assert fingerprint_of(spec_of(timing, NOW)) != fingerprint_of(spec_of(timing, a_year_later))
    plain = Timing(cron="0 7 * * *", time_zone="Europe/Berlin")
    assert fingerprint_of(spec_of(plain, NOW)) == fingerprint_of(spec_of(plain, a_year_later))
