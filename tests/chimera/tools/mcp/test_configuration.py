"""The installation's file of MCP servers: everybody's forms, secrets, and what its errors say."""

import json
from pathlib import Path
from typing import Any

import pytest

from chimera.config.settings import Settings
from chimera.tools.mcp.configuration import Configuration, normalized, read_configuration
from chimera.tools.mcp.servers import HttpServer, ServerSettings, StdioServer, ToolSettings, without_secrets
from models.tools import ToolKind


def read(folder: Path, content: object) -> Configuration:
    path = folder / "mcp.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content, indent=2))
    return read_configuration(Settings(mcp_file=path))


def problem_of(folder: Path, entry: object, name: str = "files") -> str:
    found = read(folder, {"mcpServers": {name: entry}})
    assert found.servers == ()
    return found.problems[0].message


def test_an_existing_file_works(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        {
            "mcpServers": {
                "Files": {
                    "command": "npx",
                    "args": ["-y", "@modelcontextprotocol/server-filesystem", "/data"],
                    "env": {"DEBUG": True, "PORT": 3000},
                    "alwaysAllow": ["read_file"],
                    "timeout": 60,
                },
                "search": {"type": "http", "url": "https://mcp.example/mcp", "headers": {"X-Key": "abcdefgh1"}},
                "old": {"command": "x", "disabled": True},
            },
            "theme": "dark",
        },
    )
    files, search = found.servers
    assert isinstance(files, StdioServer)
    assert (files.name, files.args[-1], files.env) == ("files", "/data", {"DEBUG": "true", "PORT": "3000"})
    assert isinstance(search, HttpServer)
    assert (search.url, search.headers) == ("https://mcp.example/mcp", {"X-Key": "abcdefgh1"})
    assert (found.problems, found.disabled) == ((), ("old",))


@pytest.mark.parametrize(
    "content", [{"servers": {"a": {"command": "x"}}}, {"mcp": {"servers": {"a": {"command": "x"}}}}]
)
def test_the_forms_of_vs_code_work(tmp_path: Path, content: object) -> None:
    assert [server.name for server in read(tmp_path, content).servers] == ["a"]


@pytest.mark.parametrize("switch", [{"disabled": True}, {"enabled": False}, {"isActive": False, "baseUrl": "x"}])
def test_a_server_that_is_switched_off_stays_off(tmp_path: Path, switch: dict[str, object]) -> None:
    found = read(tmp_path, {"mcpServers": {"a": {"command": "x", **switch}, "b": {"command": "x", "isActive": True}}})
    assert ([server.name for server in found.servers], found.disabled, found.problems) == (["b"], ("a",), ())


@pytest.mark.parametrize("kind", ["http", "streamable-http", "streamableHttp", None])
def test_types_of_addresses_are_accepted(tmp_path: Path, kind: str | None) -> None:
    entry = {"url": "http://10.0.0.1/mcp"} | ({} if kind is None else {"type": kind})
    assert read(tmp_path, {"mcpServers": {"a": entry}}).problems == ()


def test_our_own_key_overrides_annotations(tmp_path: Path) -> None:
    ours = {"trusted": True, "tools": {"put": {"kind": "idempotent", "reads_only": True}}, "allow": ["p*"]}
    (server,) = read(tmp_path, {"mcpServers": {"a": {"command": "x", "chimera": ours}}}).servers
    assert server.settings == ServerSettings(
        trusted=True, tools={"put": ToolSettings(ToolKind.IDEMPOTENT, True)}, allow=("p*",)
    )


def test_secrets_are_filled_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_SECRET_GITHUB_TOKEN", "ghp_abc")
    monkeypatch.setenv("OTHER", "from the environment")
    entry = {"command": "x", "args": ["--at=${PLACE:-home}"], "env": {"TOKEN": "Bearer ${GITHUB_TOKEN}"}}
    (server,) = read(tmp_path, {"mcpServers": {"a": entry}}).servers
    assert isinstance(server, StdioServer)
    assert (server.env, server.args) == ({"TOKEN": "Bearer ghp_abc"}, ("--at=home",))
    assert "ghp_abc" not in repr(server)
    assert without_secrets("it is ghp_abc", server) == "it is [secret]"
    problem = problem_of(tmp_path, {"command": "x", "env": {"TOKEN": "${OTHER}"}})
    assert "'OTHER', which isn't set. Set CHIMERA_SECRET_OTHER" in problem


def test_problems_name_file_line_server_and_field(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, {"command": "x", "args": [1]}, "My files")
    assert problem.startswith(f"MCP file '{tmp_path}/mcp.json', line 3, server 'My files', args.0: ")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({}, "Set either 'command' for a program or 'url'"),
        ({"command": "x", "url": "http://a/"}, "Set either 'command' for a program or 'url'"),
        ({"url": "file:///etc/passwd"}, "doesn't begin with http:// or https://"),
        ({"url": "http://a/sse", "type": "sse"}, "isn't supported. Use 'http'"),
        ({"url": "http://a/", "type": "stdio"}, "can't have the type 'stdio'"),
        ({"command": "x", "type": "http"}, "has the type 'stdio', not 'http'"),
        ({"command": "x", "env": {"A": "${input:key}"}}, "'${input:key}' isn't supported"),
        ({"command": "x\u0000"}, "NUL"),
        ({"command": "x", "chimera": {"trust": True}}, "chimera.trust"),
        ({"command": "x", "chimera": {"tools": {"a": {"kind": "safe"}}}}, "chimera.tools.a.kind"),
        ("x", "curly brackets"),
    ],
    ids=lambda value: None if isinstance(value, str) else "entry",
)
def test_a_wrong_entry_is_explained(tmp_path: Path, entry: Any, words: str) -> None:
    assert words in problem_of(tmp_path, entry)


def test_one_wrong_entry_leaves_the_others(tmp_path: Path) -> None:
    found = read(tmp_path, {"mcpServers": {"a": {}, "b": {"command": "x"}, "B": {"command": "y"}}})
    assert [server.name for server in found.servers] == ["b"]
    assert ["Set either" in found.problems[0].message, "too. Rename" in found.problems[1].message] == [True, True]


@pytest.mark.parametrize(
    ("content", "words"),
    [("{", "is not JSON"), ("[]", "is not a JSON object"), ("{}", 'has no object "mcpServers"'), ("", "is empty")],
)
def test_a_wrong_file_is_explained(tmp_path: Path, content: str, words: str) -> None:
    assert words in read(tmp_path, content).problems[0].message


def test_a_missing_file_is_explained(tmp_path: Path) -> None:
    found = read_configuration(Settings(mcp_file=tmp_path / "gone.json"))
    assert "Correct the path in CHIMERA_MCP_FILE" in found.problems[0].message


def test_the_data_folder_has_the_usual_file(tmp_path: Path) -> None:
    assert read_configuration(Settings(data_dir=tmp_path)) == Configuration()
    (tmp_path / "mcp.json").write_text('{"mcpServers": {"a": {"command": "x"}}}')
    assert [server.name for server in read_configuration(Settings(data_dir=tmp_path)).servers] == ["a"]


@pytest.mark.parametrize(
    ("written", "name"), [("My Server!", "my-server"), ("a__b", "a_b"), ("GitHub", "github"), ("@org/x", "org-x")]
)
def test_names_are_normalized(written: str, name: str) -> None:
    assert normalized(written) == name
