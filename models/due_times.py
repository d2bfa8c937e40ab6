"""Computes when a schedule is due, for previews, for backfills and for Temporal's calendars.

A cron expression refers to the clock of its time zone. When that clock changes, a skipped time is due at the first
instant after the gap, and a repeated time is due only the first time. An expression for every hour is due whenever the
clock shows one of its times, so it continues hour by hour through the change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, available_timezones

from models.cron import Cron, parse
from models.errors import InvalidInput
from models.schedules import BackfillSpec, Timing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

MOST_BACKFILLED = 100
MOST_COUNTED = 10_000
BACKFILL_REACH = timedelta(days=366)

LONGEST_OFFSET = timedelta(hours=15)
"""No time zone's offset from UTC is larger than this."""


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A change of a time zone's offset."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def window(self) -> tuple[datetime, datetime]:
        """The skipped or repeated local times: from the first (inclusive) to the second (exclusive), without a time
        zone.
        """
        at = self.at.replace(tzinfo=None)
        return at + min(self.before, self.after), at + max(self.before, self.after)


def check_time_zone(name: str) -> None:
    """Raise InvalidInput if this machine doesn't know a time zone with this name."""
    if name in _time_zones():
        return
    meant = get_close_matches(name, _time_zones(), n=1)
    advice = f"Did you mean {meant[0]!r}?" if meant else "Use a name such as UTC or Europe/Berlin."
    raise InvalidInput("time_zone", f"Unknown time zone {name!r}. {advice}")


@lru_cache
def _time_zones() -> frozenset[str]:
    # The list contains these two names, but they don't mean the same on every machine.
    return frozenset(available_timezones() - {"Factory", "localtime"})


def next_times(timing: Timing, after: datetime, count: int = 10) -> list[datetime]:
    """Return the next times in UTC, each later than `after`."""
    return list(islice(due_times(timing, after), count))


def times_between(timing: Timing, start: datetime, end: datetime, most: int) -> list[datetime]:
    """Return the first `most` times from `start` to `end`, inclusive."""
    begun = due_times(timing, start.astimezone(UTC) - timedelta(microseconds=1))
    return list(islice(takewhile(lambda due: due <= end, begun), most))


def backfilled(timing: Timing, backfill: BackfillSpec, now: datetime) -> list[datetime]:
    """Return the times for which a backfill starts runs. Raises InvalidInput, naming the field, if it can't."""
    start, end = backfill.start, backfill.end
    if end > now:
        raise InvalidInput("end", f"{end.isoformat()} is in the future. Use a time in the past.")
    if start > end:
        raise InvalidInput("start", "The start is later than the end. Use an earlier start.")
    if now - start > BACKFILL_REACH:
        raise InvalidInput("start", f"A backfill can start at most {BACKFILL_REACH.days} days ago. Use a later start.")
    due = times_between(timing, start, end, MOST_COUNTED + 1)
    if not due:
        raise InvalidInput("end", "No runs are due between start and end. Use a longer time range.")
    if len(due) > MOST_BACKFILLED:
        count = f"{len(due):,}" if len(due) <= MOST_COUNTED else f"More than {MOST_COUNTED:,}"
        raise InvalidInput(
            "end",
            f"{count} runs are due between start and end, but a backfill creates at most {MOST_BACKFILLED}. Use a"
            " shorter time range.",
        )
    return due


def due_times(timing: Timing, after: datetime) -> Iterator[datetime]:
    """Yield every time in UTC that is later than `after`, in order."""
    if timing.cron is not None:
        yield from _cron_times(parse(timing.cron), ZoneInfo(timing.time_zone), after.astimezone(UTC))
        return
    # Temporal counts intervals from the epoch.
    every = timing.interval or DAY
    due = EPOCH + ((after - EPOCH) // every + 1) * every
    while True:
        yield due
        due += every


def times_on(cron: Cron, zone: ZoneInfo, day: date) -> set[datetime]:
    """Return the expression's times on a local date, in UTC, whether the expression matches the date or not."""
    midnight = datetime.combine(day, time())
    walls = [midnight + timedelta(hours=hour, minutes=minute) for hour in cron.hours for minute in cron.minutes]
    return {due for wall in walls for due in instants_of(cron, zone, wall)}


def instants_of(cron: Cron, zone: ZoneInfo, wall: datetime) -> tuple[datetime, ...]:
    """Return the times in UTC at which a local time is due: none, one or two."""
    first = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    second = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    if first == second:
        return (first,)
    if first < second:
        return (first, second) if cron.every_hour else (first,)
    if cron.every_hour and not (first - second) % HOUR:
        return ()
    return (_change_within(zone, second, first),)


@lru_cache(maxsize=256)
def clock_changes(zone: ZoneInfo, first_year: int, last_year: int) -> tuple[ClockChange, ...]:
    """Return the zone's clock changes from the beginning of `first_year` to the end of `last_year`."""
    changes = []
    at, end = datetime(first_year, 1, 1, tzinfo=UTC), datetime(last_year + 1, 1, 1, tzinfo=UTC)
    while at < end:
        before, after = _offset(zone, at), _offset(zone, at + DAY)
        if before != after:
            changes.append(ClockChange(_change_within(zone, at, at + DAY), before, after))
        at += DAY
    return tuple(changes)


def _cron_times(cron: Cron, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    day = after.date() - 2 * DAY
    waiting: set[datetime] = set()
    while True:
        if cron.falls_on(day):
            waiting |= times_on(cron, zone, day)
        day += DAY
        # A gap can move a time to the next date, so only times that no later date can precede are certain.
        certain = datetime.combine(day, time(), UTC) - LONGEST_OFFSET
        for due in sorted(due for due in waiting if due < certain):
            waiting.discard(due)
            if due > after:
                yield due


def _change_within(zone: ZoneInfo, start: datetime, end: datetime) -> datetime:
    """Return the first instant that has the same offset as `end`. The offset at `start` must be different."""
    offset = _offset(zone, end)
    low, high = start, end
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (low, middle) if _offset(zone, middle) == offset else (middle, high)
    return high


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta()
