"""The file that names APIs, and the secrets to which it refers."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.tools.openapi.file import path_of
from chimera.tools.openapi.loading import load
from chimera.tools.problems import LoadedTools
from tests.chimera.tools.openapi.api import document

ENTRY: dict[str, Any] = {"document": "doc.json", "operations": ["*"], "base_url": "https://api.example/v1"}


async def load_file(folder: Path, text: str) -> LoadedTools:
    (folder / "doc.json").write_text(json.dumps(document({"/x": {"get": {}}})))
    (folder / "apis.json").write_text(text)
    settings = Settings(openapi_file=folder / "apis.json")
    return await load(settings, EgressClient(settings), {"A": SecretStr("canary")}.get)


async def test_without_a_file_there_are_no_tools(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert path_of(settings) is None
    (tmp_path / "openapi-tools.json").write_text("{}")
    assert path_of(settings) == tmp_path / "openapi-tools.json"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "Not valid JSON"),
        ("", "Not valid JSON"),
        ("{}", "apis: A required value is missing"),
        ('{"apis": {"My Shop": {}}}', "My Shop"),
        ('{"apis": {"a__b": {"document": "x", "operations": ["*"]}}}', "a__b"),
        ('{"apis": {"shop": {"document": "x"}}}', "apis.shop.operations: A required value is missing"),
        (json.dumps({"apis": {"shop": ENTRY | {"oprations": []}}}), "oprations"),
        (json.dumps({"apis": {"shop": ENTRY | {"base_url": "https://x.example/?k=1"}}}), "contains a user, a query"),
        (json.dumps({"apis": {"shop": ENTRY | {"base_url": "https://${A}.example"}}}), "only for headers and query"),
        (json.dumps({"apis": {"shop": ENTRY | {"headers": {"Host": "x"}}}}), "The header 'Host' can't be set"),
        (json.dumps({"apis": {"shop": ENTRY | {"headers": {"a b": "x"}}}}), "The header 'a b' can't be set"),
        (json.dumps({"apis": {"shop": ENTRY | {"kind": {"x": "never"}}}}), "apis.shop.kind.x"),
        (json.dumps({"apis": {"shop": ENTRY | {"headers": {"X": "${B}"}}}}), "Set CHIMERA_SECRET_B, or add a file B"),
        (
            json.dumps({"apis": {"shop": ENTRY | {"headers": {"X": "${A}\nb"}}}}),
            "characters that a header can't contain",
        ),
        (json.dumps({"apis": {"shop": ENTRY | {"document": "gone.json"}}}), "'gone.json' can't be read"),
    ],
)
async def test_a_wrong_file_is_explained(tmp_path: Path, text: str, problem: str) -> None:
    found = await load_file(tmp_path, text)
    assert found.tools == ()
    assert problem in str(found.problems[0])
    assert "canary" not in str(found.problems)


async def test_one_wrong_api_spoils_no_other(tmp_path: Path) -> None:
    found = await load_file(tmp_path, json.dumps({"apis": {"bad": ENTRY | {"document": "gone"}, "shop": ENTRY}}))
    assert [tool.definition.name for tool in found.tools] == ["shop__get_x"]
    assert [problem.place for problem in found.problems] == ["bad"]


async def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    settings = Settings(openapi_file=tmp_path / "gone.json")
    found = await load(settings, EgressClient(settings), lambda name: None)
    assert "CHIMERA_OPENAPI_FILE" in str(found.problems[0])
