"""Limits on one user's rows, which are counted in the transaction that adds to them.

If a count isn't near its limit, no lock is needed, so the hot path pays for only one statement. Near the limit, the
user's transactions take turns until they commit: uncommitted rows can't be counted, so fifty transactions at the same
time would all find room.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.tables import Agent, ApiKey, ChatSession, Run, Schedule
from chimera.ledger.kept_bytes import KEPT_BYTES, LEAST_BYTES, SETTING
from chimera.ledger.turns import take_turn, turn_of
from chimera.store.access import IS_AI_CALL, IS_REPLY, IS_TASK
from models.errors import LimitReached, TooBusy
from models.ids import UserId
from models.limits import Holding, HoldingView
from models.runs import OPEN, RunStatus

AT_ONCE = 50
"""More transactions than one user has open at the same time: a process has 30 connections by default."""

_TURN_WAIT = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class UserLimit:
    """A limit. `setting` is the field of Settings with its value; `count` selects the amount that `owner_id` has."""

    setting: str
    what: str
    advice: str
    count: Select[int]
    near: int | None = AT_ONCE
    """How far below the limit the transactions of a user begin to take turns; None: always."""
    retry_after_s: float | None = None
    """When to retry, if the counted rows end by themselves."""


def _count_of(
    table: type[Run | Schedule | Agent | ChatSession | ApiKey], *conditions: ColumnElement[bool]
) -> Select[int]:
    return select(func.count()).select_from(table).where(table.owner_id == bindparam("owner_id"), *conditions)


_IS_OPEN = Run.status.in_(sorted(OPEN))

OPEN_TASKS_LIMIT = UserLimit(
    "max_open_tasks",
    "open tasks and drafts",
    "wait until a task ends, cancel a task, delete a draft",
    _count_of(Run, IS_TASK, Run.status.in_(sorted(OPEN | {RunStatus.DRAFT}))),
    retry_after_s=10.0,
)
OPEN_AI_CALLS_LIMIT = UserLimit(
    "max_open_ai_calls",
    "open embeddings, images and transcriptions",
    "wait until a call ends, cancel a call",
    _count_of(Run, IS_AI_CALL, _IS_OPEN),
    retry_after_s=5.0,
)
OPEN_REPLIES_LIMIT = UserLimit(
    "max_open_replies",
    "open replies",
    "wait until a reply ends, cancel a reply",
    _count_of(Run, IS_REPLY, _IS_OPEN),
    retry_after_s=5.0,
)
CHAT_SESSIONS_LIMIT = UserLimit(
    "max_chat_sessions",
    "chat sessions",
    "delete a session",
    _count_of(ChatSession, ChatSession.deleted_at.is_(None)),
)
SCHEDULES_LIMIT = UserLimit(
    "max_schedules",
    "schedules",
    "delete a schedule",
    _count_of(Schedule),
)
AGENTS_LIMIT = UserLimit(
    "max_agents",
    "custom agents",
    "delete an agent",
    _count_of(Agent),
)
API_KEYS_LIMIT = UserLimit(
    "max_api_keys",
    "API keys",
    "delete an API key",
    _count_of(ApiKey),
)
FILES_LIMIT = UserLimit(
    SETTING,
    f"bytes of files and open images (each counts as at least {LEAST_BYTES:,} bytes)",
    "delete files, wait for open images to finish",
    KEPT_BYTES,
    near=None,
)


HOLDINGS: dict[Holding, UserLimit] = {
    Holding(limit.setting): limit
    for limit in (
        FILES_LIMIT,
        OPEN_TASKS_LIMIT,
        OPEN_AI_CALLS_LIMIT,
        OPEN_REPLIES_LIMIT,
        CHAT_SESSIONS_LIMIT,
        SCHEDULES_LIMIT,
        AGENTS_LIMIT,
        API_KEYS_LIMIT,
    )
}


async def holdings_of(session: AsyncSession, owner_id: UserId, settings: Settings) -> tuple[HoldingView, ...]:
    """Count what a user has of everything that is limited, in one statement."""
    counts = [limit.count.scalar_subquery().label(name) for name, limit in HOLDINGS.items()]
    row = (await session.execute(select(*counts), {"owner_id": owner_id})).one()
    return tuple(
        # A setting of 0 stands for no limit.
        HoldingView(name=name, used=getattr(row, name), limit=getattr(settings, limit.setting) or None)
        for name, limit in HOLDINGS.items()
    )


async def check_room(session: AsyncSession, owner_id: UserId, limit: UserLimit, settings: Settings, more: int) -> None:
    """Raise LimitReached if there is no room for `more`; rows that others are adding at this moment aren't counted."""
    most = getattr(settings, limit.setting)
    if most and (there := await _count(session, owner_id, limit)) + more > most:
        raise _reached(limit, there, most, more)


async def check_added(
    session: AsyncSession, owner_id: UserId, limit: UserLimit, settings: Settings, added: int = 1
) -> None:
    """Raise LimitReached if there was no room for the amount `added` that this transaction has just added.

    Near the limit, no other transaction of the user can add anything until this one ends. Raises TooBusy if the turns
    of other transactions take too long.
    """
    most = getattr(settings, limit.setting)
    if not most:
        return
    there = await _count(session, owner_id, limit)
    if there <= most and (limit.near is None or there > most - limit.near):
        await _take_turn(session, owner_id, limit)
        there = await _count(session, owner_id, limit)
    if there > most:
        raise _reached(limit, there - added, most, added)


async def _count(session: AsyncSession, owner_id: UserId, limit: UserLimit) -> int:
    return int(await session.scalar(limit.count, {"owner_id": owner_id}) or 0)


async def _take_turn(session: AsyncSession, owner_id: UserId, limit: UserLimit) -> None:
    try:
        await take_turn(session, turn_of(limit.setting, owner_id), _TURN_WAIT)
    except TimeoutError as error:
        raise TooBusy("requests from this user") from error


def _reached(limit: UserLimit, there: int, most: int, added: int) -> LimitReached:
    return LimitReached(limit.what, there, most, limit.setting, limit.advice, limit.retry_after_s, added=added)
