"""Fallback models, and providers that ask calls to wait or are unavailable: below the API, over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from chimera.config.settings import Settings
from chimera.providers.chat_completions.chat import ChatCompletions
from models.errors import ProviderError
from models.events import ModelCallFailed, ModelCallFellBack
from models.tasks import SubtaskMode
from tests.conftest import SimulatorServer
from tests.runs import Runs, a_subtask, runs_with_worker

MAX_ATTEMPTS = 2
FIRST, SECOND = "simulator/fast", "simulator/standard"
ELSEWHERE = "local/standard"
"""The same simulator under another provider's name, and therefore with a separate account."""


@pytest.fixture(scope="module")
async def runs(settings: Settings, simulator: SimulatorServer, mode: SubtaskMode) -> AsyncIterator[Runs]:
    changes = {
        "simulator_url": simulator.url,
        "local_base_url": f"{simulator.url}/v1",
        "call_max_attempts": MAX_ATTEMPTS,
        "breaker_failures": MAX_ATTEMPTS,
        # No probe is due during these tests.
        "breaker_probe_s": 600.0,
        "graceful_shutdown_s": 1.0,
    }
    async with runs_with_worker(settings.model_copy(update=changes)) as started:
        started.mode = mode
        yield started


async def asked(runs: Runs, task_id: Any) -> list[tuple[str, str | None]]:
    return [(attempt["model"], attempt["error_code"]) for attempt in await runs.attempts(task_id)]


async def fell_back(runs: Runs, task_id: Any) -> list[tuple[str, str, str]]:
    events = await runs.events(task_id)
    return [(each.from_model, each.to_model, each.code) for each in events if isinstance(each, ModelCallFellBack)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("status=401", "wrong_key"),
        ("status=429; code=insufficient_quota", "no_quota"),
        ("status=404; code=model_not_found", "unknown_model"),
        ("status=400; code=context_length_exceeded", "context_too_long"),
        ("finish=content_filter", "content_refused"),
    ],
)
async def test_permanent_failures_fall_back_to_the_next_model(runs: Runs, fault: str, code: str) -> None:
    plan = [a_subtask("one", f"[[sim: {fault}; model=fast; tokens=5]] go")]
    task_id = await runs.start("Fall back", plan=plan, fallbacks=[SECOND])
    row = await runs.ended(task_id)
    assert (row["status"], row["error"]) == ("completed", None)
    assert await asked(runs, task_id) == [(FIRST, code), (SECOND, None)]
    assert await fell_back(runs, task_id) == [(FIRST, SECOND, code)]
    [failed] = [event for event in await runs.events(task_id) if isinstance(event, ModelCallFailed)]
    assert failed.retryable


async def test_used_up_attempts_fall_back_to_another_model(runs: Runs) -> None:
    task_id = await runs.start(
        "Break", plan=[a_subtask("one", "[[sim: status=500; retry_after=0.1; model=fast]] go")], fallbacks=[SECOND]
    )
    assert (await runs.ended(task_id))["status"] == "completed"
    assert await asked(runs, task_id) == [(FIRST, "internal_failure")] * MAX_ATTEMPTS + [(SECOND, None)]


@pytest.mark.parametrize(("fallbacks", "status"), [((ELSEWHERE,), "completed"), ((), "failed")])
async def test_an_unmakeable_client_does_not_hang(
    runs: Runs, monkeypatch: pytest.MonkeyPatch, fallbacks: tuple[str, ...], status: str
) -> None:
    connect = ChatCompletions.connect

    async def connect_elsewhere(provider: ChatCompletions) -> None:
        if provider.name == "simulator":
            raise ProviderError("The provider's client can't be created (ImportError).")
        await connect(provider)

    monkeypatch.setattr(ChatCompletions, "connect", connect_elsewhere)
    # A model that this worker hasn't called yet.
    task_id = await runs.start("Fall back", model="simulator/slow", plan=[a_subtask("one")], fallbacks=fallbacks)
    row = await runs.ended(task_id)
    assert row["status"] == status
    assert await asked(runs, task_id) == [(model, None) for model in fallbacks]
    assert row["reserved_micro_usd"] == 0


async def test_each_call_begins_with_its_first_choice(runs: Runs) -> None:
    plan = [a_subtask("one", "[[sim: turns=1; tokens=5; status=401; times=1]] go", agent="analyst")]
    task_id = await runs.start("Two turns", plan=plan, fallbacks=[SECOND])
    assert (await runs.ended(task_id))["status"] == "completed"
    assert [model for model, _ in await asked(runs, task_id)] == [FIRST, SECOND, FIRST, SECOND]


async def test_the_last_models_code_fails_the_subtask(runs: Runs) -> None:
    task_id = await runs.start("All", plan=[a_subtask("one", "[[sim: status=401]] go")], fallbacks=[SECOND])
    row = await runs.ended(task_id)
    assert (row["status"], row["error_code"]) == ("failed", "wrong_key")
    assert await asked(runs, task_id) == [(FIRST, "wrong_key"), (SECOND, "wrong_key")]


async def test_every_rate_limit_is_waited_for(runs: Runs) -> None:
    times = MAX_ATTEMPTS + 1
    plan = [a_subtask("one", f"[[sim: status=429; retry_after=0.1; times={times}; tokens=5]] go")]
    task_id = await runs.start("Wait", plan=plan)
    assert (await runs.ended(task_id))["status"] == "completed"
    assert await asked(runs, task_id) == [(FIRST, "rate_limited")] * times + [(FIRST, None)]


async def test_a_long_rate_limit_falls_back(runs: Runs) -> None:
    plan = [a_subtask("one", "[[sim: status=429; retry_after=0.1; model=fast; tokens=5]] go")]
    task_id = await runs.start("Don't wait", plan=plan, fallbacks=[SECOND])
    assert (await runs.ended(task_id))["status"] == "completed"
    assert await asked(runs, task_id) == [(FIRST, "rate_limited")] * MAX_ATTEMPTS + [(SECOND, None)]


async def test_an_unavailable_provider_is_skipped_at_once(runs: Runs) -> None:
    plan = [a_subtask("one", "[[sim: status=503; model=standard; tokens=5]] go")]
    task_id = await runs.start("Away", plan=plan, model=ELSEWHERE, fallbacks=[FIRST])
    assert (await runs.ended(task_id))["status"] == "completed"
    assert await asked(runs, task_id) == [(ELSEWHERE, "overloaded"), (ELSEWHERE, "provider_away"), (FIRST, None)]

    # Failures of one task affect only that task; failures of two tasks affect their user.
    too = await runs.start("Away too", plan=plan, model=ELSEWHERE, fallbacks=[FIRST])
    assert (await runs.ended(too))["status"] == "completed"

    at_once = await runs.start("Still away", plan=[a_subtask("one")], model=ELSEWHERE, fallbacks=[FIRST])
    assert (await runs.ended(at_once))["status"] == "completed"
    assert await asked(runs, at_once) == [(FIRST, None)]
    assert await fell_back(runs, at_once) == [(ELSEWHERE, FIRST, "provider_away")]
