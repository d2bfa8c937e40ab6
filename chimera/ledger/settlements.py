"""Settlements of model calls: one statement writes an answer and all its effects.

The statement always updates the account and the call. A part is added for each further effect of the answer. There are
few combinations, and each is prepared once per connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import JsonValue

from chimera.db.engine import Connection, one_line, scalar, words
from chimera.ledger.ai_calls import NewFile
from chimera.ledger.calls import Intent
from chimera.ledger.statements import (
    INSERT_EVENTS,
    INSERT_MESSAGES,
    IS_LEFT_OUT,
    add_used,
    as_json,
    at_attempt,
    events_of,
    insert_subtasks,
    place_of,
    set_used,
    used,
)
from chimera.ledger.transcripts import TranscriptRow
from models.events import Event
from models.model_calls import ModelCallOutcome
from models.runs import COMPLETABLE, OPEN
from models.tasks import FinishReason
from models.usage import Usage

_COMPLETABLE = words(COMPLETABLE)
_OPEN = words(OPEN)


@dataclass(frozen=True, slots=True)
class AiCallAnswer:
    """The answer of an AI call, which isn't part of a conversation."""

    result: dict[str, Any]
    usage: dict[str, Any]
    """The quantities that its price is calculated from."""
    vectors: bytes | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """A summary of a chat session's older messages."""

    text: str
    tokens: int
    covers_id: str
    """The last message that it covers."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """An answered call and all effects of its answer."""

    intent: Intent
    usage: Usage
    estimated: bool
    cost_micro_usd: int
    outcome: ModelCallOutcome
    request_id: str | None
    messages: tuple[TranscriptRow, ...]
    events: tuple[Event, ...]
    first_token_ms: int | None = None
    node_result: str | None = None
    """Set when the call ends its node: the node's answer."""
    output: JsonValue = None
    """The node's answer as JSON, if it has a schema."""
    finish_reason: FinishReason = "stop"
    if_guidance: int | None = None
    """Settle only while the run has received no more pieces of guidance than this; None settles in any case."""
    if_planned: int | None = None
    """Settle only while the run has this many subtasks; None settles in any case."""
    ends_run: bool = False
    """Settle only while the run can still be completed, and complete it."""
    new_subtasks: tuple[dict[str, Any], ...] = field(default=())
    tool_calls: tuple[dict[str, Any], ...] = ()
    """The tool calls whose results are written with the answer: index, tool and failed of each."""
    handed_over: tuple[dict[str, str], ...] = ()
    """The calls of client tools with which a reply ends: id, name and arguments of each."""
    summary: Summary | None = None
    ai_call: AiCallAnswer | None = None
    files: tuple[NewFile, ...] = ()


_NODE = """
 node AS (
    UPDATE subtasks SET turns = turns + 1, spent_micro_usd = spent_micro_usd + %(cost)s,
           input_tokens = input_tokens + %(input_tokens)s, output_tokens = output_tokens + %(output_tokens)s,
           status = CASE WHEN %(result)s::text IS NULL THEN status ELSE 'completed' END,
           result = COALESCE(%(result)s, result), output = %(output)s::jsonb,
           finish_reason = COALESCE(%(finish)s, finish_reason),
           ended_at = CASE WHEN %(result)s::text IS NULL THEN ended_at ELSE clock_timestamp() END
    FROM account WHERE run_id = %(run_id)s AND path = %(path)s)"""
_PLAN = f"""
 plan AS ({insert_subtasks()})"""
_TOOLS = """
 tools AS (
    INSERT INTO tool_calls (run_id, path, step, index, tool, status, failed, ended_at)
    SELECT account.id, %(path)s, %(step)s, t.index, t.tool, 'finished', t.failed, clock_timestamp()
    FROM account, jsonb_to_recordset(%(tools)s::jsonb) AS t (index int, tool text, failed boolean)
    ON CONFLICT DO NOTHING)"""
_AI_CALL = """
 ai_call AS (
    UPDATE ai_calls SET result = %(ai_call_result)s::jsonb, vectors = %(vectors)s,
           files = files || %(new_files)s::uuid[]
    FROM account WHERE run_id = account.id)"""
_OUTPUT = """
 output AS (UPDATE tasks SET output = %(output)s::jsonb FROM account WHERE run_id = account.id),
 reply_output AS (UPDATE replies SET output = %(output)s::jsonb FROM account WHERE run_id = account.id)"""
_HANDED_OVER = """
 handed_over AS (UPDATE replies SET tool_calls = %(handed_over)s::jsonb FROM account WHERE run_id = account.id)"""
_SUMMARY = """
 summary AS (
    INSERT INTO chat_messages (session_id, role, text, run_id, tokens, covers_id)
    SELECT m.session_id, 'summary', %(summary)s, account.id, %(summary_tokens)s, m.id
    FROM account JOIN chat_messages m ON m.id = %(covers_id)s::uuid)"""
_ENDS = """, status = 'completed', ended_at = clock_timestamp(), result = %(result)s, finish_reason = %(finish)s"""
PARTS = {"node": _NODE, "plan": _PLAN, "tools": _TOOLS, "ai_call": _AI_CALL, "output": _OUTPUT}
PARTS |= {"handed_over": _HANDED_OVER, "summary": _SUMMARY}
"""Optional parts of the statement for further rows. The part `ends` for the end of the run isn't listed here."""


@cache
def statement_of(parts: frozenset[str]) -> str:
    """Build the statement from these parts.

    Locking reads the run's row again, so it is up to date even if the statement waited for a control to be committed.
    A call that started while its subtask was being left out is rejected here, because `reserve` could not see that.
    """
    made_true = [PARTS[name] for name in sorted(parts - {"ends"})]
    media_usage = ", media_usage = %(media_usage)s::jsonb" if "ai_call" in parts else ""
    return one_line(f"""
WITH run AS (
    SELECT guidance_given, subtasks_total, status FROM runs WHERE id = %(run_id)s FOR NO KEY UPDATE),
 call AS (
    UPDATE calls SET status = 'finished', outcome = %(outcome)s::jsonb, ended_at = clock_timestamp()
    FROM run WHERE {at_attempt("calls")} AND calls.status = 'started'
      AND run.guidance_given = COALESCE(%(if_guidance)s::int, run.guidance_given)
      AND run.subtasks_total = COALESCE(%(if_planned)s::int, run.subtasks_total)
      AND run.status = ANY(%(in_status)s::text[])
      AND NOT EXISTS ({IS_LEFT_OUT}) RETURNING 1),
 account AS (
    UPDATE runs SET spent_micro_usd = spent_micro_usd + %(cost)s,
           reserved_micro_usd = GREATEST(0, reserved_micro_usd - %(money)s),
           reserved_tokens = GREATEST(0, reserved_tokens - %(tokens)s), {add_used("runs")},
           event_seq = event_seq + %(n)s, updated_at = now(),
           subtasks_total = subtasks_total + %(new)s, subtasks_done = subtasks_done + %(done)s
           {_ENDS if "ends" in parts else ""}
    FROM call WHERE id = %(run_id)s RETURNING id, event_seq),
 attempt AS (
    UPDATE call_attempts SET status = 'finished', ended_at = clock_timestamp(), {set_used()},
           cost_micro_usd = %(cost)s, estimated = %(estimated)s, provider_request_id = %(request_id)s,
           first_token_ms = %(first_ms)s {media_usage}
    FROM call WHERE {at_attempt("call_attempts")}),
 ev AS ({INSERT_EVENTS}),
 msg AS ({INSERT_MESSAGES}){"".join(f",{part}" for part in made_true)}
SELECT event_seq FROM account
""")  # noqa: S608  # only constants go in


async def settle(connection: Connection, settlement: Settlement) -> int | None:
    """Write an answer and all its effects; return the sequence of the last event.

    Returns None in these cases: the attempt was given up or is already settled, another attempt has taken over, or the
    run has ended or continues without the subtask (for all of these see `in_doubt`); guidance or subtasks were added
    that `if_guidance` or `if_planned` doesn't count; or the run that the answer would complete was stopped.
    """
    intent, ai_call, summary = settlement.intent, settlement.ai_call, settlement.summary
    values = {
        **place_of(intent.request),
        **spent_of(settlement),
        **events_of(settlement.events),
        "messages": as_json([message.as_record() for message in settlement.messages]),
        "outcome": settlement.outcome.model_dump_json(exclude_defaults=True),
        "new": len(settlement.new_subtasks),
        "done": 1 if settlement.node_result is not None and intent.request.path else 0,
        "in_status": _COMPLETABLE if settlement.ends_run else _OPEN,
        "result": settlement.node_result,
        "output": None if settlement.output is None else as_json(settlement.output),
        "finish": settlement.finish_reason if settlement.ends_run or settlement.node_result is not None else None,
        "if_guidance": settlement.if_guidance,
        "if_planned": settlement.if_planned,
        "fresh": as_json(settlement.new_subtasks),
        "tools": as_json(settlement.tool_calls),
        "handed_over": as_json(settlement.handed_over),
        "summary": summary and summary.text,
        "summary_tokens": summary and summary.tokens,
        "covers_id": summary and summary.covers_id,
        "new_files": [file.id for file in settlement.files],
        "ai_call_result": as_json(ai_call.result) if ai_call else None,
        "media_usage": as_json(ai_call.usage) if ai_call else None,
        "vectors": ai_call.vectors if ai_call else None,
    }
    return await scalar(await connection.execute(statement_of(_parts_of(settlement)), values))


def _parts_of(settlement: Settlement) -> frozenset[str]:
    made_true: Sequence[tuple[str, bool]] = (
        ("ends", settlement.ends_run),
        ("output", settlement.ends_run and settlement.output is not None),
        ("node", bool(settlement.intent.request.path)),
        ("plan", bool(settlement.new_subtasks)),
        ("tools", bool(settlement.tool_calls)),
        ("handed_over", bool(settlement.handed_over)),
        ("summary", settlement.summary is not None),
        ("ai_call", settlement.ai_call is not None),
    )
    return frozenset(name for name, is_true in made_true if is_true)


def spent_of(settlement: Settlement) -> dict[str, Any]:
    """Return an answer's cost and the reservation that it releases, as query parameters."""
    return {
        **used(settlement.usage),
        "attempt": settlement.intent.attempt,
        "money": settlement.intent.reserve_micro_usd,
        "tokens": settlement.intent.reserve_tokens,
        "cost": settlement.cost_micro_usd,
        "estimated": settlement.estimated,
        "request_id": settlement.request_id,
        "first_ms": settlement.first_token_ms,
    }
