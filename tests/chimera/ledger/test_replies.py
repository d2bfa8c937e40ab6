"""Replies in the ledger: their text in the hot row, and the text that a stop leaves."""

from typing import Any

from sqlalchemy import text

from chimera.db.engine import Database
from tests.runs import new_user

RUNS = 200


async def test_updates_of_runs_leave_the_indexes_alone(database: Database) -> None:
    """The index on the text of replies must not make each booking write to all indexes of the row."""
    owner = await new_user(database)
    async with database.begin() as session:
        await session.execute(
            text(
                "INSERT INTO runs (owner_id, kind, status, result)"
                " SELECT :owner, 'reply', 'running', 'a result' FROM generate_series(1, :runs)"
            ),
            {"owner": owner, "runs": RUNS},
        )
    before = await _updates(database)
    async with database.begin() as session:
        booked = text("UPDATE runs SET spent_micro_usd = spent_micro_usd + 1, event_seq = 2 WHERE owner_id = :owner")
        await session.execute(booked, {"owner": owner})
        # Statistics are sent when the transaction has ended; this sends them at once.
        await session.execute(text("SELECT pg_stat_force_next_flush()"))
    after = await _updates(database)
    assert after["updates"] - before["updates"] >= RUNS
    assert after["hot"] - before["hot"] > 0.9 * RUNS


async def test_a_very_long_answer_can_be_stored(database: Database) -> None:
    """PostgreSQL limits a text's words to 1 MB, and an answer that is paid for must not fail because of that."""
    owner = await new_user(database)
    words = " ".join(chr(0x1F300 + number % 4_000) + str(number) for number in range(300_000))
    async with database.begin() as session:
        await session.execute(
            text("INSERT INTO runs (owner_id, kind, status, result) VALUES (:owner, 'reply', 'completed', :words)"),
            {"owner": owner, "words": words},
        )


async def _updates(database: Database) -> Any:
    async with database.begin() as session:
        counts = text(
            "SELECT n_tup_upd AS updates, n_tup_hot_upd AS hot FROM pg_stat_user_tables WHERE relname = 'runs'"
        )
        return (await session.execute(counts)).mappings().one()
