"""Responses with OpenAI's client for Python."""

import asyncio
import json
from typing import Any

import httpx2
import openai
import pytest
from openai.types.responses import FunctionToolParam, Response

from tests.api.openai.conftest import FAST, SLOW
from tests.api.openai.test_chat import Weather
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")

WEATHER: FunctionToolParam = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": True,
}
TEXT_EVENTS = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


async def test_a_text_is_answered(client: openai.AsyncOpenAI, alice: httpx2.AsyncClient) -> None:
    response = await client.responses.create(
        model="writer",
        input="Say a word. [[sim: tokens=10]]",
        instructions="Be brief.",
        metadata={"ticket": "7"},
        user="someone",
        truncation="auto",
        parallel_tool_calls=True,
    )
    assert (response.object, response.status, response.model) == ("response", "completed", "writer")
    assert response.output_text.startswith("[simulated]")
    assert (response.instructions, response.metadata) == ("Be brief.", {"ticket": "7"})
    assert response.usage is not None
    assert response.usage.output_tokens == 10
    reply = (await alice.get(f"/api/v1/replies/{response.id.removeprefix('resp_')}")).json()
    assert reply["text"] == response.output_text
    again = await client.responses.retrieve(response.id)
    assert again.to_dict() == response.to_dict()


async def test_the_events_are_ordered_and_numbered(client: openai.AsyncOpenAI) -> None:
    kinds: list[str] = []
    numbers, deltas = [], []
    async with client.responses.stream(model=SLOW, input="Say much. [[sim: tokens=40]]") as stream:
        async for event in stream:
            numbers.append(event.sequence_number)
            if event.type == "response.output_text.delta":
                deltas.append(event.delta)
            if not kinds or kinds[-1] != event.type:
                kinds.append(event.type)
        final = await stream.get_final_response()
    assert kinds == TEXT_EVENTS
    assert numbers == list(range(len(numbers)))
    assert len(deltas) > 5
    assert "".join(deltas) == final.output_text


async def test_functions_make_a_round_trip(client: openai.AsyncOpenAI) -> None:
    asked = 'Weather? [[sim: call=get_weather; args={"city": "Oslo"}]]'
    kinds: list[str] = []
    async with client.responses.stream(model=FAST, input=asked, tools=[WEATHER]) as stream:
        kinds += [event.type async for event in stream]
        first = await stream.get_final_response()
    assert kinds[2:] == [
        "response.output_item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "response.completed",
    ]
    call = first.output[0]
    assert call.type == "function_call"
    assert json.loads(call.arguments) == {"city": "Oslo"}
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "17 degrees"}
    second = await client.responses.create(model=FAST, input=[result], previous_response_id=first.id, tools=[WEATHER])
    assert "17 degrees" in second.output_text
    sent: list[Any] = [{"role": "user", "content": asked}, *[each.to_dict() for each in first.output], result]
    third = await client.responses.create(model=FAST, input=sent, tools=[WEATHER], store=False)
    assert third.output_text == second.output_text


async def test_text_may_come_before_a_result(client: openai.AsyncOpenAI) -> None:
    items: Any = [
        {"role": "user", "content": "Weather?"},
        {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"},
        {"role": "assistant", "content": "Let me see."},
        {"type": "function_call", "call_id": "c2", "name": "get_weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c2", "output": "rain"},
        {"type": "function_call_output", "call_id": "c1", "output": "17 degrees"},
    ]
    response = await client.responses.create(model=FAST, input=items, tools=[WEATHER])
    assert "17 degrees" in response.output_text


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([{"type": "function_call_output", "call_id": "c9", "output": "1"}], "input[0]"),
        ([{"role": "user", "content": "And now?"}], "previous_response_id"),
    ],
    ids=["unknown call", "missing result"],
)
async def test_a_wrong_result_is_named_in_its_request(client: openai.AsyncOpenAI, items: Any, param: str) -> None:
    asked = 'Weather? [[sim: call=get_weather; args={"city": "Oslo"}]]'
    first = await client.responses.create(model=FAST, input=asked, tools=[WEATHER])
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(model=FAST, input=items, previous_response_id=first.id)
    assert caught.value.param == param


async def test_an_answer_can_be_typed(client: openai.AsyncOpenAI) -> None:
    found = await client.responses.parse(model=FAST, input="Oslo?", text_format=Weather)
    assert isinstance(found.output_parsed, Weather)
    assert found.text is not None
    assert found.text.format is not None
    assert found.text.format.type == "json_schema"


async def test_a_conversation_continues(client: openai.AsyncOpenAI) -> None:
    first = await client.responses.create(model=FAST, input="One. [[sim: tokens=10]]", instructions="Only now.")
    items: Any = [{"role": "user", "content": [{"type": "input_text", "text": "Two."}]}]
    second = await client.responses.create(model=FAST, input=items, previous_response_id=first.id)
    assert second.previous_response_id == first.id
    assert second.instructions is None
    assert first.usage is not None
    assert second.usage is not None
    assert second.usage.input_tokens > 10


@pytest.mark.parametrize("kind", ["unknown", "foreign", "deleted", "not stored", "chat"])
async def test_an_earlier_response_must_be_there(
    client: openai.AsyncOpenAI, bobs_client: openai.AsyncOpenAI, kind: str
) -> None:
    response_id = await _gone(client, bobs_client, kind)
    with pytest.raises(openai.NotFoundError) as caught:
        await client.responses.create(model=FAST, input="Two.", previous_response_id=response_id)
    assert caught.value.param == "previous_response_id"
    for request in (client.responses.retrieve, client.responses.cancel, client.responses.delete):
        with pytest.raises(openai.NotFoundError):
            await request(response_id)


async def _gone(client: openai.AsyncOpenAI, bobs_client: openai.AsyncOpenAI, kind: str) -> str:
    if kind == "unknown":
        return "resp_8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a"
    if kind == "chat":
        chat = await client.chat.completions.create(model=FAST, messages=[{"role": "user", "content": "One."}])
        return chat.id.replace("chatcmpl-", "resp_")
    owner = bobs_client if kind == "foreign" else client
    response = await owner.responses.create(model=FAST, input="One.", store=kind != "not stored")
    if kind == "deleted":
        await client.responses.delete(response.id)
    return response.id


async def test_a_deleted_response_keeps_its_cost(client: openai.AsyncOpenAI, alice: httpx2.AsyncClient) -> None:
    response = await client.responses.create(model=FAST, input="One.")
    raw = await alice.delete(f"/v1/responses/{response.id}")
    assert raw.json() == {"id": response.id, "object": "response", "deleted": True}
    run_id = response.id.removeprefix("resp_")
    assert (await alice.get(f"/api/v1/replies/{run_id}")).status_code == 404
    assert (await alice.get(f"/api/v1/replies/{run_id}/cost")).status_code == 404


async def test_a_background_response_is_polled(client: openai.AsyncOpenAI) -> None:
    begun = await client.responses.create(model=FAST, input="Work. [[sim: tokens=20; delay=1]]", background=True)
    assert begun.status in ("queued", "in_progress")
    with pytest.raises(openai.ConflictError):
        await client.responses.delete(begun.id)
    ended = await _ended(client, begun.id)
    assert (ended.status, ended.background) == ("completed", True)
    assert ended.output_text


async def test_a_response_can_be_cancelled(client: openai.AsyncOpenAI) -> None:
    begun = await client.responses.create(model=FAST, input="Work. [[sim: tokens=999; drip=20]]", background=True)
    assert (await client.responses.cancel(begun.id)).status == "cancelled"
    assert (await client.responses.cancel(begun.id)).status == "cancelled"
    ended = await client.responses.create(model=FAST, input="Done.")
    assert (await client.responses.cancel(ended.id)).status == "completed"


async def test_a_stored_response_can_be_streamed_again(client: openai.AsyncOpenAI) -> None:
    response = await client.responses.create(model=FAST, input="Say a word. [[sim: tokens=20]]")
    kinds, text = [], ""
    async for event in await client.responses.retrieve(response.id, stream=True):
        kinds.append(event.type)
        text += event.delta if event.type == "response.output_text.delta" else ""
    assert kinds == TEXT_EVENTS
    assert text == response.output_text
    with pytest.raises(openai.BadRequestError):
        await client.responses.retrieve(response.id, stream=True, starting_after=3)


async def test_a_typed_agent_is_followed_in_the_background(
    client: openai.AsyncOpenAI, alice: httpx2.AsyncClient
) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    agent = {"name": "geographer", "prompt": "You answer.", "model": FAST, "output_schema": schema}
    assert (await alice.post("/api/v1/agents", json=agent)).status_code == 201
    # The first answer doesn't match, so it is made again.
    asked = "Oslo? [[sim: wrongjson=1; drip=400]]"
    begun = await client.responses.create(model="geographer", input=asked, background=True)
    kinds, text = [], ""
    async for event in await client.responses.retrieve(begun.id, stream=True):
        kinds.append(event.type)
        text += event.delta if event.type == "response.output_text.delta" else ""
    assert kinds == TEXT_EVENTS
    assert set(json.loads(text)) == {"city"}


async def test_a_cut_answer_is_incomplete(client: openai.AsyncOpenAI) -> None:
    kinds: list[str] = []
    async with client.responses.stream(model=FAST, input="Say much.", max_output_tokens=16) as stream:
        kinds += [event.type async for event in stream]
    assert kinds[-1] == "response.incomplete"
    response = await client.responses.create(model=FAST, input="Say much.", max_output_tokens=16)
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


async def test_a_failed_run_is_a_failed_response(client: openai.AsyncOpenAI) -> None:
    response = await client.responses.create(model=FAST, input="Fail. [[sim: html=1]]")
    assert response.status == "failed"
    assert response.error is not None
    assert response.error.code == "server_error"
    stream = await client.responses.create(model=FAST, input="Fail. [[sim: html=1]]", stream=True)
    kinds = [event.type async for event in stream]
    assert kinds == ["response.created", "response.in_progress", "response.failed"]


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"input": [{"type": "web_search_call"}]}, "input[0].type"),
        ({"input": [{"type": "function_call_output", "call_id": "x", "output": "1"}]}, "input[0]"),
        ({"input": [{"type": "function_call", "call_id": "x", "name": "f", "arguments": "{}"}] * 2}, "input[0]"),
        ({"tools": [{"type": "web_search"}]}, "tools[0]"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format"),
        ({"background": True, "store": False}, None),
    ],
    ids=lambda value: None,
)
async def test_what_cannot_be_honored_is_named(client: openai.AsyncOpenAI, fields: Any, param: str | None) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await client.responses.create(**{"model": FAST, "input": "Hello", **fields})
    assert caught.value.param == param


async def test_a_client_that_leaves_keeps_a_stored_response(
    client: openai.AsyncOpenAI, alice: httpx2.AsyncClient
) -> None:
    stream = await client.responses.create(model=FAST, input="Stay. [[sim: tokens=60; drip=40]]", stream=True)
    run_id = stream.response.headers["X-Chimera-Run-ID"]
    await stream.close()
    assert (await _ended(client, f"resp_{run_id}")).status == "completed"
    stream = await client.responses.create(
        model=FAST, input="Go. [[sim: tokens=2000; drip=20]]", stream=True, store=False
    )
    run_id = stream.response.headers["X-Chimera-Run-ID"]
    await stream.close()

    async def is_cancelled() -> bool:
        return str((await alice.get(f"/api/v1/replies/{run_id}")).json()["status"]) == "cancelled"

    await until_true(is_cancelled)


async def _ended(client: openai.AsyncOpenAI, response_id: str) -> Response:
    async with asyncio.timeout(60):
        while (found := await client.responses.retrieve(response_id)).status in ("queued", "in_progress"):
            await asyncio.sleep(0.1)
    return found
