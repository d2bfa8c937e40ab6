"""Streamed chat completions: with OpenAI's client for Python, and byte by byte."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx2
import openai
import pytest
from sqlalchemy import Text, cast, select

from api.openai import following
from chimera.db.engine import Database
from chimera.db.tables import Reply
from models.events import ModelCallFinished
from tests.api.openai.conftest import FAST, SLOW, drained
from tests.api.openai.test_chat import WEATHER, said
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")


async def lines_of(user: httpx2.AsyncClient, address: str, **fields: Any) -> list[str]:
    """Return the lines of a streamed answer as they are on the wire."""
    body = {"model": FAST, "messages": said("Say a word. [[sim: tokens=10]]"), "stream": True, **fields}
    async with httpx2.AsyncClient(headers=user.headers, trust_env=False, timeout=60) as client:
        answer = await client.post(f"{address}/chat/completions", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "\r" not in answer.text
    assert answer.headers["X-Chimera-Run-ID"]
    return answer.text.split("\n")


def chunks_in(lines: list[str]) -> list[dict[str, Any]]:
    texts = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert texts.pop() == "[DONE]"
    return [json.loads(text) for text in texts]


async def test_text_arrives_in_pieces(client: openai.AsyncOpenAI) -> None:
    pieces, last = [], None
    stream = await client.chat.completions.create(
        model=SLOW,
        messages=said("Say much. [[sim: tokens=40]]"),
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        pieces += [each.delta.content for each in chunk.choices if each.delta.content]
        last = chunk
    assert len(pieces) > 5
    assert last is not None
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.completion_tokens == 40


async def test_the_helper_collects_the_answer(client: openai.AsyncOpenAI, alice: httpx2.AsyncClient) -> None:
    kinds: list[str] = []
    async with client.chat.completions.stream(model=FAST, messages=said("Say a word. [[sim: tokens=30]]")) as stream:
        kinds += [event.type async for event in stream]
        whole = await stream.get_final_completion()
    assert kinds[0] == "chunk"
    assert "content.delta" in kinds
    assert "content.done" in kinds
    run_id = whole.id.removeprefix("chatcmpl-")
    reply = (await alice.get(f"/api/v1/replies/{run_id}")).json()
    assert whole.choices[0].message.content == reply["text"]


async def test_the_chunks_are_in_order(alice: httpx2.AsyncClient, address: str) -> None:
    chunks = chunks_in(await lines_of(alice, address))
    assert len({chunk["id"] for chunk in chunks}) == len({chunk["created"] for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    choices = [chunk["choices"][0] for chunk in chunks]
    assert choices[0]["delta"] == {"role": "assistant", "content": ""}
    assert [each["finish_reason"] for each in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert choices[-1]["delta"] == {}
    assert all(each["index"] == 0 for each in choices)
    assert all(None not in each["delta"].values() for each in choices)
    assert not any("usage" in chunk for chunk in chunks)
    assert chunks[-1]["chimera"]["simulated"] is True


async def test_usage_is_a_chunk_without_choices(alice: httpx2.AsyncClient, address: str) -> None:
    chunks = chunks_in(await lines_of(alice, address, stream_options={"include_usage": True}))
    assert [chunk["usage"] is None for chunk in chunks] == [True] * (len(chunks) - 1) + [False]
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] == 10


async def test_tool_calls_have_an_index(alice: httpx2.AsyncClient, address: str, client: openai.AsyncOpenAI) -> None:
    asked = said('Weather? [[sim: call=get_weather,get_weather; args={"city": "Oslo"}]]')
    chunks = chunks_in(await lines_of(alice, address, messages=asked, tools=[WEATHER]))
    calls = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", ())]
    assert [call["index"] for call in calls] == [0, 1]
    assert all(call["type"] == "function" and call["id"] for call in calls)
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"
    async with client.chat.completions.stream(model=FAST, messages=asked, tools=[WEATHER]) as stream:
        message = (await stream.get_final_completion()).choices[0].message
    assert message.tool_calls is not None
    assert [json.loads(call.function.arguments) for call in message.tool_calls] == [{"city": "Oslo"}] * 2


async def test_the_turns_of_an_agent_are_one_text(client: openai.AsyncOpenAI) -> None:
    asked = said('Look. [[sim: call=calculator; args={"expression": "1 + 1"}; turns=2; tokens=12]]')
    async with client.chat.completions.stream(model="analyst", messages=asked) as stream:
        streamed = (await stream.get_final_completion()).choices[0].message.content or ""
    whole = await client.chat.completions.create(model="analyst", messages=asked)
    assert streamed.count("\n\n") >= 2
    assert streamed == whole.choices[0].message.content


async def test_a_late_follower_receives_each_turn_once(
    alice: httpx2.AsyncClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle = following.Following._settle

    async def late(self: following.Following, event: ModelCallFinished) -> str:
        # Meanwhile, the run has ended.
        await _until_status(alice, self._run_id, "completed")
        return await settle(self, event)

    monkeypatch.setattr(following.Following, "_settle", late)
    asked = said('Look. [[sim: call=calculator; args={"expression": "1 + 1"}; turns=2; tokens=12]]')
    chunks = chunks_in(await lines_of(alice, address, model="analyst", messages=asked))
    run_id = chunks[0]["id"].removeprefix("chatcmpl-")
    messages = (await alice.get(f"/api/v1/replies/{run_id}/messages")).json()["items"]
    turns = [each["content"] for each in messages if each["role"] == "assistant"]
    streamed = "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)
    assert (len(turns), streamed) == (3, "\n\n".join(turns))


async def test_an_end_token_does_not_interrupt(alice: httpx2.AsyncClient, address: str) -> None:
    spoken = "Paris.</s>"
    chunks = chunks_in(await lines_of(alice, address, messages=said(f"Capital? [[sim: say={{{spoken}}}]]")))
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks).endswith(spoken)
    reply = (await alice.get(f"/api/v1/replies/{chunks[0]['id'].removeprefix('chatcmpl-')}")).json()
    assert reply["text"] == "[simulated] Paris."
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"


async def test_a_typed_answer_is_sent_when_it_fits(client: openai.AsyncOpenAI) -> None:
    asked = said("Oslo? [[sim: wrongjson=1]]")
    schema: dict[str, object] = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    pieces = []
    stream = await client.chat.completions.create(
        model=FAST,
        messages=asked,
        stream=True,
        response_format={"type": "json_schema", "json_schema": {"name": "place", "schema": schema}},
    )
    async for chunk in stream:
        pieces += [each.delta.content for each in chunk.choices if each.delta.content]
    assert len(pieces) == 1
    assert set(json.loads(pieces[0])) == {"city"}


async def test_a_failure_is_the_last_event(client: openai.AsyncOpenAI, alice: httpx2.AsyncClient) -> None:
    stream = await client.chat.completions.create(model=FAST, messages=said("Fail. [[sim: html=1]]"), stream=True)
    with pytest.raises(openai.APIError) as caught:
        await drained(stream)
    assert isinstance(caught.value.body, dict)
    reply = (await alice.get(f"/api/v1/replies/{caught.value.body['run_id']}")).json()
    assert (reply["status"], reply["error_code"]) == ("failed", caught.value.code)


async def test_a_new_attempt_that_begins_alike_goes_on(client: openai.AsyncOpenAI, alice: httpx2.AsyncClient) -> None:
    async with client.chat.completions.stream(
        model=FAST, messages=said("Break once. [[sim: tokens=200; drip=400; cut=after:400; times=1]]")
    ) as stream:
        whole = await stream.get_final_completion()
    reply = (await alice.get(f"/api/v1/replies/{whole.id.removeprefix('chatcmpl-')}")).json()
    assert whole.choices[0].message.content == reply["text"]
    assert reply["model_calls"] == 2


async def test_a_silent_stream_is_kept_open(
    alice: httpx2.AsyncClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "TICK_S", 0.05)
    monkeypatch.setattr("api.openai.sse.PING_S", 0.2)
    lines = await lines_of(alice, address, messages=said("Wait. [[sim: tokens=5; delay=1]]"))
    assert lines.count(": ping") >= 2
    assert len(chunks_in(lines)) >= 3


@pytest.mark.parametrize("stream", [True, False])
async def test_a_client_that_leaves_cancels_its_run(
    alice: httpx2.AsyncClient, address: str, database: Database, stream: bool
) -> None:
    text = f"Leave {uuid4()}. [[sim: tokens=2000; drip=20]]"
    run_id = await _left(alice, address, database, text, stream=stream)
    await _until_status(alice, run_id, "cancelled")


async def test_a_stored_answer_outlives_its_client(alice: httpx2.AsyncClient, address: str, database: Database) -> None:
    text = f"Stay {uuid4()}. [[sim: tokens=60; drip=40]]"
    run_id = await _left(alice, address, database, text, stream=True, store=True)
    await _until_status(alice, run_id, "completed")


async def _until_status(user: httpx2.AsyncClient, run_id: str, status: str) -> None:
    async def has_come() -> bool:
        reply = (await user.get(f"/api/v1/replies/{run_id}")).json()
        return bool(reply["status"] == status)

    await until_true(has_come)


async def _left(user: httpx2.AsyncClient, address: str, database: Database, text: str, **fields: Any) -> str:
    """Ask, and close the connection when the run exists. Return its ID."""
    asked = cast(Reply.conversation, Text).contains(text)
    found: list[str] = []

    async def exists() -> bool:
        async with database.begin() as session:
            found[:] = (await session.scalars(select(Reply.run_id).where(asked))).all()
        return bool(found)

    body = {"model": FAST, "messages": said(text), **fields}
    async with httpx2.AsyncClient(headers=user.headers, trust_env=False, timeout=60) as client:
        asking = asyncio.create_task(client.post(f"{address}/chat/completions", json=body))
        await until_true(exists)
        asking.cancel()
    return found[0]
