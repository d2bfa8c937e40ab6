"""Requests repeated with the same idempotency key: they return their run, whatever has changed meanwhile."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.api.openai.conftest import FAST
from tests.api.openai.test_chat import said

pytestmark = pytest.mark.usefixtures("runs")

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"


async def sent(user: httpx2.AsyncClient, path: str, body: dict[str, Any], key: str) -> httpx2.Response:
    return await user.post(path, json=body, headers={"Idempotency-Key": key})


def is_the_same(first: httpx2.Response, again: httpx2.Response) -> bool:
    assert (first.status_code, again.status_code) == (200, 200), again.text
    assert again.headers["Idempotent-Replayed"] == "true"
    return first.headers["X-Chimera-Run-ID"] == again.headers["X-Chimera-Run-ID"]


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
async def test_a_key_outlives_its_agent(alice: httpx2.AsyncClient, path: str) -> None:
    name = f"temporary-{uuid4().hex[:6]}"
    agent = {"name": name, "prompt": "You answer.", "model": FAST}
    assert (await alice.post("/api/v1/agents", json=agent)).status_code == 201
    body = {"model": name} | ({"messages": said("Hello.")} if path == CHAT else {"input": "Hello."})
    key = uuid4().hex
    first = await sent(alice, path, body, key)
    assert (await alice.post(f"/api/v1/agents/{name}/deactivate")).status_code == 200
    assert is_the_same(first, await sent(alice, path, body, key))
    streamed = await sent(alice, path, body | {"stream": True}, key)
    assert streamed.headers["X-Chimera-Run-ID"] == first.headers["X-Chimera-Run-ID"]
    assert "error" not in streamed.text.replace('"error":null', "")


async def test_a_key_outlives_an_earlier_response(alice: httpx2.AsyncClient) -> None:
    earlier = (await alice.post(RESPONSES, json={"model": FAST, "input": "One."})).json()["id"]
    body, key = {"model": FAST, "input": "Two.", "previous_response_id": earlier}, uuid4().hex
    first = await sent(alice, RESPONSES, body, key)
    assert (await alice.delete(f"{RESPONSES}/{earlier}")).status_code == 200
    assert is_the_same(first, await sent(alice, RESPONSES, body, key))


async def test_a_typed_agent_is_streamed_again(alice: httpx2.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    name = f"typed-{uuid4().hex[:6]}"
    agent = {"name": name, "prompt": "You answer.", "model": FAST, "output_schema": schema}
    assert (await alice.post("/api/v1/agents", json=agent)).status_code == 201
    asked = "Oslo? [[sim: wrongjson=1; drip=400]]"
    body, key = {"model": name, "input": asked, "background": True}, uuid4().hex
    begun = await sent(alice, RESPONSES, body, key)
    assert begun.json()["status"] in ("queued", "in_progress")
    streamed = await sent(alice, RESPONSES, body | {"stream": True}, key)
    assert "event: response.completed" in streamed.text
    assert streamed.text.count("event: response.output_text.delta") == 1


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({"temperature": 0.5}, {}),
        ({"store": True}, {}),
        ({"metadata": {"a": "b"}}, {}),
        ({}, {"X-Chimera-Max-Cost-Micro-USD": "5000000"}),
    ],
    ids=["option", "store", "metadata", "budget"],
)
async def test_another_request_needs_another_key(
    alice: httpx2.AsyncClient, fields: dict[str, Any], headers: dict[str, str]
) -> None:
    body, key = {"model": FAST, "messages": said("Hello.")}, uuid4().hex
    first = await sent(alice, CHAT, body, key)
    # Fields that are ignored, or that have their default, change nothing.
    assert is_the_same(first, await sent(alice, CHAT, body | {"user": "me", "n": 1, "stop": []}, key))
    other = await alice.post(CHAT, json=body | fields, headers={"Idempotency-Key": key, **headers})
    assert (other.status_code, other.json()["error"]["code"]) == (400, "idempotency_key_reused")


async def test_a_key_belongs_to_its_user(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    body, key = {"model": FAST, "messages": said("Hello.")}, uuid4().hex
    first, other = await sent(alice, CHAT, body, key), await sent(bob, CHAT, body, key)
    assert first.headers["X-Chimera-Run-ID"] != other.headers["X-Chimera-Run-ID"]
