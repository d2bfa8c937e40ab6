"""Full-text search in the chat sessions of a user: in their own messages, and in the replies.

Words are compared as they are, regardless of case. The two indexes of words are used, whatever the number of messages.
"""

import re
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, literal_column, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from chimera.db.tables import ChatMessage, ChatSession, Run
from chimera.db.tables.chat import SEARCHED_CHARS, searched
from chimera.store.access import visible_to
from chimera.store.chat import title_of
from models.chat_search import SearchHit, SnippetPart
from models.ids import ChatMessageId, ChatSessionId
from models.runs import RunStatus
from models.users import Caller

_BEGIN, _END = "\x02", "\x03"
"""Stored texts don't contain these characters, so they can only be the marks."""
_HOW = (
    f'StartSel="{_BEGIN}", StopSel="{_END}", MaxFragments=2, MaxWords=24, MinWords=8, ShortWord=0,'
    ' FragmentDelimiter=" … "'
)
_MARKED = re.compile(f"{_BEGIN}([^{_END}]*){_END}?")
_TITLE = aliased(Run)


async def page(
    session: AsyncSession, caller: Caller, q: str, *, after: int | None, limit: int
) -> tuple[list[SearchHit], int | None]:
    """Return up to `limit` messages of the caller's own sessions before the number `after`, newest first.

    The second value is the number of the last one, if more follow.
    """
    query = func.websearch_to_tsquery("simple", q)
    # A query of excluded words only matches nearly everything, and no index helps.
    if await session.scalar(select(func.querytree(query))) in ("", "T"):
        return [], None
    own = Caller(user_id=caller.user_id, role="user")
    found = union_all(_messages(own, query), _replies(own, query)).subquery()
    chosen = select(found).order_by(found.c.number.desc()).limit(limit + 1)
    if after is not None:
        chosen = chosen.where(found.c.number < after)
    hits = chosen.subquery()
    snippet = func.ts_headline("simple", func.left(hits.c.text, SEARCHED_CHARS), query, literal(_HOW))
    statement = (
        select(
            hits.c.id,
            hits.c.number,
            hits.c.role,
            hits.c.created_at,
            snippet.label("snippet"),
            ChatSession,
            _TITLE.result,
        )
        .join(ChatSession, ChatSession.id == hits.c.session_id)
        .join(_TITLE, (_TITLE.id == ChatSession.title_run_id) & (_TITLE.status == RunStatus.COMPLETED), isouter=True)
        .where(*visible_to(own, ChatSession.owner_id))
        .order_by(hits.c.number.desc())
    )
    rows = (await session.execute(statement)).all()
    return [_view_of(row) for row in rows[:limit]], rows[limit - 1].number if len(rows) > limit else None


def parts_of(snippet: str) -> tuple[SnippetPart, ...]:
    """Split a snippet at its marks."""
    parts, position = list[SnippetPart](), 0
    for found in _MARKED.finditer(snippet):
        if found.start() > position:
            parts.append(SnippetPart(text=snippet[position : found.start()], marked=False))
        parts.append(SnippetPart(text=found[1], marked=True))
        position = found.end()
    if position < len(snippet):
        parts.append(SnippetPart(text=snippet[position:], marked=False))
    return tuple(parts)


def _messages(caller: Caller, query: Any) -> Select[*tuple[Any, ...]]:
    words: ColumnElement[Any] = literal_column(searched("chat_messages.text"))
    return (
        select(*_KEYS, ChatMessage.text)
        .join(ChatSession, ChatSession.id == ChatMessage.session_id)
        .where(
            words.op("@@")(query),
            ChatMessage.role == "user",
            ChatSession.deleted_at.is_(None),
            *visible_to(caller, ChatSession.owner_id),
        )
    )


def _replies(caller: Caller, query: Any) -> Select[*tuple[Any, ...]]:
    words: ColumnElement[Any] = literal_column(searched("runs.result"))
    return (
        select(*_KEYS, Run.result.label("text"))
        .join(Run, Run.id == ChatMessage.run_id)
        .join(ChatSession, ChatSession.id == ChatMessage.session_id)
        .where(
            words.op("@@")(query),
            # Written as in the index, as a parameter would hide that the index covers these rows.
            Run.kind == literal_column("'reply'"),
            ChatMessage.role == "assistant",
            ChatSession.deleted_at.is_(None),
            *visible_to(caller, Run.owner_id),
        )
    )


_KEYS = (ChatMessage.id, ChatMessage.number, ChatMessage.session_id, ChatMessage.role, ChatMessage.created_at)


def _view_of(row: Any) -> SearchHit:
    return SearchHit(
        session_id=ChatSessionId(row.ChatSession.id),
        session_title=title_of(row.ChatSession, row.result),
        message_id=ChatMessageId(row.id),
        role=row.role,
        snippet=parts_of(row.snippet),
        created_at=row.created_at,
    )
