"""The files that content refers to."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql

# What a schedule, a task, a conversation or an AI call names is in use, as long as their content is kept. Arrays have
# an index. JSON is read only for the owners of the files in question.
_USED = """
SELECT unnest(images) AS id FROM tasks WHERE images <> '{}'::text[] AND images && %(ids)s::text[]
UNION SELECT unnest(images)::text FROM messages WHERE images IS NOT NULL AND images && %(ids)s::uuid[]
UNION SELECT unnest(attachments)::text FROM chat_messages
       WHERE attachments <> '{}'::uuid[] AND attachments && %(ids)s::uuid[]
UNION SELECT jsonb_path_query(spec, '$.**.images[*]') #>> '{}' FROM schedules WHERE owner_id = ANY(%(owners)s::uuid[])
UNION SELECT jsonb_path_query(a.request || jsonb_build_object('result', a.result), '$.**.file_id') #>> '{}'
        FROM ai_calls a JOIN runs r ON r.id = a.run_id
       WHERE r.owner_id = ANY(%(owners)s::uuid[]) AND r.deleted_at IS NULL
UNION SELECT jsonb_path_query(p.conversation, '$.**.file_id') #>> '{}' FROM replies p JOIN runs r ON r.id = p.run_id
       WHERE r.owner_id = ANY(%(owners)s::uuid[]) AND r.deleted_at IS NULL AND p.conversation IS NOT NULL
"""


async def among(session: AsyncSession, file_ids: Sequence[str], owner_ids: Sequence[str]) -> set[str]:
    """Return the IDs of files that are in use: all those among `file_ids`, which belong to `owner_ids`, and others."""
    rows = await sql.execute(session, _USED, {"ids": list(file_ids), "owners": list(owner_ids)})
    return {str(row.id) for row in rows}
