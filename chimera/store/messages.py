"""The messages of a task for its owner and for groups that it is shared with, in pages and node by node."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Run, Subtask
from chimera.ledger import messages
from chimera.ledger.messages import MessagePlace
from chimera.store.access import conversation_open_to, open_to
from models.errors import Forbidden, InvalidInput, NotFound
from models.ids import NodePath, TaskId
from models.messages import MessageView
from models.shares import ShareKind
from models.users import Caller

PAGE_BYTES = 1024 * 1024
"""A page ends before the message that would exceed this size; a longer message is a page of its own."""


async def page(
    session: AsyncSession,
    caller: Caller,
    task_id: TaskId,
    *,
    path: NodePath | None,
    after: MessagePlace | None,
    limit: int,
) -> tuple[list[MessageView], MessagePlace | None]:
    """Return up to `limit` messages after `after`, of one node or of all, and the place where they end if more follow.

    Raises NotFound for a task that the caller can't see, Forbidden for an admin with whom it isn't shared, and
    InvalidInput for a node that doesn't exist.
    """
    await _check_reader(session, caller, task_id)
    if path:
        await _check_path(session, task_id, path)
    rows = await messages.read_page(session, task_id, path, after, limit=limit, max_bytes=PAGE_BYTES)
    if not rows:
        return [], None
    last = MessagePlace(rows[-1]["path"], rows[-1]["rank"], rows[-1]["seq"])
    more = await messages.has_more(session, task_id, path, last)
    return [_view_of(row) for row in rows], last if more else None


def _view_of(row: RowMapping) -> MessageView:
    images = tuple(map(str, row["images"] or ()))
    return MessageView.model_validate({**row, "tool_calls": row["tool_calls"] or (), "images": images})


async def _check_reader(session: AsyncSession, caller: Caller, task_id: TaskId) -> None:
    visible = select(conversation_open_to(caller)).where(
        Run.id == task_id, Run.deleted_at.is_(None), *open_to(caller, ShareKind.TASK)
    )
    may_read = await session.scalar(visible)
    if may_read is None:
        raise NotFound("task", task_id)
    if not may_read:
        raise Forbidden("Only a task's owner, and groups that it is shared with, can read its messages.")


async def _check_path(session: AsyncSession, task_id: TaskId, path: NodePath) -> None:
    statement = select(Subtask.path).where(Subtask.run_id == task_id).order_by(Subtask.path)
    paths: Sequence[str] = (await session.scalars(statement)).all()
    if path not in paths:
        known = f"Use one of {', '.join(paths[:20])}, or omit the path" if paths else "Omit the path"
        raise InvalidInput("path", f"This task has no subtask {path!r}. {known}.")
