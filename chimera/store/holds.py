"""Holds: objects that retention doesn't delete, with what belongs to them. Their owners can still delete them.

A hold on a run keeps the run's files, and the files that its content names. A hold on a chat session keeps its replies.
A hold on a reply keeps its session, and one on a file keeps the run that wrote it.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    cast,
    delete,
    literal,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from chimera.db.tables import ChatSession, File, Hold, Reply, Run
from chimera.ledger import used_files
from chimera.store import pages
from chimera.store.access import visible_to
from chimera.store.pages import Place
from models.errors import Forbidden, NotFound
from models.ids import UserId
from models.retention import HoldView
from models.users import Caller


def is_free(subject_id: Any, *, by_others: bool = False) -> ColumnElement[bool]:
    """Return the condition that nothing holds a row itself. With `by_others`, the holds of its owner don't count."""
    holds = select(Hold.subject_id).where(Hold.subject_id == subject_id, *_counting(by_others))
    return ~holds.correlate(_table_of(subject_id)).exists()


def run_is_free(*, by_others: bool = False) -> ColumnElement[bool]:
    """Return the condition that nothing holds a run, one of its files, or the chat session to which it belongs."""
    of_run = aliased(Reply)
    held_session = (
        select(ChatSession.id)
        .join(of_run, of_run.session_id == ChatSession.id)
        .where(of_run.run_id == Run.id, not_(session_is_free(by_others=by_others)))
        .correlate(Run)
    )
    return and_(
        is_free(Run.id, by_others=by_others), ~_held_file_of(Run.id, by_others).exists(), ~held_session.exists()
    )


def session_is_free(*, by_others: bool = False) -> ColumnElement[bool]:
    """Return the condition that nothing holds a chat session, one of its replies, or one of their files."""
    reply = aliased(Reply)
    held_reply = (
        select(reply.run_id)
        .where(
            reply.session_id == ChatSession.id,
            or_(not_(is_free(reply.run_id, by_others=by_others)), _held_file_of(reply.run_id, by_others).exists()),
        )
        .correlate(ChatSession)
    )
    return and_(is_free(ChatSession.id, by_others=by_others), ~held_reply.exists())


async def file_is_free(
    session: AsyncSession, owner_id: UserId, *, by_others: bool = False
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that nothing holds a file of an owner, the run that wrote it, or content that names it."""
    held_run = select(Run.id).where(Run.id == File.run_id, not_(run_is_free(by_others=by_others))).correlate(File)
    named = await used_files.named_by_held(session, owner_id, by_others=by_others)
    is_named = cast(File.id, Text) == any_(literal(named, ARRAY(Text)))
    return is_free(File.id, by_others=by_others), ~held_run.exists(), not_(is_named)


async def place(session: AsyncSession, caller: Caller, subject_id: str) -> tuple[HoldView, bool]:
    """Place a hold; return it, and whether it is new. Raises NotFound, also for what another user owns.

    A second hold changes nothing, but an administrator's replaces that of the owner, who could lift it.
    """
    owner_id = await _owner_of(session, caller, subject_id)
    new = insert(Hold).values(subject_id=subject_id, owner_id=owner_id, placed_by=caller.user_id)
    if caller.role == "admin" and caller.user_id != owner_id:
        new = new.on_conflict_do_update(
            index_elements=[Hold.subject_id],
            set_={"placed_by": new.excluded.placed_by},
            where=Hold.placed_by == Hold.owner_id,
        )
    else:
        new = new.on_conflict_do_nothing()
    is_new = await session.scalar(new.returning(Hold.subject_id)) is not None
    held = select(Hold).where(Hold.subject_id == subject_id, *visible_to(caller, Hold.owner_id))
    return _view_of((await session.scalars(held)).one()), is_new


async def lift(session: AsyncSession, caller: Caller, subject_id: str) -> UserId:
    """Lift a hold and return the owner of what was held.

    Raises NotFound, and Forbidden for an administrator's hold unless the caller is one too.
    """
    held = select(Hold).where(Hold.subject_id == subject_id, *visible_to(caller, Hold.owner_id)).with_for_update()
    hold = await session.scalar(held)
    if hold is None:
        raise NotFound("hold", subject_id)
    if caller.role != "admin" and hold.placed_by != caller.user_id:
        raise Forbidden("An administrator has placed this hold. Ask an administrator to lift it.")
    await session.execute(delete(Hold).where(Hold.subject_id == subject_id, Hold.owner_id == hold.owner_id))
    return UserId(hold.owner_id)


async def page(
    session: AsyncSession, caller: Caller, *, after: Place | None, limit: int
) -> tuple[list[HoldView], Place | None]:
    """Return a page of holds on what the caller may see, newest first, and where it ends if more follow."""
    rows = select(Hold, Hold.created_at, Hold.subject_id.label("id")).where(*visible_to(caller, Hold.owner_id))
    found, last = await pages.newest(session, rows, Hold.created_at, Hold.subject_id, after=after, limit=limit)
    return [_view_of(row.Hold) for row in found], last


def _counting(by_others: bool) -> tuple[ColumnElement[bool], ...]:
    return (Hold.placed_by != Hold.owner_id,) if by_others else ()


def _held_file_of(run_id: Any, by_others: bool) -> Select[str]:
    file = aliased(File)
    held = select(file.id).join(Hold, Hold.subject_id == file.id)
    return held.where(file.run_id == run_id, *_counting(by_others)).correlate(_table_of(run_id))


def _table_of(column: Any) -> Any:
    return column.parent.entity


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
