"""Shared by the routes of chat sessions: accepted messages are announced, awaited or streamed."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, Path, Response, status
from fastapi.sse import ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse

from api import replies
from api.deps import API, Parts
from api.live.sse import streamed
from chimera.ledger import runs
from chimera.security.sessions import SignedIn
from chimera.store import chat_messages
from chimera.store.agents import ref_of
from chimera.store.chat_replies import Sent
from models.base import IDEMPOTENCY_KEY
from models.chat_messages import SentView
from models.ids import ChatMessageId, ChatSessionId, RunId, UserId
from models.runs import CLOSED
from models.users import Caller

LONGEST_WAIT_S = 55
"""Shorter than the minute after which proxies time out."""
LOOK_SECONDS = 0.1
"""How often a request looks whether the reply that it waits for has started."""
_WAIT = re.compile(r"(?:^|[,;\s])wait=(\d{1,6})(?=$|[,;\s])", re.IGNORECASE)

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=IDEMPOTENCY_KEY,
        description="Unique key that you choose for the message. If you repeat the request with this key, the API"
        " returns the same message and reply.",
    ),
]


async def _session_id(
    session_id: Annotated[UUID, Path(description="ID of the chat session, as shown in the list of sessions")],
) -> ChatSessionId:
    return ChatSessionId(str(session_id))


async def _message_id(
    message_id: Annotated[UUID, Path(description="ID of the message, as shown in the list of messages")],
) -> ChatMessageId:
    return ChatMessageId(str(message_id))


async def _wait_s(
    prefer: Annotated[
        str | None,
        Header(
            description="`wait=N`: wait up to N seconds, at most 55, for the reply to end (RFC 7240)",
        ),
    ] = None,
) -> int | None:
    preference = _WAIT.search(prefer or "")
    return min(LONGEST_WAIT_S, int(preference[1])) if preference else None


WithSessionId = Annotated[ChatSessionId, Depends(_session_id)]
WithMessageId = Annotated[ChatMessageId, Depends(_message_id)]
WithPreferredWait = Annotated[int | None, Depends(_wait_s)]


async def check_replier(
    parts: Parts, session: AsyncSession, owner_id: UserId, agent: str | None, model: str | None, *, named: bool = True
) -> str | None:
    """Raise if an agent or a model can't reply in a chat session. None stands for the defaults.

    Returns what the session stores for the agent. `named` is that of `agents.found`.
    """
    found = None if agent is None else await replies.agent_to_answer(parts, session, owner_id, agent, named=named)
    if model is not None or found is None or found.model is None:
        await parts.models.check(model or parts.settings.default_model)
    return None if found is None else ref_of(found)


async def answered(
    parts: Parts, signed_in: SignedIn, session_id: ChatSessionId, sent: Sent, wait_s: int | None, *, stream: bool
) -> Response:
    """Start the run of an accepted message, and respond: after the wait, or with a stream of the run's events."""
    await announce(parts, sent)
    if not stream and wait_s:
        await wait_for(parts, sent.run_id, wait_s)
    view = await view_of(parts, signed_in.caller, session_id, sent)
    headers = {"Location": f"{API}/chat/sessions/{session_id}/messages/{sent.answer_id}"}
    if not sent.created:
        headers["Idempotent-Replayed"] = "true"
    if stream:
        return streamed(_events(parts, signed_in, sent, view), headers)
    state = view.reply.reply
    has_ended = state is not None and state.status in CLOSED
    code = status.HTTP_200_OK if has_ended else status.HTTP_202_ACCEPTED
    return JSONResponse(view.model_dump(mode="json"), code, headers)


async def announce(parts: Parts, sent: Sent) -> None:
    """Notify the runs that a message has cancelled, and start its own."""
    await parts.failpoints.hit("after_insert")
    for run_id in sent.cancelled:
        parts.dispatcher.deliver_soon(run_id)
    parts.dispatcher.deliver_soon(sent.run_id)
    await parts.failpoints.hit("before_response")


async def wait_for(parts: Parts, run_id: RunId, wait_s: float) -> None:
    """Wait until a run has ended or the time is over. The run may have to wait for its start."""
    try:
        async with asyncio.timeout(wait_s):
            while not parts.ai_call_waits.is_stopping and await _is_open(parts, run_id):
                await parts.ai_call_waits.wait(run_id, wait_s)
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        return


async def view_of(parts: Parts, caller: Caller, session_id: ChatSessionId, sent: Sent) -> SentView:
    async with parts.database.begin() as session:
        views = await chat_messages.these(session, caller, session_id, [sent.message_id, sent.answer_id])
    return SentView(message=views[sent.message_id], reply=views[sent.answer_id])


async def _is_open(parts: Parts, run_id: RunId) -> bool:
    async with parts.database.begin() as session:
        return bool(await runs.open_among(session, [run_id]))


async def _events(parts: Parts, signed_in: SignedIn, accepted: Sent, view: SentView) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(event="message", raw_data=view.model_dump_json())
    async for event in replies.followed(parts, signed_in, accepted.run_id):
        yield event
