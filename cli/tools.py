"""Tools: list and show the tools that agents can use, and accept changed definitions."""

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.arguments import AsJson
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line
from cli.output.tools import print_tool, print_tools

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The tool's full name, such as github__create_issue.", show_default=False)
]
Agent = Annotated[str | None, typer.Option(help="List only the tools that this agent can use, with the rules for it.")]

app = typer.Typer(name="tools", help="Manage the tools that agents can use: list and show them, or accept a change.")


@app.callback(invoke_without_command=True)
def tools(context: typer.Context, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """Manage the tools that agents can use: list and show them, or accept a change."""
    return None if context.invoked_subcommand else list_tools(as_json=as_json)


@app.command(name="list")
async def list_tools(agent: Agent = None, as_json: AsJson = False) -> int:
    """List the tools by source, with the rule for their calls and their agents. Same as: chimera tools"""
    async with signed_in({"agent": "--agent"}) as client:
        found = await client.tools(agent)
        agents = () if as_json else await client.agents()
    if as_json:
        print_list(found)
    else:
        print_tools(found, agents, agent)
    return 0


@app.command()
async def show(name: Name, as_json: AsJson = False) -> int:
    """Show a tool: its description and arguments, and the change that waits to be accepted."""
    async with signed_in() as client:
        tool = await client.tool(name)
    if as_json:
        print_json(tool)
    else:
        print_tool(tool)
    return 0


@app.command()
async def accept(name: Name) -> int:
    """Print the change of a tool's definition and accept it, so that the tool can be called again."""
    async with signed_in() as client:
        tool = await client.tool(name)
        if tool.offered is not None:
            # Exactly what is shown is accepted, even if the server changes it again meanwhile.
            print_tool(tool)
        await client.accept_tool(name, tool.offered.sha256 if tool.offered else "")
    print_line(f"The change of {tool.name} was accepted. Agents can call the tool again.")
    return 0
