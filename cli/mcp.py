"""A user's own MCP servers: add, list, refresh and remove them."""

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.arguments import AsJson
from cli.input.options import MCP_SERVER
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line
from cli.output.text import count, one_line
from cli.output.tools import print_servers

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The server's name, the prefix of its tools.", show_default=False)
]
Url = Annotated[
    str, typer.Argument(metavar="URL", help="The server's address, with streamable HTTP.", show_default=False)
]
Headers = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME: VALUE",
        help="A header for each request, such as 'Authorization: Bearer …'. You can repeat this option.",
    ),
]

app = typer.Typer(name="mcp", help="Manage your own MCP servers: add, list, refresh or remove them.")


@app.callback(invoke_without_command=True)
def mcp(context: typer.Context, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """Manage your own MCP servers: add, list, refresh or remove them."""
    return None if context.invoked_subcommand else list_servers(as_json=as_json)


@app.command(name="list")
async def list_servers(as_json: AsJson = False) -> int:
    """List your MCP servers. Same as: chimera mcp"""
    async with signed_in() as client:
        found = await client.mcp_servers()
    if as_json:
        print_list(found)
    else:
        print_servers(found)
    return 0


@app.command()
async def add(name: Name, url: Url, header: Headers = None, as_json: AsJson = False) -> int:
    """Add an MCP server at an address, and list its tools."""
    body = {"name": name, "url": url, "headers": _headers_of(header or [])}
    async with signed_in(MCP_SERVER) as client:
        server = await client.add_mcp_server(body)
    if as_json:
        print_json(server)
        return 0
    print_line(f"MCP server {server.name} was added with {count(server.tools, 'tool')}. To let an agent use them, run:")
    print_line(f"chimera agents change <agent> --tool '{server.name}__*'")
    return 0


@app.command()
async def refresh(name: Name) -> int:
    """List a server's tools again. Changed and new tools wait until you accept them."""
    async with signed_in() as client:
        server = await client.refresh_mcp_server(name)
    waiting = f" {count(server.waiting, 'change')} to accept; see: chimera tools" if server.waiting else ""
    print_line(f"MCP server {server.name} has {count(server.tools, 'tool')}.{waiting}")
    return 0


@app.command()
async def remove(name: Name) -> int:
    """Remove one of your MCP servers with its tools."""
    async with signed_in() as client:
        await client.remove_mcp_server(name)
    print_line(f"MCP server {one_line(name, 60)} was removed.")
    return 0


def _headers_of(given: list[str]) -> dict[str, str]:
    from cli.errors import WrongUsage

    headers: dict[str, str] = {}
    for header in given:
        name, colon, value = header.partition(":")
        if not colon or not name.strip() or not value.strip():
            # Without the text, which may be a key.
            raise WrongUsage("A header has the form 'NAME: VALUE'. For example: --header 'Authorization: Bearer …'")
        headers[name.strip()] = value.strip()
    return headers
