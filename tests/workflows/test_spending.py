"""Runs that reach a spending limit: they wait, and continue by themselves."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from chimera.store import ai_calls, limits, task_controls, task_views
from chimera.store.ai_calls import NewAiCall
from models.ai_calls import Operation
from models.errors import SpendingLimitReached
from models.events import BudgetReached
from models.ids import TaskId
from models.limits import UserLimits
from models.remedies import Action
from models.runs import RunStatus
from models.tasks import Budget, SubtaskMode
from models.waits import BudgetWait
from tests.runs import Runs, a_subtask, new_user
from tests.until import until_true

MODES = [SubtaskMode.CHILD]
MICRO_USD = 1_000_000


async def _limit(runs: Runs, micro_usd: int | None) -> None:
    async with runs.database.begin() as session:
        await limits.set_own(session, runs.caller.user_id, UserLimits(max_cost_day_micro_usd=micro_usd))


async def _start(runs: Runs) -> TaskId:
    return await runs.start("Say a word.", plan=[a_subtask("a")])


async def _waits(runs: Runs, task_id: TaskId) -> BudgetWait:
    await runs.until(task_id, lambda row: row["status"] == RunStatus.WAITING)
    async with runs.database.statements() as connection:
        view = await task_views.view(connection, runs.caller, task_id, lambda _: "")
    assert isinstance(view.waiting, BudgetWait)
    return view.waiting


@pytest.fixture(autouse=True)
async def _own_user(runs: Runs) -> None:
    """Give each test a user who has spent nothing."""
    runs.caller = runs.caller.model_copy(update={"user_id": await new_user(runs.database)})


async def test_a_run_waits_until_its_limit_is_raised(runs: Runs) -> None:
    await _limit(runs, 1)
    task_id = await _start(runs)
    waiting = await _waits(runs, task_id)
    assert waiting.limit == "max_cost_day_micro_usd"
    assert waiting.until is not None
    assert waiting.remedy.action is Action.SHOW_LIMITS
    assert not await runs.attempts(task_id)
    await _limit(runs, MICRO_USD)
    assert (await runs.ended(task_id))["status"] == RunStatus.COMPLETED
    reached = [event for event in await runs.events(task_id) if isinstance(event, BudgetReached)]
    assert [event.until for event in reached] == [waiting.until]


async def test_a_run_continues_when_the_day_ends(runs: Runs) -> None:
    owner_id = runs.caller.user_id
    async with runs.database.begin() as session:
        spent = """INSERT INTO usage_rollups (level, at, owner_id, simulated, status, attempts, input_tokens,
            cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, cost_micro_usd,
            estimated_micro_usd, in_doubt_micro_usd)
            VALUES ('total', date_bin('15 minutes', now(), '2000-01-01T00:00Z'), :owner, false, 'finished', 1, 0, 0, 0,
                    0, 0, :cost, 0, 0)"""
        await session.execute(text(spent), {"owner": owner_id, "cost": MICRO_USD})
    await _limit(runs, MICRO_USD)
    task_id = await _start(runs)
    assert "$1.00 of that is spent" in (await _waits(runs, task_id)).message
    async with runs.database.begin() as session:
        move = "UPDATE usage_rollups SET at = at - :day WHERE owner_id = :owner AND level = 'total'"
        await session.execute(text(move), {"owner": owner_id, "day": timedelta(days=1)})
    assert (await runs.ended(task_id))["status"] == RunStatus.COMPLETED


async def _has_reached(runs: Runs, task_id: TaskId, *, times: int) -> bool:
    return [event.type for event in await runs.events(task_id)].count("budget.reached") == times


async def test_a_higher_budget_does_not_lift_the_limit(runs: Runs) -> None:
    await _limit(runs, 1)
    task_id = await _start(runs)
    await _waits(runs, task_id)
    await runs.control(task_controls.raise_budget, task_id, Budget(max_cost_micro_usd=MICRO_USD))
    await until_true(lambda: _has_reached(runs, task_id, times=2))
    assert not await runs.attempts(task_id)
    await runs.cancel(task_id)
    assert (await runs.ended(task_id))["status"] == RunStatus.CANCELLED


async def test_racing_runs_never_exceed_the_limit(runs: Runs) -> None:
    limit = 20_000
    await _limit(runs, limit)
    task_ids = await asyncio.gather(*(_start(runs) for _ in range(10)))
    for task_id in task_ids:
        await runs.until(task_id, lambda row: row["status"] in (RunStatus.WAITING, RunStatus.COMPLETED))
    rows = [await runs.row(task_id) for task_id in task_ids]
    assert sum(row["spent_micro_usd"] + row["reserved_micro_usd"] + row["in_doubt_micro_usd"] for row in rows) <= limit
    assert any(row["spent_micro_usd"] for row in rows)
    await _limit(runs, None)
    for task_id in task_ids:
        assert (await runs.ended(task_id))["status"] == RunStatus.COMPLETED


async def test_an_ai_call_fails_with_the_limit(runs: Runs) -> None:
    await _limit(runs, 0)
    new = NewAiCall(
        operation=Operation.IMAGES,
        model="simulator/image",
        request={"prompt": "A boat", "n": 1, "size": None},
        simulated=True,
        body_sha256="-",
        idempotency_key=None,
    )
    async with runs.database.begin() as session:
        call_id, _ = await ai_calls.create(session, runs.caller.user_id, new)
    await runs.deliver(call_id)
    async with runs.database.begin() as session:
        query = text("SELECT error_code, error FROM runs WHERE id = :id AND ended_at IS NOT NULL")
        async with asyncio.timeout(60):
            while (row := (await session.execute(query, {"id": call_id})).one_or_none()) is None:
                await asyncio.sleep(0.1)
    assert row.error_code == SpendingLimitReached.code
    assert "max_cost_day_micro_usd" in row.error
