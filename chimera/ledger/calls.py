"""The ledger of model calls: intent, settlement, failure. The hot path: each of them is one statement and transaction.

Lock order, everywhere: the tasks row first, then the call's rows. Each write is one statement of CTEs, because at the
floor of 0 ms calls a round trip to PostgreSQL is what a call costs.
"""

from dataclasses import dataclass, field
from typing import Any

from psycopg.errors import NotNullViolation
from pydantic import TypeAdapter

from chimera.db.engine import Connection, one, one_line, scalar, words
from chimera.ledger.transcripts import TranscriptRow, place_of
from models.errors import Overtaken
from models.events import Event
from models.ids import TaskId
from models.model_calls import AttemptStatus, ModelCallOutcome, ModelCallRequest
from models.tasks import COMPLETABLE, OPEN, UNCALLABLE, FinishReason, OnTruncated
from models.usage import Usage

_JSON: TypeAdapter[Any] = TypeAdapter(Any)
_EVENT_LIST: TypeAdapter[tuple[Event, ...]] = TypeAdapter(tuple[Event, ...])
_UNCALLABLE = words(UNCALLABLE)
_COMPLETABLE = words(COMPLETABLE)
_OPEN = words(OPEN)


_LOCK_ROOT = "SELECT status FROM tasks WHERE id = %(task_id)s FOR NO KEY UPDATE"


async def lock_root(connection: Connection, task_id: TaskId) -> str:
    """Lock the root's row; return its status."""
    row = await one(await connection.execute(_LOCK_ROOT, {"task_id": task_id}))
    return str(row.status)


_LAST_ERROR = """
SELECT error_code, error FROM model_call_attempts
WHERE task_id = %(task_id)s AND path = %(path)s AND purpose = %(purpose)s AND step = %(step)s
  AND status NOT IN ('cancelled', 'finished')
ORDER BY attempt DESC LIMIT 1
"""


async def last_error(connection: Connection, request: ModelCallRequest) -> tuple[str, str]:
    """Return code and message of the newest attempt of a call that failed; the message of a doubtful one is empty."""
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
    guidance_heard: int = 0
    """How much of the task's guidance was known and found room in the prompt."""
    messages: tuple[TranscriptRow, ...] = ()
    events: tuple[Event, ...] = ()
    on_truncated: OnTruncated = OnTruncated.ACCEPT
    begun: tuple[str, ...] = ()
    """The pieces of an answer that was cut at its limit, which this call is to go on with."""
    tool_call_ids: frozenset[str] = frozenset()
    """Those of the conversation so far."""


_EVENTS = """
    INSERT INTO events (task_id, seq, payload)
    SELECT account.id, account.event_seq - %(n)s + e.i, e.p
    FROM account, jsonb_array_elements(%(events)s::jsonb) WITH ORDINALITY AS e (p, i)"""
_MESSAGES = """
    INSERT INTO messages
        (task_id, path, purpose, seq, role, content, tokens, tool_calls, tool_call_id, guidance_id, state, thought)
    SELECT account.id, %(path)s, %(purpose)s, m.*
    FROM account, jsonb_to_recordset(%(messages)s::jsonb)
        AS m (seq int, role text, content text, tokens int, tool_calls jsonb, tool_call_id text, guidance_id bigint,
              state jsonb, thought text)
    ON CONFLICT DO NOTHING"""

IS_LEFT_OUT = """
        SELECT 1 FROM subtasks
        WHERE task_id = %(task_id)s AND path = %(path)s AND status IN ('skipped', 'cancelled')"""

IS_ENABLED = "SELECT 1 FROM users WHERE users.id = tasks.owner_id AND users.disabled_at IS NULL"
"""Looked up here, where the right is used. `disabled_owners` stops the run itself."""

_RESERVE = f"""
WITH account AS (
    UPDATE tasks SET reserved_micro_usd = reserved_micro_usd + %(money)s,
      reserved_tokens = reserved_tokens + %(tokens)s,
           model_calls = model_calls + 1, event_seq = event_seq + %(n)s, last_call_at = clock_timestamp(),
           started_at = COALESCE(started_at, clock_timestamp()), updated_at = now(),
           simulated = simulated OR %(simulated)s
    WHERE id = %(task_id)s AND status <> ALL(%(uncallable)s::text[])
      AND (max_cost_micro_usd IS NULL
           OR spent_micro_usd + doubtful_micro_usd + reserved_micro_usd + %(money)s <= max_cost_micro_usd)
      AND (max_tokens IS NULL OR input_tokens + output_tokens + reserved_tokens + %(tokens)s <= max_tokens)
      AND (max_model_calls IS NULL OR model_calls + 1 <= max_model_calls)
      AND NOT EXISTS ({IS_LEFT_OUT}) AND EXISTS ({IS_ENABLED})
    RETURNING id, event_seq),
 call AS (
    INSERT INTO model_calls (task_id, path, purpose, step, attempt, status)
    SELECT %(task_id)s::uuid, %(path)s, %(purpose)s, %(step)s, %(attempt)s, 'started' FROM account
    ON CONFLICT (task_id, path, purpose, step) DO UPDATE SET attempt = excluded.attempt, status = 'started'
    WHERE model_calls.attempt = %(attempt)s - 1 AND model_calls.status = 'failed' RETURNING attempt),
 attempt AS (
    INSERT INTO model_call_attempts
        (task_id, path, purpose, step, attempt, agent, model, simulated, status, reserved_micro_usd, reserved_tokens,
         worker)
    -- Null, and with it the whole statement refused, when another attempt has the call.
    SELECT %(task_id)s::uuid, %(path)s, %(purpose)s, %(step)s, (SELECT attempt FROM call), %(agent)s,
      %(model)s, %(simulated)s, 'started', %(money)s, %(tokens)s, %(worker)s
    FROM account),
 ev AS (
{_EVENTS}),
 msg AS (
{_MESSAGES}),
 sub AS (
    -- A failed one is tried again, and with it those above it whose plans came from the ledger.
    UPDATE subtasks SET status = 'running', started_at = COALESCE(started_at, now())
    FROM account
    WHERE task_id = %(task_id)s AND path = ANY(%(line)s::text[]) AND status IN ('pending', 'failed'))
SELECT event_seq FROM account
"""  # noqa: S608  # only constants of this file go in


async def reserve(connection: Connection, intent: Intent) -> int | None:
    """Write the intent and reserve its worst case on the root's account.

    Returns the sequence of the last event; None when the account refused, the task was stopped, or its run goes on
    without the subtask: `budgets.why_refused` says which. Raises Overtaken when another attempt got there in
    between; nothing is written then.
    """
    try:
        cursor = await connection.execute(
            _RESERVE,
            {
                **place_of(intent.request),
                "attempt": intent.attempt,
                "agent": intent.request.agent,
                "model": intent.model,
                "simulated": intent.simulated,
                "worker": intent.worker,
                "money": intent.reserve_micro_usd,
                "tokens": intent.reserve_tokens,
                "uncallable": _UNCALLABLE,
                "line": _line_to(intent.request.path),
                **_written(intent.events, intent.messages),
            },
        )
    except NotNullViolation as error:
        raise Overtaken(intent.attempt) from error
    return await scalar(cursor)


_CURRENT = """
SELECT attempt FROM model_calls
WHERE task_id = %(task_id)s AND path = %(path)s AND purpose = %(purpose)s AND step = %(step)s
  AND (status IN ('started', 'finished') OR attempt >= %(attempt)s)
"""


async def check_next(connection: Connection, intent: Intent) -> None:
    """Raise Overtaken unless the next attempt at the call is this one. The root has to be locked."""
    cursor = await connection.execute(_CURRENT, {**place_of(intent.request), "attempt": intent.attempt})
    if await scalar(cursor) is not None:
        raise Overtaken(intent.attempt)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A call that was answered, and all that became true with it."""

    intent: Intent
    usage: Usage
    estimated: bool
    cost_micro_usd: int
    outcome: ModelCallOutcome
    request_id: str | None
    messages: tuple[TranscriptRow, ...]
    events: tuple[Event, ...]
    node_result: str | None = None
    """Set when the call ends its node: the node's answer."""
    finish_reason: FinishReason = "stop"
    if_heard: int | None = None
    """Settle only while the task has been given no more guidance than this; None settles in any case."""
    if_planned: int | None = None
    """Settle only while the task has this many subtasks; None settles in any case."""
    ends_task: bool = False
    """Settle only while the task can still be completed, and complete it."""
    new_subtasks: tuple[dict[str, Any], ...] = field(default=())
    tool_calls: tuple[dict[str, Any], ...] = ()
    """Those that are answered with it: index, tool and failed of each."""


# The lock reads the row anew, so it is up to date even when the statement waited for whoever steered or cancelled.
# A call that was begun while its subtask was being left out is refused here: `reserve` could not see that yet.
_SETTLE = one_line(f"""
WITH root AS MATERIALIZED (
    SELECT id, guidance_given, subtasks_total, status AS standing FROM tasks WHERE id = %(task_id)s FOR NO KEY UPDATE),
 call AS (
    UPDATE model_calls SET status = 'finished', outcome = %(outcome)s::jsonb, ended_at = clock_timestamp()
    FROM root WHERE task_id = root.id AND path = %(path)s AND purpose = %(purpose)s AND step = %(step)s
      AND attempt = %(attempt)s AND status = 'started'
      AND root.guidance_given = COALESCE(%(if_heard)s::int, root.guidance_given)
      AND root.subtasks_total = COALESCE(%(if_planned)s::int, root.subtasks_total)
      AND root.standing = ANY(%(standings)s::text[])
      AND NOT EXISTS ({IS_LEFT_OUT}) RETURNING 1),
 account AS (
    UPDATE tasks SET spent_micro_usd = spent_micro_usd + %(cost)s, reserved_micro_usd = GREATEST(0,
    reserved_micro_usd - %(money)s),
           reserved_tokens = GREATEST(0, reserved_tokens - %(tokens)s), input_tokens = input_tokens + %(input)s,
           cached_input_tokens = cached_input_tokens + %(cached)s, output_tokens = output_tokens + %(output)s,
           cache_write_tokens = cache_write_tokens + %(cache_write)s,
           reasoning_tokens = reasoning_tokens + %(reasoning)s,
           event_seq = event_seq + %(n)s, updated_at = now(),
           subtasks_total = subtasks_total + %(new)s, subtasks_done = subtasks_done + %(done)s,
           status = CASE WHEN %(ends)s THEN 'completed' ELSE status END,
           ended_at = CASE WHEN %(ends)s THEN clock_timestamp() ELSE ended_at END,
           result = CASE WHEN %(ends)s THEN %(result)s ELSE result END,
           finish_reason = CASE WHEN %(ends)s THEN %(finish)s END
    FROM call WHERE id = %(task_id)s RETURNING id, event_seq),
 attempt AS (
    UPDATE model_call_attempts SET status = 'finished', ended_at = clock_timestamp(), input_tokens = %(input)s,
           cached_input_tokens = %(cached)s, output_tokens = %(output)s, cost_micro_usd = %(cost)s,
           cache_write_tokens = %(cache_write)s, reasoning_tokens = %(reasoning)s,
             estimated = %(estimated)s,
           provider_request_id = %(request_id)s
    FROM call WHERE task_id = %(task_id)s AND path = %(path)s AND purpose = %(purpose)s AND step = %(step)s
      AND attempt = %(attempt)s),
 ev AS (
{_EVENTS}),
 msg AS (
{_MESSAGES}),
 sub AS (
    UPDATE subtasks SET turns = turns + 1, spent_micro_usd = spent_micro_usd + %(cost)s,
           input_tokens = input_tokens + %(input)s, output_tokens = output_tokens + %(output)s,
           status = CASE WHEN %(result)s::text IS NULL THEN status ELSE 'completed' END,
           result = COALESCE(%(result)s, result), finish_reason = COALESCE(%(finish)s, finish_reason),
           ended_at = CASE WHEN %(result)s::text IS NULL THEN ended_at ELSE clock_timestamp() END
    FROM account WHERE task_id = %(task_id)s AND path = %(path)s),
 fresh AS (
    INSERT INTO subtasks (task_id, path, parent, position, key, title, instruction, agent, depends_on, decompose)
    SELECT account.id, f.path, %(path)s, f.position, f.key, f.title, f.instruction, f.agent,
           ARRAY(SELECT jsonb_array_elements_text(f.depends_on)), f.decompose
    FROM account, jsonb_to_recordset(%(fresh)s::jsonb)
        AS f (path text, position int, key text, title text, instruction text, agent text, depends_on jsonb,
              decompose boolean)
    ON CONFLICT DO NOTHING),
 tools AS (
    INSERT INTO tool_calls (task_id, path, step, index, tool, status, failed, ended_at)
    SELECT account.id, %(path)s, %(step)s, t.index, t.tool, 'finished', t.failed, clock_timestamp()
    FROM account, jsonb_to_recordset(%(tools)s::jsonb) AS t (index int, tool text, failed boolean)
    ON CONFLICT DO NOTHING)
SELECT event_seq FROM account
""")  # noqa: S608  # only constants of this file go in


async def settle(connection: Connection, settlement: Settlement) -> int | None:
    """Write an answer and everything that it made true.

    None: the attempt was given up or is settled already, another has taken over, the task has ended or goes on without
    the subtask (for all of these see `doubts`); guidance or subtasks came that `if_heard` or `if_planned` doesn't
    count; or the task that it would complete was stopped.
    """
    intent = settlement.intent
    cursor = await connection.execute(
        _SETTLE,
        {
            **place_of(intent.request),
            **spent_of(settlement),
            **_written(settlement.events, settlement.messages),
            "outcome": settlement.outcome.model_dump_json(exclude_defaults=True),
            "new": len(settlement.new_subtasks),
            "done": 1 if settlement.node_result is not None and intent.request.path else 0,
            "ends": settlement.ends_task,
            "standings": _COMPLETABLE if settlement.ends_task else _OPEN,
            "result": settlement.node_result,
            "finish": None if settlement.node_result is None else settlement.finish_reason,
            "if_heard": settlement.if_heard,
            "if_planned": settlement.if_planned,
            "fresh": _JSON.dump_json(settlement.new_subtasks).decode(),
            "tools": _JSON.dump_json(settlement.tool_calls).decode(),
        },
    )
    return await scalar(cursor)


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that gave no answer. What it may have cost is our estimate (0: the provider refused it at once)."""

    intent: Intent
    status: AttemptStatus
    code: str
    message: str
    usage: Usage
    cost_micro_usd: int
    asked: bool = True
    """False: nobody took the request up, so none of those that a budget allows is used up."""
    events: tuple[Event, ...] = ()
    estimated: bool = True
    """False: the provider told what it counted."""


_FAIL = f"""
WITH root AS MATERIALIZED (SELECT id, deleted_at FROM tasks WHERE id = %(task_id)s FOR NO KEY UPDATE),
 attempt AS (
    UPDATE model_call_attempts SET status = %(status)s, ended_at = clock_timestamp(), error_code = %(code)s,
           error = CASE WHEN root.deleted_at IS NULL THEN %(message)s END,
           input_tokens = %(input)s, output_tokens = %(output)s, cost_micro_usd = %(cost)s,
           estimated = %(estimated)s
    FROM root WHERE task_id = root.id AND path = %(path)s AND purpose = %(purpose)s AND step = %(step)s
      AND attempt = %(attempt)s
      AND status = 'started' RETURNING 1),
 call AS (
    UPDATE model_calls SET status = 'failed' FROM attempt
    WHERE task_id = %(task_id)s AND path = %(path)s AND purpose = %(purpose)s AND step = %(step)s
      AND model_calls.attempt = %(attempt)s),
 account AS (
    UPDATE tasks SET reserved_micro_usd = GREATEST(0, reserved_micro_usd - %(money)s),
      reserved_tokens = GREATEST(0, reserved_tokens - %(tokens)s),
           spent_micro_usd = spent_micro_usd + %(cost)s, input_tokens = input_tokens + %(input)s,
           output_tokens = output_tokens + %(output)s, updated_at = now(),
           event_seq = event_seq + CASE WHEN status = ANY(%(open)s::text[]) THEN %(n)s ELSE 0 END,
           model_calls = model_calls - CASE WHEN %(asked)s THEN 0 ELSE 1 END
    FROM attempt WHERE id = %(task_id)s RETURNING id, event_seq, status),
 ev AS (
{_EVENTS}
    -- Nothing follows a task's end.
    WHERE account.status = ANY(%(open)s::text[]))
SELECT event_seq FROM account
"""  # noqa: S608  # only constants of this file go in


async def fail(connection: Connection, failure: Failure) -> int | None:
    """Write how an attempt failed and let go of its reservation. None: it was given up, see `doubts.fail_late`."""
    values = {
        **failed_of(failure),
        "open": _OPEN,
        "n": len(failure.events),
        "events": _EVENT_LIST.dump_json(failure.events).decode(),
    }
    return await scalar(await connection.execute(_FAIL, values))


def failed_of(failure: Failure) -> dict[str, Any]:
    """Return how an attempt failed, what that cost and which reservation it lets go of, as query parameters."""
    intent = failure.intent
    return {
        **place_of(intent.request),
        "attempt": intent.attempt,
        "status": failure.status,
        "code": failure.code,
        "message": failure.message[:500],
        "money": intent.reserve_micro_usd,
        "tokens": intent.reserve_tokens,
        "cost": failure.cost_micro_usd,
        "input": failure.usage.input_tokens,
        "output": failure.usage.output_tokens,
        "asked": failure.asked,
        "estimated": failure.estimated and failure.cost_micro_usd > 0,
    }


def _line_to(path: str) -> list[str]:
    """Return the path of a node, behind those of the subtasks that it belongs to."""
    parts = path.split("/")
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _written(new_events: tuple[Event, ...], messages: tuple[TranscriptRow, ...]) -> dict[str, Any]:
    return {
        "n": len(new_events),
        "events": _EVENT_LIST.dump_json(new_events).decode(),
        "messages": _JSON.dump_json([message.as_record() for message in messages]).decode(),
    }


def spent_of(settlement: Settlement) -> dict[str, Any]:
    """Return what an answer cost and which reservation it lets go of, as query parameters."""
    return {
        "attempt": settlement.intent.attempt,
        "money": settlement.intent.reserve_micro_usd,
        "tokens": settlement.intent.reserve_tokens,
        "cost": settlement.cost_micro_usd,
        "input": settlement.usage.input_tokens,
        "cached": settlement.usage.cached_input_tokens,
        "cache_write": settlement.usage.cache_write_tokens,
        "reasoning": settlement.usage.reasoning_tokens,
        "output": settlement.usage.output_tokens,
        "estimated": settlement.estimated,
        "request_id": settlement.request_id,
    }
