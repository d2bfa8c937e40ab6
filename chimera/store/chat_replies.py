"""Messages that are sent in chat sessions, and the replies to them.

Everything that a message causes is written in one transaction that has locked the session: what happens to open
replies, the message, its reply with the outbox entry that starts it, and the end of the active branch. A session never
has two replies running: a reply `waits_for` those that were open when it was accepted, and the outbox holds its start
until they have ended (`ledger/outbox.py`).
"""

import hashlib
from dataclasses import dataclass

from pydantic_core import to_json
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.content.fingerprints import fingerprint_of
from chimera.content.text import clean_text, estimate_tokens
from chimera.db.tables import ChatMessage, ChatSession, Reply, Run
from chimera.ledger import chat_messages
from chimera.ledger.acceptance import NewReply, NewRun, accept_reply
from chimera.store import task_controls
from chimera.store.access import locked
from chimera.store.chat import IS_ANSWER
from chimera.store.shared_agents import pinned
from models.base import Body, preview_of
from models.chat import TITLE_CHARS, DoubleTexting
from models.chat_messages import MessageSpec
from models.errors import Conflict, IdempotencyKeyReused, InvalidInput, NotFound, SessionBusy
from models.events import RunAccepted
from models.ids import ChatMessageId, ChatSessionId, RunId, UserId
from models.runs import CLOSED, OPEN, STOPPED, RunKind
from models.users import Caller


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request has written, or what an earlier request with the same idempotency key has."""

    message_id: ChatMessageId
    """The user's message."""
    answer_id: ChatMessageId
    """The assistant's message."""
    run_id: RunId
    created: bool = True
    cancelled: tuple[RunId, ...] = ()
    """Replies that the request has cancelled. Their runs have to be notified."""


@dataclass(frozen=True, slots=True)
class Sending:
    """The part of a request that is the same for every message."""

    body_sha256: str
    idempotency_key: str | None
    policy: DoubleTexting | None
    default_model: str


def sending_of(
    session_id: ChatSessionId, spec: Body, key: str | None, *, default_model: str, of: ChatMessageId | None = None
) -> Sending:
    """Describe a request. Its fingerprint covers the session and, for a regeneration, the message `of`."""
    meant = [fingerprint_of(spec.model_copy(update={"stream": False}) if hasattr(spec, "stream") else spec)]
    if isinstance(spec, MessageSpec) and spec.has_place and spec.parent_id is None:
        # A fingerprint doesn't distinguish null, the beginning of the conversation, from an omitted `parent_id`.
        meant.append("first")
    body = hashlib.sha256(to_json(["chat", session_id, of, *meant])).hexdigest()
    return Sending(body, key, getattr(spec, "double_texting", None), default_model)


async def sent_before(session: AsyncSession, owner_id: UserId, sending: Sending) -> Sent | None:
    """Return what an earlier request with the same idempotency key has written, or None if there was none.

    Raises IdempotencyKeyReused, and Conflict if the run was deleted.
    """
    if sending.idempotency_key is None:
        return None
    statement = (
        select(Run.id, Run.body_sha256, ChatMessage.id.label("answer_id"), ChatMessage.parent_id)
        .join(ChatMessage, IS_ANSWER, isouter=True)
        .where(Run.owner_id == owner_id, Run.idempotency_key == sending.idempotency_key)
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        return None
    if row.body_sha256 != sending.body_sha256 or row.answer_id is None:
        raise IdempotencyKeyReused(sending.idempotency_key)
    return Sent(ChatMessageId(row.parent_id), ChatMessageId(row.answer_id), RunId(row.id), created=False)


async def send(session: AsyncSession, chat: ChatSession, spec: MessageSpec, sending: Sending) -> Sent:
    """Add a user's message to a locked session, with the reply to it.

    Raises InvalidInput for a text without anything to read, SessionBusy if a reply is open and the policy says so,
    NotFound for a parent outside of the session, and IdempotencyKeyReused if another request has just used the key.
    """
    text = clean_text(spec.text)
    if not text.strip():
        raise InvalidInput("text", "The text is empty. Enter at least one character that can be seen.")
    given = None if spec.parent_id is None else ChatMessageId(str(spec.parent_id))
    if spec.has_place:
        await check_parent(session, chat, given)
    way = await _make_way(session, chat, sending.policy)
    parent_id = given if spec.has_place else way.leaf_id
    message = ChatMessage(
        session_id=chat.id,
        parent_id=parent_id,
        role="user",
        text=text,
        attachments=[str(each) for each in spec.attachments],
        tokens=estimate_tokens(text),
    )
    session.add(message)
    await session.flush()
    if not chat.title:
        chat.title = preview_of(" ".join(text.split()), TITLE_CHARS)
    return await _answer(session, chat, ChatMessageId(message.id), way, sending)


async def regenerate(session: AsyncSession, chat: ChatSession, message_id: ChatMessageId, sending: Sending) -> Sent:
    """Add another reply to a user's message, which is `message_id` or the message that `message_id` answers.

    Raises NotFound for a message outside of the session, Conflict for one about a task, and SessionBusy.
    """
    message = await of_session(session, chat, message_id)
    if message.role == "assistant":
        kind = await session.scalar(select(Run.kind).where(Run.id == message.run_id, Run.owner_id == chat.owner_id))
        if kind == RunKind.TASK:
            raise Conflict("The message is about a task, so it can't be regenerated. Start another task instead.")
        message_id = ChatMessageId(str(message.parent_id))
    way = await _make_way(session, chat, sending.policy)
    return await _answer(session, chat, message_id, way, sending)


async def choose_leaf(session: AsyncSession, chat: ChatSession, message_id: ChatMessageId) -> None:
    """Make the branch with this message the active one. Raises NotFound for a message outside of the session."""
    await of_session(session, chat, message_id, field="message_id")
    chat.leaf_id = await chat_messages.newest_leaf_below(session, message_id)


async def of_session(
    session: AsyncSession, chat: ChatSession, message_id: ChatMessageId, *, field: str | None = None
) -> ChatMessage:
    """Return a message of the tree of a session. Raises NotFound, also for one of another session."""
    statement = select(ChatMessage).where(
        ChatMessage.id == message_id, ChatMessage.session_id == chat.id, ChatMessage.role != "summary"
    )
    message = await session.scalar(statement)
    if message is None:
        missing = NotFound("chat message", message_id)
        missing.field = field
        raise missing
    return message


async def check_parent(session: AsyncSession, chat: ChatSession, parent_id: ChatMessageId | None) -> None:
    """Raise unless a user's message can follow this message."""
    if parent_id is None:
        return
    parent = await of_session(session, chat, parent_id, field="parent_id")
    if parent.role != "assistant":
        raise InvalidInput(
            "parent_id",
            "A message can only follow a message of the assistant. To edit a message, send the ID of the message"
            " before it, or null for the first one.",
        )


async def append(session: AsyncSession, chat: ChatSession, message_id: ChatMessageId, run_id: RunId) -> ChatMessageId:
    """Add the assistant's message that a run writes, as the end of the active branch."""
    answer = ChatMessage(session_id=chat.id, parent_id=message_id, role="assistant", run_id=run_id)
    session.add(answer)
    await session.flush()
    chat.leaf_id, chat.archived = answer.id, False
    await session.flush()
    now = update(ChatSession).where(ChatSession.id == chat.id, ChatSession.owner_id == chat.owner_id)
    await session.execute(now.values(last_message_at=func.clock_timestamp(), updated_at=func.now()))
    return ChatMessageId(answer.id)


@dataclass(frozen=True, slots=True)
class _Way:
    """The place of a new message, after the policy for open replies was applied."""

    leaf_id: ChatMessageId | None
    waits_for: tuple[RunId, ...] = ()
    cancelled: tuple[RunId, ...] = ()


@dataclass(frozen=True, slots=True)
class _OpenReply:
    run_id: RunId
    is_stopped: bool
    answer_id: ChatMessageId
    message_id: ChatMessageId


async def _make_way(session: AsyncSession, chat: ChatSession, policy: DoubleTexting | None) -> _Way:
    """Apply the policy for open replies. A reply that is already being cancelled only has to end."""
    leaf_id = None if chat.leaf_id is None else ChatMessageId(chat.leaf_id)
    replies = await _open_in(session, chat)
    live = [reply for reply in replies if not reply.is_stopped]
    match policy or DoubleTexting(chat.double_texting):
        case DoubleTexting.REJECT if live:
            raise SessionBusy(live[0].run_id)
        case DoubleTexting.INTERRUPT | DoubleTexting.ROLLBACK as chosen if live:
            cancelled = [reply for reply in live if await _cancel(session, chat, reply.run_id)]
            if chosen is DoubleTexting.ROLLBACK:
                leaf_id = await _before(session, chat, leaf_id, cancelled)
            waits_for = [reply.run_id for reply in replies if reply.is_stopped or reply in cancelled]
            return _Way(leaf_id, tuple(waits_for), tuple(reply.run_id for reply in cancelled))
    return _Way(leaf_id, tuple(reply.run_id for reply in replies))


async def _open_in(session: AsyncSession, chat: ChatSession) -> list[_OpenReply]:
    statement = (
        select(Run.id, Run.status, ChatMessage.id.label("answer_id"), ChatMessage.parent_id)
        .join(Reply, Reply.run_id == Run.id)
        .join(ChatMessage, IS_ANSWER)
        .where(
            Reply.session_id == chat.id,
            Run.owner_id == chat.owner_id,
            Run.kind == RunKind.REPLY,
            Run.status.in_(sorted(OPEN)),
        )
        .order_by(ChatMessage.number)
    )
    return [
        _OpenReply(RunId(row.id), row.status in STOPPED, ChatMessageId(row.answer_id), ChatMessageId(row.parent_id))
        for row in await session.execute(statement)
    ]


async def _cancel(session: AsyncSession, chat: ChatSession, run_id: RunId) -> bool:
    """Cancel a reply; return False if it has just ended by itself."""
    caller = Caller(user_id=UserId(chat.owner_id), role="user")
    run = await locked(session, caller, run_id, RunKind.REPLY)
    if run.status in CLOSED:
        return False
    await task_controls.cancel(session, caller, run_id, RunKind.REPLY)
    return True


async def _before(
    session: AsyncSession, chat: ChatSession, leaf_id: ChatMessageId | None, cancelled: list[_OpenReply]
) -> ChatMessageId | None:
    """Return the end of the active branch without the cancelled replies on it and the messages that they answer."""
    if leaf_id is None or not cancelled:
        return leaf_id
    branch = await chat_messages.branch_of(session, ChatSessionId(chat.id), leaf_id)
    gone = {reply.message_id for reply in cancelled if reply.answer_id in branch}
    for message_id, parent_id in branch.items():
        if message_id in gone:
            return parent_id
    return leaf_id


async def _answer(
    session: AsyncSession, chat: ChatSession, message_id: ChatMessageId, way: _Way, sending: Sending
) -> Sent:
    """Accept the reply to a message, and make it the end of the active branch."""
    run = NewRun(
        owner_id=UserId(chat.owner_id),
        kind=RunKind.REPLY,
        body_sha256=sending.body_sha256,
        idempotency_key=sending.idempotency_key,
        events=(RunAccepted(),),
    )
    agents = await pinned(session, run.owner_id, [] if chat.agent is None else [chat.agent])
    reply = NewReply(
        model=chat.model or sending.default_model,
        model_chosen=chat.model is not None,
        agent=None if chat.agent is None else agents.name_of(chat.agent),
        shared_agents=agents.pins,
        session_id=chat.id,
        message_id=message_id,
        instructions=chat.instructions,
    )
    accepted = await accept_reply(session, run, reply)
    if accepted is None:
        # Requests in this session take turns, so the key was used elsewhere a moment ago.
        raise IdempotencyKeyReused(sending.idempotency_key or "")
    run_id = RunId(accepted)
    if way.waits_for:
        await session.execute(update(Reply).where(Reply.run_id == run_id).values(waits_for=list(way.waits_for)))
    answer_id = await append(session, chat, message_id, run_id)
    return Sent(message_id, answer_id, run_id, cancelled=way.cancelled)
