"""Files of a run, which its agents write and read by name. All nodes of the run see the same files."""

from dataclasses import dataclass

from sqlalchemy import delete as delete_from
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.content.files import Content
from chimera.db.tables import File, FileChunk, Run, Subtask
from chimera.ledger import ends, events
from chimera.store import files, user_limits
from chimera.store.access import IS_TASK, visible_to
from chimera.store.pages import Place
from chimera.store.user_limits import FILES_LIMIT, LEAST_BYTES
from models.errors import NotFound, RootStopped, SubtaskSkipped
from models.events import FileWritten
from models.files import MAX_RUN_BYTES, MAX_RUN_FILES, FileView
from models.ids import NodePath, RunId, TaskId, UserId
from models.runs import UNCALLABLE
from models.subtasks import SubtaskStatus
from models.users import Caller

_LEFT_OUT = (SubtaskStatus.SKIPPED, SubtaskStatus.CANCELLED)


class RunIsFull(Exception):
    """A run has no room for a file; the message is for the model."""


@dataclass(frozen=True, slots=True)
class FileContent:
    """The bytes of a run's file."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Writer:
    """The node that writes a file."""

    owner_id: UserId
    run_id: RunId
    path: NodePath
    step: int


async def write(session: AsyncSession, writer: Writer, name: str, content: Content, settings: Settings) -> bool:
    """Store a file with its event, in place of the run's file with the same name; return whether there was one.

    If the run has a file with this name and content, nothing changes. Raises RootStopped or SubtaskSkipped if the node
    may do no more work, RunIsFull, and what `user_limits.check_added` raises.
    """
    # The run's row is locked first, as everywhere. It also keeps the run's other writers away.
    run = await ends.locked(session, writer.run_id)
    if run is None or run.status in UNCALLABLE:
        raise RootStopped(writer.run_id)
    await _check_wanted(session, writer)
    named = File.run_id == writer.run_id, File.name == name
    there = (await session.execute(select(File.id, File.sha256).where(*named))).one_or_none()
    if there is not None and there.sha256 == content.sha256:
        return True
    if there is not None:
        # A new id, so that a client that is reading the old content notices that it is gone.
        await session.execute(delete_from(File).where(File.id == there.id))
    await _check_room(session, writer.run_id, content.size_bytes)
    counts_for = max(content.size_bytes, LEAST_BYTES)
    await user_limits.check_room(session, writer.owner_id, FILES_LIMIT, settings, counts_for)
    view = await files.create(session, writer.owner_id, name, content, run_id=writer.run_id)
    await user_limits.check_added(session, writer.owner_id, FILES_LIMIT, settings, counts_for)
    event = FileWritten(path=writer.path, step=writer.step, file_id=view.id, name=name, size_bytes=view.size_bytes)
    await events.append(session, writer.run_id, event)
    return there is not None


async def read(session: AsyncSession, run_id: RunId, name: str) -> FileContent | None:
    """Return a run's file, from one snapshot; None if there is none with this name."""
    statement = (
        select(File.media_type, FileChunk.data)
        .outerjoin(FileChunk, FileChunk.file_id == File.id)
        .where(File.run_id == run_id, File.name == name)
        .order_by(FileChunk.position)
    )
    rows = (await session.execute(statement)).all()
    # An empty file has no chunk.
    return FileContent(rows[0].media_type, b"".join(row.data or b"" for row in rows)) if rows else None


async def names(session: AsyncSession, run_id: RunId) -> list[tuple[str, str, int]]:
    """Return the name, media type and size in bytes of each file of a run, by name."""
    statement = select(File.name, File.media_type, File.size_bytes).where(File.run_id == run_id)
    return [(row.name, row.media_type, row.size_bytes) for row in await session.execute(statement.order_by(File.name))]


async def page(
    session: AsyncSession, caller: Caller, task_id: TaskId, *, after: Place | None, limit: int
) -> tuple[list[FileView], Place | None]:
    """Return up to `limit` files of the caller's task, as `files.page` does. Raises NotFound, also for another user's
    task.
    """
    visible = select(Run.id).where(Run.id == task_id, IS_TASK, Run.deleted_at.is_(None))
    if await session.scalar(visible.where(*visible_to(caller, Run.owner_id))) is None:
        raise NotFound("task", task_id)
    return await files.page(session, caller, after=after, limit=limit, run_id=task_id)


async def _check_wanted(session: AsyncSession, writer: Writer) -> None:
    """Raise SubtaskSkipped if the run continues without the node."""
    left_out = select(Subtask.path).where(
        Subtask.run_id == writer.run_id, Subtask.path == writer.path, Subtask.status.in_(_LEFT_OUT)
    )
    if await session.scalar(left_out) is not None:
        raise SubtaskSkipped(writer.path)


async def _check_room(session: AsyncSession, run_id: RunId, size_bytes: int) -> None:
    totals = select(func.count().label("files"), func.coalesce(func.sum(File.size_bytes), 0).label("size_bytes"))
    there = (await session.execute(totals.where(File.run_id == run_id))).one()
    if there.files >= MAX_RUN_FILES:
        raise RunIsFull(f"The task has {MAX_RUN_FILES} files, which is the limit. Add to a file that exists.")
    if there.size_bytes + size_bytes > MAX_RUN_BYTES:
        raise RunIsFull(
            f"The task's files have {there.size_bytes:,} bytes, and {MAX_RUN_BYTES:,} is the limit. Write less, or"
            " replace a large file."
        )
