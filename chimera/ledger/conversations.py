"""The conversation of a chat session, as a reply reads it: the messages from the newest summary to one message."""

from dataclasses import dataclass
from typing import Any

from chimera.db.engine import Connection

_PATH = """
WITH RECURSIVE path AS (
    SELECT m.id, m.parent_id, m.role, m.text, m.run_id, m.attachments, 1 AS depth
    FROM chat_messages m WHERE m.id = %(message_id)s AND m.session_id = %(session_id)s
    UNION ALL
    SELECT m.id, m.parent_id, m.role, m.text, m.run_id, m.attachments, p.depth + 1
    FROM path p JOIN chat_messages m ON m.id = p.parent_id
    WHERE NOT EXISTS (SELECT 1 FROM chat_messages s WHERE s.covers_id = m.id)),
 summary AS (
    SELECT s.covers_id AS id, 'summary' AS role, s.text
    FROM (SELECT parent_id FROM path ORDER BY depth DESC LIMIT 1) oldest
    JOIN chat_messages s ON s.covers_id = oldest.parent_id ORDER BY s.number DESC LIMIT 1)
SELECT id, role, text, ARRAY[]::uuid[] AS attachments, NULL AS depth FROM summary
UNION ALL
SELECT p.id, p.role, COALESCE(p.text, r.result, ''), p.attachments, p.depth
FROM path p LEFT JOIN runs r ON r.id = p.run_id AND r.deleted_at IS NULL
ORDER BY depth DESC NULLS FIRST
"""


@dataclass(frozen=True, slots=True)
class PathMessage:
    """A message on the way to the one that a reply answers."""

    id: str
    """For a summary: the id of the last message that it covers."""
    role: str
    """user, assistant or summary."""
    text: str
    attachments: tuple[str, ...]


async def read_path(connection: Connection, session_id: str, message_id: str) -> list[PathMessage]:
    """Read the messages of a branch up to a message, oldest first.

    If older messages of the branch were summarized, the newest summary comes first, and the messages that it covers are
    left out. The text of an assistant's message is the result of its run; it is empty if there is none.
    """
    place = {"session_id": session_id, "message_id": message_id}
    rows: list[Any] = await (await connection.execute(_PATH, place)).fetchall()
    return [PathMessage(str(r.id), r.role, r.text or "", tuple(map(str, r.attachments or ()))) for r in rows]
