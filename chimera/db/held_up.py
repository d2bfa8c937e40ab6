"""Which calls of a task get no answer now: those that wait for their provider, and those that it refused."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import words
from models.ids import TaskId
from models.subtasks import OPEN_SUBTASKS
from models.tasks import HeldUpCall

_LOOKED_AT = 500
"""Events that are looked at, the newest: of a task with more, a call that is held up for long may be left out."""

# The newest event of each call tells: one that began again is not held up any more.
_HELD_UP = text("""
SELECT latest.payload FROM (
    SELECT DISTINCT ON (e.payload ->> 'path', e.payload ->> 'purpose', e.payload ->> 'step') e.payload
    FROM (SELECT seq, payload FROM events WHERE task_id = :id ORDER BY seq DESC LIMIT :looked_at) e
    WHERE starts_with(e.payload ->> 'type', 'model_call.') AND e.payload ->> 'type' <> 'model_call.fell_back'
    ORDER BY e.payload ->> 'path', e.payload ->> 'purpose', e.payload ->> 'step', e.seq DESC) latest
LEFT JOIN subtasks s ON s.task_id = :id AND s.path = latest.payload ->> 'path'
WHERE (s.path IS NULL OR s.status = ANY(:open))
  AND (latest.payload ->> 'type' = 'model_call.waiting'
       OR latest.payload ->> 'type' = 'model_call.failed' AND latest.payload -> 'retryable' = 'true'
          AND latest.payload ->> 'code' <> 'cancelled')
""")


async def held_up_calls(session: AsyncSession, task_id: TaskId) -> tuple[HeldUpCall, ...]:
    """Read them with what their provider said last."""
    payloads = await session.scalars(_HELD_UP, {"id": task_id, "looked_at": _LOOKED_AT, "open": words(OPEN_SUBTASKS)})
    return tuple(HeldUpCall.model_validate(payload) for payload in payloads)
