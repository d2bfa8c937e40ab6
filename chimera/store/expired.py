"""Content that is older than the settings permit: deleted in batches, or counted."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import AuditEntry, ChatSession, Reply, Run
from chimera.store import chat_deletions, contents, ended_runs, unused_files
from chimera.store.ended_runs import HAS_ENDED, Deleted
from chimera.store.holds import run_is_free, session_is_free
from models.ids import RunId
from models.retention import RetentionKind
from models.runs import OPEN, RunKind

RUNS_AT_ONCE, FILES_AT_ONCE, ENTRIES_AT_ONCE = 20, 200, 5_000
"""Maximum per transaction, so that locks are held for a moment only."""

_KINDS: dict[RetentionKind, tuple[RunKind, ...]] = {
    RetentionKind.TASKS: (RunKind.TASK,),
    RetentionKind.COMPLETIONS: (RunKind.COMPLETION,),
    RetentionKind.AI_CALLS: (RunKind.EMBEDDINGS, RunKind.IMAGES, RunKind.TRANSCRIPTIONS),
}
_USED = func.coalesce(ChatSession.last_message_at, ChatSession.created_at)
_OF_SESSION = select(Reply.run_id).where(Reply.run_id == Run.id, Reply.session_id.is_not(None)).correlate(Run).exists()
"""The title, summaries and suggestions of a session are completions. They are deleted with it."""

Batch = Callable[[AsyncSession, datetime], Awaitable[Deleted]]


async def delete_runs(session: AsyncSession, kind: RetentionKind, before: datetime) -> Deleted:
    """Delete the content of a batch of runs that ended before a time."""
    return await ended_runs.empty(
        session, await ended_runs.locked(session, *_old_runs(kind, before), limit=RUNS_AT_ONCE)
    )


async def delete_sessions(session: AsyncSession, before: datetime) -> Deleted:
    """Delete a batch of chat sessions whose last message is older than a time. Sessions with an open reply are kept.

    They are hidden, and `chat_deletions.purge` deletes their content.
    """
    rows = select(ChatSession).where(*_old_sessions(before)).order_by(_USED, ChatSession.id).limit(RUNS_AT_ONCE)
    sessions = (await session.scalars(rows.with_for_update(key_share=True, skip_locked=True))).all()
    of_sessions = select(Reply.run_id).where(Reply.session_id.in_([each.id for each in sessions]))
    size = await contents.size_of(session, [RunId(run_id) for run_id in await session.scalars(of_sessions)])
    for each in sessions:
        await chat_deletions.delete(session, each)
    return Deleted(len(sessions), size)


async def delete_audit_entries(session: AsyncSession, before: datetime) -> Deleted:
    """Delete a batch of entries of the audit log that were written before a time."""
    old = select(AuditEntry.id).where(AuditEntry.at < before).order_by(AuditEntry.at).limit(ENTRIES_AT_ONCE)
    gone = delete(AuditEntry).where(AuditEntry.id.in_(old)).returning(AuditEntry.id)
    return Deleted(len((await session.scalars(gone)).all()))


async def count(session: AsyncSession, kind: RetentionKind, before: datetime) -> int:
    """Count what would be deleted of a kind."""
    if kind is RetentionKind.FILES:
        return await unused_files.count_before(session, before)
    if kind is RetentionKind.CHAT_SESSIONS:
        statement = select(func.count()).select_from(ChatSession).where(*_old_sessions(before))
    elif kind is RetentionKind.AUDIT_LOG:
        statement = select(func.count()).select_from(AuditEntry).where(AuditEntry.at < before)
    else:
        has_content = (Run.deleted_at.is_(None), HAS_ENDED, Run.approvals_pending == 0)
        statement = select(func.count()).select_from(Run).where(*has_content, *_old_runs(kind, before))
    return await session.scalar(statement) or 0


def _old_runs(kind: RetentionKind, before: datetime) -> tuple[ColumnElement[bool], ...]:
    return Run.kind.in_(_KINDS[kind]), Run.ended_at < before, run_is_free(), ~_OF_SESSION


def _old_sessions(before: datetime) -> tuple[ColumnElement[bool], ...]:
    is_open = (
        select(Run.id)
        .join(Reply, Reply.run_id == Run.id)
        .where(Reply.session_id == ChatSession.id, Run.status.in_(sorted(OPEN)))
        .correlate(ChatSession)
        .exists()
    )
    return before > _USED, ChatSession.deleted_at.is_(None), ~is_open, session_is_free()
