"""Requests about chat sessions, their messages and replies."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx2

from cli.errors import Ambiguous, NotThere
from cli.http.client import Client
from cli.http.pages import items_of
from cli.output.text import one_line, short
from models.chat import ChatSessionPage, ChatSessionView
from models.chat_messages import ChatMessagePage, ChatMessageView, SentView
from models.chat_search import SearchHit, SearchPage
from models.ids import ChatMessageId, ChatSessionId, RunId
from models.replies import ReplyView
from models.shares import Shared

LAST = "last"
"""Name for the session that was used last."""
NEWEST = 2000
"""Number of sessions among which an abbreviated ID is searched."""


async def create(client: Client, spec: Mapping[str, Any]) -> ChatSessionView:
    return ChatSessionView.model_validate_json(await client.call("POST", "/chat/sessions", spec))


async def session(client: Client, session_id: ChatSessionId) -> ChatSessionView:
    return ChatSessionView.model_validate_json(await client.call("GET", f"/chat/sessions/{session_id}"))


async def replace(client: Client, session_id: ChatSessionId, spec: Mapping[str, Any]) -> ChatSessionView:
    return ChatSessionView.model_validate_json(await client.call("PUT", f"/chat/sessions/{session_id}", spec))


async def delete(client: Client, session_id: ChatSessionId) -> None:
    await client.call("DELETE", f"/chat/sessions/{session_id}")


async def sessions(
    client: Client, most: int | None = None, *, archived: bool = False, shared: Shared = "mine"
) -> list[ChatSessionView]:
    """Return the sessions that were used last, at most `most`: the user's own, or those that others share."""

    async def page(limit: int, cursor: str | None) -> ChatSessionPage:
        # An administrator's list also has the sessions of other users.
        params = {"limit": limit, "shared": shared, "archived": str(archived).lower()}
        params |= {} if cursor is None else {"cursor": cursor}
        return ChatSessionPage.model_validate_json(await client.call("GET", "/chat/sessions", params=params))

    return await items_of(page, most)


async def session_named(client: Client, name: str) -> ChatSessionView:
    """Return the session whose ID is or begins with `name`, or the last one for `last`. Raises NotThere, Ambiguous.

    Sessions that others share with the user are searched only if none of the user's own matches.
    """
    wanted = name.strip().lower().replace("-", "")
    if wanted == LAST:
        if newest := await sessions(client, 1):
            return newest[0]
        raise NotThere('You have no chat sessions. To begin one, run: chimera chat "Hello"')
    is_hex = wanted != "" and all(character in "0123456789abcdef" for character in wanted)
    if is_hex and len(wanted) == 32:
        return await session(client, ChatSessionId(wanted))
    found = (
        (await _beginning_with(client, wanted, "mine") or await _beginning_with(client, wanted, "shared"))
        if is_hex
        else []
    )
    if not found:
        raise NotThere(
            f"No session ID begins with {one_line(name, 60)!r}. To list your sessions, run: chimera sessions"
        )
    if len(found) > 1:
        shown = [f"{each.id} ({one_line(each.title, 30)})" for each in found]
        raise Ambiguous(one_line(name, 60), shown, "Enter more characters of the ID.")
    return await session(client, found[0].id)


async def _beginning_with(client: Client, wanted: str, shared: Shared) -> list[ChatSessionView]:
    listed = [
        each for archived in (False, True) for each in await sessions(client, NEWEST, archived=archived, shared=shared)
    ]
    return [each for each in listed if each.id.replace("-", "").startswith(wanted)]


async def send(client: Client, session_id: ChatSessionId, body: Mapping[str, Any], key: str) -> SentView:
    """Send a message. Every try with the same `key` sends it only once."""
    return await _sent(client, f"/chat/sessions/{session_id}/messages", body, key)


async def regenerate(client: Client, session_id: ChatSessionId, message_id: ChatMessageId, key: str) -> SentView:
    return await _sent(client, f"/chat/sessions/{session_id}/messages/{message_id}/regenerate", {}, key)


async def start_task(client: Client, session_id: ChatSessionId, task: Mapping[str, Any], key: str) -> SentView:
    return await _sent(client, f"/chat/sessions/{session_id}/tasks", {"task": task}, key)


async def message(client: Client, session_id: ChatSessionId, message_id: ChatMessageId) -> ChatMessageView:
    path = f"/chat/sessions/{session_id}/messages/{message_id}"
    return ChatMessageView.model_validate_json(await client.call("GET", path))


async def branch(client: Client, session_id: ChatSessionId, most: int | None = None) -> list[ChatMessageView]:
    """Return the messages of the active branch, or its newest ones, oldest first."""

    async def page(limit: int, cursor: str | None) -> ChatMessagePage:
        params: dict[str, Any] = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        path = f"/chat/sessions/{session_id}/messages"
        return ChatMessagePage.model_validate_json(await client.call("GET", path, params=params))

    return (await items_of(page, most))[::-1]


async def search(client: Client, words: str, most: int = 20) -> Sequence[SearchHit]:
    found = await client.call("GET", "/chat/search", params={"q": words, "limit": most})
    return SearchPage.model_validate_json(found).items


async def export(client: Client, session_id: ChatSessionId, how: str, branches: str = "active") -> bytes:
    """Return a session as `markdown` or `json`."""
    params = {"format": how, "branches": branches}
    return await client.call("GET", f"/chat/sessions/{session_id}/export", params=params)


async def reply(client: Client, reply_id: RunId) -> ReplyView:
    return ReplyView.model_validate_json(await client.call("GET", f"/replies/{reply_id}"))


async def cancel_reply(client: Client, reply_id: RunId) -> ReplyView:
    return ReplyView.model_validate_json(await client.call("POST", f"/replies/{reply_id}/cancel"))


def reply_events(client: Client, reply_id: RunId, after: int) -> AbstractAsyncContextManager[httpx2.EventSource]:
    """Open the stream of a reply's frames after the sequence number `after`."""
    return client.stream(f"/replies/{reply_id}/events", {"after": after})


def spec_of(view: ChatSessionView, **changes: Any) -> dict[str, Any]:
    """Return the fields that replace a session, with changes. The title is kept if it isn't changed."""
    kept = view.model_dump(mode="json", include={"agent", "model", "instructions", "double_texting", "metadata"})
    return {**kept, **changes}


def described(view: ChatSessionView) -> str:
    """Return the session's short ID with what replies in it."""
    return f"{short(view.id)}: {view.agent or view.model or 'the default model'}"


async def _sent(client: Client, path: str, body: Mapping[str, Any], key: str) -> SentView:
    answer = await client.call("POST", path, body, headers={"Idempotency-Key": key})
    return SentView.model_validate_json(answer)
