"""Prints tools and MCP servers."""

from collections.abc import Iterable, Sequence
from difflib import unified_diff
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_answer, print_line, print_prose
from cli.output.revealed import revealed_text
from cli.output.tables import print_table
from cli.output.text import one_line, plain

if TYPE_CHECKING:
    from models.agents import AgentView
    from models.mcp_servers import McpServerView
    from models.tools import OfferedTool, ToolDetails, ToolView


def print_tools(tools: Sequence["ToolView"], agents: Sequence["AgentView"]) -> None:
    """Print a line per tool, with the agents that can use it."""
    if not tools:
        print_line("There are no tools yet. A worker lists them when it starts.")
        return
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("Tool", overflow="fold", max_width=64)
    for heading in ("Source", "Repeatable", "Status"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Agents", ratio=1)
    for tool in tools:
        cells = (tool.name, _source_of(tool), _kind_of(tool), tool.status.value, ", ".join(_users_of(tool, agents)))
        table.add_row(*(Text(one_line(cell, 500)) for cell in cells))
    print_table(Console(highlight=False), table)
    if waiting := [tool.name for tool in tools if tool.status == "changed"]:
        print_line(f"A changed tool can't be called until its change is accepted. See: chimera tools show {waiting[0]}")


def print_tool(tool: "ToolDetails") -> None:
    """Print a tool's facts, its description and arguments, and the change that waits."""
    console = Console(highlight=False)
    for label, value in _facts_of(tool):
        print_prose(console, Text.assemble((f"{label:<12}", "dim"), one_line(value, 600)), indent=12)
    if tool.offered is None:
        print_answer(plain(_written(tool)))
        return
    console.print(Text("Change", style="bold"))
    before = _written(tool).splitlines() if tool.sha256 else []
    lines = unified_diff(before, _written(tool.offered).splitlines(), "accepted", "offered", lineterm="", n=100)
    print_answer(plain("\n".join(lines)))


def print_servers(servers: Sequence["McpServerView"]) -> None:
    """Print a line per server."""
    if not servers:
        print_line("You have no MCP servers of your own. To add one, run: chimera mcp add <name> <url>")
        return
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Server", "Tools", "Changed"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Address", overflow="fold", max_width=60)
    table.add_column("Problem", ratio=1)
    for server in servers:
        cells = (server.name, str(server.tools), str(server.waiting or ""), server.url, server.error or "")
        table.add_row(*(Text(one_line(cell, 500)) for cell in cells))
    print_table(Console(highlight=False), table)


def _facts_of(tool: "ToolDetails") -> list[tuple[str, str]]:
    flags = (
        ("reads only", tool.reads_only),
        ("untrusted results", tool.untrusted),
        ("sends data out", tool.egress),
    )
    facts = (
        ("Tool", tool.name),
        ("Source", _source_of(tool)),
        ("Status", tool.status.value if tool.sha256 else f"{tool.status.value} (new, never accepted)"),
        ("Repeatable", _kind_of(tool)),
        ("Properties", ", ".join(name for name, is_set in flags if is_set)),
    )
    return [(label, value) for label, value in facts if value]


def _written(tool: "ToolView | OfferedTool") -> str:
    """Return what a model sees of a tool, in lines that can be compared."""
    # Imported here, because help loads this file but shows no tools.
    from pydantic_core import to_json

    flags = (
        f"kind: {tool.kind.value}, reads only: {tool.reads_only}, untrusted: {tool.untrusted}, sends data out:"
        f" {tool.egress}"
    )
    # Text of a stranger, which a person accepts: nothing in it may be hidden.
    return revealed_text(f"{tool.description}\n{flags}\n{to_json(tool.parameters, indent=2).decode()}")


def _source_of(tool: "ToolView") -> str:
    source = tool.source.value.replace("_", "-")
    named = f"{source} {tool.server}" if tool.server else source
    return f"{named} (yours)" if tool.own else named


def _kind_of(tool: "ToolView") -> str:
    return {"pure": "yes", "idempotent": "with its key", "once": "no"}[tool.kind.value]


def _users_of(tool: "ToolView", agents: Sequence["AgentView"]) -> Iterable[str]:
    return (agent.name for agent in agents if any(fnmatchcase(tool.name, pattern) for pattern in agent.tools))
