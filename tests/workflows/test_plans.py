"""Planning with servers and models that don't follow instructions: the results, and the number of requests."""

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import RowMapping

from chimera.config.settings import Settings
from tests.runs import Runs, runs_with_worker
from tests.wires.base import ModelAnswer
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script, plain
from tests.wires.vendors import WIRES

[WIRE] = [wire for wire in WIRES if wire.name == "local"]
FENCE = "`" * 3
ONE = {"key": "one", "instruction": "Do it.", "agent": "writer"}
PLAN = json.dumps({"subtasks": [ONE]})


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Scripted]:
    async with running_script() as running:
        yield running


@pytest.fixture(scope="module")
async def runs(settings: Settings, server: Scripted) -> AsyncIterator[Runs]:
    changes = {"local_base_url": f"{server.url}/v1", "local_api_key": WIRE.settings["local_api_key"]}
    merged = {**settings.model_dump(), **changes, "graceful_shutdown_s": 1.0}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        async with runs_with_worker(Settings.model_validate(merged)) as started:
            yield started


@pytest.mark.parametrize(
    "answer",
    [
        f"<think>One step will do.</think>\n{PLAN}",
        f"{FENCE}json{PLAN}{FENCE}",
        f"{FENCE}json\n{PLAN}",
        f"~~~json\n{PLAN}\n~~~",
        f"\ufeffHere is the plan:\n{FENCE}\n// one step\n{PLAN}\n{FENCE}\nDone.",
        PLAN.replace("}]}", ', "depends_on": null, "decompose": "false",},],}'),
    ],
)
async def test_an_imperfect_plan_takes_one_request(runs: Runs, server: Scripted, answer: str) -> None:
    server.answers(script_of(answer), script_of("Done."))
    row = await ended(runs)
    assert (row["status"], row["result"]) == ("completed", "Done.")
    assert len(server.bodies) == 2
    assert row["model_calls"] == 2


async def test_a_plan_truncated_twice_fails_with_a_remedy(runs: Runs, server: Scripted) -> None:
    server.answers(script_of(PLAN[:-3]))
    row = await ended(runs)
    assert (row["status"], row["error_code"]) == ("failed", "plan_invalid")
    assert "cut off" in row["error"]
    assert row["error"].endswith("Send the subtasks in `plan`, or choose another model.")
    assert len(server.bodies) == 2


async def test_the_agents_of_the_tree_are_not_offered(runs: Runs, server: Scripted) -> None:
    planner = json.dumps({"subtasks": [{**ONE, "agent": "planner"}]})
    server.answers(script_of(planner), script_of(PLAN), script_of("Done."))
    assert (await ended(runs))["status"] == "completed"
    question, correction = (server.bodies[number]["messages"][-1]["content"] for number in (0, 1))
    assert "- writer:" in question
    assert "- planner:" not in question
    assert "- coordinator:" not in question
    assert "can't be given to 'planner'. Use one of analyst, coder" in correction


async def test_a_refused_schema_is_asked_for_in_words(runs: Runs, server: Scripted) -> None:
    refused = plain(400, {"error": {"message": "This response_format type is unavailable now"}})
    for scripts, requests in (
        ((refused, script_of(PLAN), script_of("Done.")), 3),
        ((script_of(PLAN), script_of("Done.")), 2),
    ):
        server.answers(*scripts)
        row = await ended(runs, model="local/refuses")
        assert (row["status"], row["model_calls"]) == ("completed", 2)
        assert len(server.bodies) == requests
        asked = server.bodies[requests - 2]
        assert "response_format" not in asked
        assert "depends_on" in asked["messages"][-1]["content"]


async def test_a_server_that_ignores_the_schema_sees_its_fields(runs: Runs, server: Scripted) -> None:
    server.answers(script_of(PLAN), script_of("Done."))
    await ended(runs)
    question = server.bodies[0]["messages"][-1]["content"]
    assert all(f'"{field}"' in question for field in ("subtasks", "key", "instruction", "agent", "depends_on"))


def script_of(text: str) -> Script:
    return Script(WIRE.frames_of(ModelAnswer(pieces=(text,))))


async def ended(runs: Runs, *, model: str = "local/gemma") -> RowMapping:
    return await runs.ended(await runs.start("Do it.", model=model))
