"""A schedule's timing for Temporal: calendars for most hours, and single instants around clock changes.

Temporal's server leaves out or repeats times around a clock change. Therefore the hours that a clock change touches are
removed from the calendars, and sent to Temporal as the instants that `due_times` finds (docs/decisions/0010).
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby
from zoneinfo import ZoneInfo

from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

from models.cron import Cron, parse
from models.due_times import DAY, EPOCH, HOUR, clock_changes, instants_of
from models.schedules import Timing

YEARS_BACK = 1
"""How far back a backfill may reach, in years."""

YEARS_AHEAD = 5
"""How far ahead clock changes are considered, in years. The first run of each year extends this by a year."""

FORM = 2
"""The version of the form in which schedules are sent to Temporal. A schedule of an earlier version (1 contained its
name) is sent again at its next run."""

_ALL_YEARS = range(2000, 2101)
"""The years that Temporal accepts."""
_ALL_DAYS = range(1, 32)
_ALL_WEEKDAYS = range(7)

Touched = dict[date, set[int]]
"""The hours that a clock change touches, by date."""


def spec_of(timing: Timing, now: datetime) -> ScheduleSpec:
    """Return a schedule's timing as Temporal's spec. It may be cached, so callers must not modify it."""
    if timing.cron is None:
        return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=timing.interval or DAY)])
    return _spec_of_cron(timing.cron, timing.time_zone, now.year)


@lru_cache(maxsize=256)
def _spec_of_cron(text: str, time_zone: str, year: int) -> ScheduleSpec:
    """Return the spec of a cron expression.

    It is cached because every run needs it, and computing it takes a tenth of a second for an expression with many
    minutes in touched hours.
    """
    cron, zone = parse(text), ZoneInfo(time_zone)
    if _is_the_same_in_utc(cron, zone, year):
        zone = ZoneInfo("UTC")
    touched = _touched(cron, zone, year)
    instants = {
        due
        for day, hours in touched.items()
        for hour in hours
        for minute in cron.minutes
        for due in instants_of(cron, zone, datetime.combine(day, time(hour, minute)))
    }
    return ScheduleSpec(
        calendars=list(_calendars(cron, touched)),
        intervals=[_once_at(due) for due in sorted(instants)],
        time_zone_name=zone.key,
    )


def fingerprint_of(spec: ScheduleSpec) -> str:
    """Return a fingerprint of a spec, so that an outdated spec is recognized."""
    return hashlib.sha256(f"{FORM} {spec!r}".encode()).hexdigest()[:16]


def _is_the_same_in_utc(cron: Cron, zone: ZoneInfo, year: int) -> bool:
    """Return whether an expression is for every hour of every day, in a zone whole hours away from UTC."""
    every_day = len(cron.days) == 31 and len(cron.weekdays) == 7 and len(cron.months) == 12
    first = datetime(year - YEARS_BACK, 1, 1, tzinfo=zone).utcoffset() or timedelta()
    offsets = [first, *(change.after for change in clock_changes(zone, year - YEARS_BACK, year + YEARS_AHEAD))]
    return cron.every_hour and every_day and not any(offset % HOUR for offset in offsets)


def _touched(cron: Cron, zone: ZoneInfo, year: int) -> Touched:
    """Find the dates and hours of the expression that are near a clock change."""
    touched: Touched = defaultdict(set)
    for change in clock_changes(zone, year - YEARS_BACK, year + YEARS_AHEAD):
        start, end = change.window
        # Temporal also errs in the hours next to those that are left out or occur twice.
        beside = max(HOUR, end - start)
        hour = (start - beside).replace(minute=0, second=0)
        while hour < end + beside:
            if hour.hour in cron.hours and cron.falls_on(hour.date()):
                touched[hour.date()].add(hour.hour)
            left_out = change.before < change.after and start <= hour < end
            if hour.hour == 0 and left_out and hour.month in cron.months and len(cron.weekdays) < 7:
                # If a date has no midnight, Temporal gives it the weekday of the day before.
                touched.setdefault(hour.date(), set())
            hour += HOUR
    return dict(touched)


def _calendars(cron: Cron, touched: Touched) -> Iterator[ScheduleCalendarSpec]:
    """Yield the expression without the touched hours: for all other years, months, days and hours."""
    years = {day.year for day in touched}
    yield from _either(cron, cron.months, years=set(_ALL_YEARS) - years if years else ())
    for year in sorted(years):
        months = {day.month for day in touched if day.year == year}
        yield from _either(cron, cron.months - months, years={year})
        for month in sorted(months):
            days = {day.day for day in touched if (day.year, day.month) == (year, month)}
            yield from _either(cron, {month}, years={year}, but=days)
    for day, hours in sorted(touched.items()):
        if cron.falls_on(day) and (left := cron.hours - hours):
            yield _calendar(cron, {day.month}, {day.year}, days={day.day}, weekdays=_ALL_WEEKDAYS, hours=left)


def _either(
    cron: Cron, months: Collection[int], years: Collection[int], but: Collection[int] = ()
) -> Iterator[ScheduleCalendarSpec]:
    """Yield one calendar, or two if a date may match either kind of day; times that both match are due once."""
    kinds = [(cron.days, cron.weekdays)]
    if cron.either_day:
        kinds = [(cron.days, frozenset(_ALL_WEEKDAYS)), (frozenset(_ALL_DAYS), cron.weekdays)]
    for days, weekdays in kinds:
        if months and (left := days - set(but)):
            yield _calendar(cron, months, years, days=left, weekdays=weekdays, hours=cron.hours)


def _calendar(
    cron: Cron,
    months: Collection[int],
    years: Collection[int],
    *,
    days: Collection[int],
    weekdays: Collection[int],
    hours: Collection[int],
) -> ScheduleCalendarSpec:
    return ScheduleCalendarSpec(
        minute=_ranges(cron.minutes),
        hour=_ranges(hours),
        day_of_month=_ranges(days),
        month=_ranges(months),
        day_of_week=_ranges(weekdays),
        year=_ranges(years),
    )


def _ranges(values: Collection[int]) -> list[ScheduleRange]:
    """Combine consecutive values into ranges."""
    runs = groupby(enumerate(sorted(values)), lambda pair: pair[1] - pair[0])
    return [ScheduleRange(run[0][1], run[-1][1]) for run in (list(pairs) for _, pairs in runs)]


def _once_at(due: datetime) -> ScheduleIntervalSpec:
    """Return an interval as long as the time from the epoch to `due`: it is due then, and again decades later.

    Temporal counts intervals from the epoch, whatever the time zone is, and has no other way to specify an instant
    whose time of day occurs twice in the zone.
    """
    return ScheduleIntervalSpec(every=due - EPOCH)
