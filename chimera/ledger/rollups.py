"""Rollups of model calls and runs: folded from the changes that triggers write, or rebuilt from the ledger.

A change counts from the commit that made it true, whether or not it has been folded: `spent_since` and the queries of
`chimera/ledger/analytics` add the rollups and the changes in one statement, which sees both as of the same moment.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection, Database
from chimera.ledger.statements import USED
from models.ids import UserId

FOLDED_AT_ONCE = 5_000
"""How many changes a transaction folds: about a tenth of a second."""

SLOT_S = 900
"""The shortest period of a rollup. The days of every time zone begin at a quarter of an hour in UTC."""

USAGE_SUMS = ("attempts", *USED, "cost_micro_usd", "estimated_micro_usd", "in_doubt_micro_usd")
RUN_SUMS = ("runs", "retries", "queued_ms", "waited_ms", "duration_ms")
_USAGE_DETAIL = ("kind", "agent", "agent_version", "model", "purpose", "error_code")
_USAGE_KEY = ("level", "at", "owner_id", *_USAGE_DETAIL, "simulated", "status")
_OF_TOTALS = ("simulated", "status")
_RUN_KEY = ("level", "at", "owner_id", "kind", "status", "error_code", "simulated")
_BAR_KEY = ("level", "at", "owner_id", "measure", "kind", "agent", "agent_version", "bar")


def bar_of(milliseconds: str) -> str:
    """Return the SQL for the bar of a histogram that counts a duration; each is 19 % wider than the last."""
    return f"CASE WHEN {milliseconds} <= 1 THEN 0 ELSE ceil(4 * ln({milliseconds}::float8) / ln(2))::int END"


def slot_of(time: str) -> str:
    """Return the SQL for the beginning of the quarter of an hour that contains a time."""
    return f"date_bin('15 minutes', {time}, '2000-01-01T00:00Z')"


_LEVELS = """
    CROSS JOIN LATERAL (VALUES
        ('slot', c.at, c.owner_id),
        ('day', date_bin('1 day', c.at, '2000-01-01T00:00Z'), c.owner_id),
        ('day', date_bin('1 day', c.at, '2000-01-01T00:00Z'), NULL),
        ('month', date_trunc('month', c.at, 'UTC'), c.owner_id),
        ('month', date_trunc('month', c.at, 'UTC'), NULL)) AS p (level, period, owner)"""
_WITH_TOTALS = _LEVELS.replace("(VALUES", "(VALUES ('total', c.at, c.owner_id), ('total', c.at, NULL),")


def _added(table: str, key: Sequence[str], sums: Sequence[str], columns: str, source: str, levels: str) -> str:
    """Return the SQL that adds rows to a rollup: `columns` of `source`, which is summed by slot before by level.

    Rows that are read together are written together: those of a user, by level and time.
    """
    slots = f"""
        SELECT {columns} FROM ({source}) s GROUP BY {", ".join(str(1 + number) for number in range(len(key) - 1))}"""  # noqa: S608
    detail = ", ".join(f"c.{column}" for column in key[3:])
    if levels is _WITH_TOTALS:
        detail = ", ".join(
            f"c.{column}" if column in _OF_TOTALS else f"CASE WHEN p.level <> 'total' THEN c.{column} END"
            for column in key[3:]
        )
    return f"""
    INSERT INTO {table} ({", ".join((*key, *sums))})
    SELECT p.level, p.period, p.owner, {detail}, {", ".join(f"sum(c.{column})" for column in sums)}
    FROM ({slots}) c {levels} GROUP BY {", ".join(str(1 + number) for number in range(len(key)))}
    ORDER BY 3, 1, 2
    ON CONFLICT ({", ".join(key)}) DO UPDATE SET
        {", ".join(f"{column} = {table}.{column} + excluded.{column}" for column in sums)}"""  # noqa: S608


def _add_usage(changes: str) -> str:
    columns = ", ".join((*_USAGE_KEY[3:], *(f"sum({column}) AS {column}" for column in USAGE_SUMS)))
    columns = f"{slot_of('at')} AS at, owner_id, {columns}"
    return _added("usage_rollups", _USAGE_KEY, USAGE_SUMS, columns, f"SELECT * FROM {changes} t", _WITH_TOTALS)  # noqa: S608


def _add_call_bars(changes: str) -> str:
    columns = f"""
        {slot_of("at")} AS at, owner_id, measure, kind, agent, agent_version, {bar_of("ms")} AS bar,
        sum(attempts) AS number"""
    source = f"""
        SELECT t.*, m.* FROM {changes} t
        CROSS JOIN LATERAL (VALUES ('call', t.latency_ms), ('first_token', t.first_token_ms)) AS m (measure, ms)
        WHERE m.ms IS NOT NULL"""  # noqa: S608
    return _added("latencies", _BAR_KEY, ("number",), columns, source, _LEVELS)


def _add_runs(changes: str) -> str:
    duration = {"duration_ms": "COALESCE(duration_ms, 0) * runs"}
    sums = (f"sum({duration.get(column, column)}) AS {column}" for column in RUN_SUMS)
    columns = f"{slot_of('at')} AS at, owner_id, {', '.join((*_RUN_KEY[3:], *sums))}"
    return _added("run_rollups", _RUN_KEY, RUN_SUMS, columns, f"SELECT * FROM {changes} t", _LEVELS)  # noqa: S608


def _add_run_bars(changes: str) -> str:
    columns = f"""
        {slot_of("at")} AS at, owner_id, measure, kind, NULL AS agent, NULL::int AS agent_version,
        {bar_of("ms")} AS bar, sum(runs) AS number"""
    source = f"""
        SELECT t.*, m.* FROM {changes} t CROSS JOIN LATERAL (VALUES
            ('run', t.duration_ms), ('waited', NULLIF(abs(t.waited_ms), 0))) AS m (measure, ms)
        WHERE m.ms IS NOT NULL"""  # noqa: S608
    return _added("latencies", _BAR_KEY, ("number",), columns, source, _LEVELS)


def _fold(table: str, *adding: str) -> str:
    """Return the SQL that takes changes and adds them. Changes of users that no longer exist are dropped."""
    parts = "".join(f",\n p{number} AS ({part})" for number, part in enumerate(adding))
    return f"""
WITH gone AS (
    DELETE FROM {table} WHERE id IN (SELECT id FROM {table} ORDER BY id LIMIT %(limit)s) RETURNING *),
 taken AS MATERIALIZED (SELECT gone.* FROM gone JOIN users ON users.id = gone.owner_id){parts}
SELECT count(*) FROM gone
"""  # noqa: S608


_FOLDS = (
    _fold("usage_changes", _add_usage("taken"), _add_call_bars("taken")),
    _fold("run_changes", _add_runs("taken"), _add_run_bars("taken")),
)
_TRY_TURN = "SELECT pg_try_advisory_xact_lock(hashtextextended('rollups', 0))"


async def fold(database: Database) -> None:
    """Add all changes to the rollups, in transactions of bounded size. One process at a time does this."""
    for statement in _FOLDS:
        while await _folded(database, statement) == FOLDED_AT_ONCE:
            pass


async def _folded(database: Database, statement: str) -> int:
    async with database.begin() as session:
        if not (await sql.execute(session, _TRY_TURN, {})).scalar_one():
            return 0
        return int((await sql.execute(session, statement, {"limit": FOLDED_AT_ONCE})).scalar_one())


_USAGE_OF_LEDGER = f"""
    SELECT a.started_at AS at, r.owner_id, r.kind, a.agent, a.agent_version, a.model, a.purpose, a.simulated, a.status,
           a.error_code, 1 AS attempts, {", ".join(f"a.{column}" for column in USED)}, a.cost_micro_usd,
           CASE WHEN a.estimated THEN a.cost_micro_usd ELSE 0 END AS estimated_micro_usd,
           CASE WHEN a.status = 'in_doubt' THEN a.reserved_micro_usd ELSE 0 END AS in_doubt_micro_usd,
           CASE WHEN a.status = 'finished'
                THEN GREATEST(0, EXTRACT(epoch FROM a.ended_at - a.started_at) * 1000)::bigint END AS latency_ms,
           CASE WHEN a.status = 'finished' THEN a.first_token_ms END AS first_token_ms
    FROM call_attempts a JOIN runs r ON r.id = a.run_id WHERE a.status <> 'started'"""  # noqa: S608
_RUNS_OF_LEDGER = """
    SELECT created_at AS at, owner_id, kind, 'created' AS status, NULL AS error_code, false AS simulated, 1 AS runs,
           0 AS retries, 0 AS queued_ms, 0 AS waited_ms, NULL::bigint AS duration_ms
    FROM runs
    UNION ALL
    SELECT COALESCE(ended_at, created_at), owner_id, kind, status, error_code, simulated, 1, retries,
           COALESCE(GREATEST(0, EXTRACT(epoch FROM started_at - created_at) * 1000)::bigint, 0), waited_ms,
           GREATEST(0, EXTRACT(epoch FROM ended_at - created_at) * 1000)::bigint
    FROM runs WHERE status IN ('completed', 'failed', 'cancelled')"""
_ROLLUPS = ("usage_changes", "run_changes", "usage_rollups", "run_rollups", "latencies")
_REBUILD = (
    # Before the first statement that reads, so that the snapshot includes what earlier folds have committed.
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET LOCAL work_mem = '128MB'",
    "LOCK TABLE usage_rollups, run_rollups, latencies IN EXCLUSIVE MODE",
    *(f"DELETE FROM {table}" for table in _ROLLUPS),  # noqa: S608
    _add_usage(f"({_USAGE_OF_LEDGER})"),
    _add_call_bars(f"({_USAGE_OF_LEDGER})"),
    _add_runs(f"({_RUNS_OF_LEDGER})"),
    _add_run_bars(f"({_RUNS_OF_LEDGER})"),
)


async def rebuild(session: AsyncSession) -> None:
    """Compute all rollups from the ledger again. This must be the first use of the session's transaction.

    Calls and readers continue meanwhile. A million attempts took a quarter of an hour on a busy machine with two cores.
    """
    for statement in _REBUILD:
        await sql.execute(session, statement, {})


_SPENT_SINCE = """
SELECT COALESCE(sum(cost), 0)::bigint AS cost, COALESCE(sum(in_doubt), 0)::bigint AS in_doubt FROM (
    SELECT cost_micro_usd AS cost, in_doubt_micro_usd AS in_doubt FROM usage_rollups
    WHERE owner_id = %(owner_id)s::uuid AND level = 'total' AND at >= %(since)s
    UNION ALL
    SELECT cost_micro_usd, in_doubt_micro_usd FROM usage_changes
    WHERE owner_id = %(owner_id)s::uuid AND at >= %(since)s) s
"""


async def spent_since(connection: Connection, owner_id: UserId, since: datetime) -> tuple[int, int]:
    """Return what a user's attempts since a time have cost, and what those in doubt may have cost, in micro-USD.

    An attempt counts at the time when it started, from the commit that recorded its end. `since` has to be a quarter of
    an hour. What calls in progress have reserved is not included.
    """
    row = await (await connection.execute(_SPENT_SINCE, {"owner_id": owner_id, "since": since})).fetchone()
    return (int(row.cost), int(row.in_doubt)) if row else (0, 0)
