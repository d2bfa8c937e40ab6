"""The agents that a plan may name and the nodes that its tree has room for, on the real database."""

import asyncio

from sqlalchemy import text

from chimera.db.engine import Database
from chimera.ledger import plans
from chimera.store import agents, tasks
from models.agents import AgentSpec
from models.ids import ROOT, NodePath
from models.tasks import TaskSpec
from tests.runs import a_subtask, new_user
from tests.until import until_true


async def test_each_undivided_subtask_reserves_one_more(database: Database) -> None:
    owner = await new_user(database)
    plan = [a_subtask("a"), a_subtask("deep", decompose=True), a_subtask("deeper", decompose=True)]
    spec = TaskSpec.model_validate({"goal": "x", "plan": plan})
    async with database.begin() as session:
        task_id, _ = await tasks.create(session, owner, spec, default_model="simulator/fast")
    async with database.statements() as connection:
        assert (await plans.room_for(connection, task_id, ROOT)).nodes_left == 200 - 3 - 2
        assert (await plans.room_for(connection, task_id, NodePath("deep"))).nodes_left == 200 - 3 - 1
        await connection.execute(
            "INSERT INTO subtasks"
            " (run_id, path, parent, position, key, title, instruction, agent, depends_on, decompose)"
            " VALUES (%(id)s, 'deep/x', 'deep', 0, 'x', '', 'go', 'writer', '{}', false)",
            {"id": task_id},
        )
        assert (await plans.room_for(connection, task_id, NodePath("deeper"))).nodes_left == 200 - 4


async def test_a_planner_is_offered_active_agents_of_its_task(database: Database) -> None:
    owner = await new_user(database)
    async with database.begin() as session:
        for name in ("poet", "bard"):
            await agents.create(session, owner, AgentSpec(name=name, prompt="Rhyme."))
        spec = TaskSpec.model_validate({"goal": "x"})
        task_id, _ = await tasks.create(session, owner, spec, default_model="simulator/fast")
    async with database.begin() as session:
        await agents.change(session, await agents.own(session, owner, "poet"), AgentSpec(name="poet", prompt="Other."))
        await agents.set_active(session, await agents.own(session, owner, "bard"), active=False)
        await agents.create(session, owner, AgentSpec(name="later", prompt="Rhyme."))
    async with database.statements() as connection:
        offered = (await plans.room_for(connection, task_id, ROOT)).agents
    assert {"poet", "bard", "later"} & offered.keys() == {"poet"}
    assert offered["poet"].prompt == "Rhyme."


async def test_a_later_revision_commits_later(database: Database) -> None:
    owner = await new_user(database)
    async with database.begin() as first:
        await agents.create(first, owner, AgentSpec(name="one", prompt="x"))
        async with database.begin() as second:
            waiting = asyncio.create_task(agents.create(second, owner, AgentSpec(name="two", prompt="x")))
            await until_true(lambda: _has_waiting_lock(database))
            # Meanwhile, tasks are accepted, without either agent.
            async with database.begin() as third:
                spec = TaskSpec.model_validate({"goal": "x"})
                task_id, _ = await tasks.create(third, owner, spec, default_model="simulator/fast")
            assert not waiting.done()
            await first.commit()
            await waiting
    async with database.statements() as connection:
        offered = (await plans.room_for(connection, task_id, ROOT)).agents
    assert {"one", "two"} & offered.keys() == set()


async def _has_waiting_lock(database: Database) -> bool:
    async with database.begin() as session:
        return bool(await session.scalar(text("SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted)")))
