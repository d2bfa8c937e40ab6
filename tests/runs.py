"""Runs of tasks on the real servers, for tests below the API: rows and outbox in, rows and events out."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from sqlalchemy import RowMapping, insert, text
from temporalio.client import Client, WorkflowExecution, WorkflowHistory

from api.live.ending import stop
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.ledger import events
from chimera.store import task_controls, tasks
from chimera.temporal.client import Temporal
from chimera.temporal.dispatcher import Dispatcher
from models.events import Event
from models.ids import TaskId, UserId, workflow_id_of
from models.runs import CLOSED, RunKind
from models.tasks import SubtaskMode, TaskSpec
from models.users import Caller
from tests.until import LIMIT_S, until_true
from worker.build import open_worker

MODEL = "simulator/fast"


def a_subtask(key: str, instruction: str = "Say a word. [[sim: tokens=10]]", **fields: Any) -> dict[str, Any]:
    return {"key": key, "instruction": instruction, "agent": "writer", **fields}


@dataclass
class Runs:
    """Starts tasks and reads what became of them."""

    settings: Settings
    database: Database
    temporal: Temporal
    dispatcher: Dispatcher
    caller: Caller
    mode: SubtaskMode = SubtaskMode.CHILD
    """The place where its tasks' subtasks run."""
    started: list[TaskId] = field(default_factory=list)
    sweep: Callable[[], Coroutine[Any, Any, None]] | None = None
    """What `sweeping` runs."""
    sweeping: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def unswept(self) -> AsyncIterator[None]:
        """While the block runs, keep this worker's sweeper from starting what another one has accepted."""
        assert self.sweep is not None
        assert self.sweeping is not None
        await stop([self.sweeping])
        try:
            yield
        finally:
            self.sweeping = asyncio.create_task(self.sweep())

    async def accept(self, goal: str, **fields: Any) -> TaskId:
        """Accept a task without sending a message to Temporal. `fields` are those of TaskSpec."""
        spec = TaskSpec.model_validate({"goal": goal, "model": MODEL, "subtasks": self.mode, **fields})
        async with self.database.begin() as session:
            task_id, _ = await tasks.create(session, self.caller.user_id, spec, default_model=MODEL)
        self.started.append(task_id)
        return task_id

    async def start(self, goal: str, **fields: Any) -> TaskId:
        """Accept a task and start it."""
        task_id = await self.accept(goal, **fields)
        await self.deliver(task_id)
        return task_id

    async def start_short(self, max_history_events: int, goal: str, **fields: Any) -> TaskId:
        """Start a task whose workflows continue as new after this many events."""
        task_id = await self.start(goal, start=False, **fields)
        async with self.database.begin() as session:
            change = text("UPDATE tasks SET policy = policy || CAST(:change AS jsonb) WHERE run_id = :id")
            limit = f'{{"max_history_events": {max_history_events}}}'
            await session.execute(change, {"id": task_id, "change": limit})
        await self.control(task_controls.execute, task_id)
        return task_id

    async def control(self, action: Callable[..., Awaitable[Any]], task_id: TaskId, *args: Any) -> Any:
        """Control a task as the API does: one transaction, then the message."""
        async with self.database.begin() as session:
            answer = await action(session, self.caller, task_id, *args)
        await self.deliver(task_id)
        return answer

    async def deliver(self, task_id: TaskId) -> None:
        """Send a task's outbox entries, including its start if it is its turn, and wait for that."""
        await self.dispatcher.deliver(task_id)
        await self.dispatcher.drain()

    async def cancel(self, task_id: TaskId) -> None:
        await self.control(task_controls.cancel, task_id, RunKind.TASK)

    async def row(self, task_id: TaskId) -> RowMapping:
        async with self.database.begin() as session:
            return (
                (
                    await session.execute(
                        text("SELECT * FROM runs LEFT JOIN tasks ON run_id = id WHERE id = :id"), {"id": task_id}
                    )
                )
                .mappings()
                .one()
            )

    async def rows(self, query: str, task_id: TaskId, **values: object) -> list[RowMapping]:
        """Run a query whose parameter `:id` is the task, and whose other parameters are `values`."""
        async with self.database.begin() as session:
            return list((await session.execute(text(query), {"id": task_id, **values})).mappings())

    async def ended(self, task_id: TaskId, timeout_s: float = 2 * LIMIT_S) -> RowMapping:
        """Wait for the task's end and return its row."""
        return await self.until(task_id, lambda row: row["status"] in CLOSED, timeout_s)

    async def until(
        self, task_id: TaskId, holds: Callable[[RowMapping], bool], timeout_s: float = LIMIT_S
    ) -> RowMapping:
        """Wait until the task's row satisfies `holds`, and return it."""
        row = await self.row(task_id)
        try:
            async with asyncio.timeout(timeout_s):
                while not holds(row):
                    await asyncio.sleep(0.05)
                    row = await self.row(task_id)
        except TimeoutError:
            raise AssertionError(f"task is {row['status']} after {timeout_s} s: {dict(row)}") from None
        return row

    async def events(self, task_id: TaskId) -> list[Event]:
        async with self.database.statements() as connection:
            return [frame.event for frame in await events.read_after(connection, task_id, 0, 100_000)]

    async def event(self, task_id: TaskId, type_: str) -> Event:
        """Wait for the first event of a type."""
        found: list[Event] = []

        async def has_come() -> bool:
            found[:] = [event for event in await self.events(task_id) if event.type == type_]
            return bool(found)

        await until_true(has_come)
        return found[0]

    async def attempts(self, task_id: TaskId) -> list[RowMapping]:
        """Return a task's attempts from the ledger: one for each time a provider was called."""
        return await self.rows("SELECT * FROM call_attempts WHERE run_id = :id ORDER BY started_at", task_id)

    async def histories(self, task_id: TaskId) -> list[WorkflowHistory]:
        """Return the histories of all executions of an ended task, by workflow ID, in the order of their starts."""
        client = await self.temporal.client()
        found: list[WorkflowExecution] = []

        async def are_listed() -> bool:
            query = f"WorkflowId STARTS_WITH '{workflow_id_of(task_id)}'"
            found[:] = [run async for run in client.list_workflows(query)]
            return bool(found) and all(run.close_time is not None for run in found)

        await until_true(are_listed)
        found.sort(key=lambda run: (run.id, run.start_time))
        return [await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history() for run in found]

    async def close_status(self, task_id: TaskId) -> str:
        """Return how the run ended according to Temporal, after waiting for it to close."""
        client: Client = await self.temporal.client()
        status = ""

        async def has_closed() -> bool:
            nonlocal status
            described = await client.get_workflow_handle(workflow_id_of(task_id)).describe()
            status = described.status.name if described.status is not None else ""
            return status not in ("", "RUNNING")

        await until_true(has_closed)
        return status


async def new_user(database: Database) -> UserId:
    """Create a user who owns what a test creates."""
    async with database.begin() as session:
        row = insert(User).values(email=f"{uuid4().hex}@example.com", password_hash="-").returning(User.id)
        return UserId(str(await session.scalar(row)))


@asynccontextmanager
async def runs_on(settings: Settings) -> AsyncIterator[Runs]:
    """Yield runs that have no worker of their own."""
    database = Database(settings)
    temporal, bus = Temporal(settings), Bus(settings)
    owner_id = await new_user(database)
    try:
        yield Runs(
            settings=settings,
            database=database,
            temporal=temporal,
            dispatcher=Dispatcher(database, temporal, bus, most_running=settings.most_running),
            caller=Caller(user_id=owner_id, role="user"),
        )
    finally:
        await bus.close()
        await database.close()


@asynccontextmanager
async def runs_with_worker(settings: Settings) -> AsyncIterator[Runs]:
    """Yield runs with a worker in this process, so that its code counts as covered."""
    async with runs_on(settings) as runs, open_worker(settings) as (worker, sweeper), worker:
        runs.sweep, runs.sweeping = sweeper.run, asyncio.create_task(sweeper.run())
        try:
            yield runs
        finally:
            runs.sweeping.cancel()
