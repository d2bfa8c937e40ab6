"""The period of a query of figures, and whose figures are shown."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.ledger.analytics.window import SLOT, Window
from chimera.store.analytics import owner_shown
from models.analytics import DEFAULT_DAYS, MAX_DAYS, Period
from models.base import USER_OR_ALL
from models.due_times import check_time_zone
from models.errors import InvalidInput
from models.users import Caller

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PeriodQuery:
    """The parameters that all queries of figures have."""

    since: Annotated[
        datetime | None,
        Query(
            description="Beginning of the period, with a time zone, rounded down to a quarter of an hour."
            f" Default: {DEFAULT_DAYS} days before `until`"
        ),
    ] = None
    until: Annotated[
        datetime | None,
        Query(description="End of the period, with a time zone, rounded up to a quarter of an hour. Default: now"),
    ] = None
    time_zone: Annotated[
        str, Query(max_length=60, description="IANA name of the time zone of dates, for example `Europe/Berlin`")
    ] = "UTC"
    user_id: Annotated[
        str | None,
        Query(
            pattern=USER_OR_ALL,
            description="ID of the user whose figures are shown, or `all`. Only administrators can see the figures of"
            " others. Default: yours",
        ),
    ] = None

    def period(self) -> Period:
        """Return the period in whole slots. Raises InvalidInput if it is empty, too long, or has no time zone."""
        check_time_zone(self.time_zone)
        until = _slot_from(_aware("until", self.until) if self.until else datetime.now(UTC))
        since = _slot_of(_aware("since", self.since) if self.since else until - timedelta(days=DEFAULT_DAYS))
        if since >= until:
            raise InvalidInput("since", "`since` must be before `until`. Choose an earlier time.")
        if until - since > timedelta(days=MAX_DAYS):
            raise InvalidInput("since", f"A period can have at most {MAX_DAYS} days. Choose a later `since`.")
        return Period(since=since, until=until, time_zone=self.time_zone)

    def whole_days(self) -> Period:
        """Return the period, extended to whole days of its time zone."""
        period, zone = self.period(), ZoneInfo(self.time_zone)
        return Period(since=_midnight(period.since, zone), until=_midnight_from(period.until, zone), time_zone=zone.key)

    async def window(self, session: AsyncSession, caller: Caller, period: Period) -> Window:
        """Return the window for a period. Raises Forbidden and NotFound as `owner_shown` does."""
        return Window(await owner_shown(session, caller, self.user_id), period.since, period.until)


def today(time_zone: str) -> Period:
    """Return the current day of a time zone, up to now, in whole slots. Raises InvalidInput for an unknown zone."""
    check_time_zone(time_zone)
    now = datetime.now(UTC)
    return Period(since=_midnight(now, ZoneInfo(time_zone)), until=_slot_from(now), time_zone=time_zone)


def _aware(field: str, time: datetime) -> datetime:
    if time.tzinfo is None:
        raise InvalidInput(field, f"The time {time.isoformat()!r} has no time zone. Add one, for example Z for UTC.")
    if not _EPOCH <= time <= _LATEST:
        raise InvalidInput(field, f"The time {time.isoformat()!r} is out of range. Use a year from 2000 to 2199.")
    return time.astimezone(UTC)


def _slot_of(time: datetime) -> datetime:
    return time - (time - _EPOCH) % SLOT


def _slot_from(time: datetime) -> datetime:
    slot = _slot_of(time)
    return slot if slot == time else slot + SLOT


def _midnight(time: datetime, zone: ZoneInfo) -> datetime:
    return time.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


def _midnight_from(time: datetime, zone: ZoneInfo) -> datetime:
    begun = _midnight(time, zone)
    return begun if begun == time else _midnight(begun + timedelta(hours=36), zone)
