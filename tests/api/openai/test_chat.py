"""Chat completions with OpenAI's client for Python."""

import base64
import json
from typing import Any

import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion, ChatCompletionMessageParam, ChatCompletionToolParam
from pydantic import BaseModel

from chimera.db.engine import Database
from tests.api.openai.conftest import FAST, SLOW, STANDARD, client_for
from tests.conftest import SimulatorServer

pytestmark = pytest.mark.usefixtures("runs")

WEATHER: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


class Weather(BaseModel):
    city: str
    degrees: int


def said(text: str) -> list[ChatCompletionMessageParam]:
    return [{"role": "user", "content": text}]


def run_of(completion: ChatCompletion) -> str:
    extension: dict[str, Any] = (completion.model_extra or {})["chimera"]
    run_id: str = extension["run_id"]
    return run_id


@pytest.mark.parametrize("model", [FAST, "fast", "writer", "agent/writer"])
async def test_models_and_agents_answer(client: openai.AsyncOpenAI, alice: httpx2.AsyncClient, model: str) -> None:
    raw = await client.chat.completions.with_raw_response.create(
        model=model, messages=said("Say a word. [[sim: tokens=10]]")
    )
    completion = raw.parse()
    choice = completion.choices[0]
    assert (completion.object, completion.model, choice.index) == ("chat.completion", model, 0)
    assert (choice.finish_reason, choice.message.role, choice.message.tool_calls) == ("stop", "assistant", None)
    assert (choice.message.content or "").startswith("[simulated]")
    assert completion.usage is not None
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens
    assert completion.usage.completion_tokens == 10
    run_id = run_of(completion)
    assert completion.id == f"chatcmpl-{run_id}"
    assert raw.headers["X-Chimera-Run-ID"] == run_id
    reply = (await alice.get(f"/api/v1/replies/{run_id}")).json()
    assert (reply["text"], reply["simulated"]) == (choice.message.content, True)
    assert raw.headers["X-Chimera-Cost-Micro-USD"] == str(reply["cost_micro_usd"])
    assert (completion.model_extra or {})["chimera"]["simulated"] is True


async def test_a_conversation_reaches_the_model(client: openai.AsyncOpenAI, simulator: SimulatorServer) -> None:
    completion = await client.chat.completions.create(
        model=FAST,
        messages=[
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "One"}, {"type": "text", "text": "Two"}]},
            {"role": "assistant", "content": "Three"},
            {"role": "user", "name": "bob", "content": "Four"},
        ],
        temperature=0.5,
        top_p=0.9,
        stop=["END"],
        max_tokens=50,
        seed=7,
        user="someone",
        reasoning_effort="minimal",
        parallel_tool_calls=True,
        extra_body={"top_k": 40},
    )
    assert "Four" in (completion.choices[0].message.content or "")
    arrived = [each for each in simulator.asked() if each["call_id"].startswith(run_of(completion))]
    assert len([each for each in arrived if each["phase"] == "arrived"]) == 1


async def test_a_cut_answer_says_so(client: openai.AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(model=FAST, messages=said("Say much."), max_completion_tokens=16)
    assert completion.choices[0].finish_reason == "length"


async def test_tools_make_a_round_trip(client: openai.AsyncOpenAI) -> None:
    asked = said('Weather? [[sim: call=get_weather; args={"city": "Oslo"}]]')
    first = await client.chat.completions.create(model=FAST, messages=asked, tools=[WEATHER], tool_choice="auto")
    choice = first.choices[0]
    assert (choice.finish_reason, choice.message.content) == ("tool_calls", None)
    assert choice.message.tool_calls is not None
    call = choice.message.tool_calls[0]
    assert call.type == "function"
    assert (call.function.name, json.loads(call.function.arguments)) == ("get_weather", {"city": "Oslo"})
    answered: list[Any] = [
        *asked,
        choice.message,
        {"role": "tool", "tool_call_id": call.id, "content": "17 degrees, sunny"},
    ]
    second = await client.chat.completions.create(model=FAST, messages=answered, tools=[WEATHER])
    assert second.choices[0].finish_reason == "stop"
    assert "17 degrees" in (second.choices[0].message.content or "")


async def test_an_agent_uses_its_own_tools(client: openai.AsyncOpenAI) -> None:
    completion = await client.chat.completions.create(
        model="analyst", messages=said("What is 17 * 23? [[sim: tokens=20]]"), tools=[WEATHER]
    )
    assert completion.choices[0].finish_reason == "stop"
    assert "391" in (completion.choices[0].message.content or "")


async def test_an_answer_can_be_typed(client: openai.AsyncOpenAI) -> None:
    completion = await client.chat.completions.parse(model=FAST, messages=said("Oslo?"), response_format=Weather)
    assert isinstance(completion.choices[0].message.parsed, Weather)
    loose = await client.chat.completions.create(
        model=FAST, messages=said("Oslo?"), response_format={"type": "json_object"}
    )
    assert isinstance(json.loads(loose.choices[0].message.content or ""), dict)


@pytest.mark.parametrize("form", ["data", "file"])
async def test_images_reach_the_model(client: openai.AsyncOpenAI, alice: httpx2.AsyncClient, form: str) -> None:
    image: Any = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
    if form == "file":
        sent = {"file": ("dot.png", base64.b64decode(PIXEL), "image/png")}
        stored = await alice.post("/api/v1/files", files=sent)
        assert stored.status_code == 201, stored.text
        image = {"type": "file", "file": {"file_id": stored.json()["id"]}}
    completion = await client.chat.completions.create(
        model=FAST, messages=[{"role": "user", "content": [{"type": "text", "text": "What is it?"}, image]}]
    )
    assert completion.choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    ("fields", "error", "param", "code"),
    [
        ({"model": "nobody"}, openai.NotFoundError, "model", "model_not_found"),
        ({"model": "openai/gpt-5.6"}, openai.BadRequestError, "model", "missing_key"),
        ({"n": 2}, openai.BadRequestError, "n", "invalid_input"),
        ({"logprobs": True}, openai.BadRequestError, "logprobs", "invalid_input"),
        ({"messages": []}, openai.BadRequestError, "messages", "invalid_input"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://a/b"}}]}]},
            openai.BadRequestError,
            "messages[0].content[0].image_url",
            "invalid_input",
        ),
        (
            {"messages": [{"role": "tool", "tool_call_id": "call_9", "content": "1"}]},
            openai.BadRequestError,
            "messages[0]",
            "invalid_input",
        ),
        (
            {
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f"}}] * 2,
                    },
                    {"role": "tool", "tool_call_id": "a", "content": "1"},
                ]
            },
            openai.BadRequestError,
            "messages[0]",
            "invalid_input",
        ),
        ({"tool_choice": "required"}, openai.BadRequestError, "tool_choice", "invalid_input"),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nothing"}}}},
            openai.BadRequestError,
            "response_format",
            "invalid_input",
        ),
    ],
    ids=lambda value: None,
)
async def test_errors_become_the_clients_classes(
    client: openai.AsyncOpenAI, fields: Any, error: type[openai.APIStatusError], param: str, code: str
) -> None:
    with pytest.raises(error) as caught:
        await client.chat.completions.create(**{"model": FAST, "messages": said("Hello"), **fields})
    assert (caught.value.param, caught.value.code) == (param, code)


async def test_a_foreign_file_looks_unknown(
    client: openai.AsyncOpenAI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    stored = await bob.post("/api/v1/files", files={"file": ("dot.png", base64.b64decode(PIXEL), "image/png")})
    seen = []
    for file_id in (stored.json()["id"], "8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a"):
        part: Any = {"type": "file", "file": {"file_id": file_id}}
        with pytest.raises(openai.NotFoundError) as caught:
            await client.chat.completions.create(model=FAST, messages=[{"role": "user", "content": [part]}])
        seen.append((caught.value.param, caught.value.code, caught.value.message.replace(file_id, "")))
    assert seen[0] == seen[1]
    assert seen[0][0] == "messages[0].content[0].file_id"


async def test_a_wrong_key_is_an_authentication_error(address: str) -> None:
    async with openai.AsyncOpenAI(base_url=address, api_key="ck_wrong", max_retries=0) as stranger:
        with pytest.raises(openai.AuthenticationError) as caught:
            await stranger.models.list()
    assert caught.value.code == "invalid_api_key"


async def test_a_failed_run_is_not_bought_twice(
    address: str, alice: httpx2.AsyncClient, simulator: SimulatorServer
) -> None:
    before = len(simulator.asked())
    async with client_for(address, alice, retries=2) as client:
        with pytest.raises(openai.InternalServerError) as caught:
            await client.chat.completions.create(model=FAST, messages=said("Fail. [[sim: html=1]]"))
    assert caught.value.status_code == 502
    run_id = caught.value.response.headers["X-Chimera-Run-ID"]
    runs = {each["call_id"].partition("#")[0] for each in simulator.asked()[before:]}
    assert runs == {run_id}


async def test_too_long_a_conversation_is_named(client: openai.AsyncOpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model=STANDARD, messages=said("tea " * 20_000))
    assert caught.value.code == "context_length_exceeded"


async def test_the_budget_of_a_header_counts(client: openai.AsyncOpenAI, alice: httpx2.AsyncClient) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        await client.chat.completions.create(
            model=FAST, messages=said("Spend."), extra_headers={"X-Chimera-Max-Cost-Micro-USD": "1"}
        )
    assert caught.value.code == "insufficient_quota"
    run_id = caught.value.response.headers["X-Chimera-Run-ID"]
    reply = (await alice.get(f"/api/v1/replies/{run_id}")).json()
    assert reply["budget"]["max_cost_micro_usd"] == 1
    assert reply["cost_micro_usd"] == 0
    await alice.post(f"/api/v1/replies/{run_id}/cancel")


async def test_a_repeated_key_returns_the_same_run(client: openai.AsyncOpenAI) -> None:
    headers = {"Idempotency-Key": "chat-key-1"}
    texts, runs = set(), set()
    for _ in range(2):
        found = await client.chat.completions.create(model=FAST, messages=said("Once."), extra_headers=headers)
        texts.add(found.choices[0].message.content)
        runs.add(run_of(found))
    async with client.chat.completions.stream(model=FAST, messages=said("Once."), extra_headers=headers) as stream:
        texts.add((await stream.get_final_completion()).choices[0].message.content)
    assert len(texts) == len(runs) == 1
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model=FAST, messages=said("Twice."), extra_headers=headers)
    assert caught.value.code == "idempotency_key_reused"


async def test_every_call_is_a_run_of_its_caller(
    client: openai.AsyncOpenAI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    run_id = run_of(await client.chat.completions.create(model=SLOW, messages=said("Hi. [[sim: tokens=5]]")))
    assert (await alice.get(f"/api/v1/replies/{run_id}")).status_code == 200
    assert (await bob.get(f"/api/v1/replies/{run_id}")).status_code == 404
