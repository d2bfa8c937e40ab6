"""The text of a reply over all turns of its agent, of which the run's result is only the last one."""

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Call, Message
from models.ids import ROOT, RunId
from models.model_calls import Purpose

_STEP = 1000
"""The factor between a message's step and its `seq`; see `Message`."""


async def spoken(session: AsyncSession, run_id: RunId, between_turns: str) -> str:
    """Return the texts of the finished turns as one text. The caller has checked who may read the reply.

    An answer that was cut off at its token limit is followed directly by its continuation.
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
