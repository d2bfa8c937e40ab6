"""Holds: objects that retention doesn't delete. Their owners can still delete them."""

from typing import Any

from sqlalchemy import ColumnElement, delete, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from chimera.db.tables import ChatSession, File, Hold, Run
from chimera.store import pages
from chimera.store.access import visible_to
from chimera.store.pages import Place
from models.errors import Forbidden, NotFound
from models.ids import UserId
from models.retention import HoldView
from models.users import Caller


def is_free(
    subject_id: InstrumentedAttribute[str], *, unless_by: InstrumentedAttribute[str] | None = None
) -> ColumnElement[bool]:
    """Return the condition that nothing holds a row. With `unless_by`, the holds of its owner don't count."""
    holds = select(Hold.subject_id).where(Hold.subject_id == subject_id)
    if unless_by is not None:
        holds = holds.where(Hold.placed_by != unless_by)
    return ~holds.exists()


async def place(session: AsyncSession, caller: Caller, subject_id: str) -> HoldView:
    """Place a hold; a second one changes nothing. Raises NotFound, also for what another user owns."""
    owner_id = await _owner_of(session, caller, subject_id)
    new = {"subject_id": subject_id, "owner_id": owner_id, "placed_by": caller.user_id}
    await session.execute(insert(Hold).values(new).on_conflict_do_nothing())
    held = select(Hold).where(Hold.subject_id == subject_id, *visible_to(caller, Hold.owner_id))
    return _view_of((await session.scalars(held)).one())


async def lift(session: AsyncSession, caller: Caller, subject_id: str) -> None:
    """Lift a hold. Raises NotFound, and Forbidden for an administrator's hold unless the caller is one too."""
    held = select(Hold).where(Hold.subject_id == subject_id, *visible_to(caller, Hold.owner_id))
    hold = await session.scalar(held)
    if hold is None:
        raise NotFound("hold", subject_id)
    if caller.role != "admin" and hold.placed_by != caller.user_id:
        raise Forbidden("An administrator has placed this hold. Ask an administrator to lift it.")
    await session.execute(delete(Hold).where(Hold.subject_id == subject_id, Hold.owner_id == hold.owner_id))


async def page(
    session: AsyncSession, caller: Caller, *, after: Place | None, limit: int
) -> tuple[list[HoldView], Place | None]:
    """Return a page of holds on what the caller may see, newest first, and where it ends if more follow."""
    rows = select(Hold, Hold.created_at, Hold.subject_id.label("id")).where(*visible_to(caller, Hold.owner_id))
    found, last = await pages.newest(session, rows, Hold.created_at, Hold.subject_id, after=after, limit=limit)
    return [_view_of(row.Hold) for row in found], last


async def _owner_of(session: AsyncSession, caller: Caller, subject_id: str) -> UserId:
    tables: tuple[tuple[Any, ColumnElement[bool] | None], ...] = (
        (Run, Run.deleted_at.is_(None)),
        (ChatSession, ChatSession.deleted_at.is_(None)),
        (File, None),
    )
    found = [
        select(table.owner_id).where(
            table.id == subject_id, *visible_to(caller, table.owner_id), *(() if exists is None else (exists,))
        )
        for table, exists in tables
    ]
    owner_id = await session.scalar(union_all(*found))
    if owner_id is None:
        raise NotFound("task, chat session, completion, AI call or file", subject_id)
    return UserId(str(owner_id))


def _view_of(hold: Hold) -> HoldView:
    return HoldView(id=hold.subject_id, placed_by=UserId(hold.placed_by), created_at=hold.created_at)
