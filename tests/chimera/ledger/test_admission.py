"""Queued tasks are admitted by priority, fair share and age, on the real database."""

import asyncio
import random
from datetime import timedelta

import pytest
from sqlalchemy import text

from chimera.db import sql
from chimera.db.engine import Database
from chimera.ledger import admission
from chimera.ledger.admission import OWN_PLACES
from models.ids import RunId, UserId
from tests.parts import forget_open_work
from tests.runs import new_user


@pytest.fixture(autouse=True)
async def nothing_open(database: Database) -> None:
    """Close the open tasks of earlier tests, because every open task counts."""
    await forget_open_work(database.engine.url.render_as_string(hide_password=False))


async def queued(database: Database, owner: UserId, *, priority: int = 3, status: str = "queued") -> RunId:
    """Add an accepted task that is younger than all earlier ones."""
    insert = text(
        "INSERT INTO runs (owner_id, kind, status, priority, created_at)"
        " VALUES (:owner, 'task', :status, :priority, clock_timestamp()) RETURNING id"
    )
    async with database.begin() as session:
        values = {"owner": owner, "status": status, "priority": priority}
        return RunId(str(await session.scalar(insert, values)))


async def admitted(database: Database, most: int) -> list[RunId] | None:
    async with database.begin() as session:
        return await admission.admit(session, most)


async def end(database: Database, *run_ids: RunId) -> None:
    async with database.begin() as session:
        ended = text("UPDATE runs SET status = 'completed', ended_at = now() WHERE id = ANY(CAST(:ids AS uuid[]))")
        await session.execute(ended, {"ids": list(run_ids)})


async def test_no_more_run_than_may(database: Database) -> None:
    owner = await new_user(database)
    tasks = [await queued(database, owner) for _ in range(6)]
    assert set(await admitted(database, 4) or ()) == set(tasks[:4])
    assert await admitted(database, 4) == []
    await end(database, tasks[0])
    assert await admitted(database, 4) == [tasks[4]]


async def test_an_empty_queue_is_not_an_admission(database: Database) -> None:
    assert await admitted(database, 4) is None


async def test_a_higher_priority_goes_first(database: Database) -> None:
    owner = await new_user(database)
    late = [await queued(database, owner, priority=3) for _ in range(3)]
    urgent = await queued(database, owner, priority=1)
    assert set(await admitted(database, 3) or ()) == {urgent, *late[:2]}


async def test_owners_share_the_places(database: Database) -> None:
    many, few = await new_user(database), await new_user(database)
    crowd = [await queued(database, many) for _ in range(10)]
    theirs = [await queued(database, few) for _ in range(3)]
    first = await admitted(database, 6)
    assert set(first or ()) == {*crowd[:3], *theirs}


async def test_an_owner_has_places_beyond_the_limit(database: Database) -> None:
    many, late = await new_user(database), await new_user(database)
    for _ in range(4):
        await queued(database, many, status="running")
    theirs = [await queued(database, late) for _ in range(OWN_PLACES + 1)]
    assert set(await admitted(database, 4) or ()) == set(theirs[:OWN_PLACES])
    assert await admitted(database, 4) == []


async def test_paused_and_waiting_tasks_take_no_place(database: Database) -> None:
    owner = await new_user(database)
    for status in ("paused", "waiting", "draft", "completed"):
        await queued(database, owner, status=status)
    tasks = [await queued(database, owner) for _ in range(3)]
    assert set(await admitted(database, 3) or ()) == set(tasks)


async def test_the_place_in_the_queue_is_shown(database: Database) -> None:
    owner, other = await new_user(database), await new_user(database)
    tasks = [await queued(database, owner) for _ in range(3)]
    theirs = await queued(database, other)
    async with database.statements() as connection:
        places = [await admission.place_of(connection, run_id) for run_id in (tasks[0], theirs, tasks[1], tasks[2])]
        assert places == [1, 2, 3, 4]
    await admitted(database, 4)
    async with database.statements() as connection:
        assert await admission.place_of(connection, tasks[0]) is None


async def test_a_place_is_that_of_the_ranking(database: Database) -> None:
    chance = random.Random(12)
    owners = [await new_user(database) for _ in range(5)]
    statuses = ["queued"] * 8 + ["running", "cancelling", "paused"]
    tasks = [
        await queued(database, chance.choice(owners), priority=chance.randint(1, 3), status=chance.choice(statuses))
        for _ in range(80)
    ]
    refused = "INSERT INTO outbox (run_id, kind, attempts, next_attempt_at) VALUES (:id, 'start', 1, now() + :wait)"
    async with database.begin() as session:
        for task in chance.sample(tasks, 8):
            await session.execute(text(refused), {"id": task, "wait": timedelta(minutes=1)})
            admitted = text("UPDATE runs SET admitted_at = now() WHERE id = :id")
            await session.execute(admitted, {"id": chance.choice(tasks)})
        ranking = await sql.execute(session, f"WITH {admission._RANKED} SELECT id, place FROM ranked", {})
        ranked = {RunId(str(row.id)): row.place for row in ranking}
    async with database.statements() as connection:
        places = {task: await admission.place_of(connection, task) for task in tasks}
    assert len(ranked) > 30
    assert places == {task: ranked.get(task) for task in tasks}


async def test_a_place_needs_no_ranking_of_the_queue(database: Database) -> None:
    task = await queued(database, await new_user(database))
    async with database.begin() as session:
        # With few rows, the planner may sort in order to group. With sorts disabled, only an unavoidable sort remains.
        await session.execute(text("SET LOCAL enable_sort = off"))
        plan = await sql.execute(session, f"EXPLAIN {admission._PLACE}", {"run_id": task})
        assert not [line for (line,) in plan if "WindowAgg" in line or "Sort" in line]


async def test_own_places_end_at_twice_the_limit(database: Database) -> None:
    owners = [await new_user(database) for _ in range(12)]
    for owner in owners:
        for _ in range(OWN_PLACES + 1):
            await queued(database, owner)
    assert [len(await admitted(database, 4) or ()) for _ in range(3)] == [4, 4, 0]


async def test_simultaneous_admissions_admit_no_more(database: Database) -> None:
    owner = await new_user(database)
    for _ in range(20):
        await queued(database, owner)
    rounds = await asyncio.gather(*(admitted(database, 5) for _ in range(8)))
    assert sum(len(each or ()) for each in rounds) == 5


async def test_a_failed_start_gives_its_place_back(database: Database) -> None:
    owner = await new_user(database)
    broken, good, third = [await queued(database, owner) for _ in range(3)]
    assert set(await admitted(database, 2) or ()) == {broken, good}
    failed = "INSERT INTO outbox (run_id, kind, attempts, next_attempt_at) VALUES (:id, 'start', 1, now() + :wait)"
    async with database.begin() as session:
        await session.execute(text(failed), {"id": broken, "wait": timedelta(minutes=1)})
        await admission.withdraw(session, broken)
    assert await admitted(database, 2) == [third]
    await end(database, good)
    async with database.begin() as session:
        await session.execute(text("UPDATE outbox SET next_attempt_at = now()"))
    assert await admitted(database, 2) == [broken]
