"""Runs of tasks on the real parts, for tests that start below the API: rows and outbox in, rows and events out."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import RowMapping, insert, text
from temporalio.client import Client

from chimera.db import events, task_controls, tasks
from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.outbox import Dispatcher
from chimera.settings import Settings
from chimera.temporal import Temporal
from models.events import Event
from models.ids import TaskId, UserId, workflow_id_of
from models.tasks import CLOSED, TaskSpec
from models.users import Caller
from worker.build import open_worker

MODEL = "simulator/fast"


def a_subtask(key: str, instruction: str = "Say a word. [[sim: tokens=10]]", **fields: Any) -> dict[str, Any]:
    return {"key": key, "instruction": instruction, "agent": "writer", **fields}


@dataclass
class Runs:
    """Starts tasks and looks at what became of them."""

    settings: Settings
    database: Database
    temporal: Temporal
    dispatcher: Dispatcher
    caller: Caller
    started: list[TaskId] = field(default_factory=list)

    async def start(self, goal: str, **fields: Any) -> TaskId:
        """Take a task in and start it; `fields` are TaskSpec's."""
        spec = TaskSpec.model_validate({"goal": goal, "model": MODEL, **fields})
        async with self.database.begin() as session:
            task_id, _ = await tasks.create(session, self.caller.user_id, spec, default_model=MODEL)
        await self.dispatcher.deliver(task_id)
        self.started.append(task_id)
        return task_id

    async def control(self, action: Callable[..., Awaitable[Any]], task_id: TaskId, *args: Any) -> Any:
        """Ask something of a task, as the API does: one transaction, then the message."""
        async with self.database.begin() as session:
            answer = await action(session, self.caller, task_id, *args)
        await self.dispatcher.deliver(task_id)
        return answer

    async def cancel(self, task_id: TaskId) -> None:
        await self.control(task_controls.cancel, task_id)

    async def row(self, task_id: TaskId) -> RowMapping:
        async with self.database.begin() as session:
            return (await session.execute(text("SELECT * FROM tasks WHERE id = :id"), {"id": task_id})).mappings().one()

    async def rows(self, query: str, task_id: TaskId) -> list[RowMapping]:
        """Run a query that names its task `:id`."""
        async with self.database.begin() as session:
            return list((await session.execute(text(query), {"id": task_id})).mappings())

    async def ended(self, task_id: TaskId, timeout_s: float = 60) -> RowMapping:
        """Wait for the task's end and return its row."""
        return await self.until(task_id, lambda row: row["status"] in CLOSED, timeout_s)

    async def until(self, task_id: TaskId, holds: Callable[[RowMapping], bool], timeout_s: float = 60) -> RowMapping:
        """Wait until the task's row is as `holds` wants it."""
        deadline = time.monotonic() + timeout_s
        while True:
            row = await self.row(task_id)
            if holds(row):
                return row
            assert time.monotonic() < deadline, f"task is {row['status']} after {timeout_s} s: {dict(row)}"
            await asyncio.sleep(0.05)

    async def events(self, task_id: TaskId) -> list[Event]:
        async with self.database.begin() as session:
            return [frame.event for frame in await events.read_after(session, task_id, 0, 100_000)]

    async def event(self, task_id: TaskId, type_: str, timeout_s: float = 30) -> Event:
        """Wait for the first event of a type."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = [event for event in await self.events(task_id) if event.type == type_]
            if found:
                return found[0]
            assert time.monotonic() < deadline, f"no {type_} after {timeout_s} s"
            await asyncio.sleep(0.05)

    async def attempts(self, task_id: TaskId) -> list[RowMapping]:
        """Return the ledger's journal of a task: every time that a provider was asked."""
        return await self.rows("SELECT * FROM model_call_attempts WHERE task_id = :id ORDER BY started_at", task_id)

    async def close_status(self, task_id: TaskId) -> str:
        """Return how Temporal says that the run ended; waits a moment for it to close."""
        client: Client = await self.temporal.client()
        for _ in range(100):
            described = await client.get_workflow_handle(workflow_id_of(task_id)).describe()
            if described.status is not None and described.status.name != "RUNNING":
                return described.status.name
            await asyncio.sleep(0.05)
        return "RUNNING"


async def new_user(database: Database) -> UserId:
    """Create a user to own what a test makes."""
    async with database.begin() as session:
        row = insert(User).values(email=f"{uuid4().hex}@example.com", password_hash="-").returning(User.id)
        return UserId(str(await session.scalar(row)))


@asynccontextmanager
async def runs_on(settings: Settings) -> AsyncIterator[Runs]:
    """Runs without a worker of their own."""
    database = Database(settings)
    temporal = Temporal(settings)
    owner_id = await new_user(database)
    try:
        yield Runs(
            settings=settings,
            database=database,
            temporal=temporal,
            dispatcher=Dispatcher(database, temporal),
            caller=Caller(user_id=owner_id, role="user"),
        )
    finally:
        await database.close()


@asynccontextmanager
async def runs_with_worker(settings: Settings) -> AsyncIterator[Runs]:
    """Runs with a worker in this process, so that what it does counts as covered."""
    async with runs_on(settings) as runs, open_worker(settings) as (worker, sweeper), worker:
        sweeping = asyncio.create_task(sweeper.run())
        try:
            yield runs
        finally:
            sweeping.cancel()
