"""Deletes the content of ended runs of any kind. What was paid is kept."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Run
from chimera.ledger import outbox
from chimera.store import contents, tasks
from models.ids import RunId, UserId
from models.runs import CLOSED, REPLIES, RunKind, RunStatus
from models.users import Caller

HAS_ENDED = Run.status.in_(sorted({*CLOSED, RunStatus.DRAFT}))


class Deleted(NamedTuple):
    """What a batch has deleted."""

    items: int = 0
    bytes: int = 0


class EndedRun(NamedTuple):
    id: RunId
    owner_id: UserId
    kind: RunKind


async def locked(session: AsyncSession, *where: ColumnElement[bool], limit: int) -> list[EndedRun]:
    """Lock and return up to `limit` ended runs that still have content, of any owner."""
    found = await session.execute(
        select(Run.id, Run.owner_id, Run.kind)
        .where(Run.deleted_at.is_(None), HAS_ENDED, Run.approvals_pending == 0, *where)
        .limit(limit)
        # Skip runs that another worker is deleting at this moment.
        .with_for_update(of=Run, key_share=True, skip_locked=True)
    )
    return [EndedRun(RunId(row.id), UserId(row.owner_id), RunKind(row.kind)) for row in found]


async def forget_keys(session: AsyncSession, owner_id: UserId, run_ids: Sequence[RunId]) -> None:
    """Delete the idempotency keys of an owner's deleted runs. Without them, a repeated request isn't recognized."""
    keyed = update(Run).where(Run.id.in_(run_ids), Run.owner_id == owner_id, Run.idempotency_key.is_not(None))
    await session.execute(keyed.values(idempotency_key=None))


async def empty(session: AsyncSession, runs: Sequence[EndedRun]) -> Deleted:
    """Delete the content of locked runs, and let Temporal forget them."""
    size = await contents.size_of(session, [run.id for run in runs]) if runs else 0
    for run in runs:
        if run.kind is RunKind.TASK:
            await tasks.delete(session, Caller(user_id=run.owner_id, role="user"), run.id)
            continue
        if run.kind in REPLIES:
            await contents.delete_of_reply(session, run.id)
        else:
            await contents.delete_of_ai_call(session, run.id)
        await outbox.enqueue(session, run.id, "forget")
    return Deleted(len(runs), size)
