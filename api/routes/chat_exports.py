"""Route for exports of chat sessions, which are streamed page by page."""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from api.chat import WithSessionId
from api.deps import ClosedRoute, Parts, WithParts, WithSignedIn
from api.live.sse import while_allowed
from api.routes.streams import WithOpenStream
from chimera.content.chat_exports import JsonExport, MarkdownExport
from chimera.store import chat, chat_messages
from models.chat import ChatSessionView
from models.errors import NotFound
from models.users import Caller

router = APIRouter(prefix="/chat/sessions/{session_id}/export", tags=["chat"], route_class=ClosedRoute)

PAGE = 100

_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The conversation, as an attachment",
        "content": {
            "text/markdown": {"schema": {"type": "string"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["session", "messages"],
                    "properties": {
                        "session": {"$ref": "#/components/schemas/ChatSessionView"},
                        "messages": {"type": "array", "items": {"$ref": "#/components/schemas/ChatMessageView"}},
                    },
                }
            },
        },
    }
}


@router.get("", operation_id="export_chat_session", response_class=StreamingResponse, responses=_CONTENT)
async def export_chat_session(
    session_id: WithSessionId,
    signed_in: WithSignedIn,
    parts: WithParts,
    open_stream: WithOpenStream,
    format: Annotated[  # noqa: A002  # the name of the parameter
        Literal["markdown", "json"], Query(description="`markdown` for reading, or `json` with all fields and costs")
    ] = "markdown",
    branches: Annotated[
        Literal["active", "all"], Query(description="`active` for the active branch only, or `all` branches")
    ] = "active",
) -> StreamingResponse:
    """Export one of your chat sessions. Attachments are named, but not included."""
    await open_stream()
    caller = signed_in.caller
    async with parts.database.begin() as session:
        await chat.readable(session, caller, session_id)
        view = await chat.view(session, caller, session_id)
    export = MarkdownExport(view) if format == "markdown" else JsonExport(view)
    headers = {"Content-Disposition": f'attachment; filename="chat-{session_id}.{export.suffix}"'}
    pieces = _pieces(parts, caller, view, export, all_branches=branches == "all")
    allowed = while_allowed(parts.rights, signed_in, pieces)
    return StreamingResponse(allowed, headers=headers, media_type=export.media_type)


async def _pieces(
    parts: Parts, caller: Caller, view: ChatSessionView, export: MarkdownExport | JsonExport, *, all_branches: bool
) -> AsyncGenerator[str]:
    """Read each page in its own transaction, so that a slow client doesn't hold a database connection."""
    yield export.begin()
    after: int | None = None
    more = all_branches or view.leaf_id is not None
    while more:
        leaf_id = None if all_branches else view.leaf_id
        try:
            async with parts.database.begin() as session:
                page = await chat_messages.export_page(session, caller, view.id, leaf_id, after=after, limit=PAGE)
        except NotFound:
            # The session was deleted meanwhile. Without its end, JSON shows that it is incomplete.
            return
        for message in page.items:
            yield export.piece(message)
        after, more = page.last, page.more
    yield export.end
