"""The number of nodes that a task's tree still has room for, on the real database."""

from chimera.db.engine import Database
from chimera.ledger import plans
from chimera.store import tasks
from models.ids import ROOT, NodePath
from models.tasks import TaskSpec
from tests.runs import a_subtask, new_user


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
