"""Acceptance of runs: one statement writes the run, the row for its kind, its first events and its outbox entry.

Before it starts, every run therefore costs a single round trip to the database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import one_line
from chimera.ledger.statements import INSERT_EVENTS, as_json, events_of, insert_subtasks
from models.events import Event
from models.ids import ROOT, ScheduleId, UserId
from models.plans import PlannedSubtask
from models.replies import ClientTool, ConversationMessage, FilePart, ImagePart, ReplyOptions, ReplyPurpose
from models.runs import RunKind, RunStatus
from models.tasks import Budget, RunPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """The values that a run of any kind is accepted with."""

    owner_id: UserId
    kind: RunKind
    body_sha256: str
    idempotency_key: str | None
    events: tuple[Event, ...]
    status: RunStatus = RunStatus.QUEUED
    starts: bool = True
    """Whether the run gets an outbox entry that starts it."""
    simulated: bool = False
    priority: int = 3
    budget: Budget | None = None
    schedule_id: ScheduleId | None = None
    scheduled_run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    title: str
    goal: str
    model: str
    fallbacks: Sequence[str]
    images: Sequence[str]
    policy: RunPolicy
    metadata: Mapping[str, Any]
    plan: Sequence[PlannedSubtask]
    output_schema: Mapping[str, Any] | None = None
    shared_agents: Mapping[str, Any] | None = None
    """See `tables.Task`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReply:
    """The content of a reply. Its conversation is that of a session up to a message, or `conversation`."""

    model: str
    agent: str | None = None
    model_chosen: bool = False
    """Whether `model` and `fallbacks` replace those of the agent."""
    fallbacks: Sequence[str] = ()
    session_id: str | None = None
    message_id: str | None = None
    conversation: Sequence[ConversationMessage] | None = None
    instructions: str | None = None
    client_tools: Sequence[ClientTool] = ()
    options: ReplyOptions = field(default_factory=ReplyOptions)
    policy: RunPolicy = field(default_factory=RunPolicy)
    output_schema: Mapping[str, Any] | None = None
    purpose: ReplyPurpose = ReplyPurpose.ANSWER
    metadata: Mapping[str, Any] = field(default_factory=dict)
    shared_agents: Mapping[str, Any] | None = None
    """See `tables.Task`."""


_ACCOUNT = """
account AS (
    INSERT INTO runs
        (owner_id, kind, status, simulated, priority, body_sha256, idempotency_key, max_cost_micro_usd, max_tokens,
         max_model_calls, subtasks_total, event_seq, schedule_id, scheduled_run_id)
    VALUES
        (%(owner_id)s, %(kind)s, %(status)s, %(simulated)s, %(priority)s, %(body_sha256)s, %(key)s, %(max_cost)s,
         %(max_tokens)s, %(max_calls)s, %(planned)s, %(n)s, %(schedule_id)s, %(scheduled_run_id)s)
    ON CONFLICT DO NOTHING RETURNING id, event_seq)"""
_BEGINNING = f"""
 ev AS ({INSERT_EVENTS}),
 start AS (INSERT INTO outbox (run_id, kind) SELECT id, 'start' FROM account WHERE %(starts)s)
SELECT id FROM account"""  # noqa: S608  # only constants go in, here and below

_TASK = one_line(f"""
WITH {_ACCOUNT},
 task AS (
    INSERT INTO tasks
        (run_id, title, goal, model, fallbacks, images, policy, metadata, output_schema, shared_agents,
         agents_revision)
    SELECT id, %(title)s, %(goal)s, %(model)s, %(fallbacks)s, %(images)s, %(policy)s::jsonb, %(metadata)s::jsonb,
           %(output_schema)s::jsonb, %(shared_agents)s::jsonb,
           (SELECT agents_revision FROM users WHERE users.id = %(owner_id)s::uuid)
    FROM account),
 plan AS ({insert_subtasks(typed=True)}),
{_BEGINNING}
""")  # noqa: S608

_AI_CALL = one_line(f"""
WITH {_ACCOUNT},
 call AS (
    INSERT INTO ai_calls (run_id, model, request, files)
    SELECT id, %(model)s, %(request)s::jsonb, %(files)s::uuid[] FROM account),
{_BEGINNING}
""")  # noqa: S608

_REPLY = one_line(f"""
WITH {_ACCOUNT},
 reply AS (
    INSERT INTO replies
        (run_id, session_id, message_id, agent, model, model_chosen, fallbacks, instructions, conversation,
         files, client_tools, options, policy, output_schema, purpose, metadata, shared_agents, agents_revision)
    SELECT id, %(session_id)s::uuid, %(message_id)s::uuid, %(agent)s, %(model)s, %(model_chosen)s, %(fallbacks)s,
           %(instructions)s, %(conversation)s::jsonb, %(files)s::uuid[], %(client_tools)s::jsonb,
           %(options)s::jsonb, %(policy)s::jsonb, %(output_schema)s::jsonb, %(purpose)s, %(metadata)s::jsonb,
           %(shared_agents)s::jsonb, (SELECT agents_revision FROM users WHERE users.id = %(owner_id)s::uuid)
    FROM account),
{_BEGINNING}
""")  # noqa: S608


async def accept_task(session: AsyncSession, run: NewRun, task: NewTask) -> str | None:
    """Write a task and return its id, or None if its idempotency key or its scheduled run already has a run."""
    values = {
        **_values_of(run),
        "planned": len(task.plan),
        "title": task.title,
        "goal": task.goal,
        "model": task.model,
        "fallbacks": list(task.fallbacks),
        "images": list(task.images),
        "policy": task.policy.model_dump_json(),
        "metadata": as_json(task.metadata),
        "output_schema": None if task.output_schema is None else as_json(task.output_schema),
        "shared_agents": as_json(task.shared_agents) if task.shared_agents else None,
        "path": ROOT,
        "fresh": as_json([_row_of(position, subtask) for position, subtask in enumerate(task.plan)]),
    }
    return _id_in((await sql.execute(session, _TASK, values)).scalar())


async def accept_ai_call(session: AsyncSession, run: NewRun, model: str, request: Mapping[str, Any]) -> str | None:
    """Write an AI call and return its id, or None if its idempotency key already has a run."""
    files = [request["file_id"]] if request.get("file_id") else []
    values = {**_values_of(run), "planned": 0, "model": model, "request": as_json(request), "files": files}
    return _id_in((await sql.execute(session, _AI_CALL, values)).scalar())


async def accept_reply(session: AsyncSession, run: NewRun, reply: NewReply) -> str | None:
    """Write a reply and return its id, or None if its idempotency key already has a run.

    The rows of the session and of the message that it answers have to exist before, in the same transaction or an
    earlier one.
    """
    conversation = reply.conversation
    values = {
        **_values_of(run),
        "planned": 0,
        "session_id": reply.session_id,
        "message_id": reply.message_id,
        "agent": reply.agent,
        "model": reply.model,
        "model_chosen": reply.model_chosen,
        "fallbacks": list(reply.fallbacks),
        "instructions": reply.instructions,
        "conversation": None if conversation is None else as_json([_sent(message) for message in conversation]),
        "files": _files_of(conversation or ()),
        "client_tools": as_json([tool.model_dump(mode="json") for tool in reply.client_tools])
        if reply.client_tools
        else None,
        "options": reply.options.model_dump_json(exclude_defaults=True),
        "policy": reply.policy.model_dump_json(),
        "output_schema": None if reply.output_schema is None else as_json(reply.output_schema),
        "shared_agents": as_json(reply.shared_agents) if reply.shared_agents else None,
        "purpose": reply.purpose,
        "metadata": as_json(reply.metadata),
    }
    return _id_in((await sql.execute(session, _REPLY, values)).scalar())


def _sent(message: ConversationMessage) -> dict[str, Any]:
    return message.model_dump(mode="json", exclude_defaults=True)


def _files_of(conversation: Sequence[ConversationMessage]) -> list[str]:
    """Return the ids of the files that messages name, each once."""
    parts = [part for message in conversation if not isinstance(message.content, str) for part in message.content]
    named = [part.file_id for part in parts if isinstance(part, ImagePart | FilePart) and part.file_id is not None]
    return [str(file_id) for file_id in dict.fromkeys(named)]


def _values_of(run: NewRun) -> dict[str, Any]:
    budget = run.budget
    return {
        **events_of(run.events),
        "owner_id": run.owner_id,
        "kind": run.kind,
        "status": run.status,
        "simulated": run.simulated,
        "priority": run.priority,
        "body_sha256": run.body_sha256,
        "key": run.idempotency_key,
        "max_cost": budget and budget.max_cost_micro_usd,
        "max_tokens": budget and budget.max_tokens,
        "max_calls": budget and budget.max_model_calls,
        "schedule_id": run.schedule_id,
        "scheduled_run_id": run.scheduled_run_id,
        "starts": run.starts,
    }


def _row_of(position: int, subtask: PlannedSubtask) -> dict[str, object]:
    row = subtask.model_dump(
        include={"key", "title", "instruction", "agent", "depends_on", "decompose", "output_schema"}
    )
    return {**row, "path": subtask.key, "position": position}


def _id_in(found: Any) -> str | None:
    return None if found is None else str(found)
