"""Limits on one user's rows: counted in the transaction that adds to them.

A count that isn't near its limit takes no lock, so the hot path pays for one statement. Near it those of one user take
turns until they commit: a row that is not committed can't be counted, and fifty at once would all find room.
"""

from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.engine import words
from chimera.db.refusals import sqlstate_of
from models.ai_calls import Operation
from models.errors import LimitReached, TooBusy
from models.ids import UserId
from models.runs import OPEN, RunStatus

AT_ONCE = 50
"""More transactions than one user has under way at once: a process has 30 connections by default."""

LEAST_BYTES = 64 * 1024
"""The least that a file counts for, so that a limit of bytes also limits files; and the size of an image until it is
generated."""

_TURN_SECONDS = 5
_TURN = text(
    f"SELECT set_config('lock_timeout', '{_TURN_SECONDS}s', true), pg_advisory_xact_lock(hashtextextended(:turn, 0))"
)
_WAITED_TOO_LONG = "55P03"


@dataclass(frozen=True, slots=True)
class UserLimit:
    """`setting` is the field of Settings with the limit, `count` reads the amount that `:owner_id` has."""

    setting: str
    what: str
    advice: str
    count: TextClause
    near: int | None = AT_ONCE
    """How far from the limit users begin to take turns; None: always."""
    retry_after_s: float | None = None
    """For what ends by itself."""


OPEN_TASKS_LIMIT = UserLimit(
    "max_open_tasks",
    "open tasks and drafts",
    "wait until one has ended, cancel one, or delete a draft",
    text("SELECT count(*) FROM runs WHERE owner_id = :owner_id AND kind = 'task' AND status = ANY(:open)").bindparams(
        open=words(OPEN | {RunStatus.DRAFT})
    ),
    retry_after_s=10.0,
)
OPEN_AI_CALLS_LIMIT = UserLimit(
    "max_open_ai_calls",
    "open embeddings, images and transcriptions",
    "wait until one has ended, or cancel one",
    text("SELECT count(*) FROM runs WHERE owner_id = :owner_id AND kind <> 'task' AND status = ANY(:open)").bindparams(
        open=words(OPEN)
    ),
    retry_after_s=5.0,
)
SCHEDULES_LIMIT = UserLimit(
    "max_schedules",
    "schedules",
    "delete one",
    text("SELECT count(*) FROM schedules WHERE owner_id = :owner_id"),
)
AGENTS_LIMIT = UserLimit(
    "max_agents",
    "own agents",
    "delete one",
    text("SELECT count(*) FROM agents WHERE owner_id = :owner_id"),
)
FILES_LIMIT = UserLimit(
    "max_kept_bytes",
    f"bytes of files and of images to come (each counts as at least {LEAST_BYTES:,})",
    "delete files, or wait for open images",
    # The size of an image is unknown before it is generated.
    text(
        "SELECT (SELECT COALESCE(sum(greatest(size_bytes, :least_bytes)), 0) FROM files WHERE owner_id = :owner_id)"
        " + (SELECT COALESCE(sum(:least_bytes * COALESCE((request->>'n')::int, 1)), 0) FROM runs"
        " JOIN ai_calls ON run_id = id WHERE owner_id = :owner_id AND kind = :images AND status = ANY(:open))"
    ).bindparams(least_bytes=LEAST_BYTES, images=Operation.IMAGES.value, open=words(OPEN)),
    near=None,
)


async def check_room(session: AsyncSession, owner_id: UserId, limit: UserLimit, settings: Settings, more: int) -> None:
    """Raise LimitReached when there is no room for `more`; what others add at this moment is not seen."""
    most = getattr(settings, limit.setting)
    if most and (there := await _count(session, owner_id, limit)) + more > most:
        raise _reached(limit, there, most, more)


async def check_added(
    session: AsyncSession, owner_id: UserId, limit: UserLimit, settings: Settings, added: int = 1
) -> None:
    """Raise LimitReached when what this transaction has just added, `added` of it, is more than there is room for.

    Until the transaction ends no other adds to it near the limit. Raises TooBusy when their turns take too long.
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
    return int(await session.scalar(limit.count, {"owner_id": owner_id}))


async def _take_turn(session: AsyncSession, owner_id: UserId, limit: UserLimit) -> None:
    try:
        await session.execute(_TURN, {"turn": f"{limit.setting} {owner_id}"})
    except OperationalError as error:
        if sqlstate_of(error) == _WAITED_TOO_LONG:
            raise TooBusy("requests of this user") from error
        raise


def _reached(limit: UserLimit, there: int, most: int, added: int) -> LimitReached:
    return LimitReached(limit.what, there, most, limit.setting, limit.advice, limit.retry_after_s, added=added)
