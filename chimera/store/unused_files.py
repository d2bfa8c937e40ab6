"""Old files that nothing uses. They are looked for by age, from the oldest to the newest."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, delete, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import File
from chimera.store import shares
from chimera.store.ended_runs import Deleted
from chimera.store.holds import is_free
from chimera.store.pages import Place
from models.shares import ShareKind

# What a schedule, a task, a conversation or an AI call names is in use, as long as their content is kept. Arrays have
# an index. JSON is read only for the owners of the files in question.
_USED = text("""
SELECT unnest(images)::text FROM tasks WHERE images <> '{}'::text[] AND images && :ids
UNION SELECT unnest(images)::text FROM messages WHERE images IS NOT NULL AND images && CAST(:ids AS uuid[])
UNION SELECT unnest(attachments)::text FROM chat_messages
       WHERE attachments <> '{}'::uuid[] AND attachments && CAST(:ids AS uuid[])
UNION SELECT jsonb_path_query(spec, '$.**.images[*]') #>> '{}' FROM schedules
       WHERE owner_id = ANY(CAST(:owners AS uuid[]))
UNION SELECT jsonb_path_query(a.request || jsonb_build_object('result', a.result), '$.**.file_id') #>> '{}'
        FROM ai_calls a JOIN runs r ON r.id = a.run_id
       WHERE r.owner_id = ANY(CAST(:owners AS uuid[])) AND r.deleted_at IS NULL
UNION SELECT jsonb_path_query(p.conversation, '$.**.file_id') #>> '{}' FROM replies p JOIN runs r ON r.id = p.run_id
       WHERE r.owner_id = ANY(CAST(:owners AS uuid[])) AND r.deleted_at IS NULL AND p.conversation IS NOT NULL
""").bindparams(bindparam("ids"), bindparam("owners"))


async def delete_before(
    session: AsyncSession, before: datetime, after: Place | None, *, limit: int
) -> tuple[Deleted, Place | None]:
    """Look at up to `limit` files after the place `after`; delete the unused ones, and return the next place.

    The files that a run has written belong to that run, and are deleted with it.
    """
    old, place = await _old(session, before, after, limit=limit)
    used = await _used(session, old)
    unused = [file.id for file in old if file.id not in used]
    await session.execute(delete(File).where(File.id.in_(unused)))
    await shares.forget(session, ShareKind.FILE, unused)
    size = sum(file.size_bytes for file in old if file.id not in used)
    return Deleted(len(unused), size), place


async def count_before(session: AsyncSession, before: datetime) -> int:
    """Count the files that `delete_before` would delete."""
    number, place, is_first = 0, None, True
    while is_first or place is not None:
        old, place = await _old(session, before, place, limit=1000)
        number += len(old) - len({file.id for file in old} & await _used(session, old))
        is_first = False
    return number


async def _old(
    session: AsyncSession, before: datetime, after: Place | None, *, limit: int
) -> tuple[Sequence[File], Place | None]:
    rows = select(File).where(File.run_id.is_(None), File.created_at < before, is_free(File.id))
    if after is not None:
        rows = rows.where(tuple_(File.created_at, File.id) > after)
    old = (await session.scalars(rows.order_by(File.created_at, File.id).limit(limit))).all()
    return old, (old[-1].created_at, old[-1].id) if len(old) == limit else None


async def _used(session: AsyncSession, files: Sequence[File]) -> set[str]:
    if not files:
        return set()
    values = {"ids": [file.id for file in files], "owners": sorted({file.owner_id for file in files})}
    return {str(each) for each in await session.scalars(_USED, values)}
