"""Files in PostgreSQL: a row, and the bytes in chunks of one mebibyte, so that readers needn't hold all bytes at once.

For the reasons, see docs/decisions/0009-files-live-in-postgres.md.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, Row, Uuid, any_, insert, literal, select
from sqlalchemy import delete as delete_from
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.content.file_types import clean_name
from chimera.content.files import Content
from chimera.db.tables import File, FileChunk, Run
from chimera.store import pages, shares
from chimera.store.access import IS_TASK, listed_for, open_to, too_little, visible_to
from chimera.store.pages import Place
from models.errors import NotFound
from models.files import FileView
from models.ids import FileId, RunId, TaskId, UserId
from models.shares import Right, Shared, ShareKind
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


async def view(session: AsyncSession, caller: Caller, file_id: FileId, right: Right | None = None) -> FileView:
    """Return the caller's file. With `right`, also one that is shared with this right.

    Raises NotFound, also for another user's file.
    """
    row = (
        await session.execute(select(*_COLUMNS).where(File.id == file_id, *open_to(caller, ShareKind.FILE, right)))
    ).one_or_none()
    if row is None:
        raise NotFound("file", file_id)
    return _view_of(row)


async def to_use(session: AsyncSession, owner_id: UserId, file_ids: Collection[str]) -> dict[str, FileView]:
    """Return those of these files that belong to a user, by ID, for content that will name them.

    Retention doesn't delete them before the transaction ends. An administrator, too, can use only their own.
    """
    if not file_ids:
        return {}
    wanted = File.id == any_(literal(sorted(file_ids), ARRAY(Uuid(as_uuid=False))))
    mine = select(*_COLUMNS).where(wanted, File.owner_id == owner_id).order_by(File.id)
    rows = await session.execute(mine.with_for_update(read=True, key_share=True))
    return {view.id: view for view in map(_view_of, rows)}


async def one_to_use(session: AsyncSession, owner_id: UserId, file_id: FileId) -> FileView:
    """Return a file as `to_use` does. Raises NotFound, also for another user's file."""
    found = await to_use(session, owner_id, [file_id])
    if file_id not in found:
        raise NotFound("file", file_id)
    return found[file_id]


async def page(
    session: AsyncSession,
    caller: Caller,
    *,
    shared: Shared | None = None,
    text: str | None = None,
    after: Place | None,
    limit: int,
    run_id: RunId | None = None,
) -> tuple[list[FileView], Place | None]:
    """Return up to `limit` files after the place `after`, newest first, and where they end if more follow.

    With `run_id`, only the files of this run are listed, and with `text`, only those whose name contains it.
    """
    listed = select(*_COLUMNS).where(*listed_for(caller, ShareKind.FILE, shared))
    if run_id is not None:
        listed = listed.where(File.run_id == run_id)
    if text:
        listed = listed.where(File.name.icontains(text, autoescape=True))
    rows, place = await pages.newest(session, listed, File.created_at, File.id, after=after, limit=limit)
    return [_view_of(row) for row in rows], place


async def page_of_task(
    session: AsyncSession, caller: Caller, task_id: TaskId, *, after: Place | None, limit: int
) -> tuple[list[FileView], Place | None]:
    """Return the files of a task that the caller may see, as `page` does. Raises NotFound for other tasks."""
    visible = select(Run.owner_id).where(Run.id == task_id, IS_TASK, Run.deleted_at.is_(None))
    owner_id = await session.scalar(visible.where(*open_to(caller, ShareKind.TASK)))
    if owner_id is None:
        raise NotFound("task", task_id)
    owner = Caller(user_id=UserId(owner_id), role="user")
    return await page(session, owner, after=after, limit=limit, run_id=task_id)


async def chunk(session: AsyncSession, file_id: FileId, position: int) -> bytes | None:
    """Return one chunk, or None after the last one."""
    statement = select(FileChunk.data).where(FileChunk.file_id == file_id, FileChunk.position == position)
    return await session.scalar(statement)


async def content(session: AsyncSession, file_id: FileId) -> bytes:
    """Return all bytes of a file, from one snapshot; they are empty if the file no longer exists."""
    statement = select(FileChunk.data).where(FileChunk.file_id == file_id).order_by(FileChunk.position)
    return b"".join(await session.scalars(statement))


async def delete(session: AsyncSession, caller: Caller, file_id: FileId) -> None:
    """Delete a file and its bytes. Raises NotFound, also for another user's, and Forbidden for one that is shared."""
    gone = await session.scalar(
        delete_from(File).where(File.id == file_id, *visible_to(caller, File.owner_id)).returning(File.id)
    )
    if gone is None:
        # Raises NotFound unless the file is shared with the caller.
        await view(session, caller, file_id, Right.VIEW)
        raise too_little("file", None)
    await shares.forget(session, ShareKind.FILE, [file_id])


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
