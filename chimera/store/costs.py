"""The cost of a task, added up from its attempts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ScalarSelect, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chimera.db.tables import Call, CallAttempt, Run
from chimera.store.access import open_to
from chimera.store.task_views import AnyRow, budget_of, usage_of
from models.costs import MAX_ATTEMPTS, AgentCost, CostView, ModelCost, NodeCost
from models.errors import NotFound
from models.ids import NodePath, TaskId
from models.model_calls import AttemptStatus, ModelCallView, Purpose
from models.shares import ShareKind
from models.users import Caller

_SUMS = (
    func.count().label("attempts"),
    func.coalesce(func.sum(CallAttempt.cost_micro_usd), 0).label("cost_micro_usd"),
    func.coalesce(
        func.sum(CallAttempt.reserved_micro_usd).filter(CallAttempt.status == AttemptStatus.IN_DOUBT), 0
    ).label("in_doubt_micro_usd"),
    func.bool_or(CallAttempt.estimated).label("estimated"),
    func.coalesce(func.sum(CallAttempt.input_tokens), 0).label("input_tokens"),
    func.coalesce(func.sum(CallAttempt.cached_input_tokens), 0).label("cached_input_tokens"),
    func.coalesce(func.sum(CallAttempt.cache_write_tokens), 0).label("cache_write_tokens"),
    func.coalesce(func.sum(CallAttempt.output_tokens), 0).label("output_tokens"),
    func.coalesce(func.sum(CallAttempt.reasoning_tokens), 0).label("reasoning_tokens"),
)


async def cost_of(session: AsyncSession, caller: Caller, task_id: TaskId) -> CostView:
    """Return the bill of the caller's task, even if the task was deleted. Raises NotFound."""
    statement = select(*Run.__table__.columns).where(Run.id == task_id, *open_to(caller, ShareKind.TASK))
    task = (await session.execute(statement)).one_or_none()
    if task is None:
        raise NotFound("task", task_id)
    by_model = await _by_model(session, task_id)
    return CostView(
        spent_micro_usd=task.spent_micro_usd,
        reserved_micro_usd=task.reserved_micro_usd,
        in_doubt_micro_usd=task.in_doubt_micro_usd,
        model_calls=task.model_calls,
        usage=usage_of(task),
        budget=budget_of(task),
        estimated=any(each.estimated for each in by_model),
        by_model=by_model,
        by_agent=await _by_agent(session, task_id),
        by_subtask=await _by_subtask(session, task_id),
        attempts=await _attempts(session, task_id),
    )


async def _by_model(session: AsyncSession, task_id: TaskId) -> tuple[ModelCost, ...]:
    rows = await _sums_by(session, task_id, CallAttempt.model, CallAttempt.simulated)
    return tuple(ModelCost(model=row.model, simulated=row.simulated, **_sum_in(row)) for row in rows)


async def _by_agent(session: AsyncSession, task_id: TaskId) -> tuple[AgentCost, ...]:
    rows = await _sums_by(session, task_id, CallAttempt.agent)
    return tuple(AgentCost(agent=row.agent, **_sum_in(row)) for row in rows)


async def _by_subtask(session: AsyncSession, task_id: TaskId) -> tuple[NodeCost, ...]:
    rows = await _sums_by(session, task_id, CallAttempt.path)
    return tuple(NodeCost(path=NodePath(row.path), **_sum_in(row)) for row in rows)


async def _sums_by(session: AsyncSession, task_id: TaskId, *key: InstrumentedAttribute[Any]) -> Sequence[AnyRow]:
    statement = select(*key, *_SUMS).where(CallAttempt.run_id == task_id).group_by(*key).order_by(*key)
    return (await session.execute(statement)).all()


def _sum_in(row: AnyRow) -> dict[str, Any]:
    return {
        "attempts": row.attempts,
        "cost_micro_usd": int(row.cost_micro_usd),
        "in_doubt_micro_usd": int(row.in_doubt_micro_usd),
        "usage": usage_of(row),
        "estimated": row.estimated,
    }


def finish_reason_of() -> ScalarSelect[str | None]:
    """Select how an attempt's answer ended, according to its call's outcome; NULL if it isn't the call's answer."""
    asks_for_tools = func.coalesce(func.jsonb_array_length(Call.outcome["tool_calls"]), 0) > 0
    reason = func.coalesce(Call.outcome["finish_reason"].astext, case((asks_for_tools, "tool_calls"), else_="stop"))
    return (
        select(reason)
        .where(
            Call.run_id == CallAttempt.run_id,
            Call.path == CallAttempt.path,
            Call.purpose == CallAttempt.purpose,
            Call.step == CallAttempt.step,
            Call.attempt == CallAttempt.attempt,
            CallAttempt.status == AttemptStatus.FINISHED,
            Call.outcome.is_not(None),
        )
        .scalar_subquery()
    )


async def _attempts(session: AsyncSession, task_id: TaskId) -> tuple[ModelCallView, ...]:
    rows = await session.execute(
        select(CallAttempt, finish_reason_of())
        .where(CallAttempt.run_id == task_id)
        .order_by(CallAttempt.started_at)
        .limit(MAX_ATTEMPTS)
    )
    return tuple(
        ModelCallView(
            path=NodePath(row.path),
            purpose=Purpose(row.purpose),
            step=row.step,
            attempt=row.attempt,
            agent=row.agent,
            agent_version=row.agent_version,
            model=row.model,
            simulated=row.simulated,
            status=AttemptStatus(row.status),
            usage=usage_of(row),
            reserved_micro_usd=row.reserved_micro_usd,
            reserved_tokens=row.reserved_tokens,
            cost_micro_usd=row.cost_micro_usd,
            estimated=row.estimated,
            finish_reason=finish_reason,
            error_code=row.error_code,
            started_at=row.started_at,
            ended_at=row.ended_at,
        )
        for row, finish_reason in rows
    )
