"""Chat sessions of users: creating, listing, changing and archiving them.

Administrators see that sessions exist, but not what is said in them, and titles and instructions belong to that.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from chimera.db.tables import ChatMessage, ChatSession, Reply, Run
from chimera.store.access import conversation_open_to, listed_for, open_to, too_little, visible_to
from chimera.store.pages import Place
from models.base import preview_of
from models.chat import WRITTEN_TITLE_CHARS, ChatSessionSpec, ChatSessionView, LeafView, OpenReply
from models.errors import Forbidden, NotFound
from models.ids import ChatMessageId, ChatSessionId, RunId, UserId
from models.runs import OPEN, RunKind, RunStatus
from models.shares import Shared, ShareKind
from models.users import Caller

AnyRow = Row[*tuple[Any, ...]]

_TITLE = aliased(Run)
IS_ANSWER = (ChatMessage.run_id == Run.id) & (ChatMessage.role == "assistant")
"""The condition for the message that a run writes. The summary that it may write too is no message of the tree."""
_QUOTES = "\"'`*#«»“”„‘’ \t"


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """The filter for a list of sessions; `text` is searched for in titles."""

    archived: bool | None = False
    shared: Shared | None = None
    agent: str | None = None
    text: str | None = None


SORTS: dict[str, ColumnElement[datetime] | InstrumentedAttribute[datetime]] = {
    "created_at": ChatSession.created_at,
    "last_message_at": func.coalesce(ChatSession.last_message_at, ChatSession.created_at),
}
"""The keys that a list of sessions can be sorted by."""


async def create(session: AsyncSession, owner_id: UserId, spec: ChatSessionSpec) -> ChatSessionId:
    row = ChatSession(owner_id=owner_id, **_fields_of(spec), title=spec.title or "")
    session.add(row)
    await session.flush()
    return ChatSessionId(row.id)


async def page(
    session: AsyncSession, caller: Caller, *, only: SessionFilter, sort: str, after: Place | None, limit: int
) -> tuple[list[ChatSessionView], Place | None]:
    """Return up to `limit` sessions after the place `after`, and the place where they end if more follow.

    `sort` is a key of SORTS, with `-` before it for the newest first.
    """
    place = SORTS[sort.removeprefix("-")]
    descends = sort.startswith("-")
    key = tuple_(place, ChatSession.id)
    rows = _rows(caller).add_columns(place.label("place")).where(*_conditions(caller, only))
    if after is not None:
        rows = rows.where(key < after if descends else key > after)
    order = [place.desc(), ChatSession.id.desc()] if descends else [place, ChatSession.id]
    found = (await session.execute(rows.order_by(*order).limit(limit + 1))).all()
    views = [_view_of(row) for row in found[:limit]]
    return views, (found[limit - 1].place, found[limit - 1].ChatSession.id) if len(found) > limit else None


async def view(session: AsyncSession, caller: Caller, session_id: ChatSessionId) -> ChatSessionView:
    """Return a session that the caller may see, with its open replies. Raises NotFound for other sessions."""
    found = _rows(caller).where(ChatSession.id == session_id, *_open_to(caller))
    row = (await session.execute(found)).one_or_none()
    if row is None:
        raise NotFound("chat session", session_id)
    return _view_of(row, await open_replies(session, caller, session_id))


async def open_replies(session: AsyncSession, caller: Caller, session_id: ChatSessionId) -> tuple[OpenReply, ...]:
    """Return the open replies of the caller's session, in the order in which they start."""
    statement = (
        select(Run.id, Run.status)
        .join(Reply, Reply.run_id == Run.id)
        .join(ChatMessage, IS_ANSWER)
        .where(
            Reply.session_id == session_id,
            Run.kind == RunKind.REPLY,
            Run.status.in_(sorted(OPEN)),
            *visible_to(caller, Run.owner_id),
        )
        .order_by(ChatMessage.number)
    )
    rows = await session.execute(statement)
    return tuple(OpenReply(id=RunId(row.id), status=RunStatus(row.status)) for row in rows)


async def own(session: AsyncSession, caller: Caller, session_id: ChatSessionId, *, lock: bool = False) -> ChatSession:
    """Return the caller's own session, locked until the transaction ends if `lock` is true.

    The lock comes before those of runs. Raises NotFound, also for another user's session, and Forbidden for an
    administrator who doesn't own it.
    """
    statement = select(ChatSession).where(ChatSession.id == session_id, *_shown_to(caller))
    row = await session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise await _refusal(session, caller, session_id)
    if row.owner_id != caller.user_id:
        raise Forbidden("Only a chat session's owner can read it or write in it.")
    return row


async def readable(session: AsyncSession, caller: Caller, session_id: ChatSessionId) -> ChatSession:
    """Return a session of the caller's, or one that is shared with the caller.

    Raises NotFound for other sessions, and Forbidden for an administrator with whom the session isn't shared.
    """
    statement = select(ChatSession, _may_read(caller)).where(ChatSession.id == session_id, *_open_to(caller))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("chat session", session_id)
    if not row.may_read:
        raise Forbidden("Only a chat session's owner, and groups that it is shared with, can read it.")
    found: ChatSession = row.ChatSession
    return found


async def seen(session: AsyncSession, caller: Caller, session_id: ChatSessionId) -> ChatSession:
    """Return a session that the caller may see, even if not what is said in it. Raises NotFound for other sessions."""
    row = await session.scalar(select(ChatSession).where(ChatSession.id == session_id, *_open_to(caller)))
    if row is None:
        raise NotFound("chat session", session_id)
    return row


async def own_or_managed(
    session: AsyncSession, caller: Caller, session_id: ChatSessionId, *, lock: bool = False
) -> ChatSession:
    """Return a session that the caller may see or delete. Raises NotFound, also for another user's session."""
    statement = select(ChatSession).where(ChatSession.id == session_id, *_shown_to(caller))
    row = await session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if row is None:
        raise await _refusal(session, caller, session_id)
    return row


def replace(row: ChatSession, spec: ChatSessionSpec) -> None:
    """Replace the fields of a locked session. Without a title in `spec`, the session keeps its title."""
    for name, value in _fields_of(spec).items():
        setattr(row, name, value)
    if spec.title is not None:
        row.title, row.title_run_id = spec.title, None


async def set_archived(session: AsyncSession, caller: Caller, session_id: ChatSessionId, *, archived: bool) -> None:
    row = await own(session, caller, session_id, lock=True)
    row.archived = archived


def edited_fields(row: ChatSession) -> tuple[object, ...]:
    """Return the fields of a session that its owner edits. A title that a run writes isn't one of them."""
    title = None if row.title_run_id else row.title
    return (row.agent, row.model, row.instructions, title, row.double_texting, row.meta, row.archived)


def leaf_of(row: ChatSession) -> LeafView:
    return LeafView(message_id=None if row.leaf_id is None else ChatMessageId(row.leaf_id))


def title_of(row: ChatSession, written: str | None) -> str:
    """Return a session's title: the one that a run has written, or else the one in its row."""
    lines = (written or "").strip().splitlines()
    title = preview_of(lines[0].strip(_QUOTES), WRITTEN_TITLE_CHARS) if lines else ""
    return title or row.title


def _fields_of(spec: ChatSessionSpec) -> dict[str, Any]:
    return {
        "agent": spec.agent,
        "model": spec.model,
        "instructions": spec.instructions,
        "double_texting": spec.double_texting.value,
        "meta": spec.metadata,
    }


def _rows(caller: Caller) -> Select[*tuple[Any, ...]]:
    is_written = (_TITLE.id == ChatSession.title_run_id) & (_TITLE.status == RunStatus.COMPLETED)
    return select(ChatSession, _TITLE.result.label("written"), _may_read(caller)).join(_TITLE, is_written, isouter=True)


def _may_read(caller: Caller) -> ColumnElement[bool]:
    return conversation_open_to(caller, ShareKind.CHAT_SESSION).label("may_read")


def _open_to(caller: Caller) -> list[ColumnElement[bool]]:
    return [ChatSession.deleted_at.is_(None), *open_to(caller, ShareKind.CHAT_SESSION)]


async def _refusal(session: AsyncSession, caller: Caller, session_id: ChatSessionId) -> Exception:
    """Return the error for a session that isn't the caller's: NotFound, unless it is shared with the caller."""
    shared = select(ChatSession.id).where(ChatSession.id == session_id, *_open_to(caller))
    if await session.scalar(shared) is not None:
        return too_little("chat session", None)
    return NotFound("chat session", session_id)


def _shown_to(caller: Caller) -> list[ColumnElement[bool]]:
    return [ChatSession.deleted_at.is_(None), *visible_to(caller, ChatSession.owner_id)]


def _conditions(caller: Caller, only: SessionFilter) -> list[ColumnElement[bool]]:
    conditions = [ChatSession.deleted_at.is_(None), *listed_for(caller, ShareKind.CHAT_SESSION, only.shared)]
    if only.archived is not None:
        conditions.append(ChatSession.archived.is_(only.archived))
    if only.agent is not None:
        conditions.append(ChatSession.agent == only.agent)
    if only.text:
        # An administrator who could search in titles could read them.
        conditions.append(conversation_open_to(caller, ShareKind.CHAT_SESSION))
        shown = func.coalesce(func.nullif(func.trim(_TITLE.result), ""), ChatSession.title)
        conditions.append(shown.icontains(only.text, autoescape=True))
    return conditions


def _view_of(found: AnyRow, replies: tuple[OpenReply, ...] = ()) -> ChatSessionView:
    row: ChatSession = found.ChatSession
    return ChatSessionView(
        id=ChatSessionId(row.id),
        owner_id=UserId(row.owner_id),
        title=title_of(row, found.written) if found.may_read else "",
        agent=row.agent,
        model=row.model,
        instructions=row.instructions if found.may_read else None,
        double_texting=row.double_texting,
        archived=row.archived,
        leaf_id=None if row.leaf_id is None else ChatMessageId(row.leaf_id),
        open_replies=replies,
        metadata=row.meta if found.may_read else {},
        created_at=row.created_at,
        updated_at=row.updated_at,
        last_message_at=row.last_message_at,
    )
