"""B12: a request body that blocks the event loop for all other requests."""

from typing import Any

from pydantic_core import to_json

from benchmarks.security.finding import API, Finding, Seen, processor_s, watched
from tests.stack import Stack

HELD_MS = 100
ROUNDS = 3
STEP = {"instruction": "x", "agent": "writer"}
NAMES = ["ab" * 18 + f"{n:03}" for n in range(200)]
UNKNOWN = ["ba" * 18 + f"{n:03}" for n in range(35)]

BODIES: dict[str, tuple[str, Any]] = {
    "90,000 unknown names, anonymous": ("/auth/login", {f"k{n}": n for n in range(90_000)}),
    "1,200 unknown names, anonymous": ("/auth/login", {f"k{n}": 1 for n in range(1_200)}),
    "200,000 invalid images": ("/tasks", {"goal": "x", "images": [1] * 200_000}),
    "9,000 invalid images": ("/tasks", {"goal": "x", "images": [1] * 9_000}),
    "400,000 invalid texts to embed": ("/ai/embeddings", {"model": "simulator/embedding", "input": [1] * 400_000}),
    "90,000 dependencies": ("/tasks", {"goal": "x", "plan": [{"key": "a", **STEP, "depends_on": ["b"] * 90_000}]}),
    "7,000 identical unknown dependencies": (
        "/tasks",
        {"goal": "x", "plan": [{"key": name, **STEP, "depends_on": UNKNOWN} for name in NAMES]},
    ),
    "20,000 invalid subtasks": ("/tasks", {"goal": "x", "plan": [{}] * 20_000}),
    "1 MB of empty lists": ("/tasks", [[]] * 330_000),
    "190 unknown names in each of 50 subtasks": (
        "/tasks",
        {"goal": "x", "plan": [{f"k{n}": 1 for n in range(190)}] * 50},
    ),
}


async def large_bodies(stack: Stack) -> Seen:
    """Measure the API's processor time for each body, and how long a second client waits meanwhile."""
    seen = Seen()
    for what, (path, body) in BODIES.items():
        content = to_json(body)
        async with watched(stack) as watch:
            before = processor_s(stack.services.api)
            for _ in range(ROUNDS):
                answer = await stack.api.post(
                    f"{API}{path}", content=content, headers={"Content-Type": "application/json"}
                )
                seen.expect(400 <= answer.status_code < 500, f"{what}: {answer.status_code}")
                # Ensures that no wait of the second client is caused by two bodies.
                await watch.next_answer()
            used_ms = (processor_s(stack.services.api) - before) * 1000 / ROUNDS
        seen.expect(used_ms <= HELD_MS, f"{what}: {used_ms:.0f} ms of processor time")
        seen.expect(watch.held_ms <= HELD_MS, f"{what}: a second client waited for {watch.held_ms:.0f} ms of this work")
        seen.figures[what] = round(used_ms)
        for name, ms in (
            ("longest wait of a second client, ms", watch.longest_ms),
            ("longest event loop work in one wait, ms", watch.held_ms),
        ):
            seen.figures[name] = max(round(ms), seen.figures.get(name, 0))
    return seen


FINDINGS = (
    Finding("B12", f"no body uses more than {HELD_MS} ms of the API's processor time (ms by body)", large_bodies),
)
