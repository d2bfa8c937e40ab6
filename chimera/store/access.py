"""Access to rows: the condition that every query of an owned table contains."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chimera.db.tables import ChatSession, Run
from models.errors import NotFound
from models.ids import RunId
from models.runs import RunKind
from models.users import Caller

IS_TASK = Run.kind == literal_column("'task'")
"""Written as in the indexes: if the value were a parameter, PostgreSQL couldn't tell that they cover the rows."""

IS_AI_CALL = Run.kind.in_([literal_column(f"'{kind}'") for kind in ("embeddings", "images", "transcriptions")])
IS_REPLY = Run.kind.in_([literal_column(f"'{kind}'") for kind in ("reply", "completion")])

NOUNS = {RunKind.TASK: "task", RunKind.REPLY: "reply", RunKind.COMPLETION: "reply"}
"""The API's noun for a kind of run; the other kinds are AI calls."""


def visible_to(caller: Caller, owner_id: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """Return the condition that only owners and administrators see rows; `owner_id` is the queried table's column."""
    return [] if caller.role == "admin" else [owner_id == caller.user_id]


async def visible_runs(session: AsyncSession, caller: Caller, run_ids: Collection[RunId]) -> set[RunId]:
    """Return those of the given runs that exist and that the caller may see."""
    found = select(Run.id).where(Run.id.in_(run_ids), Run.deleted_at.is_(None), *visible_to(caller, Run.owner_id))
    return {RunId(run_id) for run_id in await session.scalars(found)}


async def sees_session(session: AsyncSession, caller: Caller, session_id: str) -> bool:
    """Return whether a chat session exists that the caller may see."""
    found = select(ChatSession.id).where(
        ChatSession.id == session_id, ChatSession.deleted_at.is_(None), *visible_to(caller, ChatSession.owner_id)
    )
    return await session.scalar(found) is not None


def noun_of(kind: RunKind) -> str:
    return NOUNS.get(kind, "AI call")


async def locked(session: AsyncSession, caller: Caller, run_id: RunId, *kinds: RunKind) -> Run:
    """Return the caller's run of one of these kinds, locked until the transaction ends.

    Raises NotFound, also for a run of another owner.
    """
    statement = select(Run).where(
        Run.id == run_id, Run.kind.in_(kinds), Run.deleted_at.is_(None), *visible_to(caller, Run.owner_id)
    )
    run = await session.scalar(statement.with_for_update(key_share=True))
    if run is None:
        raise NotFound(noun_of(kinds[0]), run_id)
    return run
