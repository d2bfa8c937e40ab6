"""The time until work continued after a fault (K9), from Temporal's histories and from the ledger."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from temporalio.client import WorkflowExecution

from models.ids import TaskId, workflow_id_of
from tests.faults.lab import Lab

FETCHES = 10


async def resumption_times(lab: Lab, task_ids: Sequence[TaskId], moment: datetime) -> dict[TaskId, float]:
    """Return the seconds from `moment` to the first new event in a history of each task that wasn't closed by then."""
    slots = asyncio.Semaphore(FETCHES)

    async def one(task_id: TaskId) -> float | None:
        async with slots:
            return await _first_event(lab, task_id, moment)

    found = await asyncio.gather(*(one(task_id) for task_id in task_ids))
    return {task_id: seconds for task_id, seconds in zip(task_ids, found, strict=True) if seconds is not None}


async def retried(lab: Lab, prefix: str, moment: datetime) -> list[float]:
    """Return the seconds from `moment` to the next attempt, for every in-doubt attempt."""
    rows = await lab.rows(
        "SELECT next.started_at FROM call_attempts a JOIN runs t ON t.id = a.run_id"
        " JOIN call_attempts next ON next.run_id = a.run_id AND next.path = a.path"
        "  AND next.purpose = a.purpose AND next.step = a.step AND next.attempt = a.attempt + 1"
        " WHERE t.idempotency_key LIKE :prefix AND a.status IN ('in_doubt', 'late')",
        prefix=f"{prefix}%",
    )
    return [(row["started_at"] - moment).total_seconds() for row in rows]


async def _first_event(lab: Lab, task_id: TaskId, moment: datetime) -> float | None:
    root = workflow_id_of(task_id)
    executions = [e async for e in lab.stack.temporal.list_workflows(f"WorkflowId STARTS_WITH '{root}'")]
    times = [at for execution in executions for at in await _event_times(lab, execution) if at > moment]
    return (min(times) - moment).total_seconds() if times else None


async def _event_times(lab: Lab, execution: WorkflowExecution) -> list[datetime]:
    handle = lab.stack.temporal.get_workflow_handle(execution.id, run_id=execution.run_id)
    history = await handle.fetch_history()
    return [event.event_time.ToDatetime(tzinfo=UTC) for event in history.events]
