"""The ledger: intents, fencing, in-doubt attempts and late answers, on the real database."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.engine import Database
from chimera.ledger import accounts, calls, failures, settlements, transcripts
from chimera.ledger.calls import Intent
from chimera.ledger.failures import Failure
from chimera.ledger.settlements import Settlement
from chimera.ledger.transcripts import TranscriptRow
from chimera.store import costs, task_controls, tasks
from models.errors import Overtaken
from models.events import RunStarted
from models.ids import NodePath, TaskId, UserId
from models.model_calls import AttemptStatus, ModelCallOutcome, ModelCallRequest, Purpose
from models.tasks import Guidance, TaskSpec
from models.usage import Usage
from models.users import Caller
from tests.runs import new_user
from tests.until import LIMIT_S


async def a_task(database: Database, **budget: int) -> TaskId:
    owner = await new_user(database)
    fields: dict[str, Any] = {"goal": "x", "plan": [{"key": "a", "instruction": "say"}]}
    if budget:
        fields["budget"] = budget
    async with database.begin() as session:
        task_id, _ = await tasks.create(session, owner, TaskSpec.model_validate(fields), default_model="simulator/fast")
    return task_id


def an_intent(task_id: TaskId, attempt: int = 1, *, step: int = 1, money: int = 100) -> Intent:
    request = ModelCallRequest(run_id=task_id, path=NodePath("a"), purpose=Purpose.TURN, step=step, agent="writer")
    return Intent(
        request=request,
        attempt=attempt,
        model="simulator/fast",
        simulated=True,
        worker="w",
        reserve_micro_usd=money,
        reserve_tokens=10,
    )


def a_settlement(intent: Intent, cost: int = 40) -> Settlement:
    return Settlement(
        intent=intent,
        usage=Usage(input_tokens=3, output_tokens=4),
        estimated=False,
        cost_micro_usd=cost,
        outcome=ModelCallOutcome(text_preview="hello"),
        request_id=None,
        messages=(),
        events=(),
    )


async def account(database: Database, task_id: TaskId) -> RowMapping:
    async with database.begin() as session:
        return (await session.execute(text("SELECT * FROM runs WHERE id = :id"), {"id": task_id})).mappings().one()


async def statuses(database: Database, task_id: TaskId) -> list[str]:
    async with database.begin() as session:
        query = text("SELECT status FROM call_attempts WHERE run_id = :id ORDER BY step, attempt")
        return list(await session.scalars(query, {"id": task_id}))


async def test_a_settled_call_is_replayed_and_paid_once(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        assert await calls.reserve(connection, intent)
    async with database.statements() as connection:
        assert await settlements.settle(connection, a_settlement(intent)) is not None
    row = await account(database, task_id)
    assert (row["spent_micro_usd"], row["reserved_micro_usd"], row["model_calls"]) == (40, 0, 1)
    async with database.statements() as connection:
        context = await transcripts.read_context(connection, intent.request)
    assert context.call_status == "finished"
    assert ModelCallOutcome.model_validate(context.outcome).text_preview == "hello"


@pytest.mark.parametrize("simulated", [False, True])
async def test_a_call_to_the_simulator_marks_the_task(database: Database, simulated: bool) -> None:
    task_id = await a_task(database)
    assert (await account(database, task_id))["simulated"] is False
    async with database.statements() as connection:
        await calls.reserve(connection, replace(an_intent(task_id), simulated=simulated))
        await calls.reserve(connection, replace(an_intent(task_id, step=2), simulated=False))
    assert (await account(database, task_id))["simulated"] is simulated


async def test_reply_state_is_available_to_the_next_call(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    state = {"provider": "anthropic", "content": [{"type": "thinking", "signature": "abc"}]}
    reply = TranscriptRow(1500, "assistant", "hello", 2, state=state)
    usage = Usage(input_tokens=9, cached_input_tokens=4, cache_write_tokens=3, output_tokens=8, reasoning_tokens=5)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await settlements.settle(connection, replace(a_settlement(intent), usage=usage, messages=(reply,)))
        following = an_intent(task_id, step=2).request
        rows, _ = await transcripts.read_transcript(connection, following, token_budget=1000)
    assert rows == [reply]
    async with database.begin() as session:
        owner = await session.scalar(text("SELECT owner_id FROM runs WHERE id = :id"), {"id": task_id})
        bill = await costs.cost_of(session, Caller(user_id=UserId(str(owner)), role="user"), task_id)
    assert bill.usage == bill.by_model[0].usage == bill.attempts[0].usage == usage


async def test_the_newest_failure_ignores_cancelled_attempts(database: Database) -> None:
    task_id = await a_task(database)
    for attempt, status, code in ((1, AttemptStatus.FAILED, "overloaded"), (2, AttemptStatus.CANCELLED, "cancelled")):
        intent = an_intent(task_id, attempt=attempt)
        async with database.statements() as connection:
            await calls.reserve(connection, intent)
            await failures.fail(connection, Failure(intent, status, code, f"It is {code}.", Usage(), 0))
    async with database.statements() as connection:
        found = await calls.last_error(connection, an_intent(task_id).request)
    assert found == ("overloaded", "It is overloaded.")


async def test_a_finished_call_cannot_be_begun_again(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await settlements.settle(connection, a_settlement(intent))
    # No transaction is needed: the statement itself writes everything or nothing.
    async with database.statements() as connection:
        with pytest.raises(Overtaken):
            await calls.reserve(connection, an_intent(task_id, attempt=2))
    assert (await account(database, task_id))["reserved_micro_usd"] == 0


async def test_the_account_refuses_reservations_over_its_limit(database: Database) -> None:
    task_id = await a_task(database, max_cost_micro_usd=180)
    async with database.statements() as connection:
        assert await calls.reserve(connection, an_intent(task_id, money=100))
    beyond = an_intent(task_id, step=2, money=100)
    async with database.statements() as connection:
        assert await calls.reserve(connection, beyond) is None
        refusal = await accounts.why_refused(connection, beyond)
    assert (refusal.for_now, refusal.stopped, refusal.limit) == (True, False, "max_cost_micro_usd")
    assert refusal.needed == 200
    assert refusal.message.startswith("$0.00 of $0.0002 is spent, and the next call may cost $0.0001.")
    assert refusal.message.endswith("Raise the limit.")
    assert await statuses(database, task_id) == ["started"]


async def test_a_failed_attempt_releases_its_reservation(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    failure = Failure(intent, AttemptStatus.FAILED, "overloaded", "500", Usage(), 0)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    async with database.statements() as connection:
        assert await failures.fail(connection, failure) is not None
    row = await account(database, task_id)
    assert (row["reserved_micro_usd"], row["spent_micro_usd"]) == (0, 0)
    async with database.statements() as connection:
        context = await transcripts.read_context(connection, intent.request)
    assert (context.call_status, sum(failed.times for failed in context.failures), context.attempt) == ("failed", 1, 1)


async def test_no_call_begins_for_a_task_that_was_stopped(database: Database) -> None:
    task_id = await a_task(database)
    async with database.begin() as session:
        await session.execute(text("UPDATE runs SET status = 'cancelling' WHERE id = :id"), {"id": task_id})
    async with database.statements() as connection:
        assert await calls.reserve(connection, an_intent(task_id)) is None
        assert (await accounts.why_refused(connection, an_intent(task_id))).stopped


async def until_it_waits(session: AsyncSession) -> None:
    """Wait until another transaction waits for a lock that this one holds."""
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    )
    async with asyncio.timeout(LIMIT_S):
        while not await session.scalar(waiting):
            # Within a transaction, this view keeps its first snapshot until it is cleared.
            await session.execute(text("SELECT pg_stat_clear_snapshot()"))
            await asyncio.sleep(0.01)


async def test_an_answer_overtaken_by_guidance_is_not_final(database: Database) -> None:
    """This holds even if the guidance is committed while the settlement waits for the task's row."""
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    last_word = replace(a_settlement(intent), node_result="hello", if_guidance=0)
    async with database.begin() as session, database.statements() as connection:
        owner = UserId(str(await session.scalar(text("SELECT owner_id FROM runs WHERE id = :id"), {"id": task_id})))
        await task_controls.steer(session, Caller(user_id=owner, role="user"), task_id, Guidance(text="Wait."))
        settling = asyncio.create_task(settlements.settle(connection, last_word))
        await until_it_waits(session)
        assert not settling.done()
        await session.commit()
        assert await settling is None
        assert await transcripts.has_unseen_guidance(connection, intent.request)
        assert await settlements.settle(connection, replace(last_word, if_guidance=1)) is not None


async def test_an_answer_completes_no_task_that_was_stopped_meanwhile(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
    async with database.begin() as session:
        await session.execute(text("UPDATE runs SET status = 'cancelling' WHERE id = :id"), {"id": task_id})
    ends = replace(a_settlement(intent), ends_run=True, node_result="all of it")
    async with database.statements() as connection:
        assert await settlements.settle(connection, ends) is None
    row = await account(database, task_id)
    assert (row["status"], row["result"], row["spent_micro_usd"]) == ("cancelling", None, 0)
    async with database.statements() as connection:
        assert await settlements.settle(connection, replace(ends, ends_run=False))
    row = await account(database, task_id)
    assert (row["status"], row["spent_micro_usd"], row["reserved_micro_usd"]) == ("cancelling", 40, 0)


async def test_an_unconnected_attempt_costs_no_request(database: Database) -> None:
    task_id = await a_task(database, max_model_calls=1)
    first, second = an_intent(task_id), an_intent(task_id, attempt=2)
    async with database.statements() as connection:
        await calls.reserve(connection, first)
        await failures.fail(connection, Failure(first, AttemptStatus.FAILED, "unreachable", "no", Usage(), 0, False))
        assert await calls.reserve(connection, second) is not None
        await failures.fail(connection, Failure(second, AttemptStatus.FAILED, "overloaded", "no", Usage(), 0))
        assert await calls.reserve(connection, an_intent(task_id, attempt=3)) is None
    assert (await account(database, task_id))["model_calls"] == 1


async def test_a_plan_loses_to_subtasks_stored_meanwhile(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        assert await settlements.settle(connection, replace(a_settlement(intent), if_planned=0)) is None
        assert await settlements.settle(connection, replace(a_settlement(intent), if_planned=1)) is not None


async def test_an_ended_or_deleted_task_gets_no_events(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    failure = Failure(intent, AttemptStatus.FAILED, "overloaded", "a secret", Usage(), 5, events=(RunStarted(),))
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await connection.execute("UPDATE runs SET status = 'failed', deleted_at = now() WHERE id = %s", (task_id,))
        before = (await account(database, task_id))["event_seq"]
        assert await failures.fail(connection, failure) == before
    row = await account(database, task_id)
    assert (row["event_seq"], row["spent_micro_usd"], row["reserved_micro_usd"]) == (before, 5, 0)
    async with database.begin() as session:
        known = await session.execute(
            text("SELECT error_code, error FROM call_attempts WHERE run_id = :i"), {"i": task_id}
        )
        assert tuple(known.one()) == ("overloaded", None)


async def test_a_finished_call_is_not_refused_for_cost(database: Database) -> None:
    task_id = await a_task(database, max_model_calls=1)
    intent = an_intent(task_id)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await calls.check_next(connection, an_intent(task_id, step=2))
        await settlements.settle(connection, a_settlement(intent))
        assert await calls.reserve(connection, an_intent(task_id, attempt=2)) is None
        with pytest.raises(Overtaken):
            await calls.check_next(connection, an_intent(task_id, attempt=2))


async def test_a_subtask_that_was_skipped_does_not_run_again(database: Database) -> None:
    task_id = await a_task(database)
    async with database.statements() as connection:
        cases = (("pending", "running"), ("failed", "running"), ("skipped", "skipped"))
        for step, (before, after) in enumerate(cases, start=1):
            await connection.execute("UPDATE subtasks SET status = %s WHERE run_id = %s", (before, task_id))
            await calls.reserve(connection, an_intent(task_id, step=step))
            cursor = await connection.execute("SELECT status FROM subtasks WHERE run_id = %s", (task_id,))
            assert [row.status for row in await cursor.fetchall()] == [after]


async def test_parents_of_a_retried_subtask_run_again(database: Database) -> None:
    task_id = await a_task(database)
    intent = an_intent(task_id)
    below = replace(intent, request=intent.request.model_copy(update={"path": NodePath("a/b")}))
    async with database.statements() as connection:
        await connection.execute(
            "INSERT INTO subtasks"
            " (run_id, path, parent, position, key, title, instruction, agent, depends_on, decompose, status)"
            " VALUES (%s, 'a/b', 'a', 0, 'b', '', 'go', 'writer', '{}', false, 'failed')",
            (task_id,),
        )
        await connection.execute("UPDATE subtasks SET status = 'failed' WHERE run_id = %s", (task_id,))
        await calls.reserve(connection, below)
        cursor = await connection.execute("SELECT status FROM subtasks WHERE run_id = %s", (task_id,))
        assert [row.status for row in await cursor.fetchall()] == ["running", "running"]
