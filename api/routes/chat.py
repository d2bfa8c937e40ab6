"""Routes for chat sessions. Their messages are in `chat_messages.py`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, status

from api.chat import WithSessionId, check_replier
from api.deps import API, ClosedRoute, Parts, WithCaller, WithParts
from api.etags import ChecksTag, ShowsTag, ShowsVersion
from api.idempotency import Keyed, WithKey
from api.paging import Cursor, Limit, WithShared
from chimera.store import chat, chat_deletions, chat_replies, user_limits
from chimera.store.chat import SessionFilter
from chimera.store.user_limits import CHAT_SESSIONS_LIMIT
from models.base import AGENT, CHAT_ORDER, Contract
from models.chat import ChatSessionPage, ChatSessionSpec, ChatSessionView, LeafChoice, LeafView
from models.errors import InvalidInput
from models.ids import ChatMessageId, ChatSessionId
from models.shares import Shared
from models.users import Caller

router = APIRouter(prefix="/chat/sessions", tags=["chat"], route_class=ClosedRoute)


class SessionQuery(Contract):
    """Filters and sort order for a list of sessions."""

    archived: bool | None
    agent: str | None
    q: str | None
    sort: str
    shared: Shared | None


async def _session_query(
    archived: Annotated[
        bool, Query(description="Return only archived sessions (`true`), or only others (`false`)")
    ] = False,
    agent: Annotated[
        str | None,
        Query(pattern=AGENT, description="Return only sessions with this agent, named as the sessions show it"),
    ] = None,
    q: Annotated[
        str | None, Query(max_length=200, description="Return only sessions whose title contains this")
    ] = None,
    shared: WithShared = None,
    sort: Annotated[
        str,
        Query(
            pattern=CHAT_ORDER,
            description="Sort order: `last_message_at` or `created_at`, with `-` before it for the newest first",
        ),
    ] = "-last_message_at",
) -> SessionQuery:
    if q is not None and "\0" in q:
        raise InvalidInput("q", "The search text contains a NUL character. Remove it.")
    return SessionQuery(archived=archived, agent=agent, q=q or None, sort=sort, shared=shared)


@router.get("", operation_id="list_chat_sessions")
async def list_chat_sessions(
    caller: WithCaller,
    parts: WithParts,
    query: Annotated[SessionQuery, Depends(_session_query)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> ChatSessionPage:
    """List your chat sessions, with the most recently used ones first.

    Administrators see all users' sessions, without their titles and messages.
    """
    list_name = f"chat sessions {caller.user_id} {query.model_dump_json()}"
    async with parts.database.begin() as session:
        views, place = await chat.page(
            session,
            caller,
            only=SessionFilter(archived=query.archived, agent=query.agent, text=query.q, shared=query.shared),
            sort=query.sort,
            after=parts.cursors.open(cursor, list_name) if cursor else None,
            limit=limit,
        )
    return ChatSessionPage(items=tuple(views), next_cursor=parts.cursors.seal(place, list_name) if place else None)


@router.post("", operation_id="create_chat_session", status_code=status.HTTP_201_CREATED)
async def create_chat_session(
    spec: ChatSessionSpec, caller: WithCaller, parts: WithParts, keyed: WithKey
) -> ChatSessionView:
    """Create a chat session with an agent or a model."""
    async with parts.database.begin() as session:
        agent = await check_replier(parts, session, caller.user_id, spec.agent, spec.model)
        session_id = await chat.create(session, caller.user_id, spec.model_copy(update={"agent": agent}))
        await user_limits.check_added(session, caller.user_id, CHAT_SESSIONS_LIMIT, parts.settings)
        view = await chat.view(session, caller, session_id)
        await keyed.made(session, view, status.HTTP_201_CREATED, location=f"{API}/chat/sessions/{session_id}")
    return view


@router.get("/{session_id}", operation_id="get_chat_session")
async def get_chat_session(
    session_id: WithSessionId, caller: WithCaller, parts: WithParts, tagged: ShowsVersion
) -> ChatSessionView:
    """Show a chat session with its open replies, but without its messages."""
    async with parts.database.begin() as session:
        found = await chat.seen(session, caller, session_id)
        if found.owner_id == caller.user_id:
            tagged.show(*chat.edited_fields(found))
        return await chat.view(session, caller, session_id)


@router.put("/{session_id}", operation_id="replace_chat_session")
async def replace_chat_session(
    session_id: WithSessionId, spec: ChatSessionSpec, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> ChatSessionView:
    """Replace a chat session's fields. Without `title`, the session keeps its title. Open replies don't change."""
    async with parts.database.begin() as session:
        found = await chat.own(session, caller, session_id, lock=True)
        tagged.check(*chat.edited_fields(found))
        agent = await check_replier(parts, session, caller.user_id, spec.agent, spec.model)
        chat.replace(found, spec.model_copy(update={"agent": agent}))
        tagged.show(*chat.edited_fields(found))
    return await _view(parts, caller, session_id)


@router.delete("/{session_id}", operation_id="delete_chat_session", status_code=status.HTTP_204_NO_CONTENT)
async def delete_chat_session(
    session_id: WithSessionId, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> None:
    """Delete a chat session with its messages and replies. Open replies are cancelled.

    Cost records are kept, without any content. Tasks that were started in the session are kept too.
    """
    async with parts.database.begin() as session:
        found = await chat.own_or_managed(session, caller, session_id, lock=True)
        tagged.check(*chat.edited_fields(found))
        run_ids = await chat_deletions.delete(session, found)
    for run_id in run_ids:
        parts.dispatcher.deliver_soon(run_id)


@router.post("/{session_id}/archive", operation_id="archive_chat_session")
async def archive_chat_session(
    session_id: WithSessionId, caller: WithCaller, parts: WithParts, keyed: WithKey
) -> ChatSessionView:
    """Archive a chat session. Lists leave it out, until it receives another message or is restored."""
    return await _archived(parts, caller, session_id, keyed, archived=True)


@router.post("/{session_id}/restore", operation_id="restore_chat_session")
async def restore_chat_session(
    session_id: WithSessionId, caller: WithCaller, parts: WithParts, keyed: WithKey
) -> ChatSessionView:
    """Restore a chat session from the archive."""
    return await _archived(parts, caller, session_id, keyed, archived=False)


@router.get("/{session_id}/leaf", operation_id="get_chat_branch")
async def get_chat_branch(
    session_id: WithSessionId, caller: WithCaller, parts: WithParts, tagged: ShowsTag
) -> LeafView:
    """Return the end of the active branch of a chat session. Messages and choices of a branch change it."""
    async with parts.database.begin() as session:
        view = chat.leaf_of(await chat.seen(session, caller, session_id))
    tagged.show(view)
    return view


@router.put("/{session_id}/leaf", operation_id="choose_chat_branch")
async def choose_chat_branch(
    session_id: WithSessionId, choice: LeafChoice, caller: WithCaller, parts: WithParts, tagged: ChecksTag
) -> ChatSessionView:
    """Choose the active branch of a chat session, which the next message continues."""
    async with parts.database.begin() as session:
        found = await chat.own(session, caller, session_id, lock=True)
        tagged.check(chat.leaf_of(found))
        await chat_replies.choose_leaf(session, found, ChatMessageId(str(choice.message_id)))
        tagged.show(chat.leaf_of(found))
    return await _view(parts, caller, session_id)


async def _archived(
    parts: Parts, caller: Caller, session_id: ChatSessionId, keyed: Keyed, *, archived: bool
) -> ChatSessionView:
    async with parts.database.begin() as session:
        await chat.set_archived(session, caller, session_id, archived=archived)
        view = await chat.view(session, caller, session_id)
        await keyed.made(session, view, status.HTTP_200_OK)
    return view


async def _view(parts: Parts, caller: Caller, session_id: ChatSessionId) -> ChatSessionView:
    async with parts.database.begin() as session:
        return await chat.view(session, caller, session_id)
