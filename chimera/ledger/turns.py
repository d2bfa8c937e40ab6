"""Turns of transactions: across all processes, one transaction at a time holds the turn of a given name."""

from datetime import timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection
from chimera.db.refusals import sqlstate_of
from models.ids import UserId

_TAKE_TURN = """
SELECT set_config('lock_timeout', %(wait)s, true), pg_advisory_xact_lock(hashtextextended(%(name)s, 0))
"""
_HOLD_TURN = "SELECT pg_advisory_xact_lock(hashtextextended(%(name)s, 0))"
_WAITED_TOO_LONG = "55P03"


async def take_turn(session: AsyncSession, name: str, wait: timedelta) -> None:
    """Wait until no other transaction has the turn of this name, and hold it until the caller's transaction ends.

    `wait` also limits how long each later statement of the transaction waits for a lock. Raises TimeoutError if other
    transactions take longer; the caller's transaction is then aborted.
    """
    values = {"wait": f"{wait // timedelta(milliseconds=1)}ms", "name": name}
    try:
        await sql.execute(session, _TAKE_TURN, values)
    except OperationalError as error:
        if sqlstate_of(error) == _WAITED_TOO_LONG:
            raise TimeoutError(f"the turn of {name!r} took longer than {wait}") from error
        raise


async def hold_turn(connection: Connection, name: str) -> None:
    """Wait for a turn as `take_turn` does, however long that takes. All who take turns hold them only briefly."""
    await connection.execute(_HOLD_TURN, {"name": name})


def turn_of(setting: str, owner_id: UserId) -> str:
    """Return the name of the turn of transactions that count one user's rows, by the setting with the limit."""
    return f"{setting} {owner_id}"
