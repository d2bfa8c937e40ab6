"""Spending limits: whether a call fits into what its owner, or all users, may spend per day and per calendar month.

What attempts cost is read from the rollups. What calls in flight have reserved is in the rows of open runs. Calls of
one user that count toward a limit take turns, so that fifty of them at once don't all find the same room. Users without
limits pay nothing for this: `calls.reserve` alone decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chimera.config.settings import Settings
from chimera.db.engine import Connection, one, one_line
from chimera.ledger.accounts import Refusal
from chimera.ledger.calls import Intent
from chimera.ledger.turns import hold_turn
from models.base import usd
from models.ids import UserId
from models.limits import SpendingLimit, SpendingLimitView
from models.runs import OPEN, RunKind

TURN = "spending"
WAITING = (RunKind.TASK, RunKind.REPLY)
"""The kinds of runs that wait for a spending limit. For others, a program waits: they fail."""
TOTAL = tuple(limit for limit in SpendingLimit if limit.scope == "installation")


@dataclass(frozen=True, slots=True)
class SpendingRules:
    """The limits in the settings: for each user without limits of their own, and for all users together."""

    limits: Mapping[SpendingLimit, int | None]
    time_zone: str

    @classmethod
    def of(cls, settings: Settings) -> "SpendingRules":
        return cls({limit: getattr(settings, limit) for limit in SpendingLimit}, settings.limits_time_zone)

    @property
    def always(self) -> bool:
        """Whether there is a limit for every call."""
        return any(limit is not None for limit in self.limits.values())

    def for_user(self, day: int | None, month: int | None) -> dict[SpendingLimit, int]:
        """Return the limits that apply to a user with these own limits."""
        own = {SpendingLimit.USER_DAY: day, SpendingLimit.USER_MONTH: month}
        every = {limit: self.limits[limit] if own.get(limit) is None else own[limit] for limit in SpendingLimit}
        return {limit: most for limit, most in every.items() if most is not None}


@dataclass(frozen=True, slots=True)
class Used:
    """What counts toward a limit."""

    spent: int
    in_doubt: int
    reserved: int
    begins_at: datetime
    ends_at: datetime

    @property
    def total(self) -> int:
        return self.spent + self.in_doubt + self.reserved


_OPEN = ", ".join(f"'{status}'" for status in sorted(OPEN))


def _used(owner: str, of_runs: str) -> str:
    """Return the SQL for what counts toward limits: one statement, so that no call counts twice or not at all."""
    return one_line(f"""
WITH span AS MATERIALIZED (
    SELECT date_trunc('day', clock_timestamp(), %(zone)s::text) AS day,
           date_trunc('month', clock_timestamp(), %(zone)s::text) AS month),
 since AS MATERIALIZED (SELECT CASE WHEN %(months)s::bool THEN month ELSE day END AS at FROM span),
 used AS (
    SELECT u.at, cost_micro_usd AS cost, in_doubt_micro_usd AS doubt FROM usage_rollups u
    WHERE {owner} AND level = 'total' AND u.at >= (SELECT at FROM since)
    UNION ALL
    SELECT c.at, cost_micro_usd, in_doubt_micro_usd FROM usage_changes c
    WHERE {of_runs} AND c.at >= (SELECT at FROM since))
SELECT span.day, date_trunc('day', span.day + interval '36 hours', %(zone)s::text) AS day_ends,
       span.month, date_trunc('month', span.month + interval '40 days', %(zone)s::text) AS month_ends,
       COALESCE((SELECT sum(cost) FROM used WHERE used.at >= span.day), 0)::bigint AS day_spent,
       COALESCE((SELECT sum(doubt) FROM used WHERE used.at >= span.day), 0)::bigint AS day_doubt,
       COALESCE((SELECT sum(cost) FROM used), 0)::bigint AS month_spent,
       COALESCE((SELECT sum(doubt) FROM used), 0)::bigint AS month_doubt,
       COALESCE((SELECT sum(reserved_micro_usd) FROM runs WHERE {of_runs} AND status IN ({_OPEN})), 0)::bigint
           AS reserved
FROM span
""")  # noqa: S608  # only constants go in


_USED_BY_USER = _used("u.owner_id = %(owner_id)s::uuid", "owner_id = %(owner_id)s::uuid")
_USED_BY_ALL = _used("u.owner_id IS NULL", "true")


async def used_of(
    connection: Connection, owner_id: UserId | None, limits: Mapping[SpendingLimit, int], time_zone: str
) -> dict[SpendingLimit, Used]:
    """Return what counts toward each of these limits at the moment, by the database's clock.

    Limits of all users together need no `owner_id`.
    """
    found: dict[SpendingLimit, Used] = {}
    for scope, statement in (("user", _USED_BY_USER), ("installation", _USED_BY_ALL)):
        named = [limit for limit in limits if limit.scope == scope]
        if not named:
            continue
        values = {"zone": time_zone, "months": any(limit.period == "month" for limit in named)}
        if scope == "user":
            values["owner_id"] = owner_id
        row: Any = await one(await connection.execute(statement, values))
        for limit in named:
            day = (row.day_spent, row.day_doubt, row.reserved, row.day, row.day_ends)
            month = (row.month_spent, row.month_doubt, row.reserved, row.month, row.month_ends)
            found[limit] = Used(*(day if limit.period == "day" else month))
    return found


_OWNER = """
SELECT r.owner_id, r.kind, u.max_cost_day_micro_usd AS day, u.max_cost_month_micro_usd AS month
FROM runs r JOIN users u ON u.id = r.owner_id WHERE r.id = %(run_id)s
"""


async def why_refused(connection: Connection, intent: Intent, rules: SpendingRules) -> Refusal | None:
    """Return why a call doesn't fit into the limits that apply to its owner, or None if it fits.

    Until the caller's transaction ends, no other call that counts toward these limits is reserved. To be called before
    the run's row is locked: who waits for a turn holds no lock.
    """
    owner: Any = await one(await connection.execute(_OWNER, {"run_id": intent.request.run_id}))
    limits = rules.for_user(owner.day, owner.month)
    if not limits:
        return None
    owner_id = UserId(str(owner.owner_id))
    await hold_turn(connection, TURN if any(limit in limits for limit in TOTAL) else f"{TURN} {owner_id}")
    used = await used_of(connection, owner_id, limits, rules.time_zone)
    need = intent.reserve_micro_usd
    exceeded = [limit for limit in limits if used[limit].total + need > limits[limit]]
    if not exceeded:
        return None
    # Of several limits, the one that stays exceeded when the calls in flight end, and of those, the one that ends last.
    limit = max(exceeded, key=lambda each: (not _is_held(used[each], need, limits[each]), used[each].ends_at))
    return Refusal(
        stopped=False,
        for_now=_is_held(used[limit], need, limits[limit]),
        limit=limit,
        message=_message(limit, limits[limit], used[limit], need, waits=owner.kind in WAITING),
        needed=used[limit].total + need if limit.scope == "user" else None,
        until=used[limit].ends_at,
        waits=owner.kind in WAITING,
    )


def views_of(limits: Mapping[SpendingLimit, int], used: Mapping[SpendingLimit, Used]) -> tuple[SpendingLimitView, ...]:
    """Return limits as the API shows them."""
    return tuple(
        SpendingLimitView(
            name=limit,
            scope=limit.scope,
            period=limit.period,
            limit_micro_usd=most,
            spent_micro_usd=used[limit].spent,
            in_doubt_micro_usd=used[limit].in_doubt,
            reserved_micro_usd=used[limit].reserved,
            left_micro_usd=max(0, most - used[limit].total),
            begins_at=used[limit].begins_at,
            ends_at=used[limit].ends_at,
        )
        for limit, most in limits.items()
    )


def _is_held(used: Used, need: int, most: int) -> bool:
    """Return whether a call may fit once the calls in flight have settled for less than they reserved."""
    return used.reserved > 0 and used.spent + used.in_doubt + need <= most


def _message(limit: SpendingLimit, most: int, used: Used, need: int, *, waits: bool) -> str:
    until = f"{used.ends_at:%Y-%m-%d %H:%M} UTC"
    # What all users have spent isn't each user's business.
    reached = (
        f"Its owner's runs may cost {usd(most)} per {limit.period}. {usd(used.spent + used.in_doubt)} of that is spent,"
        f" and the next call may cost {usd(need)}."
        if limit.scope == "user"
        else f"All users together have reached this installation's spending limit per {limit.period}."
    )
    ends = f"The {limit.period} ends at {until}."
    continues = " The run continues on its own after that." if waits else ""
    name = limit if limit.scope == "user" else f"CHIMERA_{limit.upper()}"
    return f"{reached} {ends}{continues} Before that, an administrator can raise {name}."
