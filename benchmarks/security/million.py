"""A million rows for each large list, written by SQL in one statement per table.

The triggers of runs are off meanwhile, so no rollups are computed. All rows belong to one user. Their times are spread
evenly over a period, so that rows which were there before can lie in its middle.
"""

import psycopg
from sqlalchemy import text

from benchmarks.security.accounts import open_database
from tests.stack import Stack

_AT = "CAST(:since AS timestamptz) + n * (CAST(:until AS timestamptz) - CAST(:since AS timestamptz)) / :rows"
_NUMBERS = f"(SELECT n, {_AT} AS at FROM generate_series(1, :rows) n) s"
STATEMENTS = {
    # No task is cancelled, so that a filter by this status finds nothing.
    "runs": f"""
INSERT INTO runs (owner_id, kind, status, error_code, simulated, created_at, started_at, ended_at)
SELECT CAST(:owner AS uuid), 'task', CASE n % 5 WHEN 0 THEN 'failed' ELSE 'completed' END,
       CASE n % 5 WHEN 0 THEN 'overloaded' END, true, at, at, at + interval '1 minute'
FROM {_NUMBERS}""",
    "tasks": """
INSERT INTO tasks (run_id, title, goal, model, policy)
SELECT id, 'Report of ' || created_at, 'Compare three ways to store events.', 'simulator/fast', '{}'
FROM runs r WHERE kind = 'task' AND NOT EXISTS (SELECT FROM tasks t WHERE t.run_id = r.id)""",
    "files": f"""
INSERT INTO files (owner_id, name, media_type, size_bytes, sha256, created_at)
SELECT CAST(:owner AS uuid), 'note ' || n || '.txt', 'text/plain', 5, md5(n::text) || md5(n::text), at
FROM {_NUMBERS}""",
    "chat_sessions": f"""
INSERT INTO chat_sessions (owner_id, model, title, created_at, last_message_at)
SELECT CAST(:owner AS uuid), 'simulator/fast', 'About tea ' || n, at, at + interval '1 hour' FROM {_NUMBERS}""",
    "notifications": f"""
INSERT INTO notifications (owner_id, kind, subject, data, created_at)
SELECT CAST(:owner AS uuid), 'spending_reached', 'spending:' || gen_random_uuid(),
       jsonb_build_object('text', '$5.00 a month.'), at
FROM {_NUMBERS}""",
    "audit_log": f"""
INSERT INTO audit_log (actor_id, action, subject_id, address, details, at)
SELECT CAST(:owner AS uuid), 'api_key.created', gen_random_uuid(), '127.0.0.1', '{{}}', at FROM {_NUMBERS}""",
    "users": f"""
INSERT INTO users (email, password_hash, name, created_at)
SELECT gen_random_uuid() || '@example.com', '-', 'A user', at FROM {_NUMBERS}""",
}
"""The statements, by table."""


async def write(stack: Stack, owner_id: str, rows: int, since: str, until: str) -> None:
    """Write `rows` rows to each table, created between two times (ISO 8601)."""
    values = {"owner": owner_id, "rows": rows, "since": since, "until": until}
    async with open_database(stack) as database:
        for table, statement in STATEMENTS.items():
            used = {name: value for name, value in values.items() if f":{name}" in statement}
            async with database.begin() as session:
                # In one transaction, so that no other writer ever meets a table without its triggers.
                if table == "runs":
                    await session.execute(text("ALTER TABLE runs DISABLE TRIGGER USER"))
                await session.execute(text(statement), used)
                if table == "runs":
                    await session.execute(text("ALTER TABLE runs ENABLE TRIGGER USER"))


async def settle(stack: Stack) -> None:
    """Collect statistics and mark pages as visible, as autovacuum does in time."""
    address = stack.settings.database_url or ""
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
        for table in STATEMENTS:
            await connection.execute(psycopg.sql.SQL("VACUUM ANALYZE {}").format(psycopg.sql.Identifier(table)))
