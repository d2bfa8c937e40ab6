"""The wording of an account's reasons for refusing a call."""

from typing import Any

import pytest

from chimera.db.engine import Database
from chimera.ledger import accounts, calls
from chimera.ledger.calls import Intent
from chimera.store import tasks
from models.ids import NodePath, TaskId
from models.model_calls import ModelCallRequest, Purpose
from models.tasks import TaskSpec
from tests.runs import new_user


def an_intent(task_id: TaskId, step: int) -> Intent:
    request = ModelCallRequest(run_id=task_id, path=NodePath("a"), purpose=Purpose.TURN, step=step, agent="writer")
    return Intent(
        request=request,
        attempt=1,
        model="simulator/fast",
        simulated=True,
        worker="w",
        reserve_micro_usd=100,
        reserve_tokens=10,
    )


@pytest.mark.parametrize(
    ("requests", "text"),
    [(1, "The limit of 1 request has been reached."), (2, "The limit of 2 requests has been reached.")],
)
async def test_used_requests_are_worded_in_singular_and_plural(database: Database, requests: int, text: str) -> None:
    spec: dict[str, Any] = {
        "goal": "x",
        "plan": [{"key": "a", "instruction": "say"}],
        "budget": {"max_model_calls": requests},
    }
    owner = await new_user(database)
    async with database.begin() as session:
        task_id, _ = await tasks.create(session, owner, TaskSpec.model_validate(spec), default_model="simulator/fast")
    async with database.statements() as connection:
        for step in range(requests):
            assert await calls.reserve(connection, an_intent(task_id, step + 1))
        beyond = an_intent(task_id, requests + 1)
        assert await calls.reserve(connection, beyond) is None
        assert (await accounts.why_refused(connection, beyond)).message == f"{text} Raise the limit."
