"""A model server that takes a while to load one model, and meanwhile answers for another one."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from chimera.config.settings import Settings
from chimera.ledger.blocked import blocked_calls
from models.ids import TaskId
from models.providers import OwnRates
from models.tasks import BlockedCall
from tests.conftest import SimulatorServer
from tests.runs import Runs, a_subtask, runs_with_worker
from tests.until import until_true

BODY = json.dumps({"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}).encode()
REFUSAL = b"HTTP/1.1 503 Said\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%s"


@dataclass
class Loader:
    """Stands in front of the simulator and refuses requests that contain `loading`."""

    url: str
    loading: bytes = b'"slow"'
    refused: int = 0


async def test_a_model_that_loads_is_waited_for(settings: Settings, simulator: SimulatorServer) -> None:
    """Waiting uses up no attempt and none of the budget, and the server's other model isn't blocked."""
    async with loader_before(simulator.url) as loader, _runs(settings, loader) as runs:
        task_id = await runs.start("Wait", plan=[a_subtask("one")], model="local/slow", budget={"max_model_calls": 1})
        await until_true(lambda: _was_refused(loader, 4))
        held = await _blocked_calls(runs, task_id)
        assert (held.code, held.model) == ("model_loading", "local/slow")
        assert "Loading model" in held.message
        other = await runs.start("Go on", plan=[a_subtask("one")], model="local/fast")
        assert (await runs.ended(other))["status"] == "completed"
        assert [attempt["error_code"] for attempt in await runs.attempts(other)] == [None]
        loader.loading = b"nothing"
        row = await runs.ended(task_id)
        assert (row["status"], row["model_calls"]) == ("completed", 1)
        *waited, answered = await runs.attempts(task_id)
        assert {attempt["error_code"] for attempt in waited} == {"model_loading"}
        assert sum(attempt["cost_micro_usd"] for attempt in waited) == 0
        assert row["spent_micro_usd"] == answered["cost_micro_usd"] > 0


async def test_another_model_replaces_a_loading_one(settings: Settings, simulator: SimulatorServer) -> None:
    async with loader_before(simulator.url) as loader, _runs(settings, loader) as runs:
        task_id = await runs.start("Fall back", plan=[a_subtask("one")], model="local/slow", fallbacks=["local/fast"])
        assert (await runs.ended(task_id))["status"] == "completed"
        models = [attempt["model"] for attempt in await runs.attempts(task_id)]
        assert models == ["local/slow"] * 2 + ["local/fast"]


async def _blocked_calls(runs: Runs, task_id: TaskId) -> BlockedCall:
    """Return the blocked call. While an attempt is in flight, none is blocked."""
    found: list[BlockedCall] = []

    async def is_blocked() -> bool:
        async with runs.database.statements() as connection:
            found[:] = await blocked_calls(connection, task_id)
        return bool(found)

    await until_true(is_blocked)
    return found[0]


@asynccontextmanager
async def loader_before(url: str) -> AsyncIterator[Loader]:
    loader = Loader("")

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1]) if length else 0)
        if loader.loading in body:
            loader.refused += 1
            writer.write(REFUSAL % (len(BODY), BODY))
        else:
            there, back = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
            back.write(re.sub(rb"connection: [\w-]+", b"connection: close", head, flags=re.IGNORECASE) + body)
            while data := await there.read(65536):
                writer.write(data)
            back.close()
        writer.close()

    async with await asyncio.start_server(lead, "127.0.0.1", 0) as server:
        loader.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield loader


@asynccontextmanager
async def _runs(settings: Settings, loader: Loader) -> AsyncIterator[Runs]:
    price = OwnRates.model_validate({"input": 100, "output": 200})
    changes = {
        "local_base_url": loader.url,
        "prices": {"local/slow": price, "local/fast": price},
        "call_max_attempts": 2,
        "breaker_failures": 2,
        "graceful_shutdown_s": 1.0,
        "task_queue": "model-loading",
    }
    async with runs_with_worker(settings.model_copy(update=changes)) as runs:
        yield runs


async def _was_refused(loader: Loader, times: int) -> bool:
    return loader.refused >= times
