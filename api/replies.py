"""Shared by the routes that answer conversations: checking a request, accepting it, waiting for it, streaming it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

from fastapi import Response, status
from fastapi.sse import ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncSession

from api.deps import API, Parts
from api.live.sse import event_of, while_allowed
from chimera.content import schemas
from chimera.content.file_types import IMAGES
from chimera.content.fingerprints import fingerprint_of
from chimera.db.engine import READ_SECONDS
from chimera.ledger.acceptance import NewReply
from chimera.security.sessions import SignedIn
from chimera.store import agent_versions, agents, files, replies, shared_agents, user_limits
from chimera.store.agents import BUILT_IN_VIEWS
from chimera.store.user_limits import OPEN_REPLIES_LIMIT
from models.agents import AgentSpec, AgentView
from models.errors import (
    ChimeraError,
    InactiveAgent,
    InvalidInput,
    NotFound,
    ReplyFailed,
    SpendingLimitReached,
    UnknownAgent,
)
from models.files import MAX_IMAGE_BYTES
from models.ids import RunId, UserId
from models.replies import DRAFT, ClientTool, CompletionSpec, ConversationMessage, FilePart, ImagePart, ReplyView
from models.runs import OPEN, REPLIES, RunStatus
from models.shares import Right
from models.users import Caller

RESERVED_NAMES = frozenset({"auto", "none", "required"})
"""Values of `tool_choice` that aren't names of functions."""


async def accept(
    parts: Parts, caller: Caller, spec: CompletionSpec, idempotency_key: str | None, body_sha256: str | None = None
) -> tuple[RunId, bool]:
    """Check and store a reply to the messages of a request; return its id and whether it is new.

    `body_sha256` is the fingerprint of the request, if `spec` was translated from it. The caller has to let
    `parts.dispatcher` deliver its start. Raises an error that names the field of a value that can't be accepted.
    """
    body_sha256 = body_sha256 or fingerprint_of(spec.model_copy(update={"stream": False}))
    async with parts.database.begin() as session:
        if idempotency_key is not None:
            before = await replies.accepted_before(session, caller.user_id, idempotency_key, body_sha256)
            if before is not None:
                return before, False
        reply = await checked(parts, session, caller.user_id, spec)
        reply_id, created = await replies.create(
            session,
            caller.user_id,
            reply,
            body_sha256=body_sha256,
            idempotency_key=idempotency_key,
            budget=spec.budget,
        )
        if created:
            await user_limits.check_added(session, caller.user_id, OPEN_REPLIES_LIMIT, parts.settings)
    return reply_id, created


async def checked(parts: Parts, session: AsyncSession, owner_id: UserId, spec: CompletionSpec) -> NewReply:
    """Return the content of a reply to a request. Raises an error that names the field that can't be accepted."""
    agent = await _answering(parts, session, owner_id, spec)
    model = spec.model or parts.settings.default_model
    if agent.model is None or spec.model is not None:
        await parts.models.check(model)
    for index, fallback in enumerate(spec.fallbacks):
        await parts.models.check(fallback, f"fallbacks.{index}")
    if spec.output_schema is not None:
        problem = await asyncio.to_thread(schemas.is_usable, spec.output_schema)
        if problem is not None:
            raise InvalidInput("output_schema", problem)
    _check_tools(spec.tools, spec.tool_choice)
    await _check_files(session, owner_id, spec.messages)
    return NewReply(
        agent=agent.name,
        shared_agents=agent.pins,
        model=model,
        model_chosen=spec.model is not None,
        fallbacks=spec.fallbacks,
        conversation=spec.messages,
        instructions=spec.instructions,
        client_tools=spec.tools,
        options=spec.options,
        output_schema=spec.output_schema,
        metadata=spec.metadata,
    )


class _Answering(NamedTuple):
    """The agent of a reply: its name in the run, what the run stores of it, and its own model."""

    name: str | None = None
    pins: Mapping[str, Mapping[str, Any]] | None = None
    model: str | None = None


async def _answering(parts: Parts, session: AsyncSession, owner_id: UserId, spec: CompletionSpec) -> _Answering:
    if spec.agent_draft is not None:
        return await _draft(parts, session, owner_id, spec.agent_draft)
    if spec.agent is None:
        return _Answering()
    agent = await agent_to_answer(parts, session, owner_id, spec.agent)
    ref = agents.ref_of(agent)
    pinned = await shared_agents.pinned(session, owner_id, [ref])
    name = pinned.name_of(ref)
    if spec.agent_version is None:
        return _Answering(name, pinned.pins, agent.model)
    if agent.built_in:
        raise InvalidInput("agent_version", f"Agent {agent.name!r} is built in and has no versions. Omit the field.")
    stored = await agents.found(session, Caller(user_id=owner_id, role="user"), ref, Right.USE)
    chosen = (await agent_versions.version_of(session, stored, spec.agent_version, "agent_version")).agent
    if chosen.model is not None:
        await parts.models.check(chosen.model, "agent_version")
    return _Answering(name, {name: {"id": stored.row.id, "version": spec.agent_version}}, chosen.model)


async def _draft(parts: Parts, session: AsyncSession, owner_id: UserId, draft: AgentSpec) -> _Answering:
    """Check an agent as if it were saved. Raises an error that names the field, such as `agent_draft.model`."""
    try:
        await parts.checks.agent(draft)
        await parts.checks.tools(session, owner_id, draft)
    except ChimeraError as error:
        error.field = f"agent_draft.{error.field}" if error.field else "agent_draft"
        raise
    return _Answering(DRAFT, {DRAFT: {"spec": draft.model_dump(mode="json")}}, draft.model)


async def agent_to_answer(
    parts: Parts, session: AsyncSession, owner_id: UserId, ref: str, *, named: bool = True
) -> AgentView:
    """Return an agent that a user may use and that takes new work. `named` is that of `agents.found`.

    Raises UnknownAgent, InactiveAgent, AmbiguousAgent, and Forbidden for one that is shared only for reading.
    """
    try:
        agent = await agents.one(session, Caller(user_id=owner_id, role="user"), ref, Right.USE, named=named)
    except NotFound:
        known = await agents.agents_of(session, owner_id)
        raise UnknownAgent(ref, sorted(name for name, each in known.items() if each.active)) from None
    if not agent.active:
        raise InactiveAgent(agent.name)
    if agent.model is not None and agent.name not in BUILT_IN_VIEWS:
        await parts.models.check(agent.model, "agent")
    return agent


async def awaited(parts: Parts, caller: Caller, reply_id: RunId, response: Response, wait_s: int) -> ReplyView:
    """Wait for the end of a reply and return it. If it is still open then, set the status of `response` to 202.

    A reply that was cancelled is returned, too. Raises ReplyFailed for one that failed.
    """
    response.headers["Location"] = f"{API}/replies/{reply_id}"
    view = await find(parts, caller, reply_id)
    if view.status in OPEN and wait_s:
        await parts.ai_call_waits.wait(reply_id, wait_s)
        view = await find(parts, caller, reply_id)
    if view.status is RunStatus.FAILED and view.error_code == SpendingLimitReached.code:
        raise SpendingLimitReached(view.error or "")
    if view.status is RunStatus.FAILED:
        raise ReplyFailed(reply_id, view.error_code or "failed", view.error or "")
    if view.status in OPEN:
        response.status_code = status.HTTP_202_ACCEPTED
    return view


async def find(parts: Parts, caller: Caller, reply_id: RunId) -> ReplyView:
    """Read a reply. Raises NotFound, also for another user's reply."""
    async with parts.database.statements(READ_SECONDS) as connection:
        return await replies.view(connection, caller, reply_id, parts.temporal.ui_url)


async def followed(parts: Parts, signed_in: SignedIn, reply_id: RunId) -> AsyncIterator[ServerSentEvent]:
    """Yield all events of the caller's reply, and its text, until it ends. The caller has counted the stream."""
    progress = await parts.hub.progress(signed_in.caller, reply_id, REPLIES)
    frames = parts.hub.follow(signed_in.caller, reply_id, 0, progress)
    async for frame in while_allowed(parts.rights, signed_in, frames):
        yield event_of(frame)


def _check_tools(tools: Sequence[ClientTool], choice: str) -> None:
    names: set[str] = set()
    for index, tool in enumerate(tools):
        if tool.name in RESERVED_NAMES:
            raise InvalidInput(f"tools.{index}.name", f"A function can't be named {tool.name!r}. Choose another name.")
        if tool.name in names:
            raise InvalidInput(f"tools.{index}.name", f"Two functions are named {tool.name!r}. Rename one of them.")
        names.add(tool.name)
    if choice not in names | RESERVED_NAMES:
        raise InvalidInput(
            "tool_choice", f"There is no function {choice!r} in tools. Send its definition, or send 'auto'."
        )


async def _check_files(session: AsyncSession, owner_id: UserId, messages: Sequence[ConversationMessage]) -> None:
    """Raise an error that names the field if a message has a file that isn't the user's, or that can't be shown."""
    parts = [
        (f"messages.{index}.content.{place}.file_id", str(part.file_id), part)
        for index, message in enumerate(messages)
        for place, part in enumerate(() if isinstance(message.content, str) else message.content)
        if isinstance(part, ImagePart | FilePart) and part.file_id is not None
    ]
    found = await files.to_use(session, owner_id, {file_id for _, file_id, _ in parts})
    for field, file_id, part in parts:
        file = found.get(file_id)
        if file is None:
            error = NotFound("file", file_id)
            error.field = field
            raise error
        if isinstance(part, ImagePart) and file.media_type not in IMAGES:
            raise InvalidInput(field, f"The file type is {file.media_type}. Send a PNG, JPEG, GIF or WebP image.")
        if file.media_type in IMAGES and file.size_bytes > MAX_IMAGE_BYTES:
            raise InvalidInput(field, f"An image can be at most {MAX_IMAGE_BYTES:,} bytes. Send a smaller image.")
