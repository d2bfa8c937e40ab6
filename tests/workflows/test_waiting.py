"""Reports about a call that has to wait for its provider before it begins."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from structlog.contextvars import get_contextvars

from chimera.ledger.blocked import blocked_calls
from chimera.providers.health.accounts import ProviderHealth
from chimera.providers.health.circuit_breaker import Asker
from models.errors import RateLimited
from models.ids import TaskId
from models.tasks import BlockedCall
from models.users import Caller
from tests.conftest import SimulatorServer
from tests.ports import free_port
from tests.runs import Runs, a_subtask, new_user, runs_with_worker
from tests.until import until_true

HELD = "[[sim: status=429; retry_after=2; times=1; tokens=5]] go"


async def test_a_wait_for_a_provider_is_reported_once(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    admit, asked = ProviderHealth.admit, Counter[str]()
    refusing, let_go = asyncio.Event(), asyncio.Event()

    async def admit_when_let_go(health: ProviderHealth, account: str, asker: Asker) -> None:
        """Hold repeated attempts, and let no subtask of the second task proceed at once."""
        asking = get_contextvars()
        asked[asking["run_id"] + asking["path"]] += 1
        if asked[asking["run_id"] + asking["path"]] > 1:
            await let_go.wait()
        elif refusing.is_set() and asking["path"]:
            raise RateLimited("Not now.", retry_after_s=2)
        await admit(health, account, asker)

    monkeypatch.setattr(ProviderHealth, "admit", admit_when_let_go)
    first = await runs.start("Be refused", plan=[a_subtask("one", HELD)])
    await runs.event(first, "model_call.failed")
    refusing.set()
    second = await runs.start("Come after", plan=[a_subtask("one"), a_subtask("two")])
    await runs.event(second, "model_call.waiting")
    [refused] = await _blocked_calls(runs, first)
    assert (refused.path, refused.step, refused.code) == ("one", 1, "rate_limited")
    assert (refused.attempts, refused.model) == (1, "simulator/fast")
    waiting = (await _blocked_calls(runs, second))[0]
    assert (waiting.code, waiting.attempts, waiting.model) == ("rate_limited", 0, None)
    assert waiting.next_try_at is not None
    assert waiting.next_try_at - waiting.since == timedelta(seconds=2)
    let_go.set()
    assert (await runs.ended(second))["status"] == "completed"
    announced = [event for event in await runs.events(second) if event.type == "model_call.waiting"]
    assert sorted(event.path for event in announced) == ["one", "two"]
    assert {event.code for event in announced} == {"rate_limited"}
    assert all(0 < (event.retry_after_s or 0) < 4 for event in announced)
    types = [event.type for event in await runs.events(second) if event.path == "one"]
    assert types.index("model_call.waiting") < types.index("model_call.started")
    assert (await runs.ended(first))["status"] == "completed"
    assert await _blocked_calls(runs, first) == await _blocked_calls(runs, second) == ()


async def test_a_repeatedly_refused_call_reports_once(runs: Runs, monkeypatch: pytest.MonkeyPatch) -> None:
    admit, refusals = ProviderHealth.admit, Counter[str]()

    async def admit_the_fourth(health: ProviderHealth, account: str, asker: Asker) -> None:
        # The sweeper may have started tasks of other tests.
        asking = get_contextvars()["run_id"]
        if refusals[asking] < 3:
            refusals[asking] += 1
            raise RateLimited("Not now.", retry_after_s=0.2)
        await admit(health, account, asker)

    monkeypatch.setattr(ProviderHealth, "admit", admit_the_fourth)
    task_id = await runs.start("Come back", plan=[a_subtask("one")])
    assert (await runs.ended(task_id))["status"] == "completed"
    assert refusals[task_id] == 3
    announced = [event for event in await runs.events(task_id) if event.type == "model_call.waiting"]
    assert len(announced) == 1


async def test_one_users_failures_hold_no_other_user(runs: Runs) -> None:
    poisoned = [await runs.start("Fail", plan=[a_subtask("one", "[[sim: status=503]] go")]) for _ in range(6)]
    announced = await runs.event(poisoned[0], "model_call.waiting")
    assert getattr(announced, "code", "") == "provider_away"
    bob = replace(runs, caller=Caller(user_id=await new_user(runs.database), role="user"))
    task_id = await bob.start("Go on", plan=[a_subtask("one")])
    assert (await bob.ended(task_id))["status"] == "completed"
    assert "model_call.waiting" not in [event.type for event in await bob.events(task_id)]
    for each in poisoned:
        await runs.cancel(each)
        await runs.ended(each)


@pytest.mark.parametrize("breaker_failures", [100, 2])
async def test_a_starting_server_is_waited_for(runs: Runs, simulator: SimulatorServer, breaker_failures: int) -> None:
    """The call waits even if the server isn't called in between, and uses up none of its budget."""
    port = free_port()
    changes = {
        "local_base_url": f"http://127.0.0.1:{port}/v1",
        "call_max_attempts": 2,
        "breaker_failures": breaker_failures,
        "breaker_probe_s": 0.5,
        "graceful_shutdown_s": 1.0,
        "task_queue": f"not-up-yet-{breaker_failures}",
    }
    async with runs.unswept(), runs_with_worker(runs.settings.model_copy(update=changes)) as elsewhere:
        budget = {"max_model_calls": 1}
        task_id = await elsewhere.start("Wait", plan=[a_subtask("one")], model="local/standard", budget=budget)
        await until_true(lambda: _was_tried(elsewhere, task_id, 4))
        held: list[BlockedCall] = []

        async def is_held() -> bool:
            held[:] = await _blocked_calls(elsewhere, task_id)
            return bool(held)

        await until_true(is_held)
        assert held[0].attempts >= 4
        assert held[0].requests == 0
        async with await asyncio.start_server(_led_to(simulator.url), "127.0.0.1", port):
            row = await elsewhere.ended(task_id)
        assert (row["status"], row["model_calls"]) == ("completed", 1)
        codes = [attempt["error_code"] for attempt in await elsewhere.attempts(task_id)]
        assert codes[-1] is None
        assert set(codes[:-1]) == {"unreachable"}


async def _was_tried(runs: Runs, task_id: TaskId, times: int) -> bool:
    return len(await runs.attempts(task_id)) >= times


def _led_to(url: str) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]:
    """Return a handler that forwards everything to the server at `url`, and its responses back."""

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        await asyncio.gather(_copy(reader, back), _copy(there, writer), return_exceptions=True)

    return lead


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def _blocked_calls(runs: Runs, task_id: TaskId) -> tuple[BlockedCall, ...]:
    async with runs.database.statements() as connection:
        return await blocked_calls(connection, task_id)
