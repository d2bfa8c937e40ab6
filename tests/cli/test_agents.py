"""A user's own agents, created from options, a file, or both."""

import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli.agents import (
    activate,
    change,
    create,
    deactivate,
    delete,
    diff,
    list_agents,
    metrics,
    rollback,
    show,
    status,
    versions,
)
from cli.errors import Refused, WrongUsage
from cli.http.bodies import changed_agent
from models.agents import AgentLimits, AgentSpec, AgentView
from tests.cli.api import TinyApi, problem
from tests.parts import serving

POET = {"name": "poet", "prompt": "You write four lines that rhyme."}


@pytest.fixture
async def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TinyApi]:
    api = TinyApi()
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        yield api


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "poet.json"
    path.write_text(json.dumps(POET | {"tools": ["calculator"], "temperature": 0.8, "built_in": True, "model": None}))
    return path


async def test_an_agent_is_made_shown_and_deleted(api: TinyApi, capsys: pytest.CaptureFixture[str]) -> None:
    assert await create(POET["name"], POET["prompt"], "Writes poems.") == 0
    assert api.agents["poet"] == AgentSpec.model_validate(POET | {"description": "Writes poems."})
    assert await show("poet") == 0
    shown = capsys.readouterr().out
    assert "Agent       poet\n" in shown
    assert shown.endswith("Prompt\nYou write four lines that rhyme.\n")
    assert await delete("poet") == 0
    assert api.agents == {}
    with pytest.raises(Refused):
        await delete("poet")


async def test_options_go_before_a_file(api: TinyApi, file: Path) -> None:
    await create("bard", temperature=0.2, file=file)
    assert (api.agents["bard"].tools, api.agents["bard"].temperature) == (("calculator",), 0.2)


async def test_a_shown_agent_can_be_created_again(
    api: TinyApi, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await create(file=file)
    capsys.readouterr()
    await show("poet", as_json=True)
    file.write_text(capsys.readouterr().out)  # noqa: ASYNC240
    made = api.agents.pop("poet")
    await create(file=file)
    assert api.agents["poet"] == made


@pytest.mark.parametrize(
    ("given", "missing"), [({}, "NAME and --prompt"), ({"name": "poet"}, "--prompt"), ({"prompt": "x"}, "NAME")]
)
async def test_missing_agent_fields_are_named(given: dict[str, Any], missing: str) -> None:
    with pytest.raises(WrongUsage, match=f"^An agent needs {missing}. For example, run: chimera agents create poet"):
        await create(**given)


async def test_a_file_that_is_no_agent_is_refused(file: Path) -> None:
    file.write_text("[]")  # noqa: ASYNC240
    with pytest.raises(WrongUsage, match=r"is not a JSON object\. Use an object"):
        await create(file=file)


async def test_a_misspelt_field_of_a_file_is_named(file: Path) -> None:
    file.write_text('{"name": "z", "promt": "x"}')  # noqa: ASYNC240
    with pytest.raises(WrongUsage, match=r"There is no field 'promt'. Did you mean 'prompt'\?"):
        await create(file=file)


@pytest.mark.parametrize("with_file", [True, False])
async def test_a_field_of_a_file_is_no_option(api: TinyApi, file: Path, with_file: bool) -> None:
    api.refuse = [problem(422, "invalid_input", "No")]
    with pytest.raises(Refused) as refused:
        await create("poet", "Rhyme.", temperature=2, file=file if with_file else None)
    options = refused.value.options
    assert (options["temperature"], options["name"]) == ("--temperature", "NAME")
    assert ("max_output_tokens" in options) == (not with_file)


@pytest.mark.usefixtures("real_api")
async def test_agents_are_listed_with_descriptions(capsys: pytest.CaptureFixture[str]) -> None:
    assert await list_agents() == 0
    assert "researcher" in capsys.readouterr().out
    assert await list_agents(as_json=True) == 0
    assert "planner" in [agent["name"] for agent in json.loads(capsys.readouterr().out)["items"]]


@pytest.mark.usefixtures("real_api")
async def test_an_agent_is_changed_and_rolled_back(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await create("poet", "You rhyme.", tool=["calculator"])
    await change("poet", prompt="You don't rhyme.", temperature=0.5)
    assert lines_of(capsys)[-1] == "Agent poet was changed. New tasks use version 2."
    await change("poet", temperature=0.5)
    assert lines_of(capsys) == ["Nothing changes, so agent poet keeps version 2."]
    await diff("poet", 1, 2)
    assert lines_of(capsys) == [
        "prompt:",
        "--- version 1",
        "+++ version 2",
        "@@ -1 +1 @@",
        "-You rhyme.",
        "+You don't rhyme.",
        "temperature: (none) → 0.5",
    ]
    await diff("poet", 2, 2)
    assert lines_of(capsys) == ["Versions 2 and 2 are equal."]
    await rollback("poet", 1)
    assert lines_of(capsys) == ["Agent poet has the fields of version 1. New tasks use version 3."]
    await versions("poet")
    heading, *rows = lines_of(capsys)
    assert heading.split() == ["Version", "Created", "Changed"]
    assert [(row.split()[0], " ".join(row.split()[4:])) for row in rows] == [
        ("3", "prompt, temperature"),
        ("2", "prompt, temperature"),
        ("1", ""),
    ]
    # A file replaces all fields, except for the name.
    await change("poet", description="Writes.", file=file)
    await show("poet", as_json=True)
    shown = json.loads(capsys.readouterr().out.partition("\n")[2])
    assert (shown["version"], shown["description"], shown["temperature"]) == (4, "Writes.", 0.8)


@pytest.mark.usefixtures("real_api")
async def test_an_agent_is_deactivated_and_activated(capsys: pytest.CaptureFixture[str]) -> None:
    await create("poet", "You rhyme.")
    await deactivate("poet")
    assert lines_of(capsys)[-1] == "Agent poet is inactive. Subtasks that are already planned with it finish."
    await show("poet")
    assert "Version     1, inactive" in lines_of(capsys)
    await list_agents()
    assert "1, inactive" in capsys.readouterr().out
    await activate("poet")
    assert lines_of(capsys) == ["Agent poet is active."]


@pytest.mark.usefixtures("real_api")
async def test_an_unused_agent_has_no_metrics(capsys: pytest.CaptureFixture[str]) -> None:
    await status("analyst")
    assert lines_of(capsys) == ["The agent is idle, with no tasks waiting for it."]
    await metrics("analyst", since=datetime(2026, 11, 1, 7))  # noqa: DTZ001  # as typed, without an offset
    assert lines_of(capsys) == ["The agent has made no model calls in tasks created since 2026-11-01 07:00 UTC."]


@pytest.mark.usefixtures("real_api")
async def test_each_answer_is_available_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    await create("poet", "You rhyme.")
    for command, field in ((versions, "items"), (status, "calls"), (metrics, "versions")):
        capsys.readouterr()
        await command("poet", as_json=True)
        assert field in json.loads(capsys.readouterr().out)
    for changed in (change("poet", role="bard", as_json=True), rollback("poet", 1, as_json=True)):
        await changed
        assert json.loads(capsys.readouterr().out)["name"] == "poet"
    await diff("poet", 1, 2, as_json=True)
    assert json.loads(capsys.readouterr().out)["changes"][0]["field"] == "role"


async def test_a_change_needs_an_option(api: TinyApi) -> None:
    api.agents["poet"] = AgentSpec.model_validate(POET)
    with pytest.raises(WrongUsage, match="Add an option for each field that you want to change, such as --prompt"):
        await change("poet")


def lines_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [line.rstrip() for line in capsys.readouterr().out.splitlines()]


async def test_limits_are_set_and_shown(api: TinyApi, capsys: pytest.CaptureFixture[str]) -> None:
    await create(POET["name"], POET["prompt"], max_turns=5, max_cost_micro_usd=50_000)
    limits = api.agents["poet"].limits
    assert (limits.max_turns, limits.max_seconds, limits.max_cost_micro_usd) == (5, None, 50_000)
    capsys.readouterr()
    await show("poet")
    assert "Limits      5 turns, 3 identical turns in a row, $0.0500\n" in capsys.readouterr().out


async def test_a_schema_is_read_from_a_file(api: TinyApi, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}}
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(schema))
    await create(POET["name"], POET["prompt"], output_schema=path)
    assert api.agents["poet"].output_schema == schema
    capsys.readouterr()
    await show("poet")
    assert "Answers     at most 2,048 tokens, as typed JSON\n" in capsys.readouterr().out
    with pytest.raises(WrongUsage, match="The JSON Schema in"):
        await create("bard", POET["prompt"], output_schema=tmp_path / "none.json")


def test_a_changed_limit_keeps_the_others() -> None:
    before = AgentView.model_validate({**AgentSpec.model_validate(POET).model_dump(), "built_in": False})
    before = before.model_copy(update={"limits": AgentLimits(max_turns=5, max_identical_calls=4)})
    body = changed_agent(before, {"limits": {"max_turns": 7}, "role": None}, None)
    assert AgentSpec.model_validate(body).limits == AgentLimits(max_turns=7, max_identical_calls=4)
