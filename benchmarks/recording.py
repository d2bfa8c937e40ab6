"""What recording for the analytics costs a model call, with the triggers and without them, in turns.

First the whole path: inline jobs of eight model calls each, from the POST to the end of the run. Then the statements of
the ledger alone, one call after another on one connection.
"""

import statistics
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text

from benchmarks.floor import rate_of, run_task
from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.ledger import calls, rollups, settlements
from chimera.ledger.calls import Intent
from chimera.ledger.settlements import Settlement
from chimera.local.folder import Folder
from chimera.local.postgres import superuser_address
from chimera.store import tasks
from models.ids import NodePath, TaskId, UserId
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.tasks import SubtaskMode, TaskSpec
from models.usage import Usage
from tests.stack import running_stack

ROUNDS = 40
CALLS = 200
JOBS = 40
CALLS_PER_JOB = 8
MIN_RATIO = 0.97


async def measure_path(folder: Path, rounds: int) -> None:
    """Print the calls per second of whole runs with and without triggers, and the median of the ratios."""
    rates: dict[bool, list[float]] = {False: [], True: []}
    async with running_stack(folder) as stack:
        # Only the owner of the tables may switch triggers.
        owner = superuser_address(Folder.named(stack.settings.data_dir))
        database = Database(stack.settings.model_copy(update={"database_url": owner}))

        async def job(key: str) -> None:
            await run_task(stack.temporal, stack.api, key, subtasks=SubtaskMode.INLINE)

        for number in range(rounds + 1):
            for is_on in (False, True) if number % 2 else (True, False):
                await _switch(database, is_on=is_on)
                rate = await rate_of(job, JOBS, JOBS) * CALLS_PER_JOB
                if number:
                    rates[is_on].append(rate)
                    print(
                        f"round {number}  {'with' if is_on else 'without':7} triggers {rate:6.1f} calls/s", flush=True
                    )
        await database.close()
    ratio = statistics.median(on / off for on, off in zip(rates[True], rates[False], strict=True))
    on, off = statistics.median(rates[True]), statistics.median(rates[False])
    print(f"recording, whole path: {on:.1f} and {off:.1f} calls/s with and without triggers")
    print(f"recording, whole path: ratio {ratio:.3f}, median of {rounds} pairs  (bar: at least {MIN_RATIO})")


async def measure_statements(database: Database) -> None:
    """Print the calls per second with and without triggers, and the median of the ratios."""
    rates: dict[str, list[float]] = {"without": [], "with": [], "folded": []}
    for number in range(ROUNDS + 2):
        for name in list(rates)[:: 1 if number % 2 else -1]:
            await _switch(database, is_on=name != "without")
            task_id = await _task(database)
            began = time.perf_counter()
            await _round(database, task_id)
            if name == "folded":
                await rollups.fold(database)
            if number >= 2:
                rates[name].append(CALLS / (time.perf_counter() - began))
            await rollups.fold(database)
    what = {
        "without": "triggers off",
        "with": "triggers on",
        "folded": f"triggers on, and folding after each {CALLS} calls",
    }
    for name, found in rates.items():
        pairs = [on / off for on, off in zip(found, rates["without"], strict=True)]
        print(f"{statistics.median(found):6.0f} calls/s  ratio {statistics.median(pairs):.3f}  {what[name]}")
    print("Intents and settlements alone, without provider and Temporal.")


async def _switch(database: Database, *, is_on: bool) -> None:
    async with database.begin() as session:
        for table in ("runs", "call_attempts"):
            await session.execute(text(f"ALTER TABLE {table} {'ENABLE' if is_on else 'DISABLE'} TRIGGER USER"))


async def _task(database: Database) -> TaskId:
    async with database.begin() as session:
        row = insert(User).values(email=f"{uuid4().hex}@example.com", password_hash="-").returning(User.id)
        owner = UserId(str(await session.scalar(row)))
        spec = TaskSpec.model_validate({"goal": "x", "plan": [{"key": "a", "instruction": "say"}]})
        task_id, _ = await tasks.create(session, owner, spec, default_model="simulator/fast")
    return task_id


async def _round(database: Database, task_id: TaskId) -> None:
    async with database.statements() as connection:
        for step in range(1, CALLS + 1):
            intent = _intent(task_id, step)
            await calls.reserve(connection, intent)
            await settlements.settle(connection, _settlement(intent))


def _intent(task_id: TaskId, step: int) -> Intent:
    return Intent(
        request=ModelCallRequest(run_id=task_id, path=NodePath("a"), purpose=Purpose.TURN, step=step, agent="writer"),
        attempt=1,
        model="simulator/fast",
        simulated=True,
        worker="w",
        reserve_micro_usd=100,
        reserve_tokens=10,
    )


def _settlement(intent: Intent, **fields: Any) -> Settlement:
    return Settlement(
        intent=intent,
        usage=Usage(input_tokens=3, output_tokens=4),
        estimated=False,
        cost_micro_usd=40,
        outcome=ModelCallOutcome(text_preview="hello"),
        request_id=None,
        messages=(),
        events=(),
        first_token_ms=5,
        **fields,
    )
