"""The ledger of tool calls: each is identified by its place, claimed before it runs and finished afterward."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chimera.db.engine import Connection, one, one_line, words
from chimera.ledger.approvals import NEWEST, ApprovalState, approval_in
from chimera.ledger.outbox import Signal
from chimera.ledger.run_contents import CONTENT
from chimera.ledger.statements import IS_ENABLED, IS_LEFT_OUT, as_json, insert_event
from chimera.ledger.transcripts import VERSION, TranscriptRow
from models.base import preview_of
from models.errors import RootStopped, SubtaskSkipped
from models.events import EVENT, ToolCallFinished, ToolCallStarted
from models.ids import UserId
from models.policies import PolicyRule
from models.replies import DRAFT
from models.runs import OPEN, STOPPED, UNCALLABLE
from models.tool_calls import ToolCallOutcome, ToolCallRequest
from models.workflows import TaskSignal

ARGUMENTS_CHARS = 200
"""How many characters of a call's arguments its first event contains."""

_DELEGATORS = """
SELECT p.agent FROM subtasks q JOIN subtasks p ON p.run_id = q.run_id AND p.path = q.parent
WHERE q.run_id = %(run_id)s AND q.tools IS NOT NULL AND (q.path = %(path)s OR starts_with(%(path)s, q.path || '/'))
ORDER BY p.path
"""
"""The agents that delegated a subtask, or one above it. Only delegated subtasks have their own list of tools."""

_ASKED = one_line(f"""
SELECT m.tool_calls -> CAST(%(index)s AS int) AS asked, r.status AS run_status, r.owner_id, r.untrusted, r.described_by,
       u.email, c.status, c.failed, c.attempts, COALESCE(s.agent, t.agent) AS agent, s.tools AS allowed,
       g.spec AS agent_spec, t.shared_agents -> '{DRAFT}' -> 'spec' ->> 'name' AS draft_name,
       CASE WHEN s.tools IS NULL THEN '{{}}' ELSE ARRAY({_DELEGATORS}) END AS delegators,
       EXISTS ({IS_LEFT_OUT}) AS left_out, EXISTS ({IS_ENABLED.replace("runs.", "r.")}) AS enabled,
       (SELECT p.rules FROM tool_policies p WHERE p.owner_id IS NULL) AS installation_rules,
       (SELECT p.rules FROM tool_policies p WHERE p.owner_id = r.owner_id) AS own_rules, a.*
FROM runs r
JOIN {CONTENT} ON true
JOIN users u ON u.id = r.owner_id
JOIN messages m ON m.run_id = r.id AND m.path = %(path)s AND m.purpose = 'turn' AND m.seq = %(reply_seq)s
LEFT JOIN subtasks s ON s.run_id = r.id AND s.path = %(path)s
LEFT JOIN tool_calls c ON c.run_id = r.id AND c.path = %(path)s AND c.step = %(step)s AND c.index = %(index)s
LEFT JOIN LATERAL ({VERSION.replace("%(agent)s", "COALESCE(s.agent, t.agent)")}) g ON true
LEFT JOIN LATERAL ({NEWEST}) a ON true
WHERE r.id = %(run_id)s AND r.deleted_at IS NULL
""")  # noqa: S608  # only constants go in, here and below

# Lock order: the run's row first, as everywhere.
_CLAIM = one_line(f"""
WITH open AS MATERIALIZED (
    SELECT id FROM runs WHERE id = %(run_id)s AND status <> ALL(%(uncallable)s::text[]) AND NOT EXISTS ({IS_LEFT_OUT})
    FOR NO KEY UPDATE),
 call AS (
    INSERT INTO tool_calls (run_id, path, step, index, tool, status)
    SELECT id, %(path)s, %(step)s, %(index)s, %(tool)s, 'started' FROM open
    ON CONFLICT (run_id, path, step, index) DO UPDATE
    SET status = 'started', started_at = clock_timestamp(), attempts = tool_calls.attempts + 1
    WHERE tool_calls.status = 'waiting' RETURNING run_id, attempts),
 root AS (
    UPDATE runs SET event_seq = event_seq + 1, updated_at = now() FROM call WHERE id = call.run_id
    RETURNING id, event_seq, attempts),
 ev AS (
    INSERT INTO events (run_id, seq, payload)
    SELECT id, event_seq, %(event)s::jsonb || jsonb_build_object('attempt', attempts) FROM root RETURNING seq)
SELECT (SELECT count(*) FROM open) AS is_open, (SELECT seq FROM ev) AS seq, (SELECT attempts FROM root) AS attempt
""")  # noqa: S608
_RELEASE = """
UPDATE tool_calls SET status = 'waiting'
WHERE run_id = %(run_id)s AND path = %(path)s AND step = %(step)s AND index = %(index)s AND status = 'started'
  AND attempts = %(attempt)s
"""

# A late result makes a decision unnecessary: the run is woken, and reads that the call is finished.
_FINISH = one_line(f"""
WITH open AS MATERIALIZED (
    SELECT id FROM runs WHERE id = %(run_id)s AND status = ANY(%(open)s::text[]) AND NOT EXISTS ({IS_LEFT_OUT})
    FOR NO KEY UPDATE),
 call AS (
    INSERT INTO tool_calls (run_id, path, step, index, tool, status, failed, ended_at)
    SELECT id, %(path)s, %(step)s, %(index)s, %(tool)s, 'finished', %(failed)s, clock_timestamp()
    FROM open
    ON CONFLICT (run_id, path, step, index) DO UPDATE
    SET status = 'finished', failed = excluded.failed, ended_at = excluded.ended_at
    WHERE tool_calls.status <> 'finished' RETURNING run_id),
 moot AS (
    UPDATE approvals SET status = 'cancelled', decided_at = clock_timestamp() FROM call
    WHERE approvals.run_id = call.run_id AND path = %(path)s AND step = %(step)s AND index = %(index)s
      AND approvals.status = 'pending' RETURNING approvals.run_id),
 root AS (
    UPDATE runs SET event_seq = event_seq + 1, updated_at = now(), untrusted = untrusted OR %(untrusted)s,
           approvals_pending = approvals_pending - (SELECT count(*) FROM moot),
           status = CASE WHEN status = 'waiting' AND NOT needs_budget
                              AND approvals_pending <= (SELECT count(*) FROM moot)
                         THEN 'running' ELSE status END
    FROM call WHERE id = call.run_id RETURNING id, event_seq, approvals_pending),
 woken AS (
    INSERT INTO outbox (run_id, kind, payload) SELECT run_id, 'signal', %(signal)s::jsonb FROM moot),
 msg AS (
    INSERT INTO messages (run_id, path, purpose, seq, role, content, tokens, tool_call_id, images)
    SELECT CAST(%(run_id)s AS uuid), %(path)s, 'turn', %(seq)s, 'tool', %(content)s, %(tokens)s, %(tool_call_id)s,
           %(images)s::uuid[]
    FROM root ON CONFLICT DO NOTHING)
{insert_event("root")} RETURNING seq, (SELECT approvals_pending FROM root) AS pending
""")  # noqa: S608
# For a decision that was requested while `_FINISH` waited for the lock of the run, and which it couldn't see.
_WITHDRAW = one_line("""
WITH run AS MATERIALIZED (SELECT id FROM runs WHERE id = %(run_id)s FOR NO KEY UPDATE),
 moot AS (
    UPDATE approvals SET status = 'cancelled', decided_at = clock_timestamp() FROM run
    WHERE run_id = run.id AND path = %(path)s AND step = %(step)s AND index = %(index)s AND status = 'pending'
    RETURNING run_id),
 root AS (
    UPDATE runs SET approvals_pending = GREATEST(0, approvals_pending - 1), updated_at = now(),
           status = CASE WHEN status = 'waiting' AND NOT needs_budget AND approvals_pending <= 1
                         THEN 'running' ELSE status END
    FROM moot WHERE id = moot.run_id RETURNING id)
INSERT INTO outbox (run_id, kind, payload) SELECT id, 'signal', %(signal)s::jsonb FROM root
""")


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that may run a tool: its number, and the sequence of its event."""

    attempt: int
    seq: int


@dataclass(frozen=True, slots=True)
class RequestedToolCall:
    """A tool call as the model requested it, and all that decides whether it may run."""

    tool: str
    arguments: str
    tool_call_id: str
    done: ToolCallOutcome | None
    """Set if an earlier attempt finished the call."""
    owner_id: UserId
    owner_email: str
    agent: str
    delegators: tuple[str, ...]
    """The agents that have delegated the work, one to the other, by the names that rules know."""
    agent_spec: Mapping[str, Any] | None
    """The user's agent in the task's version; None for a built-in one."""
    allowed: tuple[str, ...] | None
    """The only tools that this subtask may use, if an agent delegated it."""
    status: str | None
    """`started` if an attempt may have had its effect; `waiting`, or None for a call that was never looked at."""
    is_untrusted: bool
    """Whether the run has read content from outside."""
    described_by: frozenset[str]
    """The servers outside whose descriptions of tools the run's models have read."""
    rules: tuple[PolicyRule, ...]
    """The installation's rules, followed by the owner's."""
    approval: ApprovalState | None
    """The newest decision about the call."""

    @property
    def agent_in_rules(self) -> str:
        """The name that rules know the agent by: that of a draft is in its specification."""
        return str(self.agent_spec["name"]) if self.agent == DRAFT and self.agent_spec else self.agent

    def is_influenced(self, server: str | None) -> bool:
        """Return whether a stranger, other than the server that gets the call anyway, may have influenced the call."""
        return self.is_untrusted or bool(self.described_by - {server})


async def read(connection: Connection, request: ToolCallRequest) -> RequestedToolCall:
    """Read a requested tool call, and its outcome if an earlier attempt finished it.

    Raises RootStopped if the run allows no more calls or its owner is disabled, and SubtaskSkipped if the run continues
    without the node.
    """
    cursor = await connection.execute(_ASKED, {**place_of(request), "reply_seq": request.step * 1000 + 500})
    row: Any = await cursor.fetchone()
    if row is None or row.run_status in STOPPED:
        raise RootStopped(request.run_id)
    done = ToolCallOutcome(tool=row.asked["name"], failed=row.failed) if row.status == "finished" else None
    if done is None:
        _check_callable(request, row)
    return RequestedToolCall(
        tool=row.asked["name"],
        arguments=row.asked["arguments"],
        tool_call_id=row.asked["id"],
        done=done,
        owner_id=UserId(str(row.owner_id)),
        owner_email=row.email,
        agent=row.agent,
        delegators=tuple(row.draft_name if name == DRAFT else name for name in row.delegators),
        agent_spec=row.agent_spec,
        allowed=None if row.allowed is None else tuple(row.allowed),
        status=row.status,
        is_untrusted=row.untrusted,
        described_by=frozenset(row.described_by),
        rules=tuple(PolicyRule.model_validate(r) for r in [*(row.installation_rules or ()), *(row.own_rules or ())]),
        approval=approval_in(row),
    )


async def claim(
    connection: Connection, request: ToolCallRequest, tool: str, arguments: Mapping[str, Any]
) -> Claim | None:
    """Record that a tool is about to run, before it has any effect, with an event.

    Returns None, and writes nothing, if an earlier attempt did so. Raises what `read` raises.
    """
    event = ToolCallStarted(
        path=request.path,
        step=request.step,
        index=request.index,
        tool=tool,
        preview=preview_of(as_json(arguments), ARGUMENTS_CHARS),
    )
    values = {
        **place_of(request),
        "tool": tool,
        "uncallable": words(UNCALLABLE),
        "event": EVENT.dump_json(event).decode(),
    }
    claimed = await one(await connection.execute(_CLAIM, values))
    if not claimed.is_open:
        await read(connection, request)
        raise RootStopped(request.run_id)
    return None if claimed.seq is None else Claim(claimed.attempt, claimed.seq)


async def release(connection: Connection, request: ToolCallRequest, attempt: int) -> None:
    """Record that an attempt that claimed a call certainly had no effect. A later attempt keeps its claim."""
    await connection.execute(_RELEASE, {**place_of(request), "attempt": attempt})


async def finish(
    connection: Connection, request: ToolCallRequest, row: TranscriptRow, event: ToolCallFinished, *, untrusted: bool
) -> int | None:
    """Append the result, close the call and write the event; return the event's sequence.

    `untrusted` marks the run as one that has read content from outside. Returns None, and writes nothing, if another
    attempt has finished the call, or if the run has ended or continues without the node.
    """
    decided = Signal(TaskSignal.DECIDED, [{"path": request.path, "step": request.step, "index": request.index}])
    cursor = await connection.execute(
        _FINISH,
        {
            **place_of(request),
            "open": words(OPEN),
            "tool": event.tool,
            "failed": event.failed,
            "untrusted": untrusted,
            "seq": row.seq,
            "content": row.content,
            "tokens": row.tokens,
            "tool_call_id": row.tool_call_id,
            "images": list(row.images) or None,
            "event": EVENT.dump_json(event).decode(),
            "signal": as_json(decided),
        },
    )
    finished: Any = await cursor.fetchone()
    if finished is None:
        return None
    if finished.pending:
        await connection.execute(_WITHDRAW, {**place_of(request), "signal": as_json(decided)})
    return int(finished.seq)


def place_of(request: ToolCallRequest) -> dict[str, object]:
    """Return the place of a tool call as query parameters."""
    return {"run_id": request.run_id, "path": request.path, "step": request.step, "index": request.index}


def _check_callable(request: ToolCallRequest, row: Any) -> None:
    if row.run_status in UNCALLABLE or not row.enabled:
        raise RootStopped(request.run_id)
    if row.left_out:
        raise SubtaskSkipped(request.path)
