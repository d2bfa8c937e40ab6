"""The ledger of embeddings, images and transcriptions: fencing, doubt and late answers, on the real database."""

import pytest
from chimera.db.ai_call_attempts import Failure, Settlement
from chimera.db.ai_calls import NewCall

from chimera.db import ai_call_attempts as attempts
from chimera.db import ai_call_views, ai_calls
from chimera.db.engine import Database
from models.ai_calls import AiCallView, MediaUsage, Operation, TaskStatus
from models.errors import CallCancelled, Conflict, Overtaken
from models.ids import AiCallId, UserId
from models.users import Caller
from tests.runs import new_user


@pytest.fixture
async def owner(database: Database) -> UserId:
    return await new_user(database)


async def a_call(database: Database, owner: UserId) -> AiCallId:
    new = NewCall(Operation.IMAGES, "simulator/image", {"prompt": "x", "n": 1}, True, "0" * 64, None)
    async with database.begin() as session:
        call_id, _ = await ai_calls.create(session, owner, new)
    return call_id


async def begun(database: Database, call_id: AiCallId, may_cost: int = 100) -> int:
    async with database.begin() as session:
        standing = await attempts.read(session, call_id)
        if standing.status is TaskStatus.RUNNING:
            await attempts.mark_doubtful(session, standing)
        return await attempts.begin(
            session, await attempts.read(session, call_id), worker="w", may_cost_micro_usd=may_cost
        )


def a_settlement(call_id: AiCallId, attempt: int, cost: int = 40) -> Settlement:
    return Settlement(call_id, attempt, MediaUsage(images=1), cost, False, "req_1")


async def settled(database: Database, settlement: Settlement) -> bool:
    async with database.begin() as session:
        if await attempts.claim(session, settlement.call_id, settlement.attempt) == "settles":
            await attempts.settle(session, settlement, result={"images": []}, vectors=None)
            return True
        await attempts.book_late(session, settlement)
        return False


async def view(database: Database, owner: UserId, call_id: AiCallId) -> AiCallView:
    async with database.begin() as session:
        return ai_call_views.view_of(await ai_call_views.read(session, Caller(user_id=owner, role="user"), call_id))


async def test_an_attempt_that_comes_late_books_its_cost_and_nothing_else(database: Database, owner: UserId) -> None:
    call_id = await a_call(database, owner)
    first, second = await begun(database, call_id), await begun(database, call_id)
    assert (first, second) == (1, 2)
    doubted = await view(database, owner, call_id)
    assert (doubted.doubtful, doubted.doubtful_micro_usd) == (1, 100)
    assert not await settled(database, a_settlement(call_id, first, cost=70))
    late = await view(database, owner, call_id)
    assert (late.status, late.cost_micro_usd, late.doubtful, late.doubtful_micro_usd) == ("started", 70, 0, 0)
    assert await settled(database, a_settlement(call_id, second))
    ended = await view(database, owner, call_id)
    assert (ended.status, ended.cost_micro_usd, ended.attempts) == ("finished", 110, 2)


async def test_two_attempts_cant_begin_at_once(database: Database, owner: UserId) -> None:
    call_id = await a_call(database, owner)
    async with database.begin() as session:
        seen = await attempts.read(session, call_id)
    await begun(database, call_id)
    with pytest.raises(Overtaken):
        async with database.begin() as session:
            await attempts.begin(session, seen, worker="w", may_cost_micro_usd=1)


async def test_an_answer_to_a_cancelled_call_is_booked_and_not_kept(database: Database, owner: UserId) -> None:
    call_id = await a_call(database, owner)
    attempt = await begun(database, call_id)
    caller = Caller(user_id=owner, role="user")
    for _ in range(2):
        async with database.begin() as session:
            await ai_calls.cancel(session, caller, call_id)
    assert not await settled(database, a_settlement(call_id, attempt))
    call = await view(database, owner, call_id)
    assert (call.status, call.cost_micro_usd, call.result) == ("cancelled", 40, None)
    async with database.begin() as session:
        standing = await attempts.read(session, call_id)
    with pytest.raises(CallCancelled):
        async with database.begin() as session:
            await attempts.begin(session, standing, worker="w", may_cost_micro_usd=1)


async def test_a_failure_of_an_overtaken_attempt_changes_nothing(database: Database, owner: UserId) -> None:
    call_id = await a_call(database, owner)
    first = await begun(database, call_id)
    await begun(database, call_id)
    async with database.begin() as session:
        await attempts.fail(session, Failure(call_id, first, "stalled", "x", 100, counts=True, is_final=True))
    call = await view(database, owner, call_id)
    assert (call.status, call.cost_micro_usd, call.error_code) == ("started", 0, "doubtful")


async def test_a_finished_call_cant_be_cancelled(database: Database, owner: UserId) -> None:
    call_id = await a_call(database, owner)
    await settled(database, a_settlement(call_id, await begun(database, call_id)))
    with pytest.raises(Conflict, match="finished"):
        async with database.begin() as session:
            await ai_calls.cancel(session, Caller(user_id=owner, role="user"), call_id)


async def doubt_of(database: Database, owner: UserId, call_id: AiCallId) -> tuple[int, int, int]:
    call = await view(database, owner, call_id)
    return call.doubtful, call.doubtful_micro_usd, call.cost_micro_usd


async def test_an_answer_that_was_given_up_is_kept_while_nobody_else_was_asked(
    database: Database, owner: UserId
) -> None:
    call_id = await a_call(database, owner)
    attempt = await begun(database, call_id)
    async with database.begin() as session:
        await attempts.mark_doubtful(session, await attempts.read(session, call_id))
    assert await doubt_of(database, owner, call_id) == (1, 100, 0)
    assert await settled(database, a_settlement(call_id, attempt))
    assert await doubt_of(database, owner, call_id) == (0, 0, 40)


async def test_what_a_dead_worker_may_have_spent_stays_on_a_cancelled_call(database: Database, owner: UserId) -> None:
    call_id = await a_call(database, owner)
    await begun(database, call_id)
    async with database.begin() as session:
        await ai_calls.cancel(session, Caller(user_id=owner, role="user"), call_id)
    assert await doubt_of(database, owner, call_id) == (1, 100, 0)


async def test_a_worker_that_lives_says_what_a_cancelled_call_cost(database: Database, owner: UserId) -> None:
    call_id = await a_call(database, owner)
    attempt = await begun(database, call_id)
    async with database.begin() as session:
        await ai_calls.cancel(session, Caller(user_id=owner, role="user"), call_id)
        await attempts.fail(session, Failure(call_id, attempt, "cancelled", "Cut.", 60, counts=False, is_final=False))
    assert await doubt_of(database, owner, call_id) == (0, 0, 60)


async def test_a_run_that_is_ended_from_outside_leaves_its_attempt_in_doubt(database: Database, owner: UserId) -> None:
    call_id = await a_call(database, owner)
    attempt = await begun(database, call_id)
    async with database.begin() as session:
        await ai_calls.close(session, call_id, "run_ended", "Its run was ended from outside.")
    assert await doubt_of(database, owner, call_id) == (1, 100, 0)
    assert not await settled(database, a_settlement(call_id, attempt))
    assert await doubt_of(database, owner, call_id) == (0, 0, 40)
