"""Prints tools and MCP servers."""

from collections.abc import Iterable, Sequence
from difflib import unified_diff
from fnmatch import fnmatchcase
from itertools import groupby
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

_LAST_COLUMN_WIDTH = 16
_AT_FIRST = "at first"
_VERDICTS = {"allow": "allowed", "ask": "asks", "deny": "denied"}
_SOURCES = {"built_in": "Built in", "python": "Python", "mcp": "MCP server", "openapi": "OpenAPI"}


def print_tools(tools: Sequence["ToolView"], agents: Sequence["AgentView"], agent: str | None = None) -> None:
    """Print a line per tool, by source: what the rules say about its calls, and the agents that can use it.

    With `agent`, the tools are those of this agent, and the line says whether a call can be repeated.
    """
    if not tools:
        print_line(f"{agent} has no tools." if agent else "There are no tools yet. A worker lists them when it starts.")
        return
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, expand=True)
    table.add_column("Tool", overflow="fold", max_width=_room_for_names(console, tools))
    table.add_column("Calls", no_wrap=True)
    table.add_column("Rule", no_wrap=True)
    table.add_column("Repeatable" if agent else "Agents", ratio=1)
    for source, group in groupby(sorted(tools, key=_place_of), key=_source_of):
        table.add_row(Text(one_line(source, 200), style="bold"), "", "", "")
        for tool in group:
            last = _kind_of(tool) if agent else ", ".join(_users_of(tool, agents))
            cells = (f"  {tool.name}", _calls_of(tool), _rule_of(tool), last)
            table.add_row(*(Text(_cell(cell)) for cell in cells))
    print_table(console, table)
    for line in _notes_on(tools):
        print_prose(console, Text(line), indent=2)


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


def _cell(text: str) -> str:
    """Return text for one line of a cell, with its indentation."""
    return text[: len(text) - len(text.lstrip())] + one_line(text, 500)


def _room_for_names(console: Console, tools: Iterable["ToolView"]) -> int:
    """Return the width that the other columns leave for names, so that few of them need a second line."""
    others = max(len(_calls_of(tool)) for tool in tools) + max(len(_rule_of(tool)) for tool in tools)
    return min(max(console.width - others - _LAST_COLUMN_WIDTH - 6, 32), 66)


def _place_of(tool: "ToolView") -> tuple[int, bool, str, str]:
    order = ("built_in", "python", "openapi", "mcp")
    return order.index(tool.source.value), tool.own, tool.server or "", tool.name


def _calls_of(tool: "ToolView") -> str:
    """Return in a word or two whether calls of a tool run."""
    if tool.status != "active":
        return tool.status.value
    ruling = tool.ruling
    if ruling.verdict == "allow" and ruling.after_untrusted != "allow":
        words = _AT_FIRST
    else:
        words = _VERDICTS[ruling.verdict.value]
    return f"{words} *" if ruling.varies else words


def _rule_of(tool: "ToolView") -> str:
    ruling = tool.ruling
    return ruling.decided_by if ruling.rule is None else f"{ruling.decided_by} {ruling.rule}"


def _notes_on(tools: Sequence["ToolView"]) -> Iterable[str]:
    """Return the explanations of the words and marks in a list of tools."""
    words = {_calls_of(tool).removesuffix(" *") for tool in tools}
    if _AT_FIRST in words:
        yield (
            f"{_AT_FIRST}: allowed until the task has read content from outside. Then calls have to be approved, unless"
            " their destination is trusted."
        )
    if any(tool.ruling.varies for tool in tools):
        yield "*: an earlier rule decides for some arguments or agents. To see the rules, run: chimera policy"
    if changed := [tool.name for tool in tools if tool.status == "changed"]:
        yield f"changed: the tool can't be called until its change is accepted. See: chimera tools show {changed[0]}"
    if "gone" in words:
        yield "gone: the tool's server or file no longer has it."


def _ruling_in_words(tool: "ToolView") -> str:
    who = "by default" if tool.ruling.rule is None else f"by rule {tool.ruling.rule} ({tool.ruling.decided_by})"
    return f"{_calls_of(tool).replace(_AT_FIRST, 'allowed at first')}, {who}. {tool.ruling.reason}".strip()


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
        ("Calls", _ruling_in_words(tool) if tool.status == "active" else ""),
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
    source = _SOURCES[tool.source.value]
    named = f"{source} {tool.server}" if tool.server else source
    return f"{named} (yours)" if tool.own else named


def _kind_of(tool: "ToolView") -> str:
    return {"pure": "yes", "idempotent": "with its key", "once": "no"}[tool.kind.value]


def _users_of(tool: "ToolView", agents: Sequence["AgentView"]) -> Iterable[str]:
    return (agent.name for agent in agents if any(fnmatchcase(tool.name, pattern) for pattern in agent.tools))
