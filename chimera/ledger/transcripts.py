"""The input of a model call: its place in the tree, its transcript, the results it builds on."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from chimera.db.engine import Connection, one_line, scalar
from chimera.ledger.output_schemas import OUTPUT_SCHEMA, line_to
from chimera.ledger.run_contents import CONTENT
from chimera.ledger.statements import FAILURES, FailedBefore, at_place, place_of
from models.errors import RootStopped
from models.ids import NodePath, RunId
from models.model_calls import ModelCallRequest
from models.tasks import FinishReason, OnTruncated


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """A message of a transcript; `seq` is its place (see `tables.Message`)."""

    seq: int
    role: str
    content: str
    tokens: int
    tool_calls: list[dict[str, str]] | None = None
    tool_call_id: str | None = None
    guidance_id: int | None = None
    state: dict[str, Any] | None = None
    thought: str | None = None
    images: tuple[str, ...] = ()
    """For tool results: the ids of the files with the result's images."""

    def as_record(self) -> dict[str, Any]:
        """Return the row as `INSERT_MESSAGES` reads it. Rows with images aren't written that way."""
        return {
            "seq": self.seq,
            "role": self.role,
            "content": self.content,
            "tokens": self.tokens,
            "tool_calls": self.tool_calls,
            "tool_call_id": self.tool_call_id,
            "guidance_id": self.guidance_id,
            "state": self.state,
            "thought": self.thought,
        }


@dataclass(frozen=True, slots=True)
class CallContext:
    """The facts about a call and its place that are known before it is made."""

    owner_id: str
    run_status: str
    left_out: bool
    """Whether the run continues without this subtask."""
    goal: str
    model: str
    fallbacks: tuple[str, ...]
    """The models that the task uses if its own model fails."""
    images: tuple[str, ...]
    """The ids of the owner's files that are shown to the task's models."""
    instruction: str
    depends_on: tuple[str, ...]
    own_model: str | None
    """The model that a retry of the task chose for this node."""
    agent_spec: dict[str, Any] | None
    guidance: tuple[tuple[int, str], ...]
    """The id and text of each piece of guidance that this node has not seen yet."""
    guidance_given: int
    """How many pieces of guidance the task has received in total."""
    on_truncated: OnTruncated
    call_status: str | None
    attempt: int
    failures: tuple[FailedBefore, ...]
    outcome: dict[str, Any] | None
    max_output_tokens: int | None = None
    """The limit for built-in agents, if the task sets one."""
    allowed_tools: tuple[str, ...] | None = None
    """The only tools that this subtask may use, if an agent delegated it."""
    agent_version: int | None = None
    """The version of the user's agent that the task uses; None for a built-in agent."""
    output_schema: dict[str, Any] | None = None
    """The JSON Schema of the node's answer, unless only its agent has one."""
    reply: "ReplyContext | None" = None
    """Set at the root of a reply."""


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """The facts about a reply, besides those that all runs have. Messages and options are as they were stored."""

    session_id: str | None
    message_id: str | None
    instructions: str | None
    conversation: list[dict[str, Any]] | None
    client_tools: list[dict[str, Any]]
    options: dict[str, Any]
    purpose: str


_UNSEEN = """
         WHERE u.run_id = %(run_id)s AND (u.path = '' OR u.path = %(path)s OR starts_with(%(path)s, u.path || '/'))
           AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.run_id = u.run_id AND m.path = %(path)s
                             AND m.purpose = %(purpose)s AND m.guidance_id = u.id)"""

# An agent without such a version was deleted and created again, perhaps for a retry of this task. Its first version
# counts, because it stays the same for the rest of the task. A pinned agent of another user comes before the owner's
# own of the same name, which was created later, as long as it exists. An agent that came with a request has no version.
_PINNED = """v.agent_id = CAST(t.shared_agents -> %(agent)s ->> 'id' AS uuid)
      AND v.version = CAST(t.shared_agents -> %(agent)s ->> 'version' AS int)"""
VERSION = f"""
    SELECT NULL::int AS version, t.shared_agents -> %(agent)s -> 'spec' AS spec
    WHERE t.shared_agents -> %(agent)s -> 'spec' IS NOT NULL
    UNION ALL
    SELECT v.version, v.spec FROM agent_versions v WHERE {_PINNED}
    UNION ALL
    SELECT v.version, v.spec FROM agents g JOIN agent_versions v ON v.agent_id = g.id
    WHERE g.owner_id = r.owner_id AND g.name = %(agent)s AND v.version = COALESCE((
        SELECT max(known.version) FROM agent_versions known
        WHERE known.agent_id = g.id AND known.revision <= t.agents_revision), 1)
      AND NOT EXISTS (SELECT 1 FROM agent_versions v WHERE {_PINNED})"""  # noqa: S608  # only constants go in

_REPLY = """
    CASE WHEN %(path)s = '' AND r.kind IN ('reply', 'completion') THEN (
        SELECT to_jsonb(y) - ARRAY['run_id', 'output', 'tool_calls', 'metadata'] FROM replies y WHERE y.run_id = r.id)
    END"""

_CONTEXT = one_line(f"""
SELECT r.owner_id, r.status AS run_status, t.goal, t.model, t.fallbacks, t.images, r.guidance_given,
       t.policy ->> 'on_truncated' AS on_truncated,
       CAST(t.policy ->> 'max_output_tokens' AS int) AS max_output_tokens,
       {_REPLY} AS reply,
       COALESCE(s.instruction, '') AS instruction, COALESCE(s.status IN ('skipped', 'cancelled'), false) AS left_out,
       COALESCE(s.depends_on, '{{}}') AS depends_on, s.model AS own_model, s.tools AS allowed_tools,
       c.status AS call_status, COALESCE(c.attempt, 0) AS attempt, c.outcome,
       {FAILURES},
       g.version AS agent_version, g.spec AS agent_spec, {OUTPUT_SCHEMA} AS output_schema,
       (SELECT jsonb_agg(jsonb_build_array(u.id, u.text) ORDER BY u.id) FROM guidance u {_UNSEEN}) AS guidance
FROM runs r JOIN {CONTENT} ON true
LEFT JOIN subtasks s ON s.run_id = r.id AND s.path = %(path)s
LEFT JOIN calls c ON {at_place("c")}
LEFT JOIN LATERAL ({VERSION}) g ON true
WHERE r.id = %(run_id)s AND r.deleted_at IS NULL
""")  # noqa: S608  # only constants go in


async def read_context(connection: Connection, request: ModelCallRequest) -> CallContext:
    """Read the facts that a call needs about its place. Raises RootStopped if the task no longer exists."""
    values = {**place_of(request), "agent": request.agent, "line": line_to(request.path)}
    cursor = await connection.execute(_CONTEXT, values)
    row = await cursor.fetchone()
    if row is None:
        raise RootStopped(request.run_id)
    reply = row.reply
    return CallContext(
        owner_id=str(row.owner_id),
        run_status=row.run_status,
        left_out=row.left_out,
        goal=row.goal,
        model=row.model,
        fallbacks=tuple(row.fallbacks),
        images=tuple(row.images),
        instruction=row.instruction,
        depends_on=tuple(row.depends_on),
        own_model=reply["model"] if reply and reply["model_chosen"] else row.own_model,
        allowed_tools=None if row.allowed_tools is None else tuple(row.allowed_tools),
        agent_spec=row.agent_spec,
        guidance=tuple((g[0], g[1]) for g in row.guidance or ()),
        guidance_given=row.guidance_given,
        on_truncated=OnTruncated(row.on_truncated or OnTruncated.ACCEPT),
        call_status=row.call_status,
        attempt=row.attempt,
        failures=tuple(FailedBefore(*failed) for failed in row.failures or ()),
        outcome=row.outcome,
        max_output_tokens=row.max_output_tokens,
        agent_version=row.agent_version,
        output_schema=row.output_schema,
        reply=None if reply is None else _reply_in(reply),
    )


def _reply_in(row: dict[str, Any]) -> ReplyContext:
    return ReplyContext(
        session_id=row["session_id"],
        message_id=row["message_id"],
        instructions=row["instructions"],
        conversation=row["conversation"],
        client_tools=row["client_tools"] or [],
        options=row["options"],
        purpose=row["purpose"],
    )


_HAS_UNSEEN = f"SELECT EXISTS (SELECT 1 FROM guidance u {_UNSEEN})"  # noqa: S608  # as above


async def has_unseen_guidance(connection: Connection, request: ModelCallRequest) -> bool:
    """Return whether this node has guidance that none of its calls has seen. Exact while the root is locked."""
    cursor = await connection.execute(_HAS_UNSEEN, place_of(request))
    return bool(await scalar(cursor))


_TRANSCRIPT = """
SELECT seq, role, content, tokens, tool_calls, tool_call_id, guidance_id, state, images, total FROM (
    SELECT *, sum(tokens) OVER (ORDER BY seq DESC) AS running, count(*) OVER () AS total
    FROM messages WHERE run_id = %(run_id)s AND path = %(path)s AND purpose = %(purpose)s AND seq < %(upto)s) m
WHERE seq = 1000 OR running <= %(budget)s - COALESCE((
    SELECT tokens FROM messages
    WHERE run_id = %(run_id)s AND path = %(path)s AND purpose = %(purpose)s AND seq = 1000), 0)
ORDER BY seq
"""


async def read_transcript(
    connection: Connection, request: ModelCallRequest, *, token_budget: int
) -> tuple[list[TranscriptRow], int]:
    """Read the first message, and the newest messages that fit into `token_budget`.

    Returns the rows in order, and how many messages were left out between the first and the rest.
    """
    cursor = await connection.execute(
        _TRANSCRIPT, {**place_of(request), "upto": request.step * 1000 + 500, "budget": token_budget}
    )
    rows = await cursor.fetchall()
    kept = [
        TranscriptRow(
            r.seq,
            r.role,
            r.content,
            r.tokens,
            r.tool_calls,
            r.tool_call_id,
            r.guidance_id,
            r.state,
            images=tuple(map(str, r.images or ())),
        )
        for r in rows
    ]
    return kept, (rows[0].total - len(rows) if rows else 0)


_REPLIES = """
SELECT seq, content FROM messages
WHERE run_id = %(run_id)s AND path = %(path)s AND purpose = %(purpose)s AND seq = ANY(%(seqs)s)
"""


async def read_messages(connection: Connection, request: ModelCallRequest, seqs: Collection[int]) -> dict[int, str]:
    """Read the contents of some messages by their sequences, whether or not they fit into a prompt."""
    cursor = await connection.execute(_REPLIES, {**place_of(request), "seqs": list(seqs)})
    return {row.seq: row.content for row in await cursor.fetchall()}


_FOLLOW_UPS = """
SELECT count(*) FROM messages
WHERE run_id = %(run_id)s AND path = %(path)s AND purpose = %(purpose)s AND seq %% 1000 = 0 AND seq > 1000
  AND starts_with(content, %(beginning)s)
"""


async def count_follow_ups(connection: Connection, request: ModelCallRequest, beginning: str) -> int:
    """Count the messages at a call's place that followed an answer and have this beginning."""
    return await scalar(await connection.execute(_FOLLOW_UPS, {**place_of(request), "beginning": beginning})) or 0


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a subtask, for the nodes that build on it."""

    path: NodePath
    key: str
    title: str
    status: str
    text: str
    finish_reason: FinishReason | None


_RESULTS = """
SELECT path, key, title, status, finish_reason,
       left(COALESCE(result, ''), CAST(GREATEST(200, %(max_chars)s / count(*) OVER ()) AS int)) AS result FROM subtasks
WHERE run_id = %(run_id)s AND parent = %(parent)s AND (CAST(%(keys)s AS text[]) IS NULL OR key = ANY(%(keys)s))
ORDER BY position
"""


async def read_results(
    connection: Connection, run_id: RunId, parent: str, keys: tuple[str, ...] | None, *, max_chars: int
) -> list[Result]:
    """Read the results of `parent`'s subtasks in `keys`, or of all if None; the results share `max_chars`."""
    cursor = await connection.execute(
        _RESULTS,
        {"run_id": run_id, "parent": parent, "keys": None if keys is None else list(keys), "max_chars": max_chars},
    )
    return [
        Result(NodePath(r.path), r.key, r.title, r.status, r.result, r.finish_reason) for r in await cursor.fetchall()
    ]
