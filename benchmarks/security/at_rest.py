"""S48: canaries in keys, passwords, tokens and texts, and every place that keeps or shows anything."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from uuid import uuid4

import httpx2
import psutil

from benchmarks.cases.case import Command
from benchmarks.cases.commands import try_command
from benchmarks.security import stores
from benchmarks.security.accounts import signed_in, until_status
from benchmarks.security.canaries import MODELS, secrets_of
from benchmarks.security.finding import API, Finding, Seen
from benchmarks.security.processes import MAY_KNOW, running
from benchmarks.stack import Stack
from models.ids import TaskId

TASKS = 50
LIMIT_S = 240.0
SCRIPTS = (
    *(
        "tokens=20",
        "turns=1; tokens=10",
        "status=400",
        "status=401",
        "status=403",
        "status=500; times=1",
        "html; times=1",
    ),
    *(
        "garbage; times=1",
        "cut=after:5; times=1",
        "status=404",
        "tokens=10; finish=length",
        "null; times=1",
        "tokens=600; drip=20",
    ),
)
"""A share of them fails, in the ways in which keys are told: OpenAI's 401 repeats the one that it got."""


@dataclass(frozen=True, slots=True)
class Canary:
    kind: str
    text: str
    is_words: bool = False
    """What a user wrote: kept where what was said is kept, and shown to that user."""


KEEP_WORDS = {"PostgreSQL", "Redis", "answers", "events", "command line", "simulator.jsonl"}
"""The transcript's home; streams, for an hour; and what their own user asks for."""


async def canaries(stack: Stack) -> Seen:
    seen, words = Seen(), f"CANARYWORDS{uuid4().hex}"
    async with signed_in(stack) as client:
        ids = await _work(client, words)
        ended = await asyncio.gather(*(until_status(client, each, limit_s=LIMIT_S, every_s=2) for each in ids))
        seen.figures["tasks"] = ", ".join(f"{number} {status}" for status, number in Counter(ended).items())
        seen.expect(len(ids) == TASKS, f"{len(ids)} tasks were taken, not {TASKS}")
        seen.expect("failed" in ended and "completed" in ended, f"tasks ended as {set(ended)}")
        token = client.headers["Authorization"].removeprefix("Bearer ")
        sought = [*(Canary(kind, text) for kind, text in secrets_of(stack)), Canary("token", token)]
        sought.append(Canary("words", words, is_words=True))
        places = 0
        async for place, content in _everything(stack, client, ids, token):
            places += 1
            for canary in sought:
                hits = content.count(canary.text.encode())
                allowed = canary.is_words and place in KEEP_WORDS
                seen.expect(allowed or hits == 0, f"{place} has the {canary.kind}")
    seen.figures["places searched"] = places
    for name, kind in _environments(stack, sought):
        seen.expect(kind in MAY_KNOW.get(name, set()), f"{name} has the {kind} in its environment or arguments")
    seen.decisions.append("keys are in the environment of API and workers, which ask with them (docs/operations.md)")
    return seen


async def _work(client: httpx2.AsyncClient, words: str) -> list[TaskId]:
    """Fifty tasks, a few at once, with everything that takes words; a fifth is cancelled."""
    form = {"file": ("note.txt", f"{words}\n".encode() * 50, "text/plain")}
    (await client.post(f"{API}/files", files=form)).raise_for_status()
    agent = {"name": f"a{uuid4().hex[:8]}", "role": words, "instructions": words}
    await client.post(f"{API}/agents", json=agent)
    task = {"goal": words, "model": MODELS[0]}
    await client.post(f"{API}/schedules", json={"name": words, "task": task, "interval_s": 86_400, "paused": True})
    await client.post(f"{API}/ai/embeddings", json={"model": "simulator/embedding", "input": [words]})
    ids = []
    for number in range(TASKS):
        script = SCRIPTS[number % len(SCRIPTS)]
        plan = [{"key": "a", "title": words, "instruction": f"{words} [[sim: {script}]]", "agent": "writer"}]
        body = {"goal": f"Say {words}", "model": MODELS[number % len(MODELS)], "plan": plan, "metadata": {"a": words}}
        answer = await client.post(f"{API}/tasks", json=body)
        if answer.is_success:
            ids.append(TaskId(answer.json()["id"]))
            await client.post(f"{API}/tasks/{ids[-1]}/steer", json={"text": words})
        if "drip" in script:
            await client.post(f"{API}/tasks/{ids[-1]}/cancel")
    return ids


async def _everything(
    stack: Stack, client: httpx2.AsyncClient, ids: list[TaskId], token: str
) -> AsyncIterator[tuple[str, bytes]]:
    yield "PostgreSQL", await stores.postgres(stack)
    yield "Redis", await stores.redis(stack)
    yield "Temporal's histories", await stores.histories(stack)
    yield "temporal.db", await stores.temporal_files(stack)
    async for name, content in stores.logs(stack):
        yield name, content
    yield "simulator.jsonl", (stack.settings.data_dir / "simulator.jsonl").read_bytes()
    paths = ["", "/subtasks", "/messages", "/cost", "/timeline"]
    asked = [f"{API}/tasks/{task_id}{path}" for task_id in ids for path in paths]
    asked += [f"{API}/{path}" for path in ("tasks", "agents", "schedules", "files", "models", "ai/calls", "auth/me")]
    asked += ["/health", "/docs", "/openapi.json", f"{API}/tasks/none", f"{API}/none"]
    yield "answers", b"\n".join([(await client.get(path)).content for path in asked])
    yield "events", b"\n".join([(await client.get(f"{API}/tasks/{task_id}/events")).content for task_id in ids])
    url, printed = str(stack.api.base_url).rstrip("/"), ""
    for words in (("tasks",), ("tasks", "--json"), ("show", ids[3]), ("show", ids[3], "--json"), ("cost", ids[3]),
                  ("models",), ("agents",), ("schedules", "list"), ("doctor",), ("follow", ids[3])):  # fmt: skip
        printed += (await try_command(Command(words), url, token)).text
    yield "command line", printed.encode()


def _environments(stack: Stack, sought: list[Canary]) -> Iterator[tuple[str, str]]:
    for name, process in running(stack).items():
        tree = psutil.Process(process.pid)
        for each in (tree, *tree.children(recursive=True)):
            told = "\n".join((*each.environ().values(), *each.cmdline()))
            for canary in sought:
                if canary.text in told:
                    yield name, canary.kind


FINDINGS = (
    Finding("S48", "keys, passwords and tokens nowhere; what users wrote only where what was said is kept", canaries),
)
