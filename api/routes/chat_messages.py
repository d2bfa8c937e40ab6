"""Routes for the messages of chat sessions: send, list and regenerate messages, and start tasks from them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from api.chat import (
    IdempotencyKey,
    WithMessageId,
    WithPreferredWait,
    WithSessionId,
    answered,
    check_replier,
    view_of,
)
from api.deps import ClosedRoute, Parts, WithCaller, WithParts, WithSignedIn
from api.paging import Limit
from api.routes.streams import WithOpenStream
from chimera.db.tables import ChatSession
from chimera.store import chat, chat_messages, chat_notes, chat_replies, chat_tasks, user_limits
from chimera.store.user_limits import OPEN_REPLIES_LIMIT, OPEN_TASKS_LIMIT
from models.base import ORDER
from models.chat_messages import (
    ChatMessagePage,
    ChatMessageView,
    MessageSpec,
    RegenerateSpec,
    SentView,
    TaskMessageSpec,
)
from models.errors import NotFound
from models.ids import ChatMessageId, RunId, UserId

router = APIRouter(prefix="/chat/sessions/{session_id}", tags=["chat"], route_class=ClosedRoute)

_ENDED: dict[int | str, dict[str, Any]] = {
    200: {
        "model": SentView,
        "description": "The reply has ended within the wait. With `stream`, server-sent events: first `message`, then"
        " the events of the reply.",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}


@router.get("/messages", operation_id="list_chat_messages")
async def list_chat_messages(
    session_id: WithSessionId,
    caller: WithCaller,
    parts: WithParts,
    branch: Annotated[
        UUID | None, Query(description="ID of the last message of the branch to list. Default: the active branch.")
    ] = None,
    sort: Annotated[
        str, Query(pattern=ORDER, description="Sort order: `-created_at` (newest first) or `created_at` (oldest first)")
    ] = "-created_at",
    limit: Limit = 50,
    cursor: Annotated[
        str | None,
        Query(max_length=200, description="Value of `next_cursor` or `previous_cursor` from another page"),
    ] = None,
) -> ChatMessagePage:
    """List the messages of a branch of one of your chat sessions, newest first.

    A page contains at most 1 MiB of messages, unless a single message is larger.
    """
    list_name = f"chat messages {caller.user_id} {session_id} {branch} {sort}"
    back, after = _place_in(parts.cursors.open_text(cursor, list_name)) if cursor else (False, None)
    async with parts.database.begin() as session:
        page = await chat_messages.page(
            session,
            caller,
            session_id,
            None if branch is None else ChatMessageId(str(branch)),
            after=after,
            oldest_first=sort.startswith("-") == back,
            limit=limit,
        )
    items, ends = tuple(page.items), (page.first, page.last)
    if back:
        items, ends = items[::-1], ends[::-1]
    has_next, has_previous = (True, page.more) if back else (page.more, after is not None)
    return ChatMessagePage(
        items=items,
        next_cursor=parts.cursors.seal_text(f"next {ends[1]}", list_name) if items and has_next else None,
        previous_cursor=parts.cursors.seal_text(f"previous {ends[0]}", list_name) if items and has_previous else None,
    )


def _place_in(sealed: str) -> tuple[bool, int]:
    """Return whether a cursor leads back, and the number of the message after which its page begins."""
    direction, _, number = sealed.partition(" ")
    return direction == "previous", int(number)


@router.get("/messages/{message_id}", operation_id="get_chat_message")
async def get_chat_message(
    session_id: WithSessionId, message_id: WithMessageId, caller: WithCaller, parts: WithParts
) -> ChatMessageView:
    """Show a message of one of your chat sessions."""
    async with parts.database.begin() as session:
        found = await chat_messages.these(session, caller, session_id, [message_id])
    if message_id not in found:
        raise NotFound("chat message", message_id)
    return found[message_id]


@router.post(
    "/messages",
    operation_id="create_chat_message",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=SentView,
    responses=_ENDED,
)
async def create_chat_message(
    session_id: WithSessionId,
    spec: MessageSpec,
    signed_in: WithSignedIn,
    caller: WithCaller,
    parts: WithParts,
    wait_s: WithPreferredWait,
    open_stream: WithOpenStream,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Send a message. The message and its reply are stored before the API responds, so nothing is lost in a crash."""
    if spec.stream:
        await open_stream()
    sending = chat_replies.sending_of(session_id, spec, idempotency_key, default_model=parts.settings.default_model)
    title_run_id: RunId | None = None
    async with parts.database.begin() as session:
        found = await chat.own(session, caller, session_id, lock=True)
        sent = await chat_replies.sent_before(session, caller.user_id, sending)
        if sent is None:
            await _check(parts, session, found)
            await parts.checks.attachments(session, caller.user_id, spec.attachments)
            is_first = not found.title
            sent = await chat_replies.send(session, found, spec, sending)
            if is_first and parts.settings.chat_titles:
                title_run_id = await chat_notes.begin_title(
                    session, found, sent.message_id, spec.text, default_model=sending.default_model
                )
            added = 1 if title_run_id is None else 2
            await user_limits.check_added(session, caller.user_id, OPEN_REPLIES_LIMIT, parts.settings, added)
    if title_run_id is not None:
        parts.dispatcher.deliver_soon(title_run_id)
    return await answered(parts, signed_in, session_id, sent, wait_s, stream=spec.stream)


@router.post(
    "/messages/{message_id}/regenerate",
    operation_id="regenerate_chat_message",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=SentView,
    responses=_ENDED,
)
async def regenerate_chat_message(
    session_id: WithSessionId,
    message_id: WithMessageId,
    signed_in: WithSignedIn,
    caller: WithCaller,
    parts: WithParts,
    wait_s: WithPreferredWait,
    open_stream: WithOpenStream,
    spec: RegenerateSpec | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Request another reply to a message, given as the message itself or as a reply to it. Earlier replies are kept."""
    spec = spec or RegenerateSpec()
    if spec.stream:
        await open_stream()
    sending = chat_replies.sending_of(
        session_id, spec, idempotency_key, default_model=parts.settings.default_model, of=message_id
    )
    async with parts.database.begin() as session:
        found = await chat.own(session, caller, session_id, lock=True)
        sent = await chat_replies.sent_before(session, caller.user_id, sending)
        if sent is None:
            await _check(parts, session, found)
            sent = await chat_replies.regenerate(session, found, message_id, sending)
            await user_limits.check_added(session, caller.user_id, OPEN_REPLIES_LIMIT, parts.settings)
    return await answered(parts, signed_in, session_id, sent, wait_s, stream=spec.stream)


@router.post("/tasks", operation_id="create_chat_task", status_code=status.HTTP_202_ACCEPTED)
async def create_chat_task(
    session_id: WithSessionId,
    spec: TaskMessageSpec,
    caller: WithCaller,
    parts: WithParts,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> SentView:
    """Start a task from the conversation. The assistant's message that follows contains the task's result.

    The task's agents receive the end of the conversation. Replies don't wait for the task.
    """
    sending = chat_replies.sending_of(session_id, spec, idempotency_key, default_model=parts.settings.default_model)
    async with parts.database.begin() as session:
        found = await chat.own(session, caller, session_id, lock=True)
        sent = await chat_replies.sent_before(session, caller.user_id, sending)
        if sent is None:
            refs = await parts.checks.task(session, caller.user_id, spec.task, within="task.")
            sent = await chat_tasks.start(
                session, found, spec, sending, default_subtasks=parts.settings.subtasks, refs=refs
            )
            await user_limits.check_added(session, caller.user_id, OPEN_TASKS_LIMIT, parts.settings)
    if sent.created:
        parts.dispatcher.admit_soon()
    else:
        response.headers["Idempotent-Replayed"] = "true"
    return await view_of(parts, caller, session_id, sent)


async def _check(parts: Parts, session: AsyncSession, found: ChatSession) -> None:
    """Raise if the session's agent or model can't reply, because it has changed since the session was created."""
    await check_replier(parts, session, UserId(found.owner_id), found.agent, found.model, named=False)
