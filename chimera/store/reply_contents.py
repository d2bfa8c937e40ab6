"""The content of replies beyond their views: the conversation, the text of all turns, and the end of both."""

from typing import Any, NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Call, Message, Reply, Run
from chimera.ledger import outbox
from chimera.store import contents
from chimera.store.access import locked
from models.errors import Conflict, NotFound
from models.ids import ROOT, RunId
from models.model_calls import Purpose
from models.replies import ClientCall, ConversationMessage
from models.runs import OPEN, RunKind, RunStatus
from models.users import Caller

_STEP = 1000
"""The factor between a message's step and its `seq`; see `Message`."""


class Completed(NamedTuple):
    """A completion with its answer: what a conversation needs to continue."""

    conversation: tuple[ConversationMessage, ...]
    text: str
    tool_calls: tuple[ClientCall, ...]
    metadata: dict[str, Any]


async def completed(session: AsyncSession, caller: Caller, reply_id: RunId) -> Completed:
    """Return the conversation and the answer of the caller's own completion.

    Raises NotFound, also for another user's completion, and Conflict if it has no answer.
    """
    statement = (
        select(Run.status, Run.result, Reply.conversation, Reply.tool_calls, Reply.meta)
        .join(Reply, Reply.run_id == Run.id)
        .where(
            Run.id == reply_id,
            Run.owner_id == caller.user_id,
            Run.kind == RunKind.COMPLETION,
            Run.deleted_at.is_(None),
        )
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound("reply", reply_id)
    if row.status != RunStatus.COMPLETED:
        raise Conflict(f"The reply {reply_id!r} is {row.status}, so it has no answer to continue from.")
    return Completed(
        conversation=tuple(map(ConversationMessage.model_validate, row.conversation or ())),
        text=row.result or "",
        tool_calls=tuple(map(ClientCall.model_validate, row.tool_calls or ())),
        metadata=row.meta,
    )


async def spoken(session: AsyncSession, run_id: RunId, between_turns: str, *, up_to: int | None = None) -> str:
    """Return the texts of the finished turns as one text. The caller has checked who may read the reply.

    `up_to` is the step of the last turn to return; by default, all of them. An answer that was cut off at its token
    limit is followed directly by its continuation.
    """
    is_its_call = and_(
        Call.run_id == Message.run_id,
        Call.path == Message.path,
        Call.purpose == Message.purpose,
        Call.step == Message.seq / _STEP,
    )
    turns = (
        select(Message.content, Message.tool_calls, Call.outcome["finish_reason"].astext.label("finish_reason"))
        .outerjoin(Call, is_its_call)
        .where(
            Message.run_id == run_id,
            Message.path == ROOT,
            Message.purpose == Purpose.TURN,
            Message.role == "assistant",
            *(() if up_to is None else (Message.seq < (up_to + 1) * _STEP,)),
        )
        .order_by(Message.seq)
    )
    text, between = "", ""
    for turn in await session.execute(turns):
        if turn.content:
            text += between + turn.content
        between = between_turns if text else ""
        if turn.finish_reason == "length" and not turn.tool_calls:
            between = ""
    return text


async def forget(session: AsyncSession, caller: Caller, reply_id: RunId) -> None:
    """Delete the content of the caller's completion and keep its cost.

    Raises NotFound, also for another user's completion, and Conflict while it is open.
    """
    run = await locked(session, caller, reply_id, RunKind.COMPLETION)
    if run.status in OPEN:
        raise Conflict(f"The reply is {run.status}. Cancel it first, and delete it when it has ended.")
    await contents.delete_of_reply(session, reply_id)
    await outbox.enqueue(session, reply_id, "forget")
