"""The files that content refers to."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql

# What a schedule, a task, a conversation or an AI call names is in use, as long as their content is kept. Arrays have
# an index. JSON is read only for schedules, of which a user has few.
_USED = """
SELECT unnest(images) AS id FROM tasks WHERE images <> '{}'::text[] AND images && %(ids)s::text[]
UNION SELECT unnest(images)::text FROM messages WHERE images IS NOT NULL AND images && %(ids)s::uuid[]
UNION SELECT unnest(attachments)::text FROM chat_messages
       WHERE attachments <> '{}'::uuid[] AND attachments && %(ids)s::uuid[]
UNION SELECT jsonb_path_query(spec, '$.**.images[*]') #>> '{}' FROM schedules WHERE owner_id = ANY(%(owners)s::uuid[])
UNION SELECT unnest(files)::text FROM ai_calls WHERE files <> '{}'::uuid[] AND files && %(ids)s::uuid[]
UNION SELECT unnest(files)::text FROM replies WHERE files <> '{}'::uuid[] AND files && %(ids)s::uuid[]
"""


async def among(session: AsyncSession, file_ids: Sequence[str], owner_ids: Sequence[str]) -> set[str]:
    """Return the IDs of files that are in use: all those among `file_ids`, which belong to `owner_ids`, and others."""
    rows = await sql.execute(session, _USED, {"ids": list(file_ids), "owners": list(owner_ids)})
    return {str(row.id) for row in rows}


# A hold on a file keeps the run that wrote it, and a hold on a reply keeps its chat session.
_NAMED_BY_HELD = """
WITH held AS (SELECT subject_id AS id FROM holds WHERE owner_id = %(owner_id)s::uuid
         AND (placed_by <> owner_id OR NOT %(by_others)s)),
 runs_held AS (SELECT id FROM held UNION SELECT f.run_id FROM files f JOIN held h ON h.id = f.id),
 sessions_held AS (SELECT id FROM held UNION SELECT p.session_id FROM replies p JOIN runs_held h ON h.id = p.run_id),
 kept AS (SELECT id FROM runs_held UNION SELECT p.run_id FROM replies p JOIN sessions_held h ON h.id = p.session_id)
SELECT unnest(t.images) AS id FROM tasks t JOIN kept k ON k.id = t.run_id
UNION SELECT unnest(m.images)::text FROM messages m JOIN kept k ON k.id = m.run_id WHERE m.images IS NOT NULL
UNION SELECT unnest(c.attachments)::text FROM chat_messages c JOIN sessions_held h ON h.id = c.session_id
UNION SELECT unnest(a.files)::text FROM ai_calls a JOIN kept k ON k.id = a.run_id
UNION SELECT unnest(p.files)::text FROM replies p JOIN kept k ON k.id = p.run_id
"""


async def named_by_held(session: AsyncSession, owner_id: str, *, by_others: bool) -> list[str]:
    """Return the IDs of files to which an owner's held content refers. With `by_others`, own holds don't count."""
    rows = await sql.execute(session, _NAMED_BY_HELD, {"owner_id": owner_id, "by_others": by_others})
    return [str(row.id) for row in rows]
