"""Agents call a Python tool of one's own, an operation of an HTTP API, and the sandbox, through a real worker."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chimera.config.settings import Settings
from chimera.store import agents
from models.agents import AgentSpec
from models.ids import TaskId
from tests.chimera.tools.openapi.api import Answer, Api, an_api, document
from tests.conftest import SimulatorServer
from tests.replaced_tools import requested_calls
from tests.runs import Runs, a_subtask, runs_with_worker

GREET = '''from chimera.tools.python import ToolContext, tool

@tool(kind="pure")
def greet(name: str, context: ToolContext) -> dict[str, str]:
    """Greet a person."""
    return {"greeting": f"Hello {name}", "key": context.idempotency_key}

@tool(reads_only=True)
def lose(name: str) -> str:
    """Lose something."""
    raise ConnectionError("canary-7716")
'''


@pytest.fixture(scope="module")
async def api() -> AsyncIterator[Api]:
    async with an_api() as api:
        api.answer = lambda seen: Answer(body=b"12 and " + seen.headers["x-key"].encode())
        yield api


@pytest.fixture(scope="module")
async def runs(
    settings: Settings, simulator: SimulatorServer, api: Api, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Runs]:
    """Yield runs whose worker has tools of its own, two of which are broken."""
    folder = tmp_path_factory.mktemp("tools")
    (folder / "greet.py").write_text(GREET)
    (folder / "broken.py").write_text("x = = 1")
    write_api(folder, api)
    own = {"tools_dir": folder, "openapi_file": folder / "apis.json", "egress_allow": (api.place,)}
    limits = {"simulator_url": simulator.url, "graceful_shutdown_s": 1.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHIMERA_SECRET_SHOP_KEY", "canary-7715")
        # New settings and not a copy: the secrets are read when settings are made.
        changed = Settings.model_validate({**settings.model_dump(), **own, **limits})
        async with runs_with_worker(changed) as started:
            async with started.database.begin() as session:
                tools = ("greet", "lose", "run_python", "shop__*")
                spec = AgentSpec(name="clerk", prompt="Help.", tools=tools)
                await agents.create(session, started.caller.user_id, spec)
            yield started


def write_api(folder: Path, api: Api) -> None:
    item = {"name": "item", "in": "path", "schema": {"type": "string"}}
    get = {"operationId": "get_stock", "parameters": [item]}
    (folder / "doc.json").write_text(json.dumps(document({"/stock/{item}": {"get": get}})))
    entry = {"document": "doc.json", "base_url": api.url, "operations": ["*"], "headers": {"X-Key": "${SHOP_KEY}"}}
    broken = {"document": "gone.json", "operations": ["*"]}
    (folder / "apis.json").write_text(json.dumps({"apis": {"shop": entry, "gone": broken}}))


async def results_in(runs: Runs, task_id: TaskId) -> list[str]:
    query = "SELECT content FROM messages WHERE run_id = :id AND role = 'tool' ORDER BY seq"
    return [row["content"] for row in await runs.rows(query, task_id)]


async def test_an_agent_calls_tools_of_each_source(runs: Runs, api: Api) -> None:
    calls = [
        ("greet", '{"name": "Ada"}'),
        ("run_python", json.dumps({"code": "sum(range(10))"})),
        ("shop__get_stock", '{"item": "green tea"}'),
        ("greet", '{"nam": "Ada"}'),
    ]
    with requested_calls({"/top#turn.1": calls}):
        task_id = await runs.start("Help", plan=[a_subtask("top", "[[sim: tokens=5]] Help.", agent="clerk")])
        assert (await runs.ended(task_id))["status"] == "completed"
    greeting, total, stock, wrong = await results_in(runs, task_id)
    assert json.loads(greeting)["greeting"] == "Hello Ada"
    assert json.loads(greeting)["key"]
    assert total == "45"
    assert stock == "12 and [secret SHOP_KEY]"
    assert "'name' is missing" in wrong
    assert [(seen.method, seen.target) for seen in api.seen] == [("GET", "/stock/green%20tea")]


async def test_a_lost_call_waits_for_a_person(runs: Runs) -> None:
    with requested_calls({"/top#turn.1": [("lose", '{"name": "x"}')]}):
        task_id = await runs.start("Help", plan=[a_subtask("top", "[[sim: tokens=5]] Help.", agent="clerk")])
        event = await runs.event(task_id, "approval.requested")
        await runs.cancel(task_id)
        await runs.ended(task_id)
    assert "canary" not in event.model_dump_json()
