"""Transactions take turns by name, on the real database."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.ledger.turns import take_turn

SHORT, LONG = timedelta(milliseconds=50), timedelta(minutes=1)


async def test_one_of_a_name_at_a_time(database: Database) -> None:
    async with database.begin() as first, database.begin() as second:
        await take_turn(first, "a turn", LONG)
        with pytest.raises(TimeoutError, match="'a turn'"):
            await take_turn(second, "a turn", SHORT)
    async with database.begin() as third:
        await take_turn(third, "a turn", SHORT)


async def test_other_names_have_turns_of_their_own(database: Database) -> None:
    async with database.begin() as first, database.begin() as second:
        await take_turn(first, "a turn", LONG)
        await take_turn(second, "another", SHORT)


async def test_the_limit_ends_with_the_transaction(database: Database) -> None:
    async with database.engine.connect() as connection:
        before = await connection.scalar(text("SHOW lock_timeout"))
    async with database.begin() as session:
        await take_turn(session, "a turn", SHORT)
        assert await session.scalar(text("SHOW lock_timeout")) == "50ms"
    async with database.engine.connect() as connection:
        assert await connection.scalar(text("SHOW lock_timeout")) == before
