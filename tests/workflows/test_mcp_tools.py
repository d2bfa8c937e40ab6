"""Agents call tools of MCP servers through a real worker, which lists and pins them when it starts."""

import json
import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, select

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import ToolRow
from chimera.store import agents
from models.agents import AgentSpec
from tests.chimera.tools.mcp.builders import SCRIPT
from tests.conftest import SimulatorServer
from tests.replaced_tools import requested_calls
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.until import until_true


@pytest.fixture(scope="module")
async def runs(
    settings: Settings, simulator: SimulatorServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Runs]:
    """Yield runs whose worker has an MCP server."""
    path = tmp_path_factory.mktemp("mcp") / "mcp.json"
    path.write_text(json.dumps({"mcpServers": {"files": {"command": sys.executable, "args": [str(SCRIPT), "good"]}}}))
    database = Database(settings)
    async with database.begin() as session:
        # Rows of other tests would be taken for definitions that were accepted.
        await session.execute(delete(ToolRow).where(ToolRow.server == "files"))
    await database.close()
    changes = {"mcp_file": path, "simulator_url": simulator.url, "graceful_shutdown_s": 1.0}
    async with runs_with_worker(settings.model_copy(update=changes)) as started:

        async def are_listed() -> bool:
            async with started.database.begin() as session:
                return await session.scalar(select(ToolRow.id).where(ToolRow.name == "files__add")) is not None

        await until_true(are_listed)
        async with started.database.begin() as session:
            spec = AgentSpec(name="clerk", prompt="Help.", tools=("files__a*",))
            await agents.create(session, started.caller.user_id, spec)
        yield started
        async with started.database.begin() as session:
            await session.execute(delete(ToolRow).where(ToolRow.server == "files"))


async def test_an_agent_calls_a_tool_of_a_server(runs: Runs) -> None:
    calls = [("files__add", '{"a": 2, "b": 40}'), ("files__add", '{"a": "x"}'), ("files__die", "{}")]
    with requested_calls({"/top#turn.1": calls}):
        task_id = await runs.start("Help", plan=[a_subtask("top", "[[sim: tokens=5]] Help.", agent="clerk")])
        assert (await runs.ended(task_id))["status"] == "completed"
    query = "SELECT content FROM messages WHERE run_id = :id AND role = 'tool' ORDER BY seq"
    found, wrong, hidden = [row["content"] for row in await runs.rows(query, task_id)]
    assert found == "42"
    assert "files__add" in wrong
    # The agent's patterns don't include it.
    assert "There is no tool 'files__die' for you" in hidden
