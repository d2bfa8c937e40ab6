"""Rows for exports, in pages: usage by slot, runs, and attempts at model calls."""

from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.ledger.analytics.window import Window
from chimera.ledger.rollups import USAGE_SUMS, slot_of
from models.exports import ExportKind
from models.runs import RunKind

RUNS_AT_ONCE = 200
"""How many runs a page has. Their attempts are few hundreds to thousands."""
ROWS_AT_ONCE = 2000

Row = Sequence[Any]


class Transactions(Protocol):
    """Opens a transaction. Each page has one of its own, so that a slow client holds no connection."""

    def __call__(self) -> AbstractAsyncContextManager[AsyncSession]: ...


async def pages(
    begin: Transactions, window: Window, what: ExportKind, kinds: Collection[RunKind]
) -> AsyncGenerator[Sequence[Row]]:
    """Yield pages of rows with the columns of `COLUMNS[what]`, of the window's owner or of all users."""
    reading = _usage(begin, window, kinds) if what is ExportKind.USAGE else _ledger(begin, window, what, kinds)
    async for page in reading:
        for place in range(0, len(page), ROWS_AT_ONCE):
            yield page[place : place + ROWS_AT_ONCE]


_DIMENSIONS = "kind, agent, agent_version, model, purpose, simulated, status, error_code"
_USAGE_COLUMNS = ", ".join((_DIMENSIONS, *USAGE_SUMS))
_USAGE = f"""
SELECT at, owner_id, {_DIMENSIONS},
       {", ".join(f"sum({column})::bigint" for column in USAGE_SUMS)}
FROM (
    SELECT at, owner_id, {_USAGE_COLUMNS} FROM usage_rollups
    WHERE {{owner}} AND level = 'slot' AND at >= %(begins)s AND at < %(ends)s
    UNION ALL
    SELECT {slot_of("at")} AS at, owner_id, {_USAGE_COLUMNS} FROM usage_changes
    WHERE {{owner}} AND at >= %(begins)s AND at < %(ends)s) u
WHERE kind = ANY(%(kinds)s) GROUP BY at, owner_id, {_DIMENSIONS} HAVING sum(attempts) <> 0
ORDER BY at, owner_id, {_DIMENSIONS}
"""  # noqa: S608  # only constants go in, here and below
_FIRST_USAGE = f"""
SELECT LEAST(
    (SELECT min(at) FROM usage_rollups
      WHERE {{owner}} AND level = 'slot' AND kind = ANY(%(kinds)s) AND at >= %(begins)s AND at < %(until)s),
    (SELECT {slot_of("min(at)")} FROM usage_changes
      WHERE {{owner}} AND kind = ANY(%(kinds)s) AND at >= %(begins)s AND at < %(until)s))
"""  # noqa: S608
# The oldest of each kind, and of these the oldest: the indexes have the kind before the time.
_RUNS = """
SELECT r.* FROM unnest(%(kinds)s::text[]) AS wanted (kind) CROSS JOIN LATERAL (
    SELECT id, owner_id, kind, status, error_code, simulated, model_calls, input_tokens, output_tokens,
           spent_micro_usd, in_doubt_micro_usd, waited_ms, retries, created_at, started_at, ended_at
    FROM runs WHERE {owner} AND kind = wanted.kind AND created_at >= %(since)s AND created_at < %(until)s
      AND (created_at, id) > (%(after_at)s, %(after_id)s::uuid)
    ORDER BY created_at, id LIMIT %(limit)s) r
ORDER BY r.created_at, r.id LIMIT %(limit)s
"""
_ATTEMPTS = """
SELECT a.run_id, r.owner_id, r.kind, a.path, a.purpose, a.step, a.attempt, a.agent, a.agent_version, a.model,
       a.simulated, a.status, a.error_code, a.input_tokens, a.cached_input_tokens, a.cache_write_tokens,
       a.output_tokens, a.reasoning_tokens, a.cost_micro_usd, a.estimated, a.first_token_ms, a.started_at, a.ended_at
FROM call_attempts a JOIN runs r ON r.id = a.run_id WHERE a.run_id = ANY(%(ids)s::uuid[])
ORDER BY r.created_at, r.id, a.started_at, a.path, a.purpose, a.step, a.attempt
"""
_NO_ID = "00000000-0000-0000-0000-000000000000"


async def _usage(begin: Transactions, window: Window, kinds: Collection[RunKind]) -> AsyncGenerator[Sequence[Row]]:
    """Yield the usage of six hours after six hours, without the times in which there is none."""
    owner = "owner_id IS NOT NULL" if window.owner_id is None else "owner_id = %(owner_id)s::uuid"
    first, query = _FIRST_USAGE.format(owner=owner), _USAGE.format(owner=owner)
    values: dict[str, Any] = {"owner_id": window.owner_id, "kinds": list(kinds), "until": window.until}
    ends = window.since
    while ends < window.until:
        async with begin() as session:
            begins = (await sql.execute(session, first, {**values, "begins": ends})).scalar()
            if begins is None:
                return
            ends = min(begins + timedelta(hours=6), window.until)
            page = (await sql.execute(session, query, {**values, "begins": begins, "ends": ends})).all()
        yield page


async def _ledger(
    begin: Transactions, window: Window, what: ExportKind, kinds: Collection[RunKind]
) -> AsyncGenerator[Sequence[Row]]:
    owner = "true" if window.owner_id is None else "owner_id = %(owner_id)s::uuid"
    query = _RUNS.format(owner=owner)
    values = {**window.values, "kinds": list(kinds), "limit": RUNS_AT_ONCE}
    values |= {"after_at": window.since, "after_id": _NO_ID}
    found: Sequence[Any] = (None,) * RUNS_AT_ONCE
    while len(found) == RUNS_AT_ONCE:
        async with begin() as session:
            found = (await sql.execute(session, query, values)).all()
            ids = {"ids": [row.id for row in found]}
            rows = found if what is ExportKind.RUNS else (await sql.execute(session, _ATTEMPTS, ids)).all()
        if found:
            values |= {"after_at": found[-1].created_at, "after_id": found[-1].id}
        yield rows
