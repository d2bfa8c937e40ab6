"""Messages of chat sessions for those who may read them: pages of a branch, single messages, and whole sessions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import ChatSession, File
from chimera.ledger import chat_messages
from chimera.ledger.chat_messages import AnyRow
from chimera.store import chat, chat_replies
from models.chat_messages import AttachmentView, ChatMessageView, ReplyState
from models.ids import ChatMessageId, ChatSessionId, FileId, RunId, TaskId, UserId
from models.runs import RunKind
from models.users import Caller

PAGE_BYTES = 1024 * 1024
"""A page ends before the message that would exceed this size; a longer message is a page of its own."""


@dataclass(frozen=True, slots=True)
class MessagesPage:
    """A page of messages. `first` and `last` are the numbers at its ends."""

    items: list[ChatMessageView]
    first: int | None
    last: int | None
    more: bool


async def page(
    session: AsyncSession,
    caller: Caller,
    session_id: ChatSessionId,
    branch: ChatMessageId | None,
    *,
    after: int | None,
    oldest_first: bool,
    limit: int,
) -> MessagesPage:
    """Return up to `limit` messages of a branch after the number `after`.

    `branch` is the last message of the branch; None selects the active one. Raises NotFound for a session or a message
    that the caller doesn't have, and Forbidden for an administrator who doesn't own the session.
    """
    found = await chat.readable(session, caller, session_id)
    if branch is not None:
        await chat_replies.of_session(session, found, branch, field="branch")
    leaf_id = branch or found.leaf_id
    if leaf_id is None:
        return MessagesPage([], None, None, more=False)
    return await _read(session, found, ChatMessageId(leaf_id), after=after, oldest_first=oldest_first, limit=limit)


async def export_page(
    session: AsyncSession,
    caller: Caller,
    session_id: ChatSessionId,
    leaf_id: ChatMessageId | None,
    *,
    after: int | None,
    limit: int,
) -> MessagesPage:
    """Return the next messages of a branch, or of all branches if `leaf_id` is None, oldest first. Raises NotFound."""
    found = await chat.readable(session, caller, session_id)
    return await _read(session, found, leaf_id, after=after, oldest_first=True, limit=limit)


async def these(
    session: AsyncSession, caller: Caller, session_id: ChatSessionId, ids: Sequence[ChatMessageId]
) -> dict[ChatMessageId, ChatMessageView]:
    """Return messages of the caller's session by ID. Raises NotFound for the session."""
    found = await chat.readable(session, caller, session_id)
    rows = [row for row in await chat_messages.read_these(session, ids) if str(row.session_id) == found.id]
    return {view.id: view for view in await _views_of(session, UserId(found.owner_id), rows)}


async def newest(session: AsyncSession, found: ChatSession, limit: int) -> list[ChatMessageView]:
    """Return the last messages of the active branch of a session, newest first."""
    if found.leaf_id is None:
        return []
    leaf_id = ChatMessageId(found.leaf_id)
    return (await _read(session, found, leaf_id, after=None, oldest_first=False, limit=limit)).items


async def _read(
    session: AsyncSession,
    found: ChatSession,
    leaf_id: ChatMessageId | None,
    *,
    after: int | None,
    oldest_first: bool,
    limit: int,
) -> MessagesPage:
    rows, more = await chat_messages.read_page(
        session,
        ChatSessionId(found.id),
        leaf_id,
        after=after,
        oldest_first=oldest_first,
        limit=limit,
        max_bytes=PAGE_BYTES,
    )
    views = await _views_of(session, UserId(found.owner_id), rows)
    return MessagesPage(views, rows[0].number if rows else None, rows[-1].number if rows else None, more)


async def _views_of(session: AsyncSession, owner_id: UserId, rows: Sequence[AnyRow]) -> list[ChatMessageView]:
    files = await _files_of(session, owner_id, (str(each) for row in rows for each in row.attachments))
    return [_view_of(row, files) for row in rows]


async def _files_of(session: AsyncSession, owner_id: UserId, ids: Iterable[str]) -> dict[str, AttachmentView]:
    wanted = set(ids)
    if not wanted:
        return {}
    statement = select(File.id, File.name, File.media_type, File.size_bytes)
    rows = await session.execute(statement.where(File.id.in_(wanted), File.owner_id == owner_id))
    return {row.id: AttachmentView.model_validate(row._asdict()) for row in rows}


def _view_of(row: AnyRow, files: dict[str, AttachmentView]) -> ChatMessageView:
    return ChatMessageView(
        id=ChatMessageId(str(row.id)),
        session_id=ChatSessionId(str(row.session_id)),
        parent_id=_id_or_none(row.parent_id),
        role=row.role,
        text=row.text,
        attachments=tuple(files.get(each) or _deleted(each) for each in map(str, row.attachments)),
        reply=None if row.status is None else _state_of(row),
        task_id=TaskId(str(row.run_id)) if row.kind == RunKind.TASK else None,
        summary=row.summary,
        sibling=row.sibling,
        siblings=row.siblings,
        previous_sibling_id=_id_or_none(row.previous_id),
        next_sibling_id=_id_or_none(row.next_id),
        created_at=row.created_at,
    )


def _state_of(row: AnyRow) -> ReplyState:
    return ReplyState(
        id=RunId(str(row.run_id)),
        status=row.status,
        finish_reason=row.finish_reason,
        error_code=row.error_code,
        error=row.error,
        agent=row.agent,
        model=row.model,
        simulated=row.simulated,
        cost_micro_usd=row.spent_micro_usd,
        input_tokens=row.input_tokens,
        output_tokens=row.output_tokens,
        last_seq=row.event_seq,
    )


def _deleted(file_id: str) -> AttachmentView:
    return AttachmentView(id=FileId(file_id), name=None, media_type=None, size_bytes=None)


def _id_or_none(value: object) -> ChatMessageId | None:
    return None if value is None else ChatMessageId(str(value))
