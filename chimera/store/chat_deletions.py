"""Deletions of chat sessions. A deleted session disappears at once; its content follows when its runs have ended."""

from sqlalchemy import delete as delete_from
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import ChatSession, Reply, Run
from chimera.ledger import outbox
from chimera.store import contents, ended_runs, shares, task_controls
from chimera.store.access import locked
from models.ids import RunId, UserId
from models.runs import OPEN, STOPPED, RunKind
from models.shares import ShareKind
from models.users import Caller

_OF_SESSION = Run.id.in_(select(Reply.run_id).where(Reply.session_id == ChatSession.id).correlate(ChatSession))
_IS_OPEN = Run.status.in_(sorted(OPEN))


async def delete(session: AsyncSession, row: ChatSession) -> tuple[RunId, ...]:
    """Delete a locked session and cancel its open replies; return all runs that have to be notified.

    What was paid is kept. Tasks that were started in the session are kept too.
    """
    row.deleted_at = func.now()
    await session.flush()
    owner = Caller(user_id=UserId(row.owner_id), role="user")
    still_open = await session.scalars(
        select(Run.id)
        .join(Reply, Reply.run_id == Run.id)
        .where(Reply.session_id == row.id, _IS_OPEN, Run.owner_id == owner.user_id)
        .order_by(Run.created_at, Run.id)
    )
    cancelled = [RunId(run_id) for run_id in still_open if await _cancel(session, owner, RunId(run_id))]
    if cancelled:
        return tuple(cancelled)
    return await _empty(session, row)


async def purge(session: AsyncSession, *, limit: int) -> list[RunId]:
    """Delete the content of up to `limit` deleted sessions whose runs have all ended; return these runs."""
    rows = await session.scalars(
        select(ChatSession)
        .where(
            ChatSession.deleted_at.is_not(None),
            ~select(Run.id).where(_OF_SESSION, _IS_OPEN).correlate(ChatSession).exists(),
        )
        .order_by(ChatSession.deleted_at)
        .limit(limit)
        # Skip sessions that another worker is deleting at this moment.
        .with_for_update(key_share=True, skip_locked=True)
    )
    return [run_id for row in rows.all() for run_id in await _empty(session, row)]


async def _cancel(session: AsyncSession, owner: Caller, run_id: RunId) -> bool:
    """Cancel a reply; return whether it is open."""
    run = await locked(session, owner, run_id, RunKind.REPLY, RunKind.COMPLETION)
    if run.status not in OPEN:
        return False
    if run.status not in STOPPED:
        await task_controls.cancel(session, owner, run_id, RunKind.REPLY, RunKind.COMPLETION)
    return True


async def _empty(session: AsyncSession, row: ChatSession) -> tuple[RunId, ...]:
    """Delete a session with its messages, and the content of its ended runs."""
    of_session = select(Run.id).join(Reply, Reply.run_id == Run.id)
    found = await session.scalars(of_session.where(Reply.session_id == row.id, Run.owner_id == row.owner_id))
    run_ids = tuple(RunId(run_id) for run_id in found)
    for run_id in run_ids:
        await contents.delete_of_reply(session, run_id)
        await outbox.enqueue(session, run_id, "forget")
    # A repeated request would find no session anyway.
    await ended_runs.forget_keys(session, UserId(row.owner_id), run_ids)
    await shares.forget(session, ShareKind.CHAT_SESSION, [row.id])
    await session.execute(
        delete_from(ChatSession).where(ChatSession.id == row.id, ChatSession.owner_id == row.owner_id)
    )
    return run_ids
