"""The servers of the installation's file are started as a worker starts them."""

import json
import sys
from pathlib import Path

from chimera.config.settings import Settings
from cli.checks.findings import Level
from cli.checks.mcp_servers import mcp_servers
from tests.chimera.tools.mcp.builders import SCRIPT


async def test_each_server_is_tried(tmp_path: Path) -> None:
    entries = {
        "good": {"command": sys.executable, "args": [str(SCRIPT), "good"]},
        "broken": {"command": sys.executable, "args": [str(SCRIPT), "crash"], "env": {"KEY": "ghp_abcdefgh123"}},
        "off": {"command": "x", "disabled": True},
        "wrong": {"url": "ftp://a"},
    }
    (tmp_path / "mcp.json").write_text(json.dumps({"mcpServers": entries}))
    found = {finding.what: finding for finding in await mcp_servers(Settings(data_dir=tmp_path))}
    assert (found["MCP server good"].level, found["MCP server good"].message) == (Level.OK, "10 tools")
    assert found["MCP server off"].level is Level.OK
    assert found["MCP server broken"].level is Level.FAIL
    assert "GITHUB_TOKEN=[secret] is invalid" in found["MCP server broken"].message
    assert "url: The address" in found["MCP server wrong"].message


async def test_without_a_file_nothing_is_checked(tmp_path: Path) -> None:
    assert await mcp_servers(Settings(data_dir=tmp_path)) == []
