"""Pages of a task's transcript for its readers, node by node. `transcripts.py` reads it for model calls."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from models.ids import NodePath, RunId


class MessagePlace(NamedTuple):
    """The place where a page ended."""

    path: str
    rank: int
    """The rank of the purpose: a node plans, then works, then combines results."""
    seq: int


_RANK = "array_position(ARRAY['plan', 'summary', 'turn', 'aggregate'], m.purpose)"
_BEHIND = f"""WHERE run_id = %(run_id)s AND (%(path)s::text IS NULL OR path = %(path)s::text)
      AND (path, {_RANK}, seq) > (%(after_path)s::text, %(after_rank)s::int, %(after_seq)s::int)"""

# Sizes are read first: a node's messages may have many megabytes, and only those of this page are read.
_PAGE = f"""
WITH next AS (
    SELECT path, purpose, {_RANK} AS rank, seq,
           octet_length(content) + COALESCE(octet_length(thought), 0) + COALESCE(pg_column_size(tool_calls), 0) AS size
    FROM messages m
    {_BEHIND}
    ORDER BY path, rank, seq LIMIT %(limit)s),
 sized AS (
    SELECT *, sum(size) OVER place AS upto, row_number() OVER place AS nth
    FROM next WINDOW place AS (ORDER BY path, rank, seq))
SELECT s.rank, m.path, m.purpose, m.seq / 1000 AS step, m.seq, m.role, m.content, m.thought, m.tool_calls,
       m.tool_call_id, t.tool, t.failed, m.images, m.guidance_id, a.agent, a.agent_version, a.model,
       CASE WHEN m.tool_calls IS NOT NULL THEN 'tool_calls'
            WHEN a.agent IS NOT NULL THEN COALESCE(c.outcome ->> 'finish_reason', 'stop') END AS finish_reason,
       m.tokens, m.created_at
FROM sized s
JOIN messages m ON m.run_id = %(run_id)s AND m.path = s.path AND m.purpose = s.purpose AND m.seq = s.seq
LEFT JOIN calls c ON m.role = 'assistant' AND c.run_id = %(run_id)s AND c.path = m.path AND c.purpose = m.purpose
     AND c.step = m.seq / 1000
LEFT JOIN call_attempts a ON a.run_id = %(run_id)s AND a.path = c.path AND a.purpose = c.purpose AND a.step = c.step
     AND a.attempt = c.attempt
LEFT JOIN tool_calls t ON m.role = 'tool' AND t.run_id = %(run_id)s AND t.path = m.path AND t.step = m.seq / 1000
     AND t.index = m.seq %% 1000 - 501
WHERE s.upto <= %(max_bytes)s OR s.nth = 1
ORDER BY s.path, s.rank, s.seq
"""  # noqa: S608  # only constants go in

_MORE = f"""
SELECT EXISTS (SELECT 1 FROM messages m
{_BEHIND})
"""  # noqa: S608  # as above


async def read_page(
    session: AsyncSession,
    run_id: RunId,
    path: NodePath | None,
    after: MessagePlace | None,
    *,
    limit: int,
    max_bytes: int,
) -> Sequence[RowMapping]:
    """Read up to `limit` messages after `after`, of one node or of all, that fit into `max_bytes`, but at least one."""
    values = {**_behind(run_id, path, after or MessagePlace("", 0, 0)), "limit": limit, "max_bytes": max_bytes}
    return (await sql.execute(session, _PAGE, values)).mappings().all()


async def has_more(session: AsyncSession, run_id: RunId, path: NodePath | None, after: MessagePlace) -> bool:
    """Return whether more messages follow after a place."""
    return bool((await sql.execute(session, _MORE, _behind(run_id, path, after))).scalar())


def _behind(run_id: RunId, path: NodePath | None, after: MessagePlace) -> dict[str, object]:
    place = {"after_path": after.path, "after_rank": after.rank, "after_seq": after.seq}
    return {"run_id": run_id, "path": path, **place}
