"""The metrics of agents are read by index, however many runs and attempts there are."""

import re
from datetime import UTC, datetime, timedelta

from chimera.db import sql
from chimera.db.engine import Database
from chimera.ledger.agents import METRICS
from tests.runs import new_user

_ROWS = (
    """
    INSERT INTO runs (owner_id, kind, status, created_at)
    SELECT owner_id, 'task', 'completed', now() - number * interval '1 hour'
    FROM unnest(%(owners)s::uuid[]) AS owner_id, generate_series(1, 75) AS number""",
    """
    INSERT INTO calls (run_id, path, purpose, step, attempt, status)
    SELECT id, 'a', 'turn', step, 1, 'finished' FROM runs, generate_series(1, 3) AS step
    WHERE owner_id = ANY(%(owners)s::uuid[])""",
    """
    INSERT INTO call_attempts (run_id, path, purpose, step, attempt, agent, model, simulated, status,
        reserved_micro_usd, reserved_tokens, worker)
    SELECT run_id, path, purpose, step, 1, 'poet', 'simulator/fast', true, 'finished', 0, 0, 'w'
    FROM calls JOIN runs ON runs.id = calls.run_id WHERE owner_id = ANY(%(owners)s::uuid[])""",
    "ANALYZE runs, call_attempts",
)


async def test_metrics_have_their_indexes(database: Database) -> None:
    # Many owners, as in an installation where the time alone selects too much.
    owners = [await new_user(database) for _ in range(40)]
    since = datetime.now(UTC) - timedelta(hours=8)
    values = {"owner_id": owners[0], "agent": "poet", "agent_id": None, "since": since}
    async with database.begin() as session:
        for statement in _ROWS:
            await sql.execute(session, statement, {"owners": owners})
        # On few rows the planner may read a whole table; without leave to, it does so only where no index serves.
        for off in ("enable_seqscan", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"):
            await sql.execute(session, f"SET LOCAL {off} = off", {})
        plan = "\n".join([row[0] for row in await sql.execute(session, f"EXPLAIN {METRICS}", values)])
        await session.rollback()
    # Which of the owner's indexes is cheaper depends on the rows of other tests.
    assert re.search("using runs_owner_(created|status) ", plan), plan
    assert "call_attempts_pkey" in plan, plan
    assert "Seq Scan" not in plan, plan
