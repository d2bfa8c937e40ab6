"""S23: data that names types: payloads for Temporal, JSON, and entries in Redis."""

import json
import pickle
import sys
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from pydantic import BaseModel
from redis.asyncio import Redis
from temporalio.api.common.v1 import Payload

from benchmarks.security.accounts import new_task, signed_in, until_status
from benchmarks.security.finding import API, Finding, Seen
from chimera.temporal.payloads import DATA_CONVERTER
from models.subtasks import SubtaskInput
from models.tasks import TaskInput
from models.tool_calls import Decision
from tests.stack import Stack

CANARY = f"canary_{uuid4().hex}"
"""The module that each of the payloads tries to import."""


class _Trap:
    """Imports the canary when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (__import__, (CANARY,))


SHAPES: tuple[Any, ...] = (
    {"lc": 1, "type": "constructor", "id": [CANARY, "Bomb"], "kwargs": {}},
    {"__class__": f"{CANARY}.Bomb", "__init__": {}},
    {"py/object": f"{CANARY}.Bomb"},
    {"py/reduce": [{"py/type": f"{CANARY}.Bomb"}, {"py/tuple": []}]},
    {"$type": f"{CANARY}.Bomb, {CANARY}"},
    {"@type": f"type.googleapis.com/{CANARY}.Bomb"},
    {"__type__": CANARY, "__value__": {}},
    {"!!python/object/apply:os.system": ["true"]},
    {"__reduce__": ["os.system", ["true"]]},
    {"type": "function", "module": CANARY},
)
ENCODINGS = (
    *(b"binary/pickle", b"python/pickle", b"json/jsonpickle", b"json/protobuf", b"binary/protobuf", b"yaml/plain"),
    *(b"", b"json/plain; charset=utf-7", b"JSON/PLAIN", b"application/json", b"binary/null2", b"binary/encrypted2"),
)
INPUTS: tuple[type[BaseModel], ...] = (TaskInput, SubtaskInput, Decision)


async def data_only(stack: Stack) -> Seen:
    """Offer each shape in every place that reads stored data; none may import the module that it names."""
    seen = Seen()
    _payloads(seen)
    await _bodies(stack, seen)
    await _entries(stack, seen)
    seen.expect(CANARY not in sys.modules, "the canary was imported")
    return seen


def _payloads(seen: Seen) -> None:
    pickled = pickle.dumps(_Trap())
    bodies: Sequence[bytes] = (pickled, *(json.dumps(shape).encode() for shape in SHAPES))
    for encoding in (*ENCODINGS, b"json/plain"):
        for body in bodies:
            for kind in INPUTS:
                metadata = {"encoding": encoding, "messageType": f"{CANARY}.Bomb".encode()}
                seen.expect(not _is_read(Payload(metadata=metadata, data=body), kind), f"{encoding!r}: {body[:60]!r}")


def _is_read(payload: Payload, kind: type[BaseModel]) -> bool:
    """Return whether a payload becomes anything but the type that its reader expects."""
    try:
        read = DATA_CONVERTER.payload_converter.from_payloads([payload], [kind])
    except Exception:  # noqa: BLE001  # it is rejected, however it is said
        return False
    return type(read[0]) is not kind


async def _bodies(stack: Stack, seen: Seen) -> None:
    async with signed_in(stack) as client:
        for shape in SHAPES:
            answer = await client.post(f"{API}/tasks", json={"goal": "x", "start": False, "metadata": shape})
            if answer.status_code == 202:
                shown = (await client.get(f"{API}/tasks/{answer.json()['id']}")).json()
                seen.expect(shown["metadata"] == shape, f"{shape} became {shown['metadata']}")
            else:
                seen.expect(answer.status_code == 422, f"{shape}: {answer.status_code}")
            answer = await client.post(f"{API}/tasks", json={"goal": "x", "start": False, **shape})
            seen.expect(answer.status_code == 422, f"{shape} as fields: {answer.status_code}")


async def _entries(stack: Stack, seen: Seen) -> None:
    """Add entries to the stream of a running task; its followers must get its events, and nothing else."""
    redis = Redis.from_url(stack.redis_admin_url)
    async with signed_in(stack) as client:
        task_id = await new_task(client, "tokens=40; delay=0.5")
        for body in (pickle.dumps(_Trap()), *(json.dumps(shape).encode() for shape in SHAPES), b"\x80\x04."):
            for name in ("t", "s", "x"):
                await redis.xadd(f"chimera:run:{task_id}", {name: body})
        status = await until_status(client, task_id)
        seen.expect(status == "completed", f"a task with foreign entries in its stream: {status}")
        kinds = [line async for line in _event_types(client, task_id)]
        seen.expect(kinds[-1:] == ["run.completed"], f"its events end with {kinds[-1:]}")
    seen.expect((await stack.api.get("/health/ready")).is_success, "the API isn't ready afterwards")
    await redis.aclose()


async def _event_types(client: Any, task_id: str) -> Any:
    async with client.stream("GET", f"{API}/tasks/{task_id}/events") as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event:"):
                yield line.removeprefix("event:").strip()


FINDINGS = (Finding("S23", "stored data is only data, whatever types it names", data_only),)
