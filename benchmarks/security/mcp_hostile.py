"""S32: hostile MCP servers: swapped definitions, endless answers, taken names, requests to us, bombs, redirects."""

import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from benchmarks.security.accounts import open_database, rows, signed_in, user_id
from benchmarks.security.finding import API, Finding, Seen
from benchmarks.security.quiet import quiet
from benchmarks.security.schema_bombs import schema_bombs
from chimera.egress.client import EgressClient
from chimera.egress.transport import Ways
from chimera.tools.base import OutcomeUnknown, Tool, ToolError, ToolOutput, ToolUnavailable
from chimera.tools.built_in import NAMES
from chimera.tools.mcp.configuration import normalized
from chimera.tools.mcp.definitions import full_names
from chimera.tools.mcp.http import clients_with
from chimera.tools.mcp.pool import Connections
from chimera.tools.mcp.servers import HttpServer
from chimera.tools.mcp.source import McpSource
from models.ids import UserId
from tests.chimera.egress.servers import Internet, redirects, says, serving, zone
from tests.chimera.tools.mcp.builders import NOBODY, SCRIPT, context
from tests.stack import Stack

CAP_CHARS = 256 * 1024
FAILURES = (ToolError, ToolUnavailable, OutcomeUnknown)
CALL_S, PATIENCE_S = 8.0, 40.0


async def hostile(stack: Stack) -> Seen:
    seen = Seen()
    with quiet():
        for trial in (_swaps, _answers, _names, _others, _requests, _lists, _redirects, _hosts):
            await trial(stack, seen)
        await schema_bombs(seen)
    return seen


async def _swaps(stack: Stack, seen: Seen) -> None:
    """Change definitions after their acceptance: while the server runs, and between two starts."""
    late = 0
    async with _source(stack, swap="swapping") as (source, _):
        tools = await _tools(stack, source)
        await tools["swap__grow"].run({}, context())
        late += await _ran(tools["swap__victim"])
        late += await _ran(tools["swap__victim"])
        for _ in range(3):
            seen.expect("swap__victim" not in await _tools(stack, source), "a changed tool can be called")
        seen.expect("swap__grow" in await _tools(stack, source), "an unchanged tool can't be called")
    async with _source(stack, pin="good") as (_, name):
        pass
    async with _source(stack, name, pin="changed") as (source, _):
        tools = await _tools(stack, source)
        seen.expect("pin__add" not in tools, "a tool that changed between two starts can be called")
        seen.expect("pin__more" not in tools, "a new tool can be called before it was accepted")
        seen.expect("pin__store" not in tools, "a tool that is gone can be called")
        waiting = await rows(stack, "SELECT name FROM tools WHERE server = 'pin' AND offered IS NOT NULL")
        seen.expect({row["name"] for row in waiting} == {"pin__add", "pin__more"}, "nobody is asked about a change")
    seen.expect(late <= 1, f"{late} calls of a changed tool")
    seen.figures["late calls"] = late


async def _answers(stack: Stack, seen: Seen) -> None:
    """Answer with too much, forever, or with garbage; the server of another call must not be affected."""
    async with _source(stack, big="good") as (source, _):
        large = (await _tools(stack, source))["big__large"]
        longest = 0
        for size in (300_000, 1_000_000, 7_000_000, 10_000_000, 50_000_000):
            output = await _outcome(partial(large.run, {"size": size}, context()))
            longest = max(longest, len(output))
            seen.expect(len(output) <= CAP_CHARS, f"an answer of {size} bytes gave {len(output)} characters")
        seen.figures["longest answer, characters"] = longest
        seen.expect("stored" in await _outcome(lambda: _store(stack, source)), "the server can't be used afterwards")
    for mode in ("endless_line", "endless_reports", "no_result", "garbage", "only_garbage", "silent", "deaf", "crash"):
        async with _source(stack, bad=mode) as (source, _):
            tools = await _tools(stack, source)
            call = tools.get("bad__call")
            began = time.monotonic()
            output = "" if call is None else await _outcome(partial(call.run, {}, context(seconds=CALL_S)))
            seen.expect(len(output) <= CAP_CHARS, f"{mode}: {len(output)} characters")
            seen.expect(time.monotonic() - began < PATIENCE_S, f"{mode}: the call took too long")


async def _store(stack: Stack, source: McpSource) -> ToolOutput:
    return await (await _tools(stack, source))["big__store"].run({"text": "x"}, context())


async def _names(stack: Stack, seen: Seen) -> None:
    """Offer tools under the names of others."""
    for server in ("http", "http_", "HTTP", "a__b", "a_b", "fetch", "ask", "-", "__", "run"):
        name = normalized(server)
        for original in ("request", "_request", "page", "b__c", "c", "person", "../x", "http_request", "python"):
            full = full_names(name, [original])[original]
            seen.expect(full not in NAMES, f"{server!r} offers the built-in tool {full!r}")
    one, other = full_names(normalized("a"), ["b__c"]).values(), full_names(normalized("a__b"), ["c"]).values()
    seen.expect(set(one).isdisjoint(other), "two servers share a name")
    twice = full_names("a", ["b.c", "b c", "b/c", "b_c"])
    seen.expect(len(set(twice.values())) == len(twice), "two tools of a server share a name")


async def _others(stack: Stack, seen: Seen) -> None:
    """Take the name of the installation's server as a user, and look for a user's tools as another one."""
    async with (
        _source(stack, taken="good") as (source, _),
        signed_in(stack, address="127.0.32.1") as one,
        signed_in(stack, address="127.0.32.2") as other,
    ):
        body = {"name": "taken", "url": "https://mcp.example/mcp"}
        seen.expect((await one.post(f"{API}/mcp-servers", json=body)).status_code == 409, "a server's name was taken")
        thief, victim = UserId(await user_id(one)), UserId(await user_id(other))
        for server, tool in (("taken", "taken__add"), ("own", "own__add")):
            await _insert(stack, thief, server, tool)
        mine, theirs = await _tools(stack, source, thief), await _tools(stack, source, victim)
        seen.expect("evil" not in mine["taken__add"].definition.description, "a user's tool hides the installation's")
        seen.expect("own__add" in mine and "own__add" not in theirs, "a user can call another user's tool")
        seen.expect("evil" not in theirs["taken__add"].definition.description, "a tool was replaced for another user")


async def _insert(stack: Stack, owner: UserId, server: str, name: str) -> None:
    add_server = "INSERT INTO mcp_servers (owner_id, name, url) VALUES (:owner, :server, 'https://mcp.example/mcp')"
    await rows(stack, add_server, owner=owner, server=server)
    await rows(
        stack,
        "INSERT INTO tools (owner_id, name, source, server, definition, sha256, status)"
        " SELECT :owner, :name, 'mcp', :server, definition || jsonb_build_object('name', CAST(:name AS text),"
        " 'description', 'evil'), 'x', 'active' FROM tools WHERE name = 'taken__add' AND owner_id IS NULL",
        owner=owner,
        name=name,
        server=server,
    )


async def _requests(stack: Stack, seen: Seen) -> None:
    """Ask for a password, for a model's answer and for folders."""
    async with _source(stack, curious="curious", polite="good") as (source, _):
        tools = await _tools(stack, source)
        answer = await _outcome(lambda: tools["curious__call"].run({}, context()))
        for number, what in enumerate(("elicitation", "sampling", "roots")):
            seen.expect(answer.split()[number : number + 1] == ["refused"], f"{what} was answered: {answer[:80]}")
        output = await _outcome(lambda: tools["polite__ask"].run({}, context()))
        seen.expect("got" not in output, f"a question of a server was answered: {output[:80]}")


async def _lists(stack: Stack, seen: Seen) -> None:
    """Offer too many tools, too long descriptions, and schemas that aren't usable."""
    for mode, most in (("many", 0), ("huge", 0), ("bad_schemas", 2)):
        async with _source(stack, bad=mode) as (source, _):
            found = await _tools(stack, source)
            seen.expect(len(found) <= most, f"{mode}: {sorted(found)} can be called")


async def _redirects(stack: Stack, seen: Seen) -> None:
    """Redirect a user's connection, at each step, to a private address; name private addresses in the first place."""
    async with serving(says(b"secret")) as private:
        targets = (private.url(), f"//127.0.0.1:{private.port}/", f"http://localhost:{private.port}/", "/again")
        for target in targets:
            for status in (301, 302, 307, 308):
                async with serving(redirects(target, status)) as public:
                    ways = Ways(zone({"mcp.example": ("93.184.215.14",)}), Internet(public))
                    server = HttpServer("evil", "http://mcp.example/mcp", {"X-Key": "secret-key"}, owner_id=NOBODY)
                    seen.expect(not await _connects(stack, ways, server), f"{status} to {target!r} was followed")
        for url in (private.url(), f"http://localhost:{private.port}/", "http://169.254.169.254/", "http://[::1]:80/"):
            server = HttpServer("evil", url, owner_id=NOBODY)
            seen.expect(not await _connects(stack, Ways(), server), f"{url!r} was reached")
        seen.figures["private connects"] = private.connects
        seen.expect(private.connects == 0, f"{private.connects} connections to a private server")


async def _connects(stack: Stack, ways: Ways, server: HttpServer) -> bool:
    connections = Connections(clients_with(EgressClient(stack.settings, ways)))
    try:
        await connections.connected(server)
    except ToolUnavailable:
        return False
    finally:
        await connections.close()
    return True


async def _hosts(stack: Stack, seen: Seen) -> None:
    """Reach the routes of MCP servers under a foreign name, as a page does after DNS rebinding."""
    async with signed_in(stack, address="127.0.32.3") as client:
        for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "mcp.example:80"):
            answer = await client.get(f"{API}/mcp-servers", headers={"Host": host})
            seen.expect(answer.status_code == 421, f"the host {host} got {answer.status_code}")
        for path in ("/mcp", "/sse", "/messages", f"{API}/mcp"):
            answer = await client.post(path, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
            seen.expect(answer.status_code in (404, 405), f"{path} answers with {answer.status_code}")
    seen.decisions.append("Chimera serves no MCP endpoint of its own, so only its API can be rebound to")


@asynccontextmanager
async def _source(stack: Stack, folder: str = "", **modes: str) -> AsyncIterator[tuple[McpSource, str]]:
    """Open a source with servers of the tests, each in a mode; the tools of earlier trials are forgotten."""
    if not folder:
        await rows(stack, "DELETE FROM tools WHERE source = 'mcp'")
    with tempfile.TemporaryDirectory(prefix="chimera-hostile-") as name:
        file = Path(name) / "mcp.json"
        servers = {key: {"command": sys.executable, "args": [str(SCRIPT), mode]} for key, mode in modes.items()}
        file.write_text(json.dumps({"mcpServers": servers}))
        async with open_database(stack) as database:
            source = McpSource(stack.settings.model_copy(update={"mcp_file": file}), database)
            try:
                await source.list_all()
                yield source, name
            finally:
                await source.close()


async def _tools(stack: Stack, source: McpSource, owner: UserId = NOBODY) -> dict[str, Tool]:
    async with open_database(stack) as database, database.statements() as connection:
        found: Sequence[Tool] = await source.tools_of(connection, owner, ("*",))
    return {tool.definition.name: tool for tool in found}


async def _ran(tool: Tool) -> bool:
    """Call a tool; return whether its server answered."""
    try:
        await tool.run({}, context())
    except FAILURES:
        return False
    return True


async def _outcome(run: Callable[[], Awaitable[ToolOutput]]) -> str:
    """Return a call's text, or its error."""
    try:
        return (await run()).text
    except FAILURES as error:
        return error.message


FINDINGS = (Finding("S32", "hostile MCP servers change, take, ask and hold up nothing", hostile),)
