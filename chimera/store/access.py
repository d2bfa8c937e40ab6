"""Access to rows: the conditions that every query of an owned table contains.

Kinds that can't be shared use `visible_to`. For the others, `open_to` also permits what is shared with a group of the
caller. Both are part of the query, so a right that has ended is gone with the next one.
"""

from collections.abc import Collection

from sqlalchemy import ColumnElement, exists, func, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.elements import BindParameter, ColumnClause

from chimera.db.tables import Agent, ChatSession, File, GroupMember, Run, Schedule, Share
from models.errors import Forbidden, NotFound
from models.ids import RunId, UserId
from models.runs import RunKind
from models.shares import CONTAINED_IN, Right, Shared, ShareKind
from models.users import Caller

IS_TASK = Run.kind == literal_column("'task'")
"""Written as in the indexes: if the value were a parameter, PostgreSQL couldn't tell that they cover the rows."""

IS_AI_CALL = Run.kind.in_([literal_column(f"'{kind}'") for kind in ("embeddings", "images", "transcriptions")])
IS_REPLY = Run.kind.in_([literal_column(f"'{kind}'") for kind in ("reply", "completion")])

NOUNS = {RunKind.TASK: "task", RunKind.REPLY: "reply", RunKind.COMPLETION: "reply"}
"""The API's noun for a kind of run; the other kinds are AI calls."""

_OWNERS: dict[ShareKind, tuple[InstrumentedAttribute[str], InstrumentedAttribute[str]]] = {
    ShareKind.TASK: (Run.owner_id, Run.id),
    ShareKind.SCHEDULE: (Schedule.owner_id, Schedule.id),
    ShareKind.FILE: (File.owner_id, File.id),
    ShareKind.CHAT_SESSION: (ChatSession.owner_id, ChatSession.id),
    ShareKind.AGENT: (Agent.owner_id, Agent.id),
}
"""The columns with the owner and the ID of each kind that can be shared."""


def visible_to(caller: Caller, owner_id: InstrumentedAttribute[str]) -> list[ColumnElement[bool]]:
    """Return the condition that only owners and administrators see rows; `owner_id` is the queried table's column."""
    return [] if caller.role == "admin" else [owner_id == caller.user_id]


def open_to(caller: Caller, kind: ShareKind, right: Right | None = Right.VIEW) -> list[ColumnElement[bool]]:
    """Return the condition for one object of this kind that the caller has a right to.

    Owners and administrators have every right; without `right`, only they pass.
    """
    owner_id, _ = _OWNERS[kind]
    if caller.role == "admin" or right is None:
        return visible_to(caller, owner_id)
    shared = [shared_with(caller.user_id, kind, right)]
    if kind is ShareKind.FILE:
        # Who sees a task also sees the files that it has written.
        shared.append(shared_with(caller.user_id, ShareKind.TASK, right, File.run_id))
    return [or_(owner_id == caller.user_id, *shared)]


def conversation_open_to(caller: Caller, kind: ShareKind = ShareKind.TASK) -> ColumnElement[bool]:
    """Return the condition for tasks or chat sessions whose conversation the caller may read.

    Administrators need a share too.
    """
    owner_id, _ = _OWNERS[kind]
    return or_(owner_id == caller.user_id, shared_with(caller.user_id, kind, Right.VIEW))


def listed_for(caller: Caller, kind: ShareKind, shared: Shared | None) -> list[ColumnElement[bool]]:
    """Return the condition for the objects in a list. By default, these are those that `visible_to` permits."""
    owner_id, id = _OWNERS[kind]
    own = owner_id == caller.user_id
    if shared is None:
        return visible_to(caller, owner_id)
    if shared == "mine":
        return [own]
    shares = (
        select(Share.resource_id)
        .join(GroupMember, GroupMember.group_id == Share.group_id)
        .where(Share.kind == kind.value, GroupMember.user_id == caller.user_id)
    )
    # Read once into an array, so that PostgreSQL finds the rows by their IDs instead of reading the whole table.
    reached = id == func.any(func.array(shares.scalar_subquery()))
    return [reached, owner_id != caller.user_id] if shared == "shared" else [or_(own, reached)]


def shared_with(
    user_id: UserId | BindParameter[str],
    kind: ShareKind,
    right: Right,
    id: InstrumentedAttribute[str] | InstrumentedAttribute[str | None] | None = None,
) -> ColumnElement[bool]:
    """Return whether an object is shared with a group of a user, with at least this right.

    `id` is the column with the object's ID; by default, that of the kind's table.
    """
    # The constants are written out, because some statements are compiled once, with only their own parameters.
    rights: list[ColumnClause[str]] = [literal_column(f"'{each}'") for each in CONTAINED_IN[right]]
    return exists().where(
        Share.kind == literal_column(f"'{kind}'"),
        Share.resource_id == (_OWNERS[kind][1] if id is None else id),
        Share.right.in_(rights),
        GroupMember.group_id == Share.group_id,
        GroupMember.user_id == user_id,
    )


async def visible_runs(session: AsyncSession, caller: Caller, run_ids: Collection[RunId]) -> set[RunId]:
    """Return those of the given runs that exist and that the caller may see."""
    found = select(Run.id).where(
        Run.id.in_(run_ids),
        Run.deleted_at.is_(None),
        # Only tasks can be shared, and IDs are unique, so other kinds need no condition of their own.
        *open_to(caller, ShareKind.TASK),
    )
    return {RunId(run_id) for run_id in await session.scalars(found)}


async def owns_session(session: AsyncSession, caller: Caller, session_id: str) -> bool:
    """Return whether a chat session is the caller's own. Neither administrators nor groups follow those of others."""
    found = select(ChatSession.id).where(
        ChatSession.id == session_id, ChatSession.deleted_at.is_(None), ChatSession.owner_id == caller.user_id
    )
    return await session.scalar(found) is not None


def noun_of(kind: RunKind) -> str:
    return NOUNS.get(kind, "AI call")


async def locked(
    session: AsyncSession, caller: Caller, run_id: RunId, *kinds: RunKind, right: Right | None = None
) -> Run:
    """Return the caller's run of one of these kinds, locked until the transaction ends.

    With `right`, members of a group that has this right to the task pass too. Raises NotFound, also for a run of
    another owner, and Forbidden if the caller only may do less with the task.
    """
    of_kind = (Run.id == run_id, Run.kind.in_(kinds), Run.deleted_at.is_(None))
    statement = select(Run).where(*of_kind, *open_to(caller, ShareKind.TASK, right))
    run = await session.scalar(statement.with_for_update(key_share=True, of=Run))
    if run is not None:
        return run
    if await session.scalar(select(Run.id).where(*of_kind, *open_to(caller, ShareKind.TASK))) is not None:
        raise too_little(noun_of(kinds[0]), right)
    raise NotFound(noun_of(kinds[0]), run_id)


def too_little(noun: str, needed: Right | None) -> Forbidden:
    """Return the error for a member of a group who may see an object, but not do this with it."""
    if needed is None:
        return Forbidden(f"This {noun} is shared with you, but only its owner can do this. Ask the owner.")
    return Forbidden(f"Your right to this {noun} doesn't permit this. Ask its owner for the right {needed.value!r}.")
