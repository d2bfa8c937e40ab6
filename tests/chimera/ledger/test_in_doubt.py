"""Attempts that were given up and return, before or after their call was decided otherwise, on the real database."""

import asyncio
from dataclasses import replace
from typing import Literal

import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.ledger import accounts, calls, ends, events, failures, in_doubt, runs, settlements
from chimera.ledger.failures import Failure
from models.events import RunStarted
from models.ids import NodePath
from models.model_calls import AttemptStatus, ModelCallOutcome
from models.tasks import TransitionRecord
from models.usage import Usage
from tests.chimera.ledger.test_calls import a_settlement, a_task, account, an_intent, statuses, until_it_waits


async def test_an_unfinished_attempt_is_in_doubt_until_booked(database: Database) -> None:
    task_id = await a_task(database)
    first, second = an_intent(task_id), an_intent(task_id, attempt=2)
    async with database.statements() as connection:
        await calls.reserve(connection, first)
    async with database.statements() as connection:
        await in_doubt.mark(connection, first.request, first.attempt)
        await calls.reserve(connection, second)
    row = await account(database, task_id)
    assert (row["in_doubt_micro_usd"], row["reserved_micro_usd"], row["model_calls"]) == (100, 100, 2)
    async with database.statements() as connection:
        assert await settlements.settle(connection, a_settlement(first)) is None
        await in_doubt.book_late(connection, a_settlement(first))
    async with database.statements() as connection:
        assert await settlements.settle(connection, a_settlement(second)) is not None
    row = await account(database, task_id)
    assert (row["spent_micro_usd"], row["in_doubt_micro_usd"], row["reserved_micro_usd"]) == (80, 0, 0)
    assert await statuses(database, task_id) == ["late", "finished"]


async def test_a_late_first_answer_settles_an_attempt_in_doubt(
    database: Database,
) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    async with database.statements() as connection:
        await calls.reserve(connection, an_intent(task_id, step=2, money=7))
        await in_doubt.mark(connection, intent.request, intent.attempt)
        assert await settlements.settle(connection, a_settlement(intent)) is None
    async with database.statements() as connection:
        await calls.lock_run(connection, task_id)
        await in_doubt.reinstate(connection, intent)
        assert await settlements.settle(connection, a_settlement(intent)) is not None
        # The same settlement again, as if its first reply had been lost: nothing more happens.
        await in_doubt.reinstate(connection, intent)
        assert await settlements.settle(connection, a_settlement(intent)) is None
        await in_doubt.book_late(connection, a_settlement(intent))
    row = await account(database, task_id)
    assert (row["spent_micro_usd"], row["in_doubt_micro_usd"], row["reserved_micro_usd"]) == (40, 0, 7)
    assert await statuses(database, task_id) == ["finished", "started"]


async def test_an_overtaken_attempt_is_not_reinstated(database: Database) -> None:
    task_id = await a_task(database)
    first = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, first)
        await in_doubt.mark(connection, first.request, first.attempt)
        await calls.reserve(connection, an_intent(task_id, attempt=2))
        await in_doubt.reinstate(connection, first)
        assert await settlements.settle(connection, a_settlement(first)) is None
    assert await statuses(database, task_id) == ["in_doubt", "started"]


@pytest.mark.parametrize("ended", ["failed", "skipped"])
async def test_a_late_answer_completes_no_ended_subtask(
    database: Database, ended: Literal["failed", "skipped"]
) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    async with database.begin() as session:
        await ends.record(session, TransitionRecord(run_id=task_id, path=NodePath("a"), status=ended, error_code="x"))
    late = replace(a_settlement(intent), node_result="hello")
    async with database.statements() as connection:
        await calls.lock_run(connection, task_id)
        assert await settlements.settle(connection, late) is None
        await in_doubt.reinstate(connection, intent)
        assert await settlements.settle(connection, late) is None
        await in_doubt.book_late(connection, late)
    row = await account(database, task_id)
    assert (row["spent_micro_usd"], row["in_doubt_micro_usd"], row["reserved_micro_usd"]) == (40, 0, 0)
    assert await statuses(database, task_id) == ["late"]
    async with database.begin() as session:
        subtask = await session.execute(text("SELECT status, result FROM subtasks WHERE run_id = :i"), {"i": task_id})
        assert tuple(subtask.one()) == (ended, None)
    again = an_intent(task_id, attempt=2)
    async with database.statements() as connection:
        if ended == "failed":
            # The parent may be retried, and this call with it.
            assert await calls.reserve(connection, again) is not None
        else:
            assert await calls.reserve(connection, again) is None
            assert (await accounts.why_refused(connection, again)).left_out


async def test_a_call_of_a_skipped_subtask_completes_nothing(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    skipped = TransitionRecord(run_id=task_id, path=NodePath("a"), status="skipped", error_code="x")

    async def begin() -> int | None:
        async with database.statements() as connection:
            return await calls.reserve(connection, intent)

    async with database.begin() as session:
        await ends.record(session, skipped)
        # The call waits for the row that the skip has locked. It was sent before the skip was visible.
        beginning = asyncio.create_task(begin())
        await until_it_waits(session)
    assert await beginning is not None
    async with database.statements() as connection:
        late = replace(a_settlement(intent), node_result="hello")
        assert await settlements.settle(connection, late) is None
        await in_doubt.book_late(connection, late)
    row = await account(database, task_id)
    assert (row["spent_micro_usd"], row["reserved_micro_usd"], row["subtasks_done"]) == (40, 0, 1)


async def test_an_answer_after_the_end_is_only_booked(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    async with database.begin() as session:
        await runs.close_from_temporal(session, task_id, cancelled=False)
    before = await account(database, task_id)
    late = replace(a_settlement(intent), node_result="hello", events=(RunStarted(),))
    async with database.statements() as connection:
        await calls.lock_run(connection, task_id)
        assert await settlements.settle(connection, late) is None
        await in_doubt.book_late(connection, late)
    row = await account(database, task_id)
    assert (row["spent_micro_usd"], row["in_doubt_micro_usd"], row["reserved_micro_usd"]) == (40, 0, 0)
    assert (row["status"], row["event_seq"], row["subtasks_done"]) == ("failed", before["event_seq"], 0)
    assert await statuses(database, task_id) == ["late"]


async def test_a_lost_settlement_reply_is_read_again(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        assert await in_doubt.settled_by(connection, intent) is None
        seq = await settlements.settle(connection, a_settlement(intent))
        assert await in_doubt.settled_by(connection, intent) == (ModelCallOutcome(text_preview="hello"), seq)
        assert await in_doubt.settled_by(connection, replace(intent, attempt=2)) is None


async def test_a_late_failure_releases_cost_in_doubt(database: Database) -> None:
    task_id = await a_task(database)
    first, second = an_intent(task_id), an_intent(task_id, attempt=2, money=7)
    failure = Failure(first, AttemptStatus.FAILED, "unreachable", "no", Usage(), 0, asked=False)
    async with database.statements() as connection:
        await calls.reserve(connection, first)
        await in_doubt.mark(connection, first.request, first.attempt)
        await calls.reserve(connection, second)
        assert await failures.fail(connection, failure) is None
        for _ in range(2):
            await in_doubt.fail_late(connection, failure)
    row = await account(database, task_id)
    assert (row["in_doubt_micro_usd"], row["reserved_micro_usd"], row["model_calls"]) == (0, 7, 1)
    assert await statuses(database, task_id) == ["failed", "started"]


@pytest.mark.parametrize(
    ("ends", "cost", "continues"),
    [("taken up", 0, True), ("late", 40, True), ("late", 100, False), ("fails", 40, True), ("fails", 100, False)],
)
async def test_released_in_doubt_cost_resumes_a_waiting_task(
    database: Database, ends: str, cost: int, continues: bool
) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await in_doubt.mark(connection, intent.request, intent.attempt)
        await connection.execute("UPDATE runs SET status = 'waiting', needs_budget = true WHERE id = %s", (task_id,))
        await connection.execute("DELETE FROM outbox WHERE run_id = %s", (task_id,))
    before = (await account(database, task_id))["event_seq"]
    async with database.statements() as connection:
        if ends == "fails":
            failure = Failure(intent, AttemptStatus.FAILED, "overloaded", "no", Usage(), cost)
            seq = await in_doubt.fail_late(connection, failure)
        elif ends == "late":
            seq = await in_doubt.book_late(connection, a_settlement(intent, cost))
        else:
            await calls.lock_run(connection, task_id)
            assert await in_doubt.reinstate(connection, intent)
            seq = before + 1
    row = await account(database, task_id)
    assert row["event_seq"] == seq == before + continues
    assert row["status"] == ("running" if continues else "waiting")
    async with database.begin() as session:
        signals = await session.scalars(text("SELECT payload FROM outbox WHERE run_id = :id"), {"id": task_id})
        assert list(signals) == [{"name": "budget_raised", "args": []}] * continues
    async with database.statements() as connection:
        reported = [frame.event.type for frame in await events.read_after(connection, task_id, before)]
        assert reported == ["run.resumed"] * continues


async def test_an_ended_subtasks_descendants_are_not_reinstated(database: Database) -> None:
    task_id = await a_task(database)
    below = an_intent(task_id)
    below = replace(below, request=below.request.model_copy(update={"path": NodePath("a/b")}))
    async with database.statements() as connection:
        await connection.execute(
            "INSERT INTO subtasks"
            " (run_id, path, parent, position, key, title, instruction, agent, depends_on, decompose)"
            " VALUES (%s, 'a/b', 'a', 0, 'b', '', 'go', 'writer', '{}', false)",
            (task_id,),
        )
        await calls.reserve(connection, below)
    async with database.begin() as session:
        await ends.record(
            session, TransitionRecord(run_id=task_id, path=NodePath("a"), status="skipped", error_code="x")
        )
    async with database.statements() as connection:
        await calls.lock_run(connection, task_id)
        assert not await in_doubt.reinstate(connection, below)
    assert await statuses(database, task_id) == ["in_doubt"]


async def test_calls_in_flight_are_in_doubt_after_the_end(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    async with database.begin() as session:
        await runs.close_from_temporal(session, task_id, cancelled=True)
    row = await account(database, task_id)
    assert (row["in_doubt_micro_usd"], row["reserved_micro_usd"], row["status"]) == (100, 0, "cancelled")
    failure = Failure(intent, AttemptStatus.CANCELLED, "cancelled", "cut", Usage(input_tokens=2), 5)
    async with database.statements() as connection:
        await in_doubt.fail_late(connection, failure)
    row = await account(database, task_id)
    assert (row["in_doubt_micro_usd"], row["spent_micro_usd"], row["input_tokens"]) == (0, 5, 2)
    assert await statuses(database, task_id) == ["cancelled"]


async def test_a_settlement_is_known_after_its_task_was_deleted(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        seq = await settlements.settle(connection, a_settlement(intent))
        await connection.execute("UPDATE calls SET outcome = NULL WHERE run_id = %s", (task_id,))
        assert await in_doubt.settled_by(connection, intent) == (None, seq)
