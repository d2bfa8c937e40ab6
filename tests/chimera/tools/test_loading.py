"""All tools of a worker together."""

import json
from pathlib import Path

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.tools.built_in import built_in
from chimera.tools.calculator import Calculator
from chimera.tools.loading import close, load
from chimera.tools.run_python import RunPython
from tests.chimera.tools.calls import context
from tests.chimera.tools.openapi.api import document

TOOLS = '''from chimera.tools.python import tool

@tool
def calculator(x: int) -> int:
    """Shadow a built-in tool."""
    return x

@tool(name="shop__get_x")
def shadow(x: int) -> int:
    """Shadow an operation."""
    return x
'''


async def test_earlier_sources_keep_their_names(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(TOOLS)
    (tmp_path / "doc.json").write_text(json.dumps(document({"/x": {"get": {}}, "/y": {"get": {}}})))
    api = {"document": "doc.json", "operations": ["*"], "base_url": "https://api.example"}
    (tmp_path / "apis.json").write_text(json.dumps({"apis": {"shop": api}}))
    settings = Settings(tools_dir=tmp_path, openapi_file=tmp_path / "apis.json")
    loaded = await load(settings, [Calculator()], EgressClient(settings))
    assert [tool.definition.name for tool in loaded.tools] == ["calculator", "shop__get_x", "shop__get_y"]
    assert isinstance(loaded.tools[0], Calculator)
    assert ["is the name of" in problem.message for problem in loaded.problems] == [True, True]


async def test_closing_ends_what_tools_hold() -> None:
    python = RunPython(at_once=1)
    await python.run({"code": "1"}, context())
    await close([Calculator(), python])
    assert python._pool is None


def test_the_built_in_tools_are_described() -> None:
    tools = {tool.definition.name: tool.definition for tool in built_in(Settings(), EgressClient(Settings()))}
    assert {"calculator", "current_time", "run_python"} <= set(tools)
    assert tools["current_time"].instant
    assert not tools["run_python"].instant
    for definition in tools.values():
        assert definition.description
        assert definition.parameters["type"] == "object"
