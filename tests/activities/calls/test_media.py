"""Media calls in the ledger: fencing, in-doubt attempts and late answers, on the real database."""

from collections.abc import AsyncIterator
from functools import partial

import pytest

from activities.calls.kind import Spent
from activities.calls.settle import Settlements
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import ai_calls, calls, ends, in_doubt, runs
from chimera.ledger.calls import Intent
from chimera.ledger.plans import PlanRoom
from chimera.ledger.settlements import AiCallAnswer, Settlement
from chimera.store import ai_calls as db_calls
from chimera.store import task_controls
from chimera.store.ai_calls import NewAiCall
from models.ai_calls import AiCallView, Operation
from models.errors import ChimeraError, Conflict, Overtaken, RootStopped, Stalled
from models.events import ModelCallFinished, RunCompleted
from models.ids import ROOT, RunId, UserId
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.tasks import TransitionRecord
from models.usage import Usage
from models.users import Caller
from tests.runs import new_user


@pytest.fixture
async def owner(database: Database) -> UserId:
    return await new_user(database)


@pytest.fixture
async def settlements(database: Database, settings: Settings) -> AsyncIterator[Settlements]:
    bus = Bus(settings)
    yield Settlements(database=database, bus=bus)
    await bus.close()


async def a_call(database: Database, owner: UserId) -> RunId:
    new = NewAiCall(Operation.IMAGES, "simulator/image", {"prompt": "x", "n": 1}, True, "0" * 64, None)
    async with database.begin() as session:
        call_id, _ = await db_calls.create(session, owner, new)
    return call_id


def request_of(run_id: RunId) -> ModelCallRequest:
    return ModelCallRequest(run_id=run_id, path=ROOT, purpose=Purpose.IMAGES, step=1, agent="")


def intent_of(run_id: RunId, attempt: int) -> Intent:
    return Intent(request_of(run_id), attempt, "simulator/image", True, "w", reserve_micro_usd=100, reserve_tokens=10)


async def begun(database: Database, run_id: RunId) -> Intent:
    """Begin the next attempt, and give up the previous one if it is still open."""
    async with database.statements() as connection:
        context = await ai_calls.read_context(connection, request_of(run_id))
        if context.call_status == "started":
            await in_doubt.mark(connection, request_of(run_id), context.attempt)
        intent = intent_of(run_id, context.attempt + 1)
        assert await calls.reserve(connection, intent) is not None
    return intent


def a_settlement(
    intent: Intent,
    cost: int,
    *,
    task_ends: bool = False,
    unseen: bool | None = None,
    plan_room: PlanRoom | None = None,
) -> Settlement:
    finished = ModelCallFinished(
        path=ROOT,
        step=1,
        attempt=intent.attempt,
        purpose=Purpose.IMAGES,
        preview="",
        tool_calls=(),
        input_tokens=0,
        output_tokens=0,
        cost_micro_usd=cost,
        estimated=False,
        finish_reason="stop",
    )
    completed = RunCompleted(preview="", simulated=True, finish_reason="stop")
    return Settlement(
        intent,
        Usage(),
        estimated=False,
        cost_micro_usd=cost,
        outcome=ModelCallOutcome(cost_micro_usd=cost),
        request_id="req_1",
        messages=(),
        events=(finished, completed) if task_ends else (finished,),
        ends_run=task_ends,
        ai_call=AiCallAnswer({"images": []}, {"images": 1}),
    )


async def settled(settlements: Settlements, intent: Intent, cost: int = 40) -> type[ChimeraError] | None:
    try:
        await settlements.settle(intent, partial(a_settlement, intent, cost))
    except (Overtaken, RootStopped) as error:
        return type(error)
    return None


async def view(database: Database, owner: UserId, run_id: RunId) -> AiCallView:
    async with database.begin() as session:
        return db_calls.view_of(await db_calls.read(session, Caller(user_id=owner, role="user"), run_id))


async def cancel(database: Database, owner: UserId, run_id: RunId) -> None:
    async with database.begin() as session:
        await task_controls.cancel(session, Caller(user_id=owner, role="user"), run_id, *db_calls.KINDS)


async def end_cancelled(database: Database, run_id: RunId) -> None:
    """Record the end of a cancelled run, as its workflow does once the cancellation has arrived."""
    async with database.begin() as session:
        await ends.record(session, TransitionRecord(run_id=run_id, path=ROOT, status="cancelled"))


async def in_doubt_of(database: Database, owner: UserId, run_id: RunId) -> tuple[int, int, int]:
    call = await view(database, owner, run_id)
    return call.in_doubt, call.in_doubt_micro_usd, call.cost_micro_usd


async def test_a_late_attempt_books_its_cost_alone(database: Database, settlements: Settlements, owner: UserId) -> None:
    run_id = await a_call(database, owner)
    first, second = await begun(database, run_id), await begun(database, run_id)
    assert await in_doubt_of(database, owner, run_id) == (1, 100, 0)
    assert await settled(settlements, first, cost=70) is Overtaken
    late = await view(database, owner, run_id)
    assert (late.status, late.cost_micro_usd, late.in_doubt, late.in_doubt_micro_usd) == ("queued", 70, 0, 0)
    assert await settled(settlements, second) is None
    ended = await view(database, owner, run_id)
    assert (ended.status, ended.cost_micro_usd, ended.attempts, ended.usage.images) == ("completed", 110, 2, 1)


async def test_two_attempts_cannot_begin_at_once(database: Database, owner: UserId) -> None:
    run_id = await a_call(database, owner)
    await begun(database, run_id)
    async with database.statements() as connection:
        with pytest.raises(Overtaken):
            await calls.reserve(connection, intent_of(run_id, 1))


async def test_an_answer_to_a_cancelled_call_is_only_booked(
    database: Database, settlements: Settlements, owner: UserId
) -> None:
    run_id = await a_call(database, owner)
    intent = await begun(database, run_id)
    for _ in range(2):
        await cancel(database, owner, run_id)
    assert await settled(settlements, intent) is RootStopped
    await end_cancelled(database, run_id)
    call = await view(database, owner, run_id)
    assert (call.status, call.cost_micro_usd, call.result) == ("cancelled", 40, None)
    async with database.statements() as connection:
        assert await calls.reserve(connection, intent_of(run_id, 2)) is None


async def test_a_completed_call_cannot_be_cancelled(
    database: Database, settlements: Settlements, owner: UserId
) -> None:
    run_id = await a_call(database, owner)
    await settled(settlements, await begun(database, run_id))
    with pytest.raises(Conflict, match="completed"):
        await cancel(database, owner, run_id)


async def test_an_abandoned_answer_is_booked_without_later_attempts(
    database: Database, settlements: Settlements, owner: UserId
) -> None:
    run_id = await a_call(database, owner)
    intent = await begun(database, run_id)
    async with database.statements() as connection, connection.transaction():
        await in_doubt.mark(connection, intent.request, intent.attempt)
    assert await in_doubt_of(database, owner, run_id) == (1, 100, 0)
    assert await settled(settlements, intent) is None
    assert await in_doubt_of(database, owner, run_id) == (0, 0, 40)


async def test_a_dead_worker_leaves_its_cost_in_doubt(database: Database, owner: UserId) -> None:
    run_id = await a_call(database, owner)
    await begun(database, run_id)
    await cancel(database, owner, run_id)
    await end_cancelled(database, run_id)
    assert await in_doubt_of(database, owner, run_id) == (1, 100, 0)


async def test_a_cut_attempt_reports_its_cost(database: Database, settlements: Settlements, owner: UserId) -> None:
    run_id = await a_call(database, owner)
    intent = await begun(database, run_id)
    await cancel(database, owner, run_id)
    await end_cancelled(database, run_id)
    await settlements.write_failure(intent, Spent(Usage(), 60), Stalled("Cut."))
    assert await in_doubt_of(database, owner, run_id) == (0, 0, 60)


async def test_a_run_ended_from_outside_leaves_doubt(
    database: Database, settlements: Settlements, owner: UserId
) -> None:
    run_id = await a_call(database, owner)
    intent = await begun(database, run_id)
    async with database.begin() as session:
        assert await runs.close_from_temporal(session, run_id, cancelled=False)
    assert await in_doubt_of(database, owner, run_id) == (1, 100, 0)
    assert await settled(settlements, intent) is Overtaken
    assert await in_doubt_of(database, owner, run_id) == (0, 0, 40)
