"""Old files that nothing uses. They are looked for by age, from the oldest to the newest."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import File
from chimera.ledger import used_files
from chimera.store import shares
from chimera.store.ended_runs import Deleted
from chimera.store.holds import is_free
from chimera.store.pages import Place
from models.shares import ShareKind


async def delete_before(
    session: AsyncSession, before: datetime, after: Place | None, *, limit: int
) -> tuple[Deleted, Place | None]:
    """Look at up to `limit` files after the place `after`; delete the unused ones, and return the next place.

    The files that a run has written belong to that run, and are deleted with it. The files are locked before their uses
    are looked for, and content that names a file locks it too (`files.to_use`). So none is deleted that is about to be
    used.
    """
    old, place = await _old(session, before, after, limit=limit, lock=True)
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
    session: AsyncSession, before: datetime, after: Place | None, *, limit: int, lock: bool = False
) -> tuple[Sequence[File], Place | None]:
    rows = select(File).where(File.run_id.is_(None), File.created_at < before, is_free(File.id))
    if after is not None:
        rows = rows.where(tuple_(File.created_at, File.id) > after)
    if lock:
        rows = rows.with_for_update(skip_locked=True)
    old = (await session.scalars(rows.order_by(File.created_at, File.id).limit(limit))).all()
    return old, (old[-1].created_at, old[-1].id) if len(old) == limit else None


async def _used(session: AsyncSession, files: Sequence[File]) -> set[str]:
    if not files:
        return set()
    return await used_files.among(session, [file.id for file in files], sorted({file.owner_id for file in files}))
