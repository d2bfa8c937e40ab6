"""Embeddings and images from a client's point of view: through the API, a worker and the simulator."""

import asyncio
import json
import tracemalloc
from array import array
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, update
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo

from activities.calls import media_requests
from api.ai_calls import pieces_of
from api.app import create_app
from api.deps import Parts
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Run
from chimera.ledger import runs as ledger_runs
from chimera.providers.health.accounts import ProviderHealth
from chimera.providers.health.circuit_breaker import Asker
from chimera.providers.media import Vectors
from chimera.store import ai_calls
from chimera.store.ai_calls import NewAiCall
from chimera.temporal.ai_calls import AiCallWaits, blocked_in
from chimera.temporal.client import Temporal
from chimera.temporal.dispatcher import Dispatcher
from models.ai_calls import (
    AiCallView,
    EmbeddingsView,
    EmbeddingUsage,
    EmbeddingView,
    MediaUsage,
    Operation,
)
from models.errors import ProviderAway
from models.ids import AiCallId, workflow_id_of
from models.runs import RunStatus
from tests.api.ai.conftest import AI, Gate, arrivals, ended
from tests.api.conftest import SignUp
from tests.api.routes.test_files import files_of
from tests.conftest import SimulatorServer
from tests.runs import Runs
from tests.until import until, until_true

pytestmark = pytest.mark.usefixtures("runs")

EMBEDDING, IMAGE = "simulator/embedding", "simulator/image"


async def test_texts_become_vectors(alice: httpx2.AsyncClient) -> None:
    texts = ["a red apple", "a green apple", "war and peace"]
    answer = await alice.post(f"{AI}/embeddings", json={"model": EMBEDDING, "input": texts, "dimensions": 128})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["object"], body["model"], body["simulated"], body["estimated"]) == ("list", EMBEDDING, True, False)
    assert [each["index"] for each in body["data"]] == [0, 1, 2]
    red, green, war = (each["embedding"] for each in body["data"])
    assert len(red) == len(green) == len(war) == 128
    assert _dot(red, green) > 0.4 > _dot(red, war)
    assert abs(_dot(red, red) - 1) < 1e-5
    assert body["usage"] == {"prompt_tokens": 14, "total_tokens": 14}
    assert body["cost_micro_usd"] == 1
    call = (await alice.get(answer.headers["Location"])).json()
    assert (call["status"], call["attempts"], call["in_doubt"]) == ("completed", 1, 0)
    assert call["result"] == body
    assert call["request"] == {"input": texts, "dimensions": 128}


async def test_vectors_have_two_million_numbers_at_most(alice: httpx2.AsyncClient) -> None:
    wanted = {"model": EMBEDDING, "input": ["tea"] * 200, "dimensions": 10_001}
    answer = await alice.post(f"{AI}/embeddings", json=wanted)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {
            "field": "dimensions",
            "message": "For 200 texts, each vector can have at most 10000 dimensions. Send fewer texts, or request"
            " fewer dimensions.",
        }
    ]


def test_an_answer_written_in_pieces_is_the_same() -> None:
    shared: dict[str, Any] = {"model": EMBEDDING, "simulated": True, "cost_micro_usd": 1, "estimated": False}
    data = tuple(EmbeddingView(index=n, embedding=vector) for n, vector in enumerate(((0.5, -1), (3, 0.5), (-1, 3))))
    usage = EmbeddingUsage(prompt_tokens=1, total_tokens=1)
    vectors = EmbeddingsView(id=AiCallId("c"), data=data, usage=usage, **shared)
    call = AiCallView(
        id=AiCallId("c"),
        operation=Operation.EMBEDDINGS,
        status=RunStatus.COMPLETED,
        attempts=1,
        in_doubt=0,
        in_doubt_micro_usd=0,
        usage=MediaUsage(input_tokens=1),
        error_code=None,
        error=None,
        created_at=datetime.now(UTC),
        started_at=None,
        ended_at=None,
        request={"input": ["tea"]},
        result=vectors,
        **shared,
    )
    kept = Vectors(3, 2, array("f", [0.5, -1, 3] * 2).tobytes())
    bare = vectors.model_copy(update={"data": ()})
    for whole, written in ((vectors, bare), (call, call.model_copy(update={"result": bare}))):
        assert json.loads(b"".join(pieces_of(written, kept))) == json.loads(whole.model_dump_json())


def test_large_answers_are_never_in_memory_as_a_whole() -> None:
    shared: dict[str, Any] = {"model": EMBEDDING, "simulated": True, "cost_micro_usd": 1, "estimated": False}
    usage = EmbeddingUsage(prompt_tokens=1, total_tokens=1)
    view = EmbeddingsView(id=AiCallId("c"), data=(), usage=usage, **shared)
    kept = Vectors(100, 10_000, bytes(4 * 1_000_000))
    tracemalloc.start()
    length = sum(map(len, pieces_of(view, kept)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length > 3_000_000 > peak


async def test_the_same_text_has_the_same_vector(alice: httpx2.AsyncClient) -> None:
    answers = [
        await alice.post(f"{AI}/embeddings", json={"model": EMBEDDING, "input": given}) for given in ("tea", ["tea"])
    ]
    first, second = (answer.json()["data"] for answer in answers)
    assert first == second
    assert len(first[0]["embedding"]) == 256


async def test_an_image_becomes_a_file_of_its_caller(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    wanted = {"model": IMAGE, "prompt": "a cat", "n": 2, "size": "64x32"}
    body = (await alice.post(f"{AI}/images", json=wanted)).json()
    assert body["simulated"] is True
    assert body["cost_micro_usd"] == 2 * 10_000
    assert body["usage"]["images"] == 2
    first, second = body["data"]
    image = await alice.get(first["url"])
    assert image.headers["Content-Type"] == first["media_type"] == "image/png"
    assert image.content[16:24] == (64).to_bytes(4) + (32).to_bytes(4)
    assert b"Simulated: " in image.content
    assert image.content != (await alice.get(second["url"])).content
    file = (await alice.get(f"/api/v1/files/{first['file_id']}")).json()
    assert (file["simulated"], file["size_bytes"]) == (True, len(image.content))
    assert (await bob.get(first["url"])).status_code == 404
    assert await files_of(database, "ai_calls", body["id"]) == [first["file_id"], second["file_id"]]


async def test_the_answer_is_available_without_waiting(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(Operation.EMBEDDINGS)
    monkeypatch.setattr(media_requests, "ask", gate.ask)
    asked = {"model": EMBEDDING, "input": "slow"}
    answer = await alice.post(f"{AI}/embeddings", json=asked, headers={"Prefer": "respond-async, wait=0"})
    assert answer.status_code == 202
    assert answer.json()["status"] in ("queued", "running")
    assert answer.json()["result"] is None
    gate.opened.set()
    call = await ended(alice, answer.headers["Location"])
    assert call["status"] == "completed"
    assert call["result"]["object"] == "list"


async def test_a_key_means_one_call(alice: httpx2.AsyncClient, simulator: SimulatorServer) -> None:
    key, asked = {"Idempotency-Key": uuid4().hex}, {"model": IMAGE, "prompt": "a dog"}
    first = await alice.post(f"{AI}/images", json=asked, headers=key)
    again = await alice.post(f"{AI}/images", json=asked, headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert arrivals(simulator, first.json()["id"]) == 1
    other = await alice.post(f"{AI}/images", json={**asked, "n": 2}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await alice.post(f"{AI}/embeddings", json={"model": EMBEDDING, "input": "a dog"}, headers=key)
    assert elsewhere.json()["code"] == "idempotency_key_reused"


async def test_the_same_call_written_otherwise_is_replayed(alice: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    first = await alice.post(f"{AI}/embeddings", json={"model": EMBEDDING, "input": "a dog"}, headers=key)
    shared = {"dimensions": None, "input": ["a dog"], "model": EMBEDDING}
    again = await alice.post(f"{AI}/embeddings", json=shared, headers=key)
    assert (again.status_code, again.headers.get("Idempotent-Replayed")) == (200, "true"), again.text
    assert again.json()["id"] == first.json()["id"]


async def test_a_fault_is_tried_again_and_counted(alice: httpx2.AsyncClient, simulator: SimulatorServer) -> None:
    asked = {"model": IMAGE, "prompt": "a cow [[sim: cut=after:1; times=1]]"}
    answer = await alice.post(f"{AI}/images", json=asked)
    assert answer.status_code == 200, answer.text
    call = (await alice.get(answer.headers["Location"])).json()
    assert (call["attempts"], call["in_doubt"]) == (2, 0)
    # The attempt that broke off mid-answer may be billed as well.
    assert (call["cost_micro_usd"], call["estimated"]) == (20_000, True)
    assert arrivals(simulator, call["id"]) == 2


async def test_a_provider_that_asks_to_wait_is_waited_for(
    alice: httpx2.AsyncClient, simulator: SimulatorServer
) -> None:
    asked = {"model": IMAGE, "prompt": "a bird [[sim: status=429; retry_after=1; times=1]]"}
    answer = await alice.post(f"{AI}/images", json=asked)
    assert answer.status_code == 200, answer.text
    call = (await alice.get(answer.headers["Location"])).json()
    # The refused request cost nothing and counts for nothing.
    assert (call["attempts"], call["cost_micro_usd"], call["estimated"]) == (2, 10_000, False)
    arrived = [
        each
        for each in simulator.asked()
        if (each["call_id"].partition("#")[0], each["phase"]) == (call["id"], "arrived")
    ]
    assert arrived[1]["t"] >= arrived[0]["t"] + 1


async def test_a_blocked_call_shows_reason_and_time(alice: httpx2.AsyncClient) -> None:
    asked = {"model": IMAGE, "prompt": "a tree [[sim: status=429; retry_after=4; times=1]]"}
    address = (await alice.post(f"{AI}/images", json=asked, headers={"Prefer": "wait=0"})).headers["Location"]
    call = await _held(alice, address)
    assert (call["status"], call["attempts"], call["blocked_by"]["code"]) == ("running", 1, "rate_limited")
    assert call["blocked_by"]["next_try_at"] > call["created_at"]
    assert (await ended(alice, address))["blocked_by"] is None


async def test_an_unavailable_provider_is_the_stated_reason(alice: httpx2.AsyncClient) -> None:
    asked = {"model": "openai/text-embedding-3-small", "input": "x"}
    address = (await alice.post(f"{AI}/embeddings", json=asked, headers={"Prefer": "wait=0"})).headers["Location"]
    call = await _held(alice, address)
    assert call["blocked_by"]["code"] in ("unreachable", "provider_away")
    assert (await alice.post(f"{address}/cancel")).json()["blocked_by"] is None


async def test_a_call_blocked_before_its_first_attempt_shows_why(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: ProviderHealth, account: str, asker: Asker) -> None:
        raise ProviderAway("simulator", "overloaded", retry_after_s=60.0)

    monkeypatch.setattr(ProviderHealth, "admit", refuse)
    asked = {"model": EMBEDDING, "input": "x"}
    address = (await alice.post(f"{AI}/embeddings", json=asked, headers={"Prefer": "wait=0"})).headers["Location"]
    call = await _held(alice, address)
    assert (call["attempts"], call["blocked_by"]["code"]) == (0, "provider_away")
    assert "simulator is unavailable" in call["blocked_by"]["message"]
    await alice.post(f"{address}/cancel")


def test_a_queued_activity_is_shown_as_queued() -> None:
    """Temporal doesn't tell whether no worker is running or every worker is busy."""
    held = blocked_in(PendingActivityInfo(state=PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED))
    assert held is not None
    assert (held.code, held.message.partition(".")[0]) == ("no_worker", "No worker has started the AI call yet")
    assert blocked_in(PendingActivityInfo(state=PendingActivityState.PENDING_ACTIVITY_STATE_STARTED)) is None


async def test_only_a_run_without_a_worker_waits_for_one(runs: Runs) -> None:
    temporal = Temporal(runs.settings.model_copy(update={"task_queue": "nobody"}))
    bus = Bus(runs.settings)
    waits, dispatcher = AiCallWaits(runs.database, temporal), Dispatcher(runs.database, temporal, bus, most_running=1)
    new = NewAiCall(Operation.EMBEDDINGS, EMBEDDING, {}, simulated=True, body_sha256="", idempotency_key=None)
    async with runs.database.begin() as session:
        call_id, _ = await ai_calls.create(session, runs.caller.user_id, new)
    await dispatcher.deliver(call_id)
    held = await waits.blocked_by(call_id)
    assert held is not None
    assert held.message.startswith("No worker has started the AI call yet")
    async with runs.database.begin() as session:
        assert await ledger_runs.close_from_temporal(session, call_id, cancelled=False)
    # The row already records the end, although the run doesn't show it yet.
    assert await waits.blocked_by(call_id) is None
    await (await temporal.client()).get_workflow_handle(workflow_id_of(call_id)).terminate()
    await bus.close()


async def test_a_run_that_has_ended_waits_for_no_worker(alice: httpx2.AsyncClient, runs: Runs) -> None:
    call_id = (await alice.post(f"{AI}/images", json={"model": IMAGE, "prompt": "a tree"})).json()["id"]
    handle = (await runs.temporal.client()).get_workflow_handle(workflow_id_of(call_id))
    await handle.result()
    reopened = update(Run).where(Run.id == call_id)
    async with runs.database.begin() as session:
        await session.execute(reopened.values(status=RunStatus.RUNNING, ended_at=None))
    assert await AiCallWaits(runs.database, runs.temporal).blocked_by(call_id) is None
    async with runs.database.begin() as session:
        await session.execute(reopened.values(status=RunStatus.COMPLETED, ended_at=func.now()))


@pytest.mark.parametrize(
    ("directive", "code", "status"),
    [
        ("status=400", "bad_request", 422),
        ("status=400; code=moderation_blocked", "content_refused", 422),
        ("status=401", "wrong_key", 502),
    ],
)
async def test_a_refusal_is_final_with_its_reason(
    alice: httpx2.AsyncClient, simulator: SimulatorServer, directive: str, code: str, status: int
) -> None:
    answer = await alice.post(f"{AI}/images", json={"model": IMAGE, "prompt": f"x [[sim: {directive}]]"})
    assert (answer.status_code, answer.json()["code"]) == (status, "ai_call_failed")
    assert code in answer.json()["detail"]
    (call,) = (await alice.get(f"{AI}/calls", params={"limit": 1})).json()["items"]
    assert (call["status"], call["error_code"], call["cost_micro_usd"]) == ("failed", code, 0)
    remedy = answer.json()["remedy"]
    assert (remedy["action"], remedy["href"]) == ("show_ai_call", f"{AI}/calls/{call['id']}")
    assert arrivals(simulator, call["id"]) == 1


async def test_a_call_that_always_fails_is_given_up(alice: httpx2.AsyncClient, simulator: SimulatorServer) -> None:
    asked = {"model": EMBEDDING, "input": ["x [[sim: garbage=1]]", "y"]}
    answer = await alice.post(f"{AI}/embeddings", json=asked)
    assert "called 2 times, and the call failed twice in the same way" in answer.json()["detail"]
    (call,) = (await alice.get(f"{AI}/calls", params={"limit": 1, "operation": "embeddings"})).json()["items"]
    assert (call["error_code"], call["attempts"]) == ("same_failure_again", 2)
    # The second attempt failed like the first, so no third one is paid for.
    assert arrivals(simulator, call["id"]) == 2


async def test_a_cancelled_call_is_cut(alice: httpx2.AsyncClient, simulator: SimulatorServer) -> None:
    asked = {"model": IMAGE, "prompt": "[[sim: hang=1]]"}
    waiting = asyncio.create_task(alice.post(f"{AI}/images", json=asked))
    call_id = await _first(simulator, alice, "images", "running")
    cancelled = await alice.post(f"{AI}/calls/{call_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (202, "cancelling")
    answer = await waiting
    assert (answer.status_code, answer.json()["code"]) == (409, "ai_call_cancelled")
    assert (await alice.post(f"{AI}/calls/{call_id}/cancel")).status_code == 202
    call = (await alice.get(f"{AI}/calls/{call_id}")).json()
    # The request was already in flight, so it may be billed.
    assert (call["status"], call["cost_micro_usd"], call["estimated"]) == ("cancelled", 10_000, True)
    await until(lambda: (f"{call_id}#images.1", "cut") in [(e["call_id"], e["phase"]) for e in simulator.asked()])
    done = await alice.post(f"{AI}/images", json={"model": IMAGE, "prompt": "x"})
    assert (await alice.post(f"{AI}/calls/{done.json()['id']}/cancel")).status_code == 409


async def test_without_temporal_a_call_is_kept_and_made_later(
    app: FastAPI, api_settings: Settings, alice: httpx2.AsyncClient, database: Database
) -> None:
    away = create_app(api_settings.model_copy(update={"temporal_address": "127.0.0.1:9"}))
    async with away.router.lifespan_context(away):
        transport = httpx2.ASGITransport(app=away)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=alice.headers
        ) as client:
            answer = await client.post(f"{AI}/embeddings", json={"model": EMBEDDING, "input": "later"})
    assert (answer.status_code, answer.json()["status"]) == (202, "queued")
    assert answer.json()["blocked_by"]["code"] == "unavailable"
    # The worker's sweeper delivers it after five seconds.
    call = await ended(alice, answer.headers["Location"])
    assert call["status"] == "completed"


async def test_a_stopping_api_releases_waiting_clients(
    api_settings: Settings, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(Operation.IMAGES)
    monkeypatch.setattr(media_requests, "ask", gate.ask)
    stopping = create_app(api_settings)
    async with stopping.router.lifespan_context(stopping):
        parts: Parts = stopping.state.parts
        transport = httpx2.ASGITransport(app=stopping)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=alice.headers
        ) as client:
            asked = {"model": IMAGE, "prompt": "a horse"}
            waiting = asyncio.create_task(client.post(f"{AI}/images", json=asked))
            await until(lambda: gate.held == 1)
            parts.ai_call_waits.stop_waiting()
            answer = await waiting
    assert answer.status_code == 202
    gate.opened.set()
    assert (await ended(alice, answer.headers["Location"]))["status"] == "completed"


async def test_a_run_that_was_terminated_closes_its_row(
    app: FastAPI, alice: httpx2.AsyncClient, simulator: SimulatorServer
) -> None:
    asked = {"model": IMAGE, "prompt": "[[sim: delay=30]]"}
    answer = await alice.post(f"{AI}/images", json=asked, headers={"Prefer": "wait=0"})
    call_id = answer.json()["id"]
    parts: Parts = app.state.parts
    client = await parts.temporal.client()
    await client.get_workflow_handle(f"run-{call_id}").terminate()
    call = await ended(alice, answer.headers["Location"])
    assert (call["status"], call["error_code"]) == ("failed", "ended_outside")


@pytest.mark.parametrize(
    ("path", "body", "field", "expected"),
    [
        ("embeddings", {"model": EMBEDDING}, "input", "required"),
        ("embeddings", {"model": EMBEDDING, "input": []}, "input", "at least one item"),
        ("embeddings", {"model": EMBEDDING, "input": [""]}, "input.0", "empty"),
        ("embeddings", {"model": EMBEDDING, "input": ["x"] * 257}, "input", "at most 256"),
        ("embeddings", {"model": EMBEDDING, "input": [3]}, "input.0", "text"),
        ("embeddings", {"model": EMBEDDING, "input": "x", "dimensions": "8"}, "dimensions", "whole number"),
        ("embeddings", {"model": EMBEDDING, "input": "x", "user": "me"}, "user", "Unknown field"),
        ("embeddings", {"model": "simulator/standard", "input": "x"}, "model", "can't be used for embeddings"),
        ("embeddings", {"model": "anthropic/claude-opus-4-5", "input": "x"}, "model", "openai or google or simulator"),
        ("embeddings", {"model": "openai/gpt-0", "input": "x"}, "model", "The price of"),
        ("embeddings", {"model": "local/x", "input": "x"}, "model", "CHIMERA_LOCAL_BASE_URL"),
        ("embeddings", {"model": "google/gemini-embedding-001", "input": ["x"] * 101}, "input", "at most 100"),
        ("images", {"model": IMAGE, "prompt": ""}, "prompt", "empty"),
        ("images", {"model": IMAGE, "prompt": "x", "n": 5}, "n", "4 or less"),
        ("images", {"model": IMAGE, "prompt": "x", "size": "big"}, "size", "1024x1024"),
        # These are digits too, but from another script.
        ("images", {"model": IMAGE, "prompt": "x", "size": "1\u0660x1\u0660"}, "size", "1024x1024"),
        ("images", {"model": "google/gemini-2.5-flash-image", "prompt": "x", "n": 2}, "n", "at most 1"),
        ("images", {"model": "google/gemini-2.5-flash-image", "prompt": "x", "size": "64x63"}, "size", "16:9"),
        ("images", {"model": "openai/gpt-4o-transcribe-x", "prompt": "x"}, "model", "The price of"),
    ],
)
async def test_an_impossible_request_is_refused_and_not_stored(
    sign_up: SignUp, path: str, body: dict[str, Any], field: str, expected: str
) -> None:
    erin = await sign_up()
    answer = await erin.post(f"{AI}/{path}", json=body)
    assert answer.status_code == 422, answer.text
    (error, *_) = answer.json()["errors"]
    assert error["field"] == field
    assert expected in error["message"]
    assert (await erin.get(f"{AI}/calls")).json()["items"] == []


async def test_another_users_call_looks_missing(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    made = await alice.post(f"{AI}/embeddings", json={"model": EMBEDDING, "input": "mine"})
    for method, below in (("GET", ""), ("POST", "/cancel")):
        theirs = await bob.request(method, f"{AI}/calls/{made.json()['id']}{below}")
        unknown = await bob.request(method, f"{AI}/calls/{uuid4()}{below}")
        assert theirs.status_code == unknown.status_code == 404
        assert theirs.json().keys() == unknown.json().keys()
    assert made.json()["id"] not in (await bob.get(f"{AI}/calls")).text


async def test_calls_are_listed_newest_first_page_by_page(sign_up: SignUp) -> None:
    frank = await sign_up()
    for number in range(3):
        await frank.post(f"{AI}/embeddings", json={"model": EMBEDDING, "input": f"{number}"})
    await frank.post(f"{AI}/images", json={"model": IMAGE, "prompt": "x"})
    params: dict[str, Any] = {"limit": 2, "operation": "embeddings"}
    first = (await frank.get(f"{AI}/calls", params=params)).json()
    rest = (await frank.get(f"{AI}/calls", params={**params, "cursor": first["next_cursor"]})).json()
    calls = first["items"] + rest["items"]
    assert [call["operation"] for call in calls] == ["embeddings"] * 3
    assert [call["created_at"] for call in calls] == sorted((call["created_at"] for call in calls), reverse=True)
    assert "request" not in calls[0]
    refused = await frank.get(f"{AI}/calls", params={"cursor": first["next_cursor"]})
    assert refused.status_code == 422


async def test_a_history_has_ids_and_no_prompts(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    secret = "a secret that nobody else may read"
    made = (await alice.post(f"{AI}/images", json={"model": IMAGE, "prompt": secret})).json()
    parts: Parts = app.state.parts
    client = await parts.temporal.client()
    history = (await client.get_workflow_handle(f"run-{made['id']}").fetch_history()).to_json()
    assert secret not in history
    assert made["data"][0]["file_id"] not in history
    assert len(history) < 12_000


async def test_providers_declare_their_operations(alice: httpx2.AsyncClient) -> None:
    listed = {each["name"]: each["operations"] for each in (await alice.get(f"{AI}/providers")).json()}
    everything = ["embeddings", "images", "transcriptions"]
    assert listed["openai"] == listed["google"] == listed["simulator"] == everything
    assert "anthropic" not in {name for name, operations in listed.items() if operations}


async def _held(client: httpx2.AsyncClient, address: str) -> dict[str, Any]:
    call: dict[str, Any] = {}

    async def is_held() -> bool:
        call.update((await client.get(address)).json())
        return call["blocked_by"] is not None and call["blocked_by"]["code"] != "no_worker"

    await until_true(is_held)
    return call


async def _first(simulator: SimulatorServer, client: httpx2.AsyncClient, operation: str, status: str) -> str:
    """Wait until the newest call of an operation has reached its provider, and return its ID."""
    call: dict[str, Any] = {}

    async def is_there() -> bool:
        found = (await client.get(f"{AI}/calls", params={"limit": 1, "operation": operation})).json()["items"]
        call.update(found[0] if found else {"status": None})
        return call["status"] == status and arrivals(simulator, call["id"]) > 0

    await until_true(is_there)
    return str(call["id"])


def _dot(one: list[float], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))
