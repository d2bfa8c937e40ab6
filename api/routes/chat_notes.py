"""Routes for summaries of chat sessions and for suggested messages. They are written on request, and then kept."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Response, status
from sqlalchemy.ext.asyncio import AsyncSession

from api import permissions
from api.chat import WithPreferredWait, WithSessionId, wait_for
from api.deps import ClosedRoute, Parts, WithCaller, WithParts
from chimera.limits.rates import RateKind
from chimera.store import chat, chat_notes, user_limits
from chimera.store.user_limits import OPEN_REPLIES_LIMIT
from models.chat_notes import NoteState, SuggestionsView, SummaryView
from models.ids import ChatSessionId, RunId
from models.replies import ReplyPurpose
from models.runs import CLOSED
from models.users import Caller

router = APIRouter(prefix="/chat/sessions/{session_id}", tags=["chat"], route_class=ClosedRoute)

WAIT_S = 25

V = TypeVar("V", bound=NoteState)


def _later(view: type[NoteState]) -> dict[int | str, dict[str, Any]]:
    return {202: {"model": view, "description": "It is being written. Send the request again."}}


@router.get("/summary", operation_id="get_chat_summary", responses=_later(SummaryView))
async def get_chat_summary(
    session_id: WithSessionId,
    caller: WithCaller,
    parts: WithParts,
    response: Response,
    wait_s: WithPreferredWait,
) -> SummaryView:
    """Return a summary of a chat session's active branch. If it hasn't been written yet, a model writes it now.

    By default, the request waits up to 25 seconds. The cost is recorded like that of a reply, so viewers and API keys
    that may only read get 403 instead of a new one.
    """
    return await _written(parts, caller, session_id, ReplyPurpose.SUMMARY, chat_notes.summary, response, wait_s)


@router.get("/suggestions", operation_id="get_chat_suggestions", responses=_later(SuggestionsView))
async def get_chat_suggestions(
    session_id: WithSessionId,
    caller: WithCaller,
    parts: WithParts,
    response: Response,
    wait_s: WithPreferredWait,
) -> SuggestionsView:
    """Return three suggestions for your next message. If they haven't been written yet, a model writes them now.

    By default, the request waits up to 25 seconds. The cost is recorded like that of a reply, so viewers and API keys
    that may only read get 403 instead of a new one.
    """
    return await _written(parts, caller, session_id, ReplyPurpose.SUGGESTIONS, chat_notes.suggestions, response, wait_s)


async def _written(
    parts: Parts,
    caller: Caller,
    session_id: ChatSessionId,
    purpose: ReplyPurpose,
    view_of: Callable[[AsyncSession, Caller, RunId], Awaitable[V]],
    response: Response,
    wait_s: int | None,
) -> V:
    async with parts.database.begin() as session:
        found = await chat.own(session, caller, session_id, lock=True)
        run_id, created = await chat_notes.begin(session, found, purpose, default_model=parts.settings.default_model)
        if created:
            # Although the method is GET, a new note costs something, and counts as a start. An exception undoes it.
            permissions.check_own(caller, changes=True)
            await user_limits.check_added(session, caller.user_id, OPEN_REPLIES_LIMIT, parts.settings)
            await parts.rates.take(RateKind.START, caller.user_id)
    if created:
        parts.dispatcher.deliver_soon(run_id)
    await wait_for(parts, run_id, WAIT_S if wait_s is None else wait_s)
    async with parts.database.begin() as session:
        view = await view_of(session, caller, run_id)
    if view.status not in CLOSED:
        response.status_code = status.HTTP_202_ACCEPTED
    return view
