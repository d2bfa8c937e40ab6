"""Turns of transactions: across all processes, one transaction at a time holds the turn of a given name."""

from datetime import timedelta

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.refusals import sqlstate_of

_TAKE_TURN = """
SELECT set_config('lock_timeout', %(wait)s, true), pg_advisory_xact_lock(hashtextextended(%(name)s, 0))
"""
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
