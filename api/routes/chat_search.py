"""Route for the full-text search in chat sessions."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ClosedRoute, WithCaller, WithParts
from api.paging import Cursor
from chimera.store import chat_search
from models.chat_search import SearchPage
from models.errors import InvalidInput

router = APIRouter(prefix="/chat/search", tags=["chat"], route_class=ClosedRoute)

MAX_PAGE = 50


@router.get("", operation_id="search_chats")
async def search_chats(
    caller: WithCaller,
    parts: WithParts,
    q: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            description="Words to search for. All of them have to occur. `or` between words, quotes around phrases and"
            " `-` before excluded words work as in search engines.",
        ),
    ],
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE, description="Maximum number of items per page")] = 20,
    cursor: Cursor = None,
) -> SearchPage:
    """Search for words in your chat messages and the replies to them, newest first."""
    if "\0" in q:
        raise InvalidInput("q", "The search text contains a NUL character. Remove it.")
    list_name = f"chat search {caller.user_id} {q!r}"
    after = int(parts.cursors.open_text(cursor, list_name)) if cursor else None
    async with parts.database.begin() as session:
        hits, place = await chat_search.page(session, caller, q, after=after, limit=limit)
    return SearchPage(items=tuple(hits), next_cursor=parts.cursors.seal_text(str(place), list_name) if place else None)
