"""Figures over a million model calls, and what recording them costs the calls.

    python -m benchmarks analytics [--calls 1000000] [--tasks 100000] [--requests 20] [--rounds 16]
        [--only figures|recording]

Figures: SQL writes the tasks, calls and attempts of 50 users into the real tables, at random times of a year, ten calls
each, with the triggers off. `rollups.rebuild`, the code behind `python -m chimera.ledger.rebuild`, computes the rollups
from them. Then each route is requested through HTTP, for periods of 1, 30 and 365 days, by the most active user and by
an administrator for all users. The output shows the median and the 95th percentile, and how often PostgreSQL read the
tables of runs and attempts from end to end meanwhile.

Recording: whole runs, from the POST to their end, with and without the triggers, in turns; then the statements that
accept and settle a model call alone. The output shows the calls per second and the ratios.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr
from sqlalchemy import text

from api.app import create_app
from benchmarks.recording import measure_path, measure_statements
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import rollups
from tests.parts import SECRET, fresh_database, running_parts, serving

USERS = 50
DAYS = (1, 30, 365)
BAR_MS = 200
MIN_RATIO = 0.97
PASSWORD = "correct horse battery"  # of a database that is deleted at the end
ROUTES: dict[str, dict[str, str]] = {
    "overview": {"time_zone": "Europe/Berlin"},
    "agents/performance": {},
    "tasks/analytics": {},
    "usage/daily": {"time_zone": "UTC"},
    "usage/daily ": {"time_zone": "Asia/Kolkata"},
}

_TRIGGERS = "ALTER TABLE {table} {able} TRIGGER USER"
_TASKS = """
INSERT INTO runs (owner_id, kind, status, error_code, simulated, model_calls, created_at, started_at, ended_at)
SELECT u.id, 'task', s.status, CASE s.status WHEN 'failed' THEN 'overloaded' END, true, 10, s.at,
       s.at + interval '1 second', s.at + random() * interval '20 minutes'
FROM (SELECT n, now() - random() * interval '365 days' AS at,
             (ARRAY['completed', 'completed', 'completed', 'completed', 'completed', 'completed', 'completed',
                    'failed', 'cancelled'])[1 + floor(random() * 9)] AS status,
             -- The first user has about a fifth of all tasks, the last one about a hundredth.
             floor(:users ^ random())::int AS place
      FROM generate_series(1, :tasks) n) s
JOIN (SELECT id, row_number() OVER (ORDER BY created_at, id) AS place FROM users) u ON u.place = s.place
"""
_ROWS_OF_TASKS = """
INSERT INTO tasks (run_id, title, goal, model, policy, metadata) SELECT id, 'x', 'x', 'x/x', '{}', '{}' FROM runs
"""
_CALLS = """
INSERT INTO calls (run_id, path, purpose, step, attempt, status, ended_at)
SELECT id, 's' || n / 3, CASE n WHEN 0 THEN 'plan' WHEN 9 THEN 'aggregate' ELSE 'turn' END, n, 1, 'finished', ended_at
FROM runs CROSS JOIN generate_series(0, :each - 1) n
"""
_ATTEMPTS = """
INSERT INTO call_attempts
    (run_id, path, purpose, step, attempt, agent, agent_version, model, simulated, status, reserved_micro_usd,
     reserved_tokens, input_tokens, output_tokens, cost_micro_usd, error_code, worker, first_token_ms, started_at,
     ended_at)
SELECT c.run_id, c.path, c.purpose, c.step, 1, a.agent, CASE WHEN a.agent < 'r' THEN NULL ELSE 1 + a.r::int % 3 END,
       (ARRAY['openai/gpt-5', 'anthropic/opus', 'google/flash', 'simulator/fast'])[1 + floor(random() * 4)], true,
       CASE WHEN a.r < 0.3 THEN 'failed' ELSE 'finished' END, 100, 100, 1000 * random(), 500 * random(),
       1000 * random(),
       CASE WHEN a.r < 0.3 THEN 'overloaded' END, 'w', 200 + 800 * random(),
       r.created_at + c.step * interval '1 minute', r.created_at + c.step * interval '1 minute'
           + exp(6 + 3 * random()) * interval '1 millisecond'
FROM calls c JOIN runs r ON r.id = c.run_id
CROSS JOIN LATERAL (
    SELECT 10 * random() AS r, c.step,
           (ARRAY['analyst', 'coder', 'critic', 'researcher', 'writer'])[1 + (c.step + ascii(c.run_id::text)) % 5]
               AS agent
) a
"""
_ADMIN = "UPDATE users SET role = 'admin' WHERE email = :email"
_SCANNED = """
SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname IN ('runs', 'call_attempts', 'calls', 'tasks')
"""


async def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--calls", type=int, default=1_000_000)
    options.add_argument("--tasks", type=int, default=100_000)
    options.add_argument("--requests", type=int, default=20)
    options.add_argument("--rounds", type=int, default=16)
    options.add_argument("--only", choices=("figures", "recording"))
    asked = options.parse_args()
    if asked.only != "figures":
        with tempfile.TemporaryDirectory() as folder:
            await measure_path(Path(folder), asked.rounds)
    async with running_parts() as parts:
        if asked.only != "figures":
            async with _own_database(parts) as (_, database):
                await measure_statements(database)
        if asked.only != "recording":
            async with _own_database(parts) as (settings, database):
                await figures(settings, database, asked.tasks, asked.calls // asked.tasks, asked.requests)


@asynccontextmanager
async def _own_database(parts: Settings) -> AsyncIterator[tuple[Settings, Database]]:
    """Yield a new database, and the settings with its address."""
    async with fresh_database(parts.database_url or "") as url:
        settings = parts.model_copy(
            update={"database_url": url, "jwt_secret": SecretStr(SECRET), "registration": "open"}
        )
        database = Database(settings)
        try:
            yield settings, database
        finally:
            await database.close()


async def figures(settings: Settings, database: Database, tasks: int, each: int, requests: int) -> None:
    """Print the results that the module's docstring describes under 'Figures'."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(settings.model_copy(update={"data_dir": Path(folder)}))
        async with app.router.lifespan_context(app), serving(app) as address:
            clients = [await _sign_up(address, number) for number in range(USERS)]
            await _fill(database, tasks, each)
            async with database.begin() as session:
                await session.execute(text(_ADMIN), {"email": f"user{USERS - 1}@example.com"})
            before = await _scanned(database)
            print("| route | period | whose | p50 ms | p95 ms |\n|---|---:|---|---:|---:|")
            worst = 0.0
            for path, params in ROUTES.items():
                for days in DAYS:
                    for whose, client in (("own", clients[0]), ("all", clients[-1])):
                        taken = await _request(client, path.strip(), days, whose, params, requests)
                        p95 = statistics.quantiles(taken, n=20)[18]
                        worst = max(worst, p95)
                        zone = params.get("time_zone", "UTC")
                        print(
                            f"| {path} ({zone}) | {days} d | {whose} | {statistics.median(taken):.0f} | {p95:.0f} |",
                            flush=True,
                        )
            after = await _scanned(database)
            print(f"largest p95 {worst:.0f} ms  (bar: at most {BAR_MS} ms)")
            print("whole-table reads meanwhile: ", {name: after[name] - before[name] for name in sorted(after)})
            for client in clients:
                await client.aclose()


async def _sign_up(address: str, number: int) -> httpx2.AsyncClient:
    client = httpx2.AsyncClient(base_url=address, timeout=60, trust_env=False)
    if number in (0, USERS - 1):
        who = {"email": f"user{number}@example.com", "password": PASSWORD}
        await client.post("/api/v1/auth/register", json=who)
        tokens = (await client.post("/api/v1/auth/login", json=who)).json()
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return client


async def _request(
    client: httpx2.AsyncClient, path: str, days: int, whose: str, params: dict[str, str], requests: int
) -> list[float]:
    now = datetime.now(UTC)
    period = {"since": (now - timedelta(days=days)).isoformat(), "until": now.isoformat()}
    query = {**params, **period, **({"user_id": "all"} if whose == "all" else {})}
    taken = []
    for number in range(requests + 2):
        began = time.perf_counter()
        answer = await client.get(f"/api/v1/analytics/{path}", params=query)
        if answer.status_code != httpx2.codes.OK:
            raise RuntimeError(answer.text)
        if number >= 2:
            taken.append((time.perf_counter() - began) * 1000)
    return taken


async def _fill(database: Database, tasks: int, each: int) -> None:
    others = """
INSERT INTO users (email, password_hash, created_at)
SELECT 'other' || n || '@example.com', '-', (SELECT min(created_at) FROM users) + n * interval '1 millisecond'
FROM generate_series(1, :others) n"""
    async with _without_triggers(database):
        for name, statement in {
            "users": others,
            "runs": _TASKS,
            "tasks": _ROWS_OF_TASKS,
            "calls": _CALLS,
            "attempts": _ATTEMPTS,
        }.items():
            began = time.perf_counter()
            async with database.begin() as session:
                values = {"users": USERS, "others": USERS - 2, "tasks": tasks, "each": each}
                used = {key: value for key, value in values.items() if f":{key}" in statement}
                written = await session.execute(text(statement), used)
                print(f"{written.rowcount:>9,} {name} written in {time.perf_counter() - began:.0f} s", flush=True)  # type: ignore[attr-defined]
    began = time.perf_counter()
    async with database.begin() as session:
        await rollups.rebuild(session)
    print(f"rollups rebuilt in {time.perf_counter() - began:.0f} s", flush=True)
    async with database.engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM ANALYZE"))
        for table in ("usage_rollups", "run_rollups", "latencies"):
            rows = await connection.execute(text(f"SELECT level, count(*) FROM {table} GROUP BY 1 ORDER BY 1"))
            print(f"{table}: " + ", ".join(f"{number:,} of the level {level}" for level, number in rows), flush=True)


@asynccontextmanager
async def _without_triggers(database: Database) -> AsyncIterator[None]:
    for able in ("DISABLE", "ENABLE"):
        async with database.begin() as session:
            for table in ("runs", "call_attempts"):
                await session.execute(text(_TRIGGERS.format(table=table, able=able)))
        if able == "DISABLE":
            yield


async def _scanned(database: Database) -> dict[str, Any]:
    await asyncio.sleep(1.5)  # PostgreSQL reports its counters with a delay
    async with database.begin() as session:
        return {row.relname: row.seq_scan for row in await session.execute(text(_SCANNED))}


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
