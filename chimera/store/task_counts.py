"""Counts of a user's tasks, and of what waits for the user. Each stops at a limit, and reads from an index."""

from typing import Any

from sqlalchemy import ScalarSelect, Select, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Approval, Run
from chimera.store.access import IS_TASK
from chimera.store.approval_access import decidable
from models.approvals import ApprovalKind
from models.runs import RunKind, RunStatus
from models.task_counts import MAX_COUNTED, WaitingCounts
from models.users import Caller

_CAN_WAIT = (RunKind.TASK, RunKind.REPLY, RunKind.COMPLETION)
"""The kinds of runs that wait for a higher budget."""


async def by_status(session: AsyncSession, caller: Caller) -> dict[RunStatus, int]:
    """Count the caller's own tasks in each state."""
    counts = [
        _number(
            select(literal_column("1")).where(
                Run.owner_id == caller.user_id, IS_TASK, Run.status == status, Run.deleted_at.is_(None)
            ),
            status,
        )
        for status in RunStatus
    ]
    row = (await session.execute(select(*counts))).one()
    return {status: getattr(row, status) for status in RunStatus}


async def waiting_for(session: AsyncSession, caller: Caller) -> WaitingCounts:
    """Count what the caller can decide, answer or pay for now."""
    pending: Select[*tuple[Any, ...]] = (
        select(literal_column("1"))
        .select_from(Approval)
        .join(Run, Run.id == Approval.run_id)
        .where(Run.deleted_at.is_(None), Approval.status == literal_column("'pending'"), decidable(caller))
    )
    budgets: Select[*tuple[Any, ...]] = select(literal_column("1")).where(
        Run.owner_id == caller.user_id,
        Run.kind.in_([kind.value for kind in _CAN_WAIT]),
        Run.status == RunStatus.WAITING,
        Run.needs_budget,
        Run.deleted_at.is_(None),
    )
    row = (
        await session.execute(
            select(
                _number(pending.where(Approval.kind != ApprovalKind.QUESTION), "approvals"),
                _number(pending.where(Approval.kind == ApprovalKind.QUESTION), "questions"),
                _number(budgets, "budgets"),
            )
        )
    ).one()
    return WaitingCounts(approvals=row.approvals, questions=row.questions, budgets=row.budgets)


def _number(rows: Select[*tuple[Any, ...]], name: str) -> Any:
    some = rows.limit(MAX_COUNTED).subquery()
    number: ScalarSelect[int] = select(func.count()).select_from(some).scalar_subquery()
    return number.label(name)
