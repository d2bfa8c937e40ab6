"""The tree of a chat session's messages: branches, siblings and pages, each in one statement.

The numbers of messages grow from parent to child, so the messages of a branch are in the order of their numbers.
Summaries stand outside of the tree.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from models.ids import ChatMessageId, ChatSessionId

AnyRow = Row[*tuple[Any, ...]]

_BRANCH = """
branch AS (
    SELECT id, parent_id, number FROM chat_messages
    WHERE id = %(leaf_id)s AND session_id = %(session_id)s AND role <> 'summary'
    UNION ALL
    SELECT m.id, m.parent_id, m.number FROM chat_messages m JOIN branch b ON m.id = b.parent_id)"""
_TREE = """
branch AS (
    SELECT id, number FROM chat_messages WHERE session_id = %(session_id)s AND role <> 'summary')"""

# The second half of `s` is for messages without a parent. Together with the first one, it would not use the index.
_VIEWS = """
SELECT m.id, m.session_id, m.parent_id, m.role, m.number, m.attachments, m.created_at, m.run_id, page.found,
       CASE WHEN m.run_id IS NULL THEN m.text WHEN r.deleted_at IS NULL THEN r.result END AS text,
       r.kind, r.status, r.finish_reason, r.error_code, r.error, r.simulated, r.spent_micro_usd, r.input_tokens,
       r.output_tokens, r.event_seq, p.agent, COALESCE(p.model, t.model) AS model,
       (SELECT c.text FROM chat_messages c WHERE c.covers_id = m.id ORDER BY c.number DESC LIMIT 1) AS summary,
       of.siblings, of.sibling, of.previous_id, of.next_id
FROM page JOIN chat_messages m ON m.id = page.id
LEFT JOIN runs r ON r.id = m.run_id
LEFT JOIN replies p ON p.run_id = m.run_id
LEFT JOIN tasks t ON t.run_id = m.run_id
CROSS JOIN LATERAL (
    SELECT count(*) AS siblings, count(*) FILTER (WHERE s.number <= m.number) AS sibling,
           (array_agg(s.id ORDER BY s.number DESC) FILTER (WHERE s.number < m.number))[1] AS previous_id,
           (array_agg(s.id ORDER BY s.number) FILTER (WHERE s.number > m.number))[1] AS next_id
    FROM (SELECT id, number FROM chat_messages WHERE parent_id = m.parent_id
          UNION ALL
          SELECT id, number FROM chat_messages
          WHERE m.parent_id IS NULL AND parent_id IS NULL AND session_id = m.session_id AND role <> 'summary') s) of
WHERE page.bytes_before < %(max_bytes)s
"""
_SIZED = """
 page AS (
    SELECT c.id, count(*) OVER () AS found,
           COALESCE(sum(octet_length(COALESCE(m.text, r.result, ''))) OVER (
               ORDER BY c.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
    FROM chosen c JOIN chat_messages m ON m.id = c.id LEFT JOIN runs r ON r.id = m.run_id)"""
_UP = """
 chosen AS (
    SELECT id, number AS place FROM branch
    WHERE %(after)s::bigint IS NULL OR number > %(after)s ORDER BY number LIMIT %(limit)s)"""
_DOWN = """
 chosen AS (
    SELECT id, -number AS place FROM branch
    WHERE %(after)s::bigint IS NULL OR number < %(after)s ORDER BY number DESC LIMIT %(limit)s)"""


def _page_of(branch: str, chosen: str) -> str:
    order = "m.number" if chosen is _UP else "m.number DESC"
    return f"WITH RECURSIVE {branch},{chosen},{_SIZED}{_VIEWS}ORDER BY {order}"  # only constants go in


_PAGES = {
    (is_branch, is_up): _page_of(_BRANCH if is_branch else _TREE, _UP if is_up else _DOWN)
    for is_branch in (True, False)
    for is_up in (True, False)
}
_THESE = f"""
WITH chosen AS (
    SELECT id, number AS place FROM chat_messages WHERE id = ANY(%(ids)s::uuid[]) AND role <> 'summary'),
{_SIZED}{_VIEWS}
ORDER BY m.number
"""  # noqa: S608
_NO_LIMIT = 2**62


async def read_page(
    session: AsyncSession,
    session_id: ChatSessionId,
    leaf_id: ChatMessageId | None,
    *,
    after: int | None,
    oldest_first: bool,
    limit: int,
    max_bytes: int,
) -> tuple[list[AnyRow], bool]:
    """Return up to `limit` messages of a branch after the number `after`, and whether more follow in this direction.

    `leaf_id` is the last message of the branch; None selects the messages of all branches. The page ends before the
    message that would exceed `max_bytes`, unless it is the first one.
    """
    values = {
        "session_id": session_id,
        "leaf_id": leaf_id,
        "after": after,
        "limit": limit + 1,
        "max_bytes": max_bytes,
    }
    rows = list(await sql.execute(session, _PAGES[leaf_id is not None, oldest_first], values))
    return rows[:limit], bool(rows) and min(len(rows), limit) < rows[0].found


async def read_these(session: AsyncSession, ids: Sequence[ChatMessageId]) -> list[AnyRow]:
    """Return these messages, oldest first."""
    return list(await sql.execute(session, _THESE, {"ids": list(ids), "max_bytes": _NO_LIMIT}))


_NEWEST_BELOW = """
WITH RECURSIVE below AS (
    SELECT %(id)s::uuid AS id, 0 AS depth
    UNION ALL
    SELECT child.id, below.depth + 1 FROM below CROSS JOIN LATERAL (
        SELECT id FROM chat_messages WHERE parent_id = below.id ORDER BY number DESC LIMIT 1) child)
SELECT id FROM below ORDER BY depth DESC LIMIT 1
"""


async def newest_leaf_below(session: AsyncSession, message_id: ChatMessageId) -> ChatMessageId:
    """Return the end of the branch that follows the newest child at each step; the message itself if it has none."""
    return ChatMessageId(str((await sql.execute(session, _NEWEST_BELOW, {"id": message_id})).scalar()))


_LINE = f"WITH RECURSIVE {_BRANCH} SELECT id, parent_id FROM branch ORDER BY number"  # noqa: S608


async def branch_of(
    session: AsyncSession, session_id: ChatSessionId, leaf_id: ChatMessageId
) -> dict[ChatMessageId, ChatMessageId | None]:
    """Return the messages of a branch, oldest first, each with its parent."""
    rows = await sql.execute(session, _LINE, {"session_id": session_id, "leaf_id": leaf_id})
    return {
        ChatMessageId(str(row.id)): None if row.parent_id is None else ChatMessageId(str(row.parent_id)) for row in rows
    }
