"""Files in PostgreSQL: a row, and the bytes in chunks of one mebibyte, so that readers needn't hold all bytes at once.

For the reasons, see docs/decisions/0009-files-live-in-postgres.md.
"""

from typing import Any

from sqlalchemy import Row, insert, select
from sqlalchemy import delete as delete_from
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.content.file_types import clean_name
from chimera.content.files import Content
from chimera.db.tables import File, FileChunk, Run
from chimera.store import pages
from chimera.store.access import IS_TASK, visible_to
from chimera.store.pages import Place
from models.errors import NotFound
from models.files import FileView
from models.ids import FileId, RunId, TaskId, UserId
from models.users import Caller


async def create(
    session: AsyncSession, owner_id: UserId, name: str | None, content: Content, *, simulated: bool = False
) -> FileView:
    """Store a file, in the caller's transaction."""
    row = await session.execute(
        insert(File)
        .values(
            owner_id=owner_id,
            name=clean_name(name),
            media_type=content.media_type,
            size_bytes=content.size_bytes,
            sha256=content.sha256,
            simulated=simulated,
        )
        .returning(*_COLUMNS)
    )
    view = _view_of(row.one())
    for position, data in enumerate(content.chunks()):
        await session.execute(insert(FileChunk).values(file_id=view.id, position=position, data=data))
    return view


async def view(session: AsyncSession, caller: Caller, file_id: FileId) -> FileView:
    """Return the caller's file. Raises NotFound, also for another user's."""
    row = (
        await session.execute(select(*_COLUMNS).where(File.id == file_id, *visible_to(caller, File.owner_id)))
    ).one_or_none()
    if row is None:
        raise NotFound("file", file_id)
    return _view_of(row)


async def page(
    session: AsyncSession, caller: Caller, *, after: Place | None, limit: int, run_id: RunId | None = None
) -> tuple[list[FileView], Place | None]:
    """Return up to `limit` files after the place `after`, newest first, and where they end if more follow.

    With `run_id`, only the files of this run are listed.
    """
    mine = select(*_COLUMNS).where(*visible_to(caller, File.owner_id))
    if run_id is not None:
        mine = mine.where(File.run_id == run_id)
    rows, place = await pages.newest(session, mine, File.created_at, File.id, after=after, limit=limit)
    return [_view_of(row) for row in rows], place


async def page_of_task(
    session: AsyncSession, caller: Caller, task_id: TaskId, *, after: Place | None, limit: int
) -> tuple[list[FileView], Place | None]:
    """Return the files of the caller's task, as `page` does. Raises NotFound, also for another user's task."""
    visible = select(Run.id).where(Run.id == task_id, IS_TASK, Run.deleted_at.is_(None))
    if await session.scalar(visible.where(*visible_to(caller, Run.owner_id))) is None:
        raise NotFound("task", task_id)
    return await page(session, caller, after=after, limit=limit, run_id=task_id)


async def chunk(session: AsyncSession, file_id: FileId, position: int) -> bytes | None:
    """Return one chunk, or None after the last one."""
    statement = select(FileChunk.data).where(FileChunk.file_id == file_id, FileChunk.position == position)
    return await session.scalar(statement)


async def content(session: AsyncSession, file_id: FileId) -> bytes:
    """Return all bytes of a file, from one snapshot; they are empty if the file no longer exists."""
    statement = select(FileChunk.data).where(FileChunk.file_id == file_id).order_by(FileChunk.position)
    return b"".join(await session.scalars(statement))


async def delete(session: AsyncSession, caller: Caller, file_id: FileId) -> None:
    """Delete a file and its bytes. Raises NotFound, also for another user's."""
    gone = await session.scalar(
        delete_from(File).where(File.id == file_id, *visible_to(caller, File.owner_id)).returning(File.id)
    )
    if gone is None:
        raise NotFound("file", file_id)


_COLUMNS = (
    File.id,
    File.name,
    File.media_type,
    File.size_bytes,
    File.sha256,
    File.simulated,
    File.run_id.label("task_id"),
    File.created_at,
)


def _view_of(row: Row[*tuple[Any, ...]]) -> FileView:
    return FileView.model_validate(row._asdict())
