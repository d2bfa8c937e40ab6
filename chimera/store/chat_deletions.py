"""Deletions of chat sessions. A deleted session disappears at once; its content follows when its runs have ended.

That takes several statements per run, so the content is deleted in the background, a few runs per transaction.
"""

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
    """Hide a locked session and cancel its open replies; return these, whose runs have to be notified.

    Its content is deleted by `purge`. What was paid is kept, and so are tasks that were started in the session.
    """
    row.deleted_at = func.now()
    await session.flush()
    await shares.forget(session, ShareKind.CHAT_SESSION, [row.id])
    owner = Caller(user_id=UserId(row.owner_id), role="user")
    still_open = await session.scalars(
        select(Run.id)
        .join(Reply, Reply.run_id == Run.id)
        .where(Reply.session_id == row.id, _IS_OPEN, Run.owner_id == owner.user_id)
        .order_by(Run.created_at, Run.id)
    )
    return tuple([RunId(run_id) for run_id in still_open if await _cancel(session, owner, RunId(run_id))])


async def purge(session: AsyncSession, *, limit: int) -> list[RunId]:
    """Delete the content of up to `limit` runs of deleted sessions; return these runs.

    A session's content is deleted when all its runs have ended, and the session itself when none has content any more.
    If fewer than `limit` runs are returned, only sessions without runs may be left.
    """
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
    emptied: list[RunId] = []
    for row in rows.all():
        room = limit - len(emptied)
        if not room:
            break
        run_ids = await _empty_some(session, row, room)
        emptied += run_ids
        if len(run_ids) < room:
            await _remove(session, row)
    return emptied


async def _cancel(session: AsyncSession, owner: Caller, run_id: RunId) -> bool:
    """Cancel a reply; return whether it is open."""
    run = await locked(session, owner, run_id, RunKind.REPLY, RunKind.COMPLETION)
    if run.status not in OPEN:
        return False
    if run.status not in STOPPED:
        await task_controls.cancel(session, owner, run_id, RunKind.REPLY, RunKind.COMPLETION)
    return True


async def _empty_some(session: AsyncSession, row: ChatSession, limit: int) -> list[RunId]:
    """Delete the content of up to `limit` runs of a session that still have content; return them."""
    with_content = (Reply.session_id == row.id, Run.owner_id == row.owner_id, Run.deleted_at.is_(None))
    found = await session.scalars(select(Run.id).join(Reply, Reply.run_id == Run.id).where(*with_content).limit(limit))
    run_ids = [RunId(run_id) for run_id in found]
    for run_id in run_ids:
        await contents.delete_of_reply(session, run_id)
        await outbox.enqueue(session, run_id, "forget")
    # A repeated request would find no session anyway.
    await ended_runs.forget_keys(session, UserId(row.owner_id), run_ids)
    return run_ids


async def _remove(session: AsyncSession, row: ChatSession) -> None:
    await session.execute(
        delete_from(ChatSession).where(ChatSession.id == row.id, ChatSession.owner_id == row.owner_id)
    )
