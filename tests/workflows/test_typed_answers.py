"""Typed answers: JSON that matches a schema, repaired at most twice, stored beside the text."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from activities.typed_answers import CORRECTION
from chimera.config.settings import Settings
from chimera.store import agents, retries
from models.agents import AgentSpec
from models.ids import TaskId
from models.tasks import SubtaskMode, TaskRetry
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.wires.base import ModelAnswer
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script
from tests.wires.vendors import WIRES

[WIRE] = [wire for wire in WIRES if wire.name == "local"]
LOCAL = "local/m"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
OTHER = {"type": "object", "properties": {"word": {"type": "string"}}, "required": ["word"]}


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Scripted]:
    async with running_script() as scripted:
        yield scripted


@pytest.fixture(scope="module")
async def runs(settings: Settings, server: Scripted, mode: SubtaskMode) -> AsyncIterator[Runs]:
    changes = {"local_base_url": f"{server.url}/v1", "local_api_key": SecretStr("k"), "graceful_shutdown_s": 1.0}
    async with runs_with_worker(settings.model_copy(update=changes)) as started:
        started.mode = mode
        yield started


def says(*texts: str) -> list[Script]:
    return [Script(WIRE.frames_of(ModelAnswer(pieces=(text,)))) for text in texts]


async def outputs_of(runs: Runs, task_id: TaskId) -> dict[str, Any]:
    rows = await runs.rows("SELECT path, output FROM subtasks WHERE run_id = :id", task_id)
    return {row["path"]: row["output"] for row in rows}


def asked_schema(body: dict[str, Any]) -> Any:
    form = body.get("response_format")
    return form and form["json_schema"]["schema"]


async def test_an_answer_is_stored_as_json(runs: Runs, server: Scripted) -> None:
    server.answers(*says('Here it is:\n```json\n{"n": 4}\n```'))
    # An agent without tools: this server accepts a schema only for answers that can't be tool calls.
    plan = [a_subtask("one", agent="critic", output_schema=SCHEMA)]
    task_id = await runs.start("Count.", model=LOCAL, plan=plan)
    row = await runs.ended(task_id)
    assert (row["status"], row["output"], await outputs_of(runs, task_id)) == ("completed", {"n": 4}, {"one": {"n": 4}})
    assert "Here it is" in row["result"]
    assert asked_schema(server.bodies[0]) == SCHEMA


async def test_a_sole_subtask_gets_the_schema_of_the_task(runs: Runs, server: Scripted) -> None:
    server.answers(*says('{"n": 4}'))
    task_id = await runs.start("Count.", model=LOCAL, plan=[a_subtask("one")], output_schema=SCHEMA)
    row = await runs.ended(task_id)
    assert (row["output"], await outputs_of(runs, task_id)) == ({"n": 4}, {"one": {"n": 4}})


async def test_only_the_aggregation_gets_the_schema_of_the_task(runs: Runs, server: Scripted) -> None:
    server.answers(*says("a", "b", '{"n": 4}'))
    task_id = await runs.start("Count.", model=LOCAL, plan=[a_subtask("a"), a_subtask("b")], output_schema=SCHEMA)
    row = await runs.ended(task_id)
    assert (row["output"], await outputs_of(runs, task_id)) == ({"n": 4}, {"a": None, "b": None})
    assert [asked_schema(body) for body in server.bodies] == [None, None, SCHEMA]


async def test_a_subtask_below_a_sole_one_gets_its_schema(runs: Runs, server: Scripted) -> None:
    plan = json.dumps({"subtasks": [{"key": "deep", "instruction": "Count.", "agent": "writer"}]})
    server.answers(*says(plan, '{"n": 4}'))
    task_id = await runs.start("Go.", model=LOCAL, plan=[a_subtask("top", decompose=True)], output_schema=SCHEMA)
    row = await runs.ended(task_id)
    assert row["output"] == {"n": 4}
    assert await outputs_of(runs, task_id) == {"top": {"n": 4}, "top/deep": {"n": 4}}


async def test_a_subtasks_schema_precedes_its_agents(runs: Runs, server: Scripted) -> None:
    spec = AgentSpec(name=f"typed-{runs.mode}", prompt="You answer.", output_schema=OTHER)
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, spec)
    server.answers(*says('{"n": 1}', '{"word": "tea"}', "Both."))
    plan = [
        a_subtask("own", agent=spec.name, output_schema=SCHEMA),
        a_subtask("of-agent", agent=spec.name, depends_on=["own"]),
    ]
    task_id = await runs.start("Count.", model=LOCAL, plan=plan)
    row = await runs.ended(task_id)
    assert (row["result"], row["output"]) == ("Both.", None)
    assert await outputs_of(runs, task_id) == {"own": {"n": 1}, "of-agent": {"word": "tea"}}
    assert '{"n": 1}' in server.bodies[1]["messages"][-1]["content"]


@pytest.mark.parametrize("wrong", ["Four.", '{"n": "four"}', '{"n": 4'], ids=["prose", "type", "cut"])
async def test_a_wrong_answer_is_repaired(runs: Runs, server: Scripted, wrong: str) -> None:
    server.answers(*says(wrong, wrong, '{"n": 4}'))
    task_id = await runs.start("Count.", model=LOCAL, plan=[a_subtask("one", output_schema=SCHEMA)])
    row = await runs.ended(task_id)
    assert (row["status"], row["output"], row["result"]) == ("completed", {"n": 4}, '{"n": 4}')
    *_, reply, asked = server.bodies[2]["messages"]
    assert (reply["content"], asked["role"]) == (wrong, "user")
    assert asked["content"].startswith(CORRECTION)


@pytest.mark.parametrize("keys", [("one",), ("one", "two")], ids=["a subtask", "the aggregation"])
async def test_the_third_wrong_answer_fails(runs: Runs, server: Scripted, keys: tuple[str, ...]) -> None:
    words = ["A word."] * len(keys) if len(keys) > 1 else []
    server.answers(*says(*words, "No.", '{"n": "x"}', "Still no."))
    task_id = await runs.start("Count.", model=LOCAL, plan=[a_subtask(key) for key in keys], output_schema=SCHEMA)
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"], row["output"]) == ("failed", "answer_invalid", None)
    assert len(server.bodies) == len(words) + 3
    kept = await runs.rows("SELECT content FROM messages WHERE run_id = :id ORDER BY path = '' DESC, seq DESC", task_id)
    assert kept[0]["content"].startswith(CORRECTION)
    assert "Still no." in {row["content"] for row in kept}
    # A retry asks once more, and sees the problems.
    server.answers(*says('{"n": 4}'))
    await runs.control(retries.retry, task_id, TaskRetry(guidance="Only JSON."))
    row = await runs.ended(task_id)
    assert (row["status"], row["output"], len(server.bodies)) == ("completed", {"n": 4}, 1)


async def test_nothing_of_an_answer_is_in_a_history(runs: Runs, server: Scripted) -> None:
    server.answers(*says('{"n": "secret-value"}', '{"n": 77123}'))
    schema = {**SCHEMA, "title": "A secret schema"}
    task_id = await runs.start("Count.", model=LOCAL, plan=[a_subtask("one", output_schema=schema)])
    await runs.ended(task_id)
    for history in await runs.histories(task_id):
        assert "secret schema" not in history.to_json()


POISON = {
    "NUL": ('{"n": 1, "t": "a\\u0000b"}', {"n": 1, "t": "ab"}),
    "surrogate": ('{"n": 1, "t": "a\\ud800b"}', {"n": 1, "t": "ab"}),
    "NaN": ('{"n": 1, "t": NaN}', {"n": 1, "t": None}),
    "endless": ('{"n": 1, "t": 1e400}', {"n": 1, "t": None}),
    "huge": ('{"n": 1' + "0" * 400 + "}", {"n": 10**400}),
    "too huge": ('{"n": 1' + "0" * 5000 + "}", None),
    "twice": ('{"n": 1, "n": 2}', None),
    "deep": ('{"n": 1, "t": ' + "[" * 10_000 + "]" * 10_000 + "}", None),
}


@pytest.mark.parametrize("name", POISON)
async def test_odd_values_are_stored_or_repaired(runs: Runs, server: Scripted, name: str) -> None:
    text, output = POISON[name]
    server.answers(*says(text, '{"n": 0}'))
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    task_id = await runs.start("Count.", model=LOCAL, plan=[a_subtask("one", output_schema=schema)])
    row = await runs.ended(task_id)
    assert (row["status"], row["output"]) == ("completed", {"n": 0} if output is None else output)
    assert len(server.bodies) == (2 if output is None else 1)
