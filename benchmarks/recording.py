"""What recording costs a model call: the statements of the hot path with the triggers, and without them, in turns."""

import statistics
import time
from typing import Any
from uuid import uuid4

from sqlalchemy import insert, text

from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.ledger import calls, rollups, settlements
from chimera.ledger.calls import Intent
from chimera.ledger.settlements import Settlement
from chimera.store import tasks
from models.ids import NodePath, TaskId, UserId
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.tasks import TaskSpec
from models.usage import Usage

ROUNDS = 40
CALLS = 200
MIN_RATIO = 0.97


async def measure(database: Database) -> None:
    """Print the calls per second with and without triggers, and the ratio of the medians."""
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
    print(f"Intents and settlements alone, without provider and Temporal. Bar with triggers: {MIN_RATIO}")


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
