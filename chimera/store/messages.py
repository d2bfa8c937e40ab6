"""The messages of a task, for its owner, in pages, node by node."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Run
from chimera.store.access import visible_to
from models.errors import Forbidden, InvalidInput, NotFound
from models.ids import NodePath, TaskId
from models.messages import MessageView
from models.users import Caller

PAGE_BYTES = 1024 * 1024
"""A page ends before the message that would take it beyond this; a longer message is a page of its own."""


class MessagePlace(NamedTuple):
    """Where a page ended."""

    path: str
    rank: int
    """Of the purpose: a node plans, then works, then puts results together."""
    seq: int


_RANK = "array_position(ARRAY['plan', 'turn', 'aggregate'], m.purpose)"

# Sizes first: of the many megabytes of a node's messages, only those of this page are read.
_PAGE = text(f"""
WITH next AS (
    SELECT path, purpose, {_RANK} AS rank, seq,
           octet_length(content) + COALESCE(octet_length(thought), 0) + COALESCE(pg_column_size(tool_calls), 0) AS size
    FROM messages m
    WHERE run_id = :id AND (CAST(:path AS text) IS NULL OR path = CAST(:path AS text))
      AND (path, {_RANK}, seq) > (CAST(:after_path AS text), CAST(:after_rank AS int), CAST(:after_seq AS int))
    ORDER BY path, rank, seq LIMIT :limit),
 sized AS (
    SELECT *, sum(size) OVER place AS upto, row_number() OVER place AS nth
    FROM next WINDOW place AS (ORDER BY path, rank, seq))
SELECT s.rank, m.path, m.purpose, m.seq / 1000 AS step, m.seq, m.role, m.content, m.thought, m.tool_calls,
       m.tool_call_id, t.tool, t.failed, m.guidance_id, a.agent, a.model,
       CASE WHEN m.tool_calls IS NOT NULL THEN 'tool_calls'
            WHEN a.agent IS NOT NULL THEN COALESCE(c.outcome ->> 'finish_reason', 'stop') END AS finish_reason,
       m.tokens, m.created_at
FROM sized s
JOIN messages m ON m.run_id = :id AND m.path = s.path AND m.purpose = s.purpose AND m.seq = s.seq
LEFT JOIN calls c ON m.role = 'assistant' AND c.run_id = :id AND c.path = m.path AND c.purpose = m.purpose
     AND c.step = m.seq / 1000
LEFT JOIN call_attempts a ON a.run_id = :id AND a.path = c.path AND a.purpose = c.purpose AND a.step = c.step
     AND a.attempt = c.attempt
LEFT JOIN tool_calls t ON m.role = 'tool' AND t.run_id = :id AND t.path = m.path AND t.step = m.seq / 1000
     AND t.index = m.seq % 1000 - 501
WHERE s.upto <= :bytes OR s.nth = 1
ORDER BY s.path, s.rank, s.seq
""")  # noqa: S608  # put together from what stands here

_MORE = text(f"""
SELECT EXISTS (SELECT 1 FROM messages m
WHERE run_id = :id AND (CAST(:path AS text) IS NULL OR path = CAST(:path AS text))
  AND (path, {_RANK}, seq) > (CAST(:after_path AS text), CAST(:after_rank AS int), CAST(:after_seq AS int)))
""")  # noqa: S608  # as above


async def page(
    session: AsyncSession,
    caller: Caller,
    task_id: TaskId,
    *,
    path: NodePath | None,
    after: MessagePlace | None,
    limit: int,
) -> tuple[list[MessageView], MessagePlace | None]:
    """Return up to `limit` messages behind `after`, of one node or of all, and the place where they end if more follow.

    Raises NotFound for a task that the caller has not, Forbidden for an admin who doesn't own it, and InvalidInput for
    a node that isn't there.
    """
    await _check_owner(session, caller, task_id)
    if path:
        await _check_path(session, task_id, path)
    place = after or MessagePlace("", 0, 0)
    where = {"id": task_id, "path": path, "after_path": place.path, "after_rank": place.rank, "after_seq": place.seq}
    rows = (await session.execute(_PAGE, {**where, "limit": limit, "bytes": PAGE_BYTES})).mappings().all()
    if not rows:
        return [], None
    last = MessagePlace(rows[-1]["path"], rows[-1]["rank"], rows[-1]["seq"])
    behind = {"after_path": last.path, "after_rank": last.rank, "after_seq": last.seq}
    more = await session.scalar(_MORE, {**where, **behind})
    views = [MessageView.model_validate({**row, "tool_calls": row["tool_calls"] or ()}) for row in rows]
    return views, last if more else None


async def _check_owner(session: AsyncSession, caller: Caller, task_id: TaskId) -> None:
    visible = select(Run.owner_id).where(Run.id == task_id, Run.deleted_at.is_(None), *visible_to(caller, Run.owner_id))
    owner_id = await session.scalar(visible)
    if owner_id is None:
        raise NotFound("task", task_id)
    if owner_id != caller.user_id:
        raise Forbidden("Only the owner of a task can read its messages.")


async def _check_path(session: AsyncSession, task_id: TaskId, path: NodePath) -> None:
    paths: Sequence[str] = (
        await session.scalars(text("SELECT path FROM subtasks WHERE run_id = :id ORDER BY path"), {"id": task_id})
    ).all()
    if path not in paths:
        known = f"Use one of {', '.join(paths[:20])}, or omit the path" if paths else "Omit the path"
        raise InvalidInput("path", f"This task doesn't have a subtask {path!r}. {known}.")
