"""Real MCP servers that nobody here wrote: every tool is called, first directly and then by an agent of a real stack.

    python -m benchmarks mcp [--cache FOLDER]

Installs three servers into a cache folder, from the registries that are configured on this machine:
`@modelcontextprotocol/server-everything` (all tools by stdio, then by HTTP), `@modelcontextprotocol/server-filesystem`
and PyPI's `mcp-server-time`. A server that can't be installed is skipped. The second table shows the same servers in
the installation's file: an agent calls all tools of each, one per turn, in one task. The exit code is 1 if a call ended
in an unexpected way.
"""

import argparse
import asyncio
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import structlog

from chimera.tools.base import OutcomeUnknown, ToolError, ToolUnavailable
from chimera.tools.context import ToolContext, ToolLimits
from chimera.tools.mcp.calls import call
from chimera.tools.mcp.connection import Connection
from chimera.tools.mcp.pool import connected_once
from chimera.tools.mcp.servers import HttpServer, Server, StdioServer
from models.ids import NodePath, RunId, UserId
from models.tools import ToolDefinition
from tests.stack import Stack, running_stack

NPM: Final = ("@modelcontextprotocol/server-everything@2026.8.31", "@modelcontextprotocol/server-filesystem@2026.8.31")
PYPI: Final = "mcp-server-time"
INSTALL_S: Final = 300
CALL_S: Final = 60.0

NEEDS_CLIENT: Final = {"trigger-sampling-request", "trigger-elicitation-request", "get-roots-list"}
"""Tools that ask the client for something that Chimera declines."""


@dataclass
class Outcome:
    """How one call ended."""

    server: str
    transport: str
    tool: str
    ending: str
    ms: float
    chars: int = 0
    images: int = 0
    reports: int = 0
    text: str = field(default="", repr=False)

    @property
    def is_expected(self) -> bool:
        return self.ending == "ok" or self.tool in NEEDS_CLIENT


def cache_folder() -> Path:
    """Return the folder for the servers, from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks mcp")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "chimera-benchmarks" / "mcp"
    parser.add_argument("--cache", type=Path, default=usual, help=f"folder for the servers (default: {usual})")
    folder: Path = parser.parse_args().cache
    return folder


async def main(cache: Path) -> int:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    print(
        "| server | transport | tool | outcome | ms | characters | images | reports |\n"
        "|---|---|---|---|---:|---:|---:|---:|"
    )
    found = [*await _everything(cache), *await _filesystem(cache), *await _time(cache), *await _by_agents(cache)]
    wrong = [each for each in found if not each.is_expected]
    print(f"\n{len(found)} calls, {len(found) - len(wrong)} as expected, {len(wrong)} not.")
    for each in wrong:
        print(f"- {each.server} {each.transport} {each.tool}: {each.ending}: {each.text[:200]!r}")
    return 1 if wrong else 0


async def _everything(cache: Path) -> list[Outcome]:
    program = await asyncio.to_thread(_npm, cache, "mcp-server-everything")
    if program is None:
        return []
    found = await _called("everything", "stdio", StdioServer("everything", str(program), ("stdio",)))
    async with _served(program) as url:
        return found + await _called("everything", "http", HttpServer("everything", url))


async def _filesystem(cache: Path) -> list[Outcome]:
    program = await asyncio.to_thread(_npm, cache, "mcp-server-filesystem")
    if program is None:
        return []
    with tempfile.TemporaryDirectory() as folder:
        place = await asyncio.to_thread(Path(folder).resolve)
        await asyncio.to_thread((place / "a.txt").write_text, "one\ntwo\nthree\n")
        given: dict[str, Any] = {
            "list_allowed_directories": {},
            "list_directory": {"path": str(place)},
            "write_file": {"path": str(place / "b.txt"), "content": "written"},
            "read_text_file": {"path": str(place / "b.txt")},
            "edit_file": {"path": str(place / "a.txt"), "edits": [{"oldText": "two", "newText": "2"}]},
            "search_files": {"path": str(place), "pattern": "*.txt"},
            "directory_tree": {"path": str(place)},
            "get_file_info": {"path": str(place / "a.txt")},
        }
        return await _called("filesystem", "stdio", StdioServer("filesystem", str(program), (str(place),)), given)


async def _time(cache: Path) -> list[Outcome]:
    program = await asyncio.to_thread(_pip, cache, "mcp-server-time")
    if program is None:
        return []
    given = {
        "get_current_time": {"timezone": "Europe/Berlin"},
        "convert_time": {"source_timezone": "Europe/Berlin", "time": "12:00", "target_timezone": "Asia/Tokyo"},
    }
    return await _called("time", "stdio", StdioServer("time", str(program)), given)


async def _by_agents(cache: Path) -> list[Outcome]:
    """Let an agent call all tools of each server that is installed, through a worker."""
    everything, files = (
        cache / "node_modules" / ".bin" / f"mcp-server-{name}" for name in ("everything", "filesystem")
    )
    clock = cache / "python" / "bin" / "mcp-server-time"
    if not (everything.exists() and files.exists() and clock.exists()):
        print("| agents | | | skipped: some servers aren't installed | | | | |", flush=True)
        return []
    with tempfile.TemporaryDirectory() as folder:
        place = await asyncio.to_thread(Path(folder).resolve)
        shown = place / "shown"
        await asyncio.to_thread(shown.mkdir)
        for name in ("a.txt", "moved.txt"):
            await asyncio.to_thread((shown / name).write_text, "one\ntwo\n")
        async with _served(everything) as url:
            servers = {
                "everything": {"command": str(everything), "args": ["stdio"]},
                "everything-http": {"url": url},
                "files": {"command": str(files), "args": [str(shown)]},
                "time": {"command": str(clock)},
            }
            await asyncio.to_thread((place / "mcp.json").write_text, json.dumps({"mcpServers": servers}))
            async with running_stack(place / "stack", report=lambda line: None, mcp_file=place / "mcp.json") as stack:
                return [each for name in servers for each in await _by_agent(stack, name, shown)]


async def _by_agent(stack: Stack, server: str, place: Path) -> list[Outcome]:
    """Let an agent that has all tools of a server call each of them once; print a row for each."""
    tools = await _listed(stack, server)
    agent = f"{server}-clerk"
    spec = {"name": agent, "prompt": "Work.", "tools": [f"{server}__*"], "limits": {"max_turns": len(tools) + 1}}
    (await stack.api.post("/api/v1/agents", json=spec)).raise_for_status()
    rule = {"tool": "*", "verdict": "allow", "after_untrusted": True}
    (await stack.api.put("/api/v1/policy", json={"rules": [rule]})).raise_for_status()
    calls = "; then; ".join(f"call={tool['name']}; args={_scripted(tool, place)}" for tool in tools)
    plan = [{"key": "all", "agent": agent, "instruction": f"Use everything. [[sim: {calls}; tokens=5]]"}]
    body = {"goal": "Use everything", "model": "simulator/fast", "plan": plan, "limits": {"max_turns": 100}}
    answer = await stack.api.post("/api/v1/tasks", json=body, headers={"Idempotency-Key": f"mcp-{server}"})
    answer.raise_for_status()
    address = f"/api/v1/tasks/{answer.json()['id']}"
    while (await stack.api.get(address)).json()["status"] not in ("completed", "failed", "cancelled", "waiting"):
        await asyncio.sleep(0.5)
    found = await _results(stack, address, server)
    missing = {tool["name"] for tool in tools} - {f"{server}__{each.tool}" for each in found}
    found += [Outcome(server, "agent", name.removeprefix(f"{server}__"), "not called", 0) for name in sorted(missing)]
    for each in found:
        _print(each)
    return found


async def _listed(stack: Stack, server: str) -> list[dict[str, Any]]:
    """Return the active tools of a server, once the worker has listed them."""
    for _ in range(240):
        tools = (await stack.api.get("/api/v1/tools")).json()["items"]
        found = [tool for tool in tools if tool["server"] == server and tool["status"] == "active"]
        if found:
            return found
        await asyncio.sleep(0.5)
    raise RuntimeError(f"the worker lists no tools of {server}")


async def _results(stack: Stack, address: str, server: str) -> list[Outcome]:
    """Return the outcomes of a task's tool calls."""
    messages = (await stack.api.get(f"{address}/messages", params={"limit": 100})).json()["items"]
    return [
        Outcome(
            server,
            "agent",
            message["tool"].removeprefix(f"{server}__"),
            "tool's own error" if message["failed"] else "ok",
            0,
            len(message["content"]),
            len(message["images"]),
            text=message["content"],
        )
        for message in messages
        if message["role"] == "tool"
    ]


def _scripted(tool: Mapping[str, Any], place: Path) -> str:
    """Return the arguments of a tool as JSON, for the simulator."""
    name, text = tool["name"].partition("__")[2], str(place / "a.txt")
    given: dict[str, dict[str, Any]] = {
        "read_multiple_files": {"paths": [text]},
        "write_file": {"path": str(place / "b.txt"), "content": "written"},
        "edit_file": {"path": text, "edits": [{"oldText": "two", "newText": "2"}]},
        "create_directory": {"path": str(place / "new")},
        "move_file": {"source": str(place / "moved.txt"), "destination": str(place / "c.txt")},
        "search_files": {"path": str(place), "pattern": "*.txt"},
        "get_current_time": {"timezone": "Europe/Berlin"},
        "convert_time": {"source_timezone": "Europe/Berlin", "time": "12:00", "target_timezone": "Asia/Tokyo"},
    }
    if name in given:
        return json.dumps(given[name])
    properties = tool["parameters"].get("properties", {})
    if "path" in properties:
        is_folder = "director" in name or name == "list_allowed_directories"
        return json.dumps({"path": str(place) if is_folder else text})
    return json.dumps(_arguments_for(tool["parameters"]))


async def _called(
    name: str, transport: str, server: Server, given: Mapping[str, Mapping[str, Any]] | None = None
) -> list[Outcome]:
    """Call the given tools, or all of them with arguments made from their schemas; print a row for each."""
    found: list[Outcome] = []
    by_name: dict[str, ToolDefinition] = {}
    try:
        async with connected_once(server) as connection:
            for definition in connection.listing.definitions.values():
                by_name[definition.original or ""] = definition
            for tool in given if given is not None else by_name:
                if tool in by_name:
                    arguments = given[tool] if given is not None else _arguments_of(by_name[tool])
                    found.append(await _call(name, transport, connection, tool, arguments))
                else:
                    found.append(Outcome(name, transport, tool, "not offered", 0))
                _print(found[-1])
            for problem in connection.listing.problems:
                print(f"| {name} | {transport} | {problem.replace('|', ' ')} | left out | | | | |")
    except ToolUnavailable as error:
        found.append(Outcome(name, transport, "(connect)", "unavailable", 0, text=error.message))
        _print(found[-1])
    return found


async def _call(name: str, transport: str, connection: Connection, tool: str, arguments: Mapping[str, Any]) -> Outcome:
    reports: list[str] = []
    loop = asyncio.get_running_loop()
    context = ToolContext(
        owner_id=UserId("owner"),
        run_id=RunId("run"),
        path=NodePath("a"),
        step=1,
        index=0,
        idempotency_key=f"{name}.{transport}.{tool}",
        limits=ToolLimits(loop.time() + CALL_S, 256 * 1024),
        report=reports.append,
    )
    began = time.perf_counter()
    try:
        output = await call(connection, tool, arguments, context)
    except (ToolError, ToolUnavailable, OutcomeUnknown) as error:
        taken = (time.perf_counter() - began) * 1000
        return Outcome(name, transport, tool, error.code, taken, reports=len(reports), text=error.message)
    return Outcome(
        name,
        transport,
        tool,
        "tool's own error" if output.failed else "ok",
        (time.perf_counter() - began) * 1000,
        len(output.text),
        len(output.images),
        len(reports),
        output.text,
    )


def _arguments_of(definition: ToolDefinition) -> dict[str, Any]:
    """Return arguments for a tool of `everything`: its required ones, and short times."""
    return _arguments_for(definition.parameters)


def _arguments_for(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    wanted = {*schema.get("required", ()), *({"duration", "steps"} & properties.keys())}
    # Its default is an address on the Internet.
    given = {"data": "data:text/plain;base64,aGVsbG8="} if "data" in properties else {}
    return given | {name: _value_for(name, properties.get(name, {})) for name in sorted(wanted - given.keys())}


def _value_for(name: str, schema: Mapping[str, Any]) -> object:
    if "enum" in schema:
        return schema["enum"][0]
    if name in ("duration", "steps"):
        return 2
    match schema.get("type"):
        case "number" | "integer":
            return max(1, schema.get("minimum", 1))
        case "boolean":
            return True
        case "array":
            return []
        case "object":
            return {}
    return "hello"


def _print(each: Outcome) -> None:
    cells = (each.server, each.transport, each.tool, each.ending, f"{each.ms:.0f}")
    print(f"| {' | '.join(cells)} | {each.chars} | {each.images} | {each.reports} |", flush=True)


def _npm(cache: Path, program: str) -> Path | None:
    """Return a program of the npm packages, installed if needed; None if that isn't possible."""
    found = cache / "node_modules" / ".bin" / program
    npm = shutil.which("npm")
    if found.exists():
        return found
    if npm is None:
        _skipped(program, "npm isn't installed")
        return None
    cache.mkdir(parents=True, exist_ok=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", str(cache), *NPM]
    return _installed(found, _problem_with(command))


def _pip(cache: Path, program: str) -> Path | None:
    """Return a program of a PyPI package, in an environment of its own; None if it can't be installed."""
    home = cache / "python"
    found = home / "bin" / program
    if found.exists():
        return found
    cache.mkdir(parents=True, exist_ok=True)
    problem = _problem_with([sys.executable, "-m", "venv", str(home)])
    problem = problem or _problem_with([str(home / "bin" / "pip"), "install", "--quiet", PYPI])
    return _installed(found, problem)


def _installed(program: Path, problem: str | None) -> Path | None:
    if problem is None and program.exists():
        return program
    _skipped(program.name, problem or "its package has no such program")
    return None


def _problem_with(command: list[str]) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return type(error).__name__
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no output"])[-1][:200]


def _skipped(program: str, reason: str) -> None:
    print(f"| {program} | | | skipped: {reason} | | | | |", flush=True)


@asynccontextmanager
async def _served(program: Path) -> AsyncIterator[str]:
    """Run `everything` with streamable HTTP on a free port, and yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "PORT": str(port)}
    process = await asyncio.create_subprocess_exec(
        str(program),
        "streamableHttp",
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _listening(port)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _listening(port: int) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
            else:
                writer.close()
                return


if __name__ == "__main__":
    status = asyncio.run(main(cache_folder()))
    sys.stdout.flush()
    os._exit(status)
