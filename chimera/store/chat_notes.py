"""Notes on chat sessions: titles, summaries and suggestions. Each is the result of a completion, booked like any other.

A summary or suggestions are written once for each last message.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.content import chat_prompts
from chimera.db.tables import ChatSession, Reply, Run
from chimera.ledger.acceptance import NewReply, NewRun, accept_reply
from chimera.store import agents, chat_messages
from chimera.store.access import visible_to
from models.chat_messages import ChatMessageView
from models.chat_notes import NoteState, SuggestionsView, SummaryView
from models.errors import Conflict, Forbidden, NotFound
from models.events import RunAccepted
from models.ids import ChatMessageId, RunId, UserId
from models.remedies import Action, Remedy
from models.replies import ConversationMessage, ReplyOptions, ReplyPurpose
from models.runs import RunKind, RunStatus
from models.shares import Right
from models.users import Caller

READ_MESSAGES = 100
TITLE_TOKENS, SUMMARY_TOKENS, SUGGESTIONS_TOKENS = 256, 1024, 1024
"""Limits of the answers. Models that reason need more than the text alone."""

_PROMPTS: Mapping[ReplyPurpose, tuple[str, int, Mapping[str, Any] | None]] = {
    ReplyPurpose.TITLE: (chat_prompts.TITLE, TITLE_TOKENS, None),
    ReplyPurpose.SUMMARY: (chat_prompts.SUMMARY, SUMMARY_TOKENS, None),
    ReplyPurpose.SUGGESTIONS: (chat_prompts.SUGGESTIONS, SUGGESTIONS_TOKENS, chat_prompts.SUGGESTIONS_SCHEMA),
}
"""The instructions, the maximum number of tokens and the JSON Schema of each note."""


async def begin_title(
    session: AsyncSession, chat: ChatSession, message_id: ChatMessageId, text: str, *, default_model: str
) -> RunId:
    """Start writing the title of a locked session from the text of its first message."""
    prompt = chat_prompts.title_prompt(text)
    run_id = await _begin(session, chat, ReplyPurpose.TITLE, message_id, prompt, default_model)
    chat.title_run_id = run_id
    return run_id


async def begin(
    session: AsyncSession, chat: ChatSession, purpose: ReplyPurpose, *, default_model: str
) -> tuple[RunId, bool]:
    """Start writing a note on a locked session; return its run, and whether it is new.

    If there already is one on the same last message, that is returned, unless it failed. Raises Conflict for a session
    without messages.
    """
    written = [each for each in await chat_messages.newest(session, chat, READ_MESSAGES) if each.text]
    if not written:
        raise Conflict(
            "The chat session has no messages yet. Send a message first.",
            remedy=Remedy(action=Action.LIST_CHAT_MESSAGES, target=chat.id),
        )
    leaf_id = written[0].id
    if (before := await _written_before(session, chat, purpose, leaf_id)) is not None:
        return before, False
    prompt = chat_prompts.conversation_prompt(chat_prompts.transcript_of(entries_of(written)))
    return await _begin(session, chat, purpose, leaf_id, prompt, default_model), True


def entries_of(newest_first: list[ChatMessageView]) -> Iterator[tuple[str, str]]:
    """Yield the roles and texts of a conversation, newest first, down to the newest summary."""
    for message in newest_first:
        if message.text:
            yield message.role, message.text
        if message.summary:
            yield "summary", message.summary
            return


async def summary(session: AsyncSession, caller: Caller, run_id: RunId) -> SummaryView:
    row = await _found(session, caller, run_id)
    text = row.result if row.status == RunStatus.COMPLETED else None
    return SummaryView(**_state_of(row).__dict__, text=text)


async def suggestions(session: AsyncSession, caller: Caller, run_id: RunId) -> SuggestionsView:
    row = await _found(session, caller, run_id)
    written = (row.output or {}).get("suggestions", ()) if row.status == RunStatus.COMPLETED else ()
    return SuggestionsView(**_state_of(row).__dict__, suggestions=tuple(written))


async def _begin(
    session: AsyncSession,
    chat: ChatSession,
    purpose: ReplyPurpose,
    message_id: ChatMessageId,
    prompt: str,
    default_model: str,
) -> RunId:
    instructions, max_tokens, schema = _PROMPTS[purpose]
    run = NewRun(
        owner_id=UserId(chat.owner_id),
        kind=RunKind.COMPLETION,
        body_sha256=hashlib.sha256(to_json([purpose, chat.id, message_id])).hexdigest(),
        idempotency_key=None,
        events=(RunAccepted(),),
    )
    reply = NewReply(
        model=await _model_of(session, chat) or default_model,
        model_chosen=True,
        session_id=chat.id,
        message_id=message_id,
        conversation=(ConversationMessage(role="user", content=prompt),),
        instructions=instructions,
        options=ReplyOptions(max_output_tokens=max_tokens),
        output_schema=schema,
        purpose=purpose,
    )
    accepted = await accept_reply(session, run, reply)
    assert accepted is not None, "without a key, every run is new"
    return RunId(accepted)


async def _model_of(session: AsyncSession, chat: ChatSession) -> str | None:
    if chat.model is not None or chat.agent is None:
        return chat.model
    try:
        owner = Caller(user_id=UserId(chat.owner_id), role="user")
        return (await agents.one(session, owner, chat.agent, Right.USE, named=False)).model
    except (NotFound, Forbidden):
        # The agent was deleted meanwhile, or is no longer shared.
        return None


async def _written_before(
    session: AsyncSession, chat: ChatSession, purpose: ReplyPurpose, leaf_id: ChatMessageId
) -> RunId | None:
    statement = (
        select(Run.id)
        .join(Reply, Reply.run_id == Run.id)
        .where(
            Run.owner_id == chat.owner_id,
            Reply.session_id == chat.id,
            Reply.message_id == leaf_id,
            Reply.purpose == purpose.value,
            Run.deleted_at.is_(None),
            Run.status.not_in([RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.CANCELLING]),
        )
        .order_by(Run.created_at.desc())
        .limit(1)
    )
    found = await session.scalar(statement)
    return None if found is None else RunId(found)


async def _found(session: AsyncSession, caller: Caller, run_id: RunId) -> Row[*tuple[Any, ...]]:
    columns = (
        *(Run.id, Run.status, Run.simulated, Run.spent_micro_usd, Run.error_code, Run.error, Run.result),
        *(Reply.output, Reply.message_id),
    )
    statement = select(*columns).join(Reply, Reply.run_id == Run.id)
    row = (await session.execute(statement.where(Run.id == run_id, *visible_to(caller, Run.owner_id)))).one_or_none()
    if row is None:
        raise NotFound("reply", run_id)
    return row


def _state_of(row: Row[*tuple[Any, ...]]) -> NoteState:
    return NoteState(
        id=RunId(row.id),
        status=row.status,
        leaf_id=ChatMessageId(row.message_id),
        simulated=row.simulated,
        cost_micro_usd=row.spent_micro_usd,
        error_code=row.error_code,
        error=row.error,
    )
