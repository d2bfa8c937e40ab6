"""Schedules: cron expressions with five POSIX fields, a minimum interval, and one run at each clock change."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from benchmarks.cases.case import Case, Due, Refused, Scheduled

KIND = "schedules"
EITHER = "https://github.com/josiahcarlson/parse-crontab/issues/49"
SIX = "https://github.com/floraison/fugit/issues/91"
FLOOR = "https://github.com/sipeed/picoclaw/issues/1655"
CLOCKS = "https://github.com/temporalio/temporal/issues/8205"
ZONES = "https://github.com/taskiq-python/taskiq/issues/668"
L_AND_W = "https://github.com/harrisiirak/cron-parser/pull/428"
FRIDAY, SUNDAY = 4, 6


def _due(id: str, what: str, cron: str, days: Callable[[date], bool], at: str, source: str) -> Case:
    return Case(id, KIND, source, f"{cron}: {what}", Scheduled({"cron": cron}), Due(days, at))


def _refused(id: str, what: str, cron: str, source: str, *contains: str, zone: str = "UTC") -> Case:
    return Case(
        id, KIND, source, f"{cron or zone!r}: {what}", Scheduled({"cron": cron, "time_zone": zone}), Refused(contains)
    )


def _change(id: str, zone: str, at: time, *, forward: bool, source: str = CLOCKS) -> Case:
    """Return a case that is due only on the day of the zone's next clock change.

    Its time of day doesn't exist on that day, or occurs twice.
    """
    day = next_change(ZoneInfo(zone), at, forward=forward, after=datetime.now(UTC))
    cron = f"{at.minute} {at.hour} {day.day} {day.month} *"
    what = "skipped by" if forward else "twice in"
    note = "A time that doesn't exist on a day is still due once, as is a time that occurs twice."
    scheduled = Scheduled({"cron": cron, "time_zone": zone})
    return Case(id, KIND, source, f"{cron} in {zone}, a time {what} the change", scheduled, Due(once_on=day), note)


def next_change(zone: ZoneInfo, at: time, *, forward: bool, after: datetime) -> date:
    """Find the next day on which the local time `at` doesn't exist (`forward`) or occurs twice."""
    for ahead in range(1, 800):
        day = after.date() + timedelta(days=ahead)
        early, late = (datetime.combine(day, at, zone).replace(fold=fold).utcoffset() for fold in (0, 1))
        assert early is not None
        assert late is not None
        if early != late and (early < late) is forward:
            return day
    raise ValueError(f"{zone} has no such change at {at}")


CASES = (
    _due(
        "B21.13-or-friday",
        "every 13th and every Friday",
        "0 9 13 * 5",
        lambda day: day.day == 13 or day.weekday() == FRIDAY,
        "09:00",
        EITHER,
    ),
    _due(
        "B21.1-or-monday",
        "every 1st and every Monday",
        "0 9 1 * MON",
        lambda day: day.day == 1 or day.weekday() == 0,
        "09:00",
        EITHER,
    ),
    _due(
        "times.weekday-alone",
        "Fridays",
        "0 9 * * 5",
        lambda day: day.weekday() == FRIDAY,
        "09:00",
        "https://github.com/HangfireIO/Hangfire/issues/979",
    ),
    _due(
        "times.seven",
        "7 is Sunday",
        "0 0 * * 7",
        lambda day: day.weekday() == SUNDAY,
        "00:00",
        "https://github.com/use-agent-os/agent-os/pull/478",
    ),
    _due(
        "times.zero-and-seven",
        "0 and 7 are the same day",
        "0 6 * * 0,7",
        lambda day: day.weekday() == SUNDAY,
        "06:00",
        "https://github.com/use-agent-os/agent-os/pull/478",
    ),
    _due(
        "times.leap",
        "a leap day",
        "0 0 29 2 *",
        lambda day: (day.month, day.day) == (2, 29),
        "00:00",
        "https://github.com/taichino/croniter/issues/122",
    ),
    _refused("B22.daily", "six fields", "0 0 7 * * *", SIX, "five"),
    _refused("B22.half-minute", "six fields", "*/30 * * * * *", SIX, "five"),
    _refused("B24.every", "below the minimum", "@every 1s", FLOOR),
    _refused("B24.seconds", "seven fields, every second", "* * * * * * *", FLOOR, "five"),
    _refused("B24.seven", "seven fields", "*/5 * * * * * *", FLOOR, "five"),
    Case("B24.interval", KIND, FLOOR, "interval_s 9", Scheduled({"interval_s": 9}), Refused(("10",))),
    _change("B25.berlin-spring", "Europe/Berlin", time(2, 30), forward=True),
    _change("B25.santiago-spring", "America/Santiago", time(0, 15), forward=True),
    _change("B25.new-york-autumn", "America/New_York", time(1, 30), forward=False),
    _change("B25.berlin-autumn", "Europe/Berlin", time(2, 30), forward=False),
    _change(
        "times.zurich-spring",
        "Europe/Zurich",
        time(2, 30),
        forward=True,
        source="https://github.com/spring-projects/spring-framework/issues/28245",
    ),
    _change(
        "times.new-york-spring",
        "America/New_York",
        time(2, 30),
        forward=True,
        source="https://github.com/librefang/librefang/issues/3831",
    ),
    _change(
        "times.lord-howe",
        "Australia/Lord_Howe",
        time(2, 15),
        forward=True,
        source="https://github.com/use-agent-os/agent-os/issues/2472",
    ),
    _change(
        "times.sydney-autumn",
        "Australia/Sydney",
        time(2, 30),
        forward=False,
        source="https://github.com/use-agent-os/agent-os/issues/2472",
    ),
    *(
        _refused(f"B52.{n}", "not a zone name", "0 7 * * *", ZONES, "time_zone", zone=zone)
        for n, zone in enumerate(("+02:00", "GMT+2", "", "Local", "../../etc/passwd"))
    ),
    Case(
        "B52.kyiv",
        KIND,
        ZONES,
        "Europe/Kyiv",
        Scheduled({"cron": "0 7 * * *", "time_zone": "Europe/Kyiv"}),
        Due(lambda day: True, "07:00"),
    ),
    _refused("times.last", "L", "0 0 L * *", L_AND_W),
    _refused("times.last-weekday", "5L", "0 0 * * 5L", L_AND_W),
    _refused("times.nearest", "W", "0 0 15W * *", "https://github.com/jmrozanec/cron-utils/issues/670"),
    _refused("times.second-friday", "#", "0 0 * * 5#2", "https://github.com/woocommerce/action-scheduler/pull/782"),
    _refused("times.question", "?", "0 9 ? * 1", "https://github.com/harrisiirak/cron-parser/issues/166"),
    _refused("times.zone-inside", "CRON_TZ=", "CRON_TZ=Europe/Berlin 0 7 * * *", "own"),
    _refused("times.never", "30 February", "0 0 30 2 *", "https://github.com/woocommerce/action-scheduler/pull/782"),
    _refused("times.underscore", "MON_FRI", "0 17 * * MON_FRI", "https://github.com/jmettraux/rufus-scheduler/pull/38"),
    _refused("times.hash", "a trailing comment", "0 7 * * * # mornings", "own"),
)
