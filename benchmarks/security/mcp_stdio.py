"""S31: programs as MCP servers. No request can define one, and those of the file run without a shell and secrets."""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import psutil

from benchmarks.security.accounts import signed_in
from benchmarks.security.canaries import secrets_of
from benchmarks.security.finding import API, Finding, Seen
from benchmarks.security.quiet import quiet
from chimera.tools.base import ToolUnavailable
from chimera.tools.mcp import processes
from chimera.tools.mcp.configuration import read_configuration
from chimera.tools.mcp.pool import Connections
from chimera.tools.mcp.servers import StdioServer
from tests.chimera.tools.mcp.builders import SCRIPT
from tests.stack import Stack

URLS = (
    *("stdio:touch", "stdio://touch", "file:///bin/sh", "file:/tmp/server.py", "npx:evil", "npx evil", "uvx:evil"),
    *("exec:touch", "command:touch", "touch /tmp/x", "/bin/sh", "./server", "python -m evil", "unix:///tmp/a.sock"),
    *("pipe:touch", "data:text/plain,touch", "javascript:touch()", "http://", "http:///x", "ws+unix:///tmp/a"),
)
OWN_USER = "nobody"


async def stdio(stack: Stack) -> Seen:
    seen = Seen()
    with quiet(), tempfile.TemporaryDirectory(prefix="chimera-stdio-") as name:
        folder, marker = Path(name), Path(name) / f"marker-{uuid4().hex}"
        _open_to_all(folder)
        before = _programs(stack)
        for role, address in (("user", "127.0.31.1"), ("admin", "127.0.31.2")):
            async with signed_in(stack, role, address=address) as client:  # type: ignore[arg-type]
                await _by_api(client, seen, role, marker)
        seen.expect(_programs(stack) <= before, "a request started a program")
        seen.expect(not _exists(marker), "a request ran a command")
        await _without_shell(stack, seen, folder, marker)
        await _own_user(stack, seen, folder)
    return seen


async def _by_api(client: httpx2.AsyncClient, seen: Seen, role: str, marker: Path) -> None:
    for method, path, body in _requests(marker):
        answer = await client.request(method, f"{API}{path}", json=body)
        seen.expect(400 <= answer.status_code < 500, f"{role}: {method} {path} {body} returned {answer.status_code}")
    seen.expect((await client.get(f"{API}/mcp-servers")).json()["items"] == [], f"{role}: a server was added")


def _requests(marker: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield requests that would define a program if anything let them."""
    touch = {"command": "touch", "args": [str(marker)]}
    url = "https://mcp.example/mcp"
    programs: tuple[dict[str, Any], ...] = (
        touch,
        {**touch, "url": url},
        {**touch, "type": "stdio"},
        {**touch, "transport": "stdio", "env": {"PATH": "/tmp"}},
        {"url": url, "env": {"LD_PRELOAD": "/tmp/evil.so"}},
        {"url": url, "args": ["-c", f"touch {marker}"]},
        {"url": url, "cwd": "/"},
        {"url": url, "chimera": {"user": "root", "trusted": True}},
        {"mcpServers": {"evil": touch}},
        {"url": {"command": "touch"}},
        {"url": [url]},
        {"url": url, "headers": {"X-A": "a\r\nX-Evil: 1"}},
        {"url": url, "headers": {"X-A\r\nX-Evil": "1"}},
        {"url": url, "headers": {"X-A": "a\n\nGET / HTTP/1.1"}},
        {"url": url, "headers": {"Host": "127.0.0.1"}},
        {"url": url, "headers": {"Mcp-Session-Id": "1"}},
        {"url": url, "headers": {"X-A": "${CHIMERA_JWT_SECRET}\0"}},
    )
    for body in (*programs, *({"url": each} for each in URLS), *({"url": f"{each}{marker}"} for each in URLS[:3])):
        yield "POST", "/mcp-servers", {"name": "evil", **body}
    for name in ("../evil", "evil;touch", "$(touch)", "`touch`", "evil__x", "", "a" * 200):
        yield "POST", "/mcp-servers", {"name": name, "url": url}
    for method, path in (("PUT", "/mcp-servers/evil"), ("PATCH", "/mcp-servers/evil"), ("POST", "/mcp-servers/import")):
        yield method, path, {"name": "evil", **touch}
    yield "POST", "/mcp-servers/evil/refresh", touch
    agent = {"name": "evil", "prompt": "Work."}
    for more in ({"mcp_servers": {"evil": touch}}, {"tools": [touch]}, {"mcp": touch}, {"tools": "npx:evil"}):
        yield "POST", "/agents", {**agent, **more}
    for more in ({"mcpServers": {"evil": touch}}, {"mcp_file": "/tmp/mcp.json"}, {"tools_dir": "/tmp"}):
        yield "POST", "/tasks", {"goal": "x", **more}
        yield "PUT", "/policy", {"rules": [], **more}


async def _without_shell(stack: Stack, seen: Seen, folder: Path, marker: Path) -> None:
    """Start servers of the file whose commands, arguments, variables and folders are shell commands."""
    touch = f"touch {marker}"
    attacks: Mapping[str, tuple[list[str], dict[str, str]]] = {
        "semicolon": ([f"; {touch}"], {}),
        "substitution": ([f"$({touch})"], {}),
        "backticks": ([f"`{touch}`"], {}),
        "pipe": ([f"| {touch}", f"&& {touch}", f"\n{touch}\n"], {}),
        "quotes": ([f"'; {touch}; '", f'"; {touch}; "'], {}),
        "variable": ([], {"A": f"$({touch})", "PS4": f"$({touch})", "BASH_ENV": str(folder / "evil.sh")}),
        "other variables": ([], {"ENV": str(folder / "evil.sh"), "PROMPT_COMMAND": touch}),
    }
    (folder / "evil.sh").write_text(touch)
    for name, (args, env) in attacks.items():
        async with _started(stack, folder, args, env) as process:
            found = process.cmdline()
            seen.expect(found[-len(args) :] == args if args else True, f"{name}: the arguments were changed")
            _check_environment(stack, seen, process)
        seen.expect(not _exists(marker), f"{name}: a shell ran a command")
    for command in (f"sh -c '{touch}'", f"touch;{marker}", f"$({touch})", f"{sys.executable} {SCRIPT} good; {touch}"):
        entry = {"mcpServers": {"evil": {"command": command}}}
        (folder / "mcp.json").write_text(json.dumps(entry))
        seen.expect(await _refuses(stack, folder), f"{command!r} was started")
        seen.expect(not _exists(marker), f"{command!r} ran a command")


def _check_environment(stack: Stack, seen: Seen, process: psutil.Process) -> None:
    """Look for the worker's secrets in what the server can read of itself."""
    variables = process.environ()
    known = " ".join((*variables.values(), *process.cmdline()))
    for kind, secret in (*secrets_of(stack), ("named secret", os.environ["CHIMERA_SECRET_BANK"])):
        seen.expect(secret not in known, f"a server has the {kind}")
    names = [name for name in variables if name.startswith("CHIMERA_")]
    seen.expect(not names, f"a server has {names}")


async def _own_user(stack: Stack, seen: Seen, folder: Path) -> None:
    if os.geteuid() != 0:
        seen.decisions.append("a worker that isn't root runs servers as its own user")
        return
    # A program that this user can reach: the environment of Python may be in a folder that is closed to it.
    (folder / "mcp.json").write_text(
        json.dumps({"mcpServers": {"own": {"command": "sleep", "args": ["60"], "chimera": {"user": OWN_USER}}}})
    )
    server = read_configuration(_settings(stack, folder)).servers[0]
    assert isinstance(server, StdioServer)
    before = set(psutil.Process().children())
    started = await processes.start(server)
    try:
        (process,) = set(psutil.Process().children()) - before
        # The launcher changes its user before it becomes the server.
        while "sleep" not in process.cmdline()[0]:
            await asyncio.sleep(0.05)
        seen.expect(process.uids().real != 0 and process.gids().real != 0, "a server with a user runs as root")
    finally:
        await started.stop()
    seen.decisions.append("a worker that runs as root warns, and runs servers as root, unless the file names a user")


@asynccontextmanager
async def _started(stack: Stack, folder: Path, args: list[str], env: dict[str, str]) -> AsyncIterator[psutil.Process]:
    """Connect to the server of a file, as a worker does, and yield its process."""
    entry = {"command": sys.executable, "args": [str(SCRIPT), "good", *args], "env": env}
    (folder / "mcp.json").write_text(json.dumps({"mcpServers": {"evil": entry}}))
    server = read_configuration(_settings(stack, folder)).servers[0]
    connections = Connections()
    try:
        before = set(psutil.Process().children())
        await connections.connected(server)
        (process,) = set(psutil.Process().children()) - before
        yield process
    finally:
        await connections.close()


async def _refuses(stack: Stack, folder: Path) -> bool:
    connections = Connections()
    try:
        await connections.connected(read_configuration(_settings(stack, folder)).servers[0])
    except ToolUnavailable:
        return True
    finally:
        await connections.close()
    return False


def _exists(marker: Path) -> bool:
    return os.path.lexists(marker)


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o755)


def _settings(stack: Stack, folder: Path) -> Any:
    return stack.settings.model_copy(update={"mcp_file": folder / "mcp.json"})


def _programs(stack: Stack) -> set[int]:
    """Return the children of the API and the worker."""
    found = (psutil.Process(each.pid).children(recursive=True) for each in (stack.services.api, stack.services.worker))
    return {child.pid for children in found for child in children}


FINDINGS = (Finding("S31", "only the administrator's file starts programs, without a shell and secrets", stdio),)
