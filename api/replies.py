"""Shared by the routes that answer conversations: checking a request, accepting it, waiting for it, streaming it."""

import asyncio
from collections.abc import AsyncIterator, Sequence

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
from chimera.store import agents, files, replies, shared_agents, user_limits
from chimera.store.agents import BUILT_IN_VIEWS
from chimera.store.user_limits import OPEN_REPLIES_LIMIT
from models.agents import AgentView
from models.errors import InactiveAgent, InvalidInput, NotFound, ReplyFailed, SpendingLimitReached, UnknownAgent
from models.files import MAX_IMAGE_BYTES
from models.ids import RunId, UserId
from models.replies import ClientTool, CompletionSpec, ConversationMessage, FilePart, ImagePart, ReplyView
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
    agent = None if spec.agent is None else await agent_to_answer(parts, session, owner_id, spec.agent)
    model = spec.model or parts.settings.default_model
    if agent is None or agent.model is None or spec.model is not None:
        await parts.models.check(model)
    for index, fallback in enumerate(spec.fallbacks):
        await parts.models.check(fallback, f"fallbacks.{index}")
    if spec.output_schema is not None:
        problem = await asyncio.to_thread(schemas.is_usable, spec.output_schema)
        if problem is not None:
            raise InvalidInput("output_schema", problem)
    _check_tools(spec.tools, spec.tool_choice)
    await _check_files(session, owner_id, spec.messages)
    ref = None if agent is None else agents.ref_of(agent)
    pinned = await shared_agents.pinned(session, owner_id, [] if ref is None else [ref])
    return NewReply(
        agent=None if ref is None else pinned.name_of(ref),
        shared_agents=pinned.pins,
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
    """Yield all events of the caller's reply, and its text, until it ends. Check `parts.open_streams` before."""
    async with parts.open_streams.one_more(signed_in.caller.user_id):
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
    found = await files.these(session, owner_id, {file_id for _, file_id, _ in parts})
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
