"""The input of a run's workflow, read from its rows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from models.ai_calls import AiCallInput
from models.base import preview_of
from models.ids import RunId, UserId
from models.model_calls import Purpose
from models.plans import PlanNode
from models.replies import BARE_MODEL, ReplyInput
from models.runs import CLOSED, RunKind, RunStatus
from models.tasks import RunPolicy, TaskInput

AnyRow = Row[*tuple[Any, ...]]
Argument = TaskInput | AiCallInput | ReplyInput


@dataclass(frozen=True, slots=True)
class Start:
    """The argument of a run's workflow, and the text of its page in Temporal's Web UI."""

    argument: Argument
    owner_id: UserId
    title: str
    priority: int
    retries: int


_RUN = "SELECT id, kind, owner_id, priority, status, subtasks_total, retries FROM runs WHERE id = %(run_id)s"
_TASK = "SELECT title, goal, policy FROM tasks WHERE run_id = %(run_id)s"
_PLAN = """
SELECT key, agent, title, depends_on, decompose FROM subtasks
WHERE run_id = %(run_id)s AND parent = '' ORDER BY position
"""
_REPLY = "SELECT agent, model, policy FROM replies WHERE run_id = %(run_id)s"
_AI_CALL = "SELECT model FROM ai_calls WHERE run_id = %(run_id)s"


async def read_start(session: AsyncSession, run_id: RunId) -> Start | None:
    """Build the argument of a run's workflow, or return None if the run was stopped before it started."""
    run = (await sql.execute(session, _RUN, {"run_id": run_id})).one_or_none()
    if run is None or run.status in CLOSED or run.status == RunStatus.CANCELLING:
        return None
    argument, title = await _READ[RunKind(run.kind)](session, run)
    return Start(argument, UserId(str(run.owner_id)), title, run.priority, run.retries)


async def _task(session: AsyncSession, run: AnyRow) -> tuple[TaskInput, str]:
    row = (await sql.execute(session, _TASK, {"run_id": run.id})).one()
    run_id = RunId(str(run.id))
    task = TaskInput(
        task_id=run_id,
        owner_id=UserId(str(run.owner_id)),
        policy=RunPolicy.model_validate(row.policy),
        priority=run.priority,
        plan=(await _plan_of(session, run_id) if run.subtasks_total else ()) or None,
        retries=run.retries,
    )
    return task, row.title or preview_of(row.goal, 120)


async def _plan_of(session: AsyncSession, run_id: RunId) -> tuple[PlanNode, ...]:
    nodes = await sql.execute(session, _PLAN, {"run_id": run_id})
    return tuple(
        PlanNode(key=n.key, agent=n.agent, title=n.title[:80], depends_on=tuple(n.depends_on), decompose=n.decompose)
        for n in nodes
    )


async def _reply(session: AsyncSession, run: AnyRow) -> tuple[ReplyInput, str]:
    row = (await sql.execute(session, _REPLY, {"run_id": run.id})).one()
    reply = ReplyInput(
        run_id=RunId(str(run.id)),
        owner_id=UserId(str(run.owner_id)),
        agent=row.agent or BARE_MODEL,
        policy=RunPolicy.model_validate(row.policy),
        priority=run.priority,
    )
    return reply, f"{run.kind} · {row.agent or row.model}"


async def _ai_call(session: AsyncSession, run: AnyRow) -> tuple[AiCallInput, str]:
    model = (await sql.execute(session, _AI_CALL, {"run_id": run.id})).scalar()
    call = AiCallInput(run_id=RunId(str(run.id)), owner_id=UserId(str(run.owner_id)), purpose=Purpose(run.kind))
    return call, f"{run.kind} · {model}"


_READ: dict[RunKind, Callable[[AsyncSession, AnyRow], Awaitable[tuple[Argument, str]]]] = {
    RunKind.TASK: _task,
    RunKind.REPLY: _reply,
    RunKind.COMPLETION: _reply,
    RunKind.EMBEDDINGS: _ai_call,
    RunKind.IMAGES: _ai_call,
    RunKind.TRANSCRIPTIONS: _ai_call,
}
"""The reader of the workflow's input, by kind of run."""
