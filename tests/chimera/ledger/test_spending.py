"""Spending limits of a user and of all users, against the real ledger, with many calls at once."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.ledger import accounts, calls, failures, in_doubt, rollups, settlements, spending, spending_waits
from chimera.ledger.accounts import Refusal
from chimera.ledger.calls import Intent
from chimera.ledger.failures import Failure
from chimera.ledger.spending import SpendingRules, Used
from chimera.store import limits, tasks
from models.ids import TaskId, UserId
from models.limits import SpendingLimit, UserLimits
from models.model_calls import AttemptStatus
from models.runs import RunStatus
from models.tasks import TaskSpec
from models.usage import Usage
from tests.api.conftest import set_task
from tests.chimera.ledger.test_calls import a_settlement, an_intent
from tests.runs import new_user

NEED = 100
ROOM = 20
RUNS = 50


def _rules(**limits: int | None) -> SpendingRules:
    return SpendingRules.of(Settings.model_validate({"limits_time_zone": "Europe/Berlin", **limits}))


PER_DAY = _rules(max_cost_day_micro_usd=ROOM * NEED)
PER_NEED = _rules(max_cost_day_micro_usd=NEED)


async def _tasks(database: Database, owner_id: UserId, number: int = 1) -> list[TaskId]:
    spec = TaskSpec.model_validate({"goal": "x", "plan": [{"key": "a", "instruction": "say"}]})
    async with database.begin() as session:
        made = [await tasks.create(session, owner_id, spec, default_model="simulator/fast") for _ in range(number)]
    return [task_id for task_id, _ in made]


async def _reserve(database: Database, intent: Intent, rules: SpendingRules) -> Refusal | None:
    """Reserve a call as the worker does; return why it was refused."""
    async with database.connection() as connection:
        refusal = await spending.why_refused(connection, intent, rules)
        if refusal is None:
            assert await calls.reserve(connection, intent, is_checked=True)
        return refusal


async def _race(database: Database, task_ids: Sequence[TaskId], rules: SpendingRules) -> list[Refusal | None]:
    return await asyncio.gather(*(_reserve(database, an_intent(task_id), rules) for task_id in task_ids))


async def _used(
    database: Database, owner_id: UserId, limit: SpendingLimit = SpendingLimit.USER_DAY, zone: str = "Europe/Berlin"
) -> Used:
    async with database.statements() as connection:
        return (await spending.used_of(connection, owner_id, {limit: 1}, zone))[limit]


async def _backdate(database: Database, owner_id: UserId, by: timedelta) -> None:
    """Move what a user has spent into the past, as if time had passed."""
    await rollups.fold(database)
    async with database.begin() as session:
        move = "UPDATE usage_rollups SET at = at - :by WHERE owner_id = :owner"
        await session.execute(text(move), {"owner": owner_id, "by": by})


def _failed(intent: Intent, status: AttemptStatus, cost: int) -> Failure:
    return Failure(intent, status, "unreachable", "Gone.", Usage(input_tokens=3), cost)


async def test_racing_runs_share_one_limit(database: Database) -> None:
    owner_id = await new_user(database)
    refusals = await _race(database, await _tasks(database, owner_id, RUNS), PER_DAY)
    assert refusals.count(None) == ROOM
    assert all(refusal.for_now for refusal in refusals if refusal)
    assert (await _used(database, owner_id)).reserved == ROOM * NEED


async def test_all_users_share_the_total_limit(database: Database) -> None:
    await _close_all(database)
    owners = [await new_user(database) for _ in range(5)]
    used = await _used(database, owners[0], SpendingLimit.TOTAL_DAY)
    rules = _rules(max_total_cost_day_micro_usd=used.total + ROOM * NEED)
    task_ids = [task_id for owner_id in owners for task_id in await _tasks(database, owner_id, 10)]
    assert (await _race(database, task_ids, rules)).count(None) == ROOM


async def _close_all(database: Database) -> None:
    """End what other tests have left open, because it counts toward the total."""
    async with database.begin() as session:
        await session.execute(text("UPDATE runs SET status = 'cancelled' WHERE ended_at IS NULL"))


async def test_each_kind_of_end_keeps_the_limit(database: Database) -> None:
    owner_id = await new_user(database)
    task_ids = await _tasks(database, owner_id, ROOM)
    assert (await _race(database, task_ids, PER_DAY)).count(None) == ROOM
    for index, task_id in enumerate(task_ids):
        await _end(database, an_intent(task_id), index)
    used = await _used(database, owner_id)
    # Of each four: one has cost 40, one in doubt may cost 100, one failed at 30, and one was cancelled at 20.
    assert (used.spent, used.in_doubt, used.reserved) == (5 * 90, 5 * 100, 0)
    await rollups.fold(database)
    assert await _used(database, owner_id) == used
    left = (ROOM * NEED - used.total) // NEED
    more = await _race(database, await _tasks(database, owner_id, RUNS), PER_DAY)
    assert more.count(None) == left
    assert (await _used(database, owner_id)).total <= ROOM * NEED


async def _end(database: Database, intent: Intent, index: int) -> None:
    async with database.statements() as connection:
        match index % 4:
            case 0:
                assert await settlements.settle(connection, a_settlement(intent))
            case 1:
                await in_doubt.mark(connection, intent.request, intent.attempt)
            case 2:
                assert await failures.fail(connection, _failed(intent, AttemptStatus.FAILED, 30)) is not None
            case _:
                assert await failures.fail(connection, _failed(intent, AttemptStatus.CANCELLED, 20)) is not None


async def test_a_late_answer_gives_doubtful_money_back(database: Database) -> None:
    owner_id = await new_user(database)
    (task_id,) = await _tasks(database, owner_id)
    intent = an_intent(task_id)
    await _reserve(database, intent, PER_DAY)
    async with database.statements() as connection:
        await in_doubt.mark(connection, intent.request, intent.attempt)
        assert (await _used(database, owner_id)).in_doubt == NEED
        await in_doubt.book_late(connection, a_settlement(intent))
    used = await _used(database, owner_id)
    assert (used.spent, used.in_doubt) == (40, 0)


async def test_own_limits_replace_the_settings(database: Database) -> None:
    owner_id = await new_user(database)
    async with database.begin() as session:
        await limits.set_own(session, owner_id, UserLimits(max_cost_month_micro_usd=3 * NEED))
    assert (await _race(database, await _tasks(database, owner_id, 10), PER_DAY)).count(None) == 3
    assert (await _race(database, await _tasks(database, owner_id, 10), _rules())).count(None) == 0


async def test_the_quick_reservation_refuses_limited_users(database: Database) -> None:
    owner_id = await new_user(database)
    (task_id,) = await _tasks(database, owner_id)
    async with database.begin() as session:
        await limits.set_own(session, owner_id, UserLimits(max_cost_day_micro_usd=NEED))
    async with database.statements() as connection:
        assert await calls.reserve(connection, an_intent(task_id)) is None
        assert await calls.reserve(connection, an_intent(task_id), is_checked=True)


async def test_a_limit_of_zero_allows_free_calls_only(database: Database) -> None:
    owner_id = await new_user(database)
    (task_id,) = await _tasks(database, owner_id)
    nothing = _rules(max_cost_day_micro_usd=0)
    assert await _reserve(database, an_intent(task_id), nothing)
    assert await _reserve(database, an_intent(task_id, money=0), nothing) is None


async def test_a_new_day_begins_without_spending(database: Database) -> None:
    owner_id = await new_user(database)
    task_ids = await _tasks(database, owner_id, 2)
    await _reserve(database, an_intent(task_ids[0], money=ROOM * NEED), PER_DAY)
    async with database.statements() as connection:
        intent = an_intent(task_ids[0], money=ROOM * NEED)
        assert await settlements.settle(connection, a_settlement(intent, cost=ROOM * NEED))
    refusal = await _reserve(database, an_intent(task_ids[1]), PER_DAY)
    assert refusal is not None
    assert not refusal.for_now
    await _backdate(database, owner_id, timedelta(days=1))
    assert await _reserve(database, an_intent(task_ids[1]), PER_DAY) is None


async def test_a_refusal_names_limit_need_and_end(database: Database) -> None:
    owner_id = await new_user(database)
    (task_id,) = await _tasks(database, owner_id)
    refusal = await _reserve(database, an_intent(task_id, money=5_000_000), _rules(max_cost_day_micro_usd=4_000_000))
    assert refusal is not None
    assert refusal.limit == "max_cost_day_micro_usd"
    assert refusal.needed == 5_000_000
    assert refusal.until is not None
    for part in ("$4.00 per day", "may cost $5.00", "ends at", "raise max_cost_day_micro_usd"):
        assert part in refusal.message


async def test_the_total_limit_reveals_no_amounts(database: Database) -> None:
    owner_id = await new_user(database)
    (task_id,) = await _tasks(database, owner_id)
    refusal = await _reserve(database, an_intent(task_id), _rules(max_total_cost_month_micro_usd=0))
    assert refusal is not None
    assert refusal.limit == "max_total_cost_month_micro_usd"
    assert "raise CHIMERA_MAX_TOTAL_COST_MONTH_MICRO_USD" in refusal.message
    assert "$" not in refusal.message
    assert refusal.needed is None


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"])
async def test_periods_begin_in_the_installations_zone(database: Database, zone: str) -> None:
    owner_id = await new_user(database)
    day = await _used(database, owner_id, zone=zone)
    month = await _used(database, owner_id, SpendingLimit.USER_MONTH, zone)
    assert timedelta(hours=22) < day.ends_at - day.begins_at < timedelta(hours=26)
    assert timedelta(days=27) < month.ends_at - month.begins_at < timedelta(days=32)
    async with database.begin() as session:
        at = text("SELECT CAST(CAST(:at AS timestamptz) AT TIME ZONE :zone AS time)")
        for moment in (day.begins_at, day.ends_at, month.begins_at, month.ends_at):
            local: Any = await session.scalar(at, {"at": moment, "zone": zone})
            assert str(local) == "00:00:00"


async def _waiting(database: Database, owner_id: UserId, number: int) -> list[TaskId]:
    """Make tasks wait for the limit per day."""
    task_ids = await _tasks(database, owner_id, number)
    for task_id in task_ids:
        await set_task(database, task_id, status="running")
        intent = an_intent(task_id)
        async with database.connection() as connection:
            refusal = await spending.why_refused(connection, intent, _rules(max_cost_day_micro_usd=0))
            assert refusal is not None
            await calls.lock_run(connection, task_id)
            await spending_waits.note(connection, task_id, intent.reserve_micro_usd)
            assert await accounts.wait_for_budget(connection, task_id, refusal)
    return task_ids


async def _statuses(database: Database, task_ids: Sequence[TaskId]) -> list[str]:
    async with database.begin() as session:
        query = text("SELECT status FROM runs WHERE id = ANY(:ids) ORDER BY created_at, id")
        return list(await session.scalars(query, {"ids": list(task_ids)}))


async def test_a_raised_limit_wakes_what_fits(database: Database, run_settings: Settings) -> None:
    owner_id, bus = await new_user(database), Bus(run_settings)
    task_ids = await _waiting(database, owner_id, 5)
    await spending_waits.wake(database, bus, _rules(max_cost_day_micro_usd=0))
    assert await _statuses(database, task_ids) == [RunStatus.WAITING] * 5
    await spending_waits.wake(database, bus, _rules(max_cost_day_micro_usd=3 * NEED + 1))
    assert sorted(await _statuses(database, task_ids)) == [RunStatus.QUEUED] * 3 + [RunStatus.WAITING] * 2
    async with database.begin() as session:
        signals = text("SELECT count(*) FROM outbox WHERE run_id = ANY(:ids) AND kind = 'signal'")
        assert await session.scalar(signals, {"ids": task_ids}) == 3
    await spending_waits.wake(database, bus, _rules())
    assert RunStatus.WAITING not in await _statuses(database, task_ids)
    await bus.close()


async def _set_needs(database: Database, task_ids: Sequence[TaskId], needed: int) -> None:
    async with database.begin() as session:
        query = text("UPDATE spending_waits SET needed_micro_usd = :needed WHERE run_id = ANY(:ids)")
        await session.execute(query, {"needed": needed, "ids": list(task_ids)})


async def test_large_runs_let_small_ones_pass(
    database: Database, run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending_waits, "AT_ONCE", 3)
    owner_id, bus = await new_user(database), Bus(run_settings)
    task_ids = await _waiting(database, owner_id, 4)
    await _set_needs(database, task_ids[:3], 10 * NEED)
    await spending_waits.wake(database, bus, PER_NEED)
    assert await _statuses(database, task_ids[:3]) == [RunStatus.WAITING] * 3
    assert await _statuses(database, task_ids[3:]) == [RunStatus.QUEUED]
    await bus.close()


async def test_waiting_users_share_one_total(
    database: Database, run_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _close_all(database)
    bus, owners = Bus(run_settings), [await new_user(database) for _ in range(4)]
    task_ids = [task_id for owner_id in owners for task_id in await _waiting(database, owner_id, 1)]
    used = await _used(database, owners[0], SpendingLimit.TOTAL_DAY)
    read: list[SpendingLimit] = []

    async def counting(*values: Any) -> dict[SpendingLimit, Used]:
        read.extend(values[2])
        return await spending.used_of(*values)

    monkeypatch.setattr(spending_waits, "used_of", counting)
    await spending_waits.wake(database, bus, _rules(max_total_cost_day_micro_usd=used.total + 2 * NEED))
    assert sorted(await _statuses(database, task_ids)) == [RunStatus.QUEUED] * 2 + [RunStatus.WAITING] * 2
    assert read == [SpendingLimit.TOTAL_DAY]
    await bus.close()


async def test_a_paused_run_is_not_woken(database: Database, run_settings: Settings) -> None:
    owner_id, bus = await new_user(database), Bus(run_settings)
    (task_id,) = await _waiting(database, owner_id, 1)
    await set_task(database, task_id, status="paused")
    await spending_waits.wake(database, bus, _rules())
    assert await _statuses(database, [task_id]) == [RunStatus.PAUSED]
    await set_task(database, task_id, status="cancelled")
    await spending_waits.wake(database, bus, _rules())
    async with database.begin() as session:
        left = text("SELECT count(*) FROM spending_waits WHERE run_id = :id")
        assert await session.scalar(left, {"id": task_id}) == 0
    await bus.close()
