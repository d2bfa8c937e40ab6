"""The size of Temporal's history after a long conversation: 10, 50, 100 and 500 model calls in one run.

    python -m benchmarks.conversation [--tools] [10 50 100 500]

The task has one subtask, whose agent calls a tool in every turn and writes about 2,000 tokens each time, so 100 calls
are 200,000 tokens. The tool is the calculator, which runs with the answer that calls it; with `--tools`, it is one that
needs an activity, so that the difference is what such a tool call adds. The sizes include the task, the subtask and its
executions after continue-as-new. "a call" is what each additional call adds: the slope from the shortest conversation.
A run that stored its prompts would end at call 53, at Temporal's limit of 50 MB.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from uuid import uuid4

from models.ids import TaskId, workflow_id_of
from tests.history import History, history_of
from tests.stack import Stack, running_stack

TOKENS = 2000


async def main() -> None:
    arguments = [argument for argument in sys.argv[1:] if argument != "--tools"]
    lengths = [int(argument) for argument in arguments] or [10, 50, 100, 500]
    with_activities = "--tools" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        async with running_stack(Path(folder)) as stack:
            agent = await _reader(stack) if with_activities else "analyst"
            print("calls  tokens    events   bytes    largest run  runs  a call")
            first: tuple[int, History] | None = None
            for calls in lengths:
                history, tokens = await measure(stack, calls, agent)
                first = first or (calls, history)
                print(
                    f"{calls:5}  {tokens:8}  {history.events:6}  {history.size_bytes:8} {history.largest_bytes:9}"
                    f"  {history.runs:6}  {_slope(first, calls, history)}",
                    flush=True,
                )


async def _reader(stack: Stack) -> str:
    """Create an agent whose only tool needs an activity."""
    agent = {"name": "reader", "prompt": "Read.", "tools": ["read_file"]}
    (await stack.api.post("/api/v1/agents", json=agent)).raise_for_status()
    return "reader"


async def measure(stack: Stack, calls: int, agent: str) -> tuple[History, int]:
    """Run a conversation of `calls` model calls; return its history and the number of its output tokens."""
    # Different arguments each time: identical calls would end the conversation.
    tool = 'call=read_file; args={"name": "file-$turn"}; ' if agent == "reader" else ""
    instruction = f"Go on and on [[sim: {tool}turns={calls - 1}; tokens={TOKENS}]]"
    body = {
        "goal": "A long conversation",
        "model": "simulator/fast",
        "plan": [{"key": "talk", "instruction": instruction, "agent": agent}],
        "limits": {"max_turns": 1000},
    }
    response = await stack.api.post("/api/v1/tasks", json=body, headers={"Idempotency-Key": uuid4().hex})
    response.raise_for_status()
    task_id = TaskId(response.json()["id"])
    while (task := (await stack.api.get(f"/api/v1/tasks/{task_id}")).json())["status"] != "completed":
        if task["status"] in ("failed", "cancelled"):
            raise RuntimeError(f"the conversation ended as {task['status']}: {task['error']}")
        await asyncio.sleep(0.5)
    if task["model_calls"] != calls:
        raise RuntimeError(f"{task['model_calls']} calls instead of {calls}")
    return await history_of(stack.temporal, workflow_id_of(task_id)), task["usage"]["output_tokens"]


def _slope(first: tuple[int, History], calls: int, history: History) -> str:
    if calls == first[0]:
        return "-"
    more = calls - first[0]
    events = (history.events - first[1].events) / more
    size = (history.size_bytes - first[1].size_bytes) / more
    return f"{events:.2f} events, {size:.0f} bytes"


if __name__ == "__main__":
    asyncio.run(main())
    sys.stdout.flush()
    os._exit(0)
