"""C. Effects of tools: each happens once, or a person is asked: F05.

The effects are counted by a sink in a process of its own. Tools written in Python reach it from the worker, and tools
of an MCP server from that server's process.
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psutil

from models.ids import TaskId
from tests.faults import jobs
from tests.faults.lab import configure, crash, revive, until
from tests.faults.trials import Trial
from tests.ports import free_port

AGENT = "f05-clerk"
LIMIT_S = 120.0

_TOOLS = '''
import urllib.request

from chimera.tools.context import ToolContext
from chimera.tools.python import tool


def _post(path, key=None):
    headers = {"Idempotency-Key": key} if key else {}
    request = urllib.request.Request("http://127.0.0.1:@PORT@" + path, b"", headers, method="POST")
    return urllib.request.urlopen(request, timeout=60).read().decode()


@tool(kind="idempotent", reads_only=True)
def charge(name: str, context: ToolContext) -> str:
    """Charge a card."""
    return _post("/" + name, context.idempotency_key)


@tool(kind="once", reads_only=True)
def mail(name: str) -> str:
    """Send a mail."""
    return _post("/" + name)
'''

_SERVER = '''
import asyncio
import urllib.request
from concurrent.futures import ThreadPoolExecutor

from mcp.server.mcpserver import Context, MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("effects")
threads = ThreadPoolExecutor(100)


async def _posted(path, key=None):
    return await asyncio.get_running_loop().run_in_executor(threads, _post, path, key)


def _post(path, key=None):
    headers = {"Idempotency-Key": key} if key else {}
    request = urllib.request.Request("http://127.0.0.1:@PORT@" + path, b"", headers, method="POST")
    return urllib.request.urlopen(request, timeout=60).read().decode()


@server.tool(annotations=ToolAnnotations(idempotent_hint=True))
async def charge(name: str, hang: bool, ctx: Context) -> str:
    """Charge a card."""
    meta = ctx.request_context.meta or {}
    key = meta.get("chimera/idempotencyKey")
    await _posted("/" + name, key)
    return "ok"


@server.tool()
async def mail(name: str, hang: bool) -> str:
    """Send a mail."""
    return await _posted(("/hang/" if hang else "/") + name)


server.run()
'''


class Effects:
    """What reached the sink."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def requests(self, name: str) -> list[dict[str, Any]]:
        """Return the requests whose names begin with `name`."""
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        return [each for each in map(json.loads, lines) if each["name"].startswith(name)]

    def effects(self, name: str) -> Counter[str]:
        """Count the effects by name."""
        return Counter(each["name"] for each in self.requests(name) if each["effect"])


async def lose_results(trial: Trial, *, runs: int = 50) -> None:
    """F05: the worker, or the MCP server, dies after a tool had its effect and before the result is stored."""
    async with _prepared(trial) as effects:
        await _lose_worker(trial, effects, "charge", runs)
        await _lose_worker(trial, effects, "mail", runs)
        await _lose_server(trial, effects, runs)
    await trial.check(limit_s=LIMIT_S)


@asynccontextmanager
async def _prepared(trial: Trial) -> AsyncIterator[Effects]:
    """Start the sink, and give the worker the tools, an agent that has them, and a rule that allows them."""
    lab, port = trial.lab, free_port()
    folder = lab.scratch(f"f05-{trial.seed}-{trial.offers.prefix[-9:-1]}")
    tools = folder / "tools"
    tools.mkdir(parents=True)
    (tools / "effects.py").write_text(_TOOLS.replace("@PORT@", str(port)))
    (folder / "server.py").write_text(_SERVER.replace("@PORT@", str(port)))
    server = {"command": sys.executable, "args": [str(folder / "server.py")]}
    (folder / "mcp.json").write_text(json.dumps({"mcpServers": {"effects": server}}))
    file = folder / "effects.jsonl"
    sink = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.faults.sink", str(port), str(file))
    worker = lab.workers[0]
    before = worker.service
    configure(worker, tools_dir=str(tools), mcp_file=str(folder / "mcp.json"))
    await worker.restart()
    try:
        names = ("charge", "mail", "effects__charge", "effects__mail")
        trial.expect(await until(lambda: _are_known(trial, names), 60), "the worker doesn't offer the tools")
        answer = await lab.http.post("/api/v1/agents", json={"name": AGENT, "prompt": "Work.", "tools": list(names)})
        trial.expect(answer.status_code in (201, 409), f"the agent was refused: {answer.text[:300]}")
        rules = [{"tool": name, "verdict": "allow", "after_untrusted": True} for name in names]
        await lab.http.put("/api/v1/policy", json={"rules": rules})
        yield Effects(file)
    finally:
        sink.terminate()
        await sink.wait()
        worker.service = before
        await worker.restart()


async def _lose_worker(trial: Trial, effects: Effects, tool: str, runs: int) -> None:
    """Kill the worker while the effects of all calls have happened, and none has been recorded."""
    worker, tag = trial.lab.workers[0], f"{tool}-{trial.offers.prefix[-9:-1]}"
    before = worker.service
    configure(worker, failpoints="after_effect=hang")
    await worker.restart()
    task_ids = await _offered(trial, f"worker-{tool}", tool, tag, runs)
    happened = await until(lambda: _have_happened(effects, tag, runs), LIMIT_S)
    trial.expect(happened, f"{tool}: {len(effects.effects(tag))} effects of {runs} happened before the kill")
    await crash(worker)
    worker.service = before
    await revive(worker)
    await _judge(trial, effects, f"{tool}, worker killed", tag, task_ids, asks=tool == "mail")


async def _lose_server(trial: Trial, effects: Effects, runs: int) -> None:
    """Kill the MCP server while it works on all calls, whose effects have happened."""
    tag = f"mcp-{trial.offers.prefix[-9:-1]}"
    task_ids = await _offered(trial, "server", "effects__mail", tag, runs, hang=True)
    happened = await until(lambda: _have_happened(effects, tag, runs), LIMIT_S)
    trial.expect(happened, f"{len(effects.effects(tag))} effects of {runs} happened before the server was killed")
    killed = _kill_servers(trial)
    trial.expect(killed > 0, "the worker has no MCP server to kill")
    await _judge(trial, effects, "mail, MCP server killed", tag, task_ids, asks=True)
    tag = f"mcp-charge-{trial.offers.prefix[-9:-1]}"
    task_ids = await _offered(trial, "server-after", "effects__charge", tag, runs)
    await _judge(trial, effects, "charge after the MCP server's death", tag, task_ids, asks=False)


async def _judge(
    trial: Trial, effects: Effects, what: str, tag: str, task_ids: Sequence[TaskId], *, asks: bool
) -> None:
    """Check that each effect happened once; if the tool must not run twice, that a person was asked about each."""
    if asks:
        asked = await _asked(trial, task_ids)
        trial.expect(len(asked) == len(task_ids), f"{what}: {len(asked)} of {len(task_ids)} people were asked")
        requests = Counter(each["name"] for each in effects.requests(tag))
        trial.expect(set(requests.values()) == {1}, f"{what}: it was requested {sorted(requests.values())[-3:]} times")
        for approval in asked:
            address = f"/api/v1/tasks/{approval['task_id']}/approvals/{approval['id']}"
            answer = await trial.lab.http.post(address, json={"decision": "happened", "result": "It was sent."})
            trial.expect(answer.status_code == 200, f"{what}: a decision returned {answer.status_code}")
    trial.expect(await until(lambda: _have_ended(trial, task_ids), LIMIT_S), f"{what}: some runs didn't end")
    counts = effects.effects(tag)
    again = {name: number for name, number in counts.items() if number != 1}
    trial.expect(len(counts) == len(task_ids) and not again, f"{what}: {len(counts)} effects, more than once: {again}")
    requests_made = len(effects.requests(tag))
    trial.figures[what] = f"{len(counts)} effects, {requests_made} requests, {len(task_ids) * asks} questions"


async def _offered(
    trial: Trial, name: str, tool: str, tag: str, runs: int, *, hang: bool | None = None
) -> list[TaskId]:
    extra = {"hang": bool(hang)} if tool.startswith("effects__") else {}
    bodies = [
        jobs.one_call(f"call={tool}; args={json.dumps({'name': f'{tag}-{n}', **extra})}; tokens=5", agent=AGENT)
        for n in range(runs)
    ]
    answers = await asyncio.gather(*(trial.offers.post_patiently(f"{name}-{n}", body) for n, body in enumerate(bodies)))
    return [answer.task_id for answer in answers if answer.task_id is not None]


async def _asked(trial: Trial, task_ids: Sequence[TaskId]) -> list[dict[str, Any]]:
    """Wait until people are asked about the outcome of each run's call; return the approvals."""
    query = (
        "SELECT id::text AS id, run_id::text AS task_id FROM approvals"
        " WHERE run_id = ANY(CAST(:ids AS uuid[])) AND kind = 'outcome' AND status = 'pending'"
    )
    await until(lambda: _are_asked(trial, query, task_ids), LIMIT_S)
    return [dict(row) for row in await trial.lab.rows(query, ids=list(task_ids))]


async def _are_asked(trial: Trial, query: str, task_ids: Sequence[TaskId]) -> bool:
    return len(await trial.lab.rows(query, ids=list(task_ids))) == len(task_ids)


async def _have_happened(effects: Effects, tag: str, runs: int) -> bool:
    return len(effects.effects(tag)) == runs


async def _have_ended(trial: Trial, task_ids: Sequence[TaskId]) -> bool:
    done = "SELECT count(*) FROM runs WHERE id = ANY(CAST(:ids AS uuid[])) AND status = 'completed'"
    return await trial.lab.count(done, ids=list(task_ids)) == len(task_ids)


async def _are_known(trial: Trial, names: Sequence[str]) -> bool:
    known = "SELECT count(*) FROM tools WHERE name = ANY(:names) AND status = 'active'"
    return await trial.lab.count(known, names=list(names)) == len(names)


def _kill_servers(trial: Trial) -> int:
    """Kill the MCP servers of the worker; return how many."""
    pid = trial.lab.workers[0].pid
    assert pid is not None
    servers = [each for each in psutil.Process(pid).children(recursive=True) if "server.py" in " ".join(each.cmdline())]
    for server in servers:
        server.kill()
    return len(servers)
