"""The ledger of model calls: their intents. Settlements are in `settlements.py`, failures in `failures.py`.

This is the hot path. An intent is one statement and one transaction, because for a model call that takes 0 ms, the
round trips to PostgreSQL determine how long the call takes.
"""

from dataclasses import dataclass
from typing import Any

from psycopg.errors import CheckViolation

from chimera.db.engine import Connection, one, one_line, scalar, words
from chimera.db.tables.calls import OVERTAKEN
from chimera.ledger.output_schemas import line_to
from chimera.ledger.statements import (
    INSERT_EVENTS,
    INSERT_MESSAGES,
    IS_ENABLED,
    IS_LEFT_OUT,
    LOCK_RUN,
    PLACE,
    PLACE_COLUMNS,
    as_json,
    at_place,
    events_of,
    place_of,
)
from chimera.ledger.transcripts import TranscriptRow
from models.errors import Overtaken
from models.events import Event
from models.ids import RunId
from models.model_calls import ModelCallRequest
from models.runs import UNCALLABLE
from models.tasks import OnTruncated

_UNCALLABLE = words(UNCALLABLE)


async def lock_run(connection: Connection, run_id: RunId) -> str:
    """Lock the row of a run; return its status."""
    row = await one(await connection.execute(LOCK_RUN, {"run_id": run_id}))
    return str(row.status)


_LAST_ERROR = f"""
SELECT error_code, error FROM call_attempts
WHERE {at_place()} AND status NOT IN ('cancelled', 'finished') ORDER BY attempt DESC LIMIT 1
"""  # noqa: S608  # only constants go in


async def last_error(connection: Connection, request: ModelCallRequest) -> tuple[str, str]:
    """Return the error code and message of a call's newest failed attempt; an in-doubt attempt's message is empty."""
    row = await one(await connection.execute(_LAST_ERROR, place_of(request)))
    return row.error_code or "", row.error or ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A call that is about to be made."""

    request: ModelCallRequest
    attempt: int
    model: str
    simulated: bool
    worker: str
    reserve_micro_usd: int
    reserve_tokens: int
    guidance_seen: int = 0
    """How many pieces of the run's guidance were known and fitted into the prompt."""
    messages: tuple[TranscriptRow, ...] = ()
    events: tuple[Event, ...] = ()
    on_truncated: OnTruncated = OnTruncated.ACCEPT
    begun: tuple[str, ...] = ()
    """The pieces so far of an answer that was cut off at its token limit and that this call continues."""
    agent_version: int | None = None
    """The version of the user's agent; None for a built-in one."""
    tool_call_ids: frozenset[str] = frozenset()
    """The ids of all tool calls in the conversation so far."""
    limit_reached: bool = False
    """Whether a limit of the agent makes this call its last turn."""
    output_schema: dict[str, Any] | None = None
    """The JSON Schema of the answer."""
    client_tools: frozenset[str] = frozenset()
    """The names of the offered tools that the caller runs."""
    covers_id: str | None = None
    """For a summary of a chat session: the last message that it covers."""
    may_repair: bool = False
    """Whether the model is asked again if its answer doesn't match the schema."""


_RESERVE = one_line(f"""
WITH account AS (
    UPDATE runs SET reserved_micro_usd = reserved_micro_usd + %(money)s,
           reserved_tokens = reserved_tokens + %(tokens)s,
           model_calls = model_calls + 1, event_seq = event_seq + %(n)s, last_call_at = clock_timestamp(),
           started_at = COALESCE(started_at, clock_timestamp()), updated_at = now(),
           simulated = simulated OR %(simulated)s
    WHERE id = %(run_id)s AND status <> ALL(%(uncallable)s::text[])
      AND (max_cost_micro_usd IS NULL
           OR spent_micro_usd + in_doubt_micro_usd + reserved_micro_usd + %(money)s <= max_cost_micro_usd)
      AND (max_tokens IS NULL OR input_tokens + output_tokens + reserved_tokens + %(tokens)s <= max_tokens)
      AND (max_model_calls IS NULL OR model_calls + 1 <= max_model_calls)
      AND NOT EXISTS ({IS_LEFT_OUT}) AND EXISTS ({IS_ENABLED} AND (
          %(checked)s::bool OR num_nonnulls(users.max_cost_day_micro_usd, users.max_cost_month_micro_usd) = 0))
    RETURNING id, event_seq),
 call AS (
    INSERT INTO calls ({PLACE_COLUMNS}, attempt, status)
    SELECT {PLACE}, %(attempt)s, 'started' FROM account
    ON CONFLICT ({PLACE_COLUMNS}) DO UPDATE SET attempt = excluded.attempt, status = 'started'
    WHERE calls.attempt = %(attempt)s - 1 AND calls.status = 'failed' RETURNING attempt),
 attempt AS (
    INSERT INTO call_attempts
        ({PLACE_COLUMNS}, attempt, agent, agent_version, model, simulated, status, reserved_micro_usd, reserved_tokens,
         worker)
    SELECT {PLACE}, COALESCE((SELECT attempt FROM call), 0), %(agent)s, %(agent_version)s, %(model)s, %(simulated)s,
           'started', %(money)s, %(tokens)s, %(worker)s
    FROM account),
 ev AS ({INSERT_EVENTS}),
 msg AS ({INSERT_MESSAGES}),
 sub AS (
    UPDATE subtasks SET status = 'running', started_at = COALESCE(started_at, now())
    FROM account
    WHERE run_id = %(run_id)s AND path = ANY(%(line)s::text[]) AND status IN ('pending', 'failed'))
SELECT event_seq FROM account
""")  # noqa: S608  # only constants go in
"""If another attempt has the call, the attempt's number becomes 0. That violates `OVERTAKEN`, so the whole statement
fails. A failed subtask that is retried is set to running again, and so are the subtasks above it whose plans came from
the ledger."""


async def reserve(connection: Connection, intent: Intent, *, is_checked: bool = False) -> int | None:
    """Write the intent and reserve its worst case on the run's account.

    Returns the sequence of the last event, or None if the account rejected the call, the run was stopped, or the run
    continues without the subtask; `accounts.why_refused` returns the reason. Unless `is_checked`, also returns None if
    the run's owner has spending limits, which `spending.why_refused` checks. Raises Overtaken, and writes nothing, if
    another attempt took the call in the meantime.
    """
    values = {
        **place_of(intent.request),
        **events_of(intent.events),
        "attempt": intent.attempt,
        "agent": intent.request.agent,
        "agent_version": intent.agent_version,
        "model": intent.model,
        "simulated": intent.simulated,
        "worker": intent.worker,
        "money": intent.reserve_micro_usd,
        "tokens": intent.reserve_tokens,
        "uncallable": _UNCALLABLE,
        "checked": is_checked,
        "line": line_to(intent.request.path),
        "messages": as_json([message.as_record() for message in intent.messages]),
    }
    try:
        return await scalar(await connection.execute(_RESERVE, values))
    except CheckViolation as error:
        if error.diag.constraint_name != OVERTAKEN:
            raise
        raise Overtaken(intent.attempt) from error


_CURRENT = f"""
SELECT attempt FROM calls
WHERE {at_place()} AND (status IN ('started', 'finished') OR attempt >= %(attempt)s)
"""  # noqa: S608  # only constants go in


async def check_next(connection: Connection, intent: Intent) -> None:
    """Raise Overtaken unless this is the next attempt at the call. The run must be locked."""
    cursor = await connection.execute(_CURRENT, {**place_of(intent.request), "attempt": intent.attempt})
    if await scalar(cursor) is not None:
        raise Overtaken(intent.attempt)
