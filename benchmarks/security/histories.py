"""B7: which messages Temporal stores, and who may decode them."""

import asyncio
from pathlib import Path
from typing import Any

import psutil
from temporalio.client import Client

from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, new_account, try_password
from tests.stack import Stack

PLACES = (
    "title",
    "goal",
    "subtask",
    "instruction",
    "guidance",
    "failure",
    "refusal",
    "image prompt",
    "text",
    "schedule",
    "retried",
)
ENCRYPTED = b"binary/encrypted"
ENDED = ("completed", "failed", "cancelled")


def _canary(place: str) -> str:
    return f"nightjar {place}"


async def what_temporal_holds(stack: Stack) -> Seen:
    """Put a canary in every place, then search for it in Temporal's files and histories."""
    seen = Seen()
    task_ids = [await _steered(stack), failed := await _failed(stack), await _scheduled(stack)]
    text = (await stack.api.get(f"{API}/tasks/{failed}/subtasks")).raise_for_status().text
    seen.expect(_canary("refusal") in text, "failures don't contain the provider's message")
    for path, body in (
        ("embeddings", {"model": "simulator/embedding", "input": [_canary("text")]}),
        ("images", {"model": "simulator/image", "prompt": _canary("image prompt")}),
    ):
        (await stack.api.post(f"{API}/ai/{path}", json=body)).raise_for_status()
    kept = await _histories(stack.temporal) | _files(stack.settings.data_dir)
    everything = b"".join(kept.values())
    for task_id in task_ids:
        seen.expect(task_id.encode() in everything, "a task's id, which Temporal stores, was not found")
    seen.expect(ENCRYPTED in everything, "nothing is encrypted")
    for name, data in kept.items():
        found = [place for place in PLACES if _canary(place).encode() in data.lower()]
        seen.expect(not found, f"{name} contains {', '.join(found)}")
    seen.figures |= {"histories": len(kept), "MB": round(len(everything) / 1e6, 1)}
    return seen


async def who_has_the_key(stack: Stack) -> Seen:
    """Check that only the API and the workers have the key in their environments."""
    seen = Seen()
    key = stack.environment["CHIMERA_PAYLOAD_KEYS"].partition(":")[2].encode()
    services = stack.services
    for process in (services.api, *services.workers):
        seen.expect(key in _environment(process.pid), f"{process.service.title} doesn't have the key")
    for process in (*stack.parts.values(), *stack.provider):
        seen.expect(key not in _environment(process.pid), f"{process.service.title} has the key")
    return seen


async def codec_addresses(stack: Stack) -> Seen:
    """Check that only an administrator's pass permits decoding, no other token does, and no log contains the pass."""
    seen = Seen()
    async with client_of(stack, address="127.0.8.1") as client:
        users = (await try_password(client, await new_account(stack), PASSWORD)).json()["access_token"]
        answer = await client.post(f"{API}/codec", headers={"Authorization": f"Bearer {users}"})
        seen.expect(answer.status_code == 403, "a user received an address")
        url = (await stack.api.post(f"{API}/codec")).json()["url"]
        codec_pass = url.rpartition("/")[2]
        for wrong in (users, codec_pass[:-2], codec_pass.replace(".", "", 1), "x", "%00", codec_pass + "."):
            answer = await client.post(f"{API}/codec/{wrong}/decode", json={"payloads": []})
            seen.expect(answer.status_code in (403, 404), f"a wrong pass: {answer.status_code}")
        for path in ("decode", "encode", ""):
            answer = await client.post(f"{API}/codec/{codec_pass}/{path}", json={"payloads": []})
            seen.expect(answer.is_success == (path == "decode"), f"/{path}: {answer.status_code}")
        for headers in ({"Authorization": f"Bearer {codec_pass}"}, {"Authorization": codec_pass}):
            answer = await client.get(f"{API}/tasks", headers=headers)
            seen.expect(answer.status_code == 401, "a pass is an access token")
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        answer = await client.options(f"{API}/codec/{codec_pass}/decode", headers=asked)
        seen.expect("access-control-allow-origin" not in answer.headers, "a page from another origin may send requests")
    for log in (stack.settings.data_dir / "logs").iterdir():
        content = log.read_bytes()
        is_safe = not any(part.encode() in content for part in codec_pass.split(".")[1:])
        seen.expect(is_safe, f"{log.name} contains the pass")
    return seen


async def _steered(stack: Stack) -> str:
    """Run a task that gets guidance while it runs, and whose answers repeat their requests."""
    plan = [
        {
            "key": f"s{number}",
            "title": f"{_canary('subtask')} {number}",
            "instruction": f"{_canary('instruction')} [[sim: turns=2; tokens=60; drip=60]]",
            "agent": "analyst",
        }
        for number in range(2)
    ]
    task = await _new_task(stack, title=_canary("title"), goal=_canary("goal"), plan=plan)
    guidance = {"text": _canary("guidance")}
    (await stack.api.post(f"{API}/tasks/{task}/steer", json=guidance)).raise_for_status()
    await _ended(stack, task)
    return task


async def _failed(stack: Stack) -> str:
    """Run a task that its provider rejects with a message that contains a canary, and retry it."""
    script = f'status=400; code="{_canary("refusal")}"'
    plan = [{"key": "s", "instruction": f"{_canary('failure')} [[sim: {script}]]", "agent": "writer"}]
    task = await _new_task(stack, goal=_canary("goal"), plan=plan)
    await _ended(stack, task)
    retry = {"guidance": _canary("retried")}
    (await stack.api.post(f"{API}/tasks/{task}/retry", json=retry)).raise_for_status()
    await _ended(stack, task)
    return task


async def _scheduled(stack: Stack) -> str:
    task = {"goal": f"{_canary('schedule')} [[sim: tokens=20]]", "model": "simulator/fast"}
    body = {"name": _canary("schedule"), "cron": "0 0 1 1 *", "task": task}
    schedule = (await stack.api.post(f"{API}/schedules", json=body)).raise_for_status().json()["id"]
    (await stack.api.post(f"{API}/schedules/{schedule}/trigger")).raise_for_status()
    while not (made := (await stack.api.get(f"{API}/schedules/{schedule}/runs")).json()["items"]):
        await asyncio.sleep(0.2)
    await _ended(stack, made[0]["id"])
    return str(made[0]["id"])


async def _new_task(stack: Stack, **fields: Any) -> str:
    answer = await stack.api.post(f"{API}/tasks", json={"model": "simulator/fast", **fields})
    return str(answer.raise_for_status().json()["id"])


async def _ended(stack: Stack, task: str) -> None:
    while (await stack.api.get(f"{API}/tasks/{task}")).json()["status"] not in ENDED:
        await asyncio.sleep(0.2)


async def _histories(client: Client) -> dict[str, bytes]:
    """Return every history as it is stored, with its description."""
    found: dict[str, bytes] = {}
    async for run in client.list_workflows():
        handle = client.get_workflow_handle(run.id, run_id=run.run_id)
        events = b"".join(event.SerializeToString() for event in (await handle.fetch_history()).events)
        found[run.id] = events + (await handle.describe()).raw_description.SerializeToString()
    async for schedule in await client.list_schedules():
        described = await client.get_schedule_handle(schedule.id).describe()
        found[f"schedule {schedule.id}"] = described.raw_description.SerializeToString()
    return found


def _files(data_dir: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in data_dir.glob("temporal.db*")}


def _environment(pid: int | None) -> bytes:
    return "\0".join(psutil.Process(pid).environ().values()).encode(errors="replace")


FINDINGS = (
    Finding("B7", "messages can't be read in Temporal", what_temporal_holds),
    Finding("B7a", "only processes that need the payload key have it", who_has_the_key),
    Finding("B7b", "only administrators get a codec address, and logs don't contain it", codec_addresses),
)
