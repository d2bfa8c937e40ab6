"""S48: canaries in keys, passwords, tokens and texts, and every place that stores or shows data."""

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
from models.ids import TaskId
from tests.stack import Stack

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
"""Directives for the tasks. Some tasks fail in ways that can expose keys: OpenAI's 401 repeats the rejected key."""


@dataclass(frozen=True, slots=True)
class Canary:
    kind: str
    text: str
    is_words: bool = False
    """Whether this is a user's text, which may be stored where messages are stored, and shown to that user."""


LISTS = (
    *("/tasks", "/agents", "/agents/types/available", "/agents/models/available", "/tasks/types/available"),
    *("/schedules", "/files", "/ai/calls", "/ai/providers", "/auth/me"),
)
"""The lists that a signed-in user may read."""

KEEP_WORDS = {"PostgreSQL", "Redis", "answers", "events", "command line", "simulator.jsonl"}
"""Places that may contain a user's text: the database with the transcript, streams (for an hour), and the user's own
requests."""


async def canaries(stack: Stack) -> Seen:
    seen, words = Seen(), f"CANARYWORDS{uuid4().hex}"
    async with signed_in(stack) as client:
        ids, steered = await _work(client, words)
        seen.expect(steered > 0, "no task received guidance")
        seen.figures["tasks that received guidance"] = steered
        ended = await asyncio.gather(*(until_status(client, each, limit_s=LIMIT_S, every_s=2) for each in ids))
        seen.figures["tasks"] = ", ".join(f"{number} {status}" for status, number in Counter(ended).items())
        seen.expect(len(ids) == TASKS, f"{len(ids)} tasks were accepted, not {TASKS}")
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
                seen.expect(allowed or hits == 0, f"{place} contains the {canary.kind}")
    seen.figures["places searched"] = places
    for name, kind in _environments(stack, sought):
        seen.expect(kind in MAY_KNOW.get(name, set()), f"{name} has the {kind} in its environment or arguments")
    seen.decisions.append(
        "the API and workers have keys in their environments, because they need them for requests (docs/operations.md)"
    )
    return seen


async def _work(client: httpx2.AsyncClient, words: str) -> tuple[list[TaskId], int]:
    """Start 50 tasks and fill every other field that accepts text; cancel some of the tasks.

    Returns the tasks' ids, and how many of them accepted guidance.
    """
    form = {"file": ("note.txt", f"{words}\n".encode() * 50, "text/plain")}
    (await client.post(f"{API}/files", files=form)).raise_for_status()
    agent = f"a{uuid4().hex[:8]}"
    planted = {
        "agents": {"name": agent, "role": words[:40], "description": words, "prompt": words},
        "schedules": {
            "name": words,
            "task": {"goal": words, "model": MODELS[0]},
            "interval_s": 86_400,
            "paused": True,
        },
        "ai/embeddings": {"model": "simulator/embedding", "input": [words]},
    }
    for path, body in planted.items():
        (await client.post(f"{API}/{path}", json=body)).raise_for_status()
    ids, steered = [], 0
    for number in range(TASKS):
        script = SCRIPTS[number % len(SCRIPTS)]
        who = agent if number % 2 else "writer"
        plan = [{"key": "a", "title": words, "instruction": f"{words} [[sim: {script}]]", "agent": who}]
        body = {"goal": f"Say {words}", "model": MODELS[number % len(MODELS)], "plan": plan, "metadata": {"a": words}}
        answer = (await client.post(f"{API}/tasks", json=body)).raise_for_status()
        ids.append(TaskId(answer.json()["id"]))
        # A task that has already ended doesn't accept guidance.
        steered += (await client.post(f"{API}/tasks/{ids[-1]}/steer", json={"text": words})).is_success
        if "drip" in script:
            (await client.post(f"{API}/tasks/{ids[-1]}/cancel")).raise_for_status()
    return ids, steered


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
    asked += [f"{API}{path}" for path in LISTS]
    asked += ["/health", "/docs", "/openapi.json"]
    answers = [(await client.get(path)).raise_for_status().content for path in asked]
    answers += [(await client.get(path)).content for path in (f"{API}/tasks/none", f"{API}/none")]
    yield "answers", b"\n".join(answers)
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
            readable = "\n".join((*each.environ().values(), *each.cmdline()))
            for canary in sought:
                if canary.text in readable:
                    yield name, canary.kind


FINDINGS = (
    Finding(
        "S48",
        "keys, passwords and tokens are stored nowhere, and users' texts only where messages are stored",
        canaries,
    ),
)
