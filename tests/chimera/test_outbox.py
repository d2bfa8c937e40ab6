"""The sweeper, on the real Temporal and database, without a worker."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from chimera import temporal
from chimera.outbox import Sweeper
from chimera.settings import Settings
from models.ids import workflow_id_of
from tests.runs import runs_on


async def test_the_first_round_looks_back_to_the_oldest_open_task_and_closes_what_was_terminated(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with runs_on(settings) as runs:
        client = await runs.temporal.client()
        closed_since, asked = runs.temporal.closed_since, list[datetime]()

        async def listed(workflow_type: str, since: datetime) -> set[str]:
            asked.append(since)
            return await closed_since(workflow_type, since)

        monkeypatch.setattr(runs.temporal, "closed_since", listed)
        task_id = await runs.start("Forgotten")
        async with runs.database.begin() as session:
            backdate = text("UPDATE tasks SET created_at = now() - interval '9 days' WHERE id = :id")
            await session.execute(backdate, {"id": task_id})
        await client.get_workflow_handle(workflow_id_of(task_id)).terminate("in the Web UI")
        sweeper = Sweeper(runs.database, runs.temporal, runs.dispatcher)
        async with asyncio.timeout(20):
            while (row := await runs.row(task_id))["status"] == "running":
                await sweeper.reconcile()
                await asyncio.sleep(0.2)
        assert (row["status"], row["error_code"]) == ("failed", "ended_outside")
        assert datetime.now(UTC) - asked[0] > timedelta(days=8)
        await sweeper.reconcile()
        assert len(asked) > 1
        # Pages of one: what is behind the first one counts too.
        other = await runs.start("Forgotten too")
        await client.get_workflow_handle(workflow_id_of(other)).terminate("in the Web UI")
        monkeypatch.setattr(temporal, "VISIBILITY_PAGE", 1)
        async with asyncio.timeout(20):
            ended = {workflow_id_of(task_id), workflow_id_of(other)}
            while not ended <= await closed_since("TaskWorkflow", datetime.now(UTC) - timedelta(minutes=5)):
                await asyncio.sleep(0.2)
        assert all(datetime.now(UTC) - since < timedelta(minutes=1) for since in asked[1:])
