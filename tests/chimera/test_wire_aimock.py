"""The same wire against a server that somebody else wrote."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chimera.providers.base import Provider
from chimera.providers.chat_completions import ChatCompletions
from models import errors
from tests.chimera.aimock import asked, running_aimock
from tests.chimera.simulated import CALCULATOR, answer_of, ask

FIXTURES: list[dict[str, Any]] = [
    {
        "match": {"userMessage": "busy", "sequenceIndex": 0},
        "response": {"error": {"message": "Rate limited", "type": "rate_limit_error"}, "status": 429},
    },
    {"match": {"userMessage": "busy", "sequenceIndex": 1}, "response": {"content": "Now I have time."}},
    {
        "match": {"userMessage": "broken"},
        "response": {"error": {"message": "Boom", "type": "server_error"}, "status": 500},
    },
    {
        "match": {"userMessage": "17 * 23"},
        "response": {"toolCalls": [{"name": "calculator", "arguments": {"expression": "17 * 23"}}]},
    },
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?"}},
    {
        "match": {"userMessage": "torn"},
        "response": {"content": "This text is never told to its end, whatever one does. " * 20},
        "latency": 30,
        "truncateAfterChunks": 3,
    },
]


@pytest.fixture(scope="module")
async def aimock(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Its address."""
    async with running_aimock(tmp_path_factory, FIXTURES) as url:
        yield url


@pytest.fixture(scope="module")
async def provider(aimock: str) -> AsyncIterator[Provider]:
    provider = ChatCompletions(
        name="openai",
        base_url=f"{aimock}/v1",
        api_key="sk-test",
        first_byte_s=5,
        stall_s=5,
        max_answer_bytes=100_000,
        limit_field="max_completion_tokens",
        trust_env=False,
    )
    yield provider
    await provider.close()


async def test_text_streams_to_its_end(provider: Provider) -> None:
    reply = await answer_of(provider, ask("hello", model="gpt-4o"))
    assert reply.text == "Hello! How can I help you today?"
    assert len(reply.pieces) > 1
    assert reply.end.finish_reason == "stop"
    assert reply.end.usage is not None
    assert reply.end.usage.output_tokens == 8


async def test_a_tool_is_called(provider: Provider) -> None:
    reply = await answer_of(provider, ask("What is 17 * 23?", model="gpt-4o", tools=(CALCULATOR,)))
    (call,) = reply.end.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("calculator", {"expression": "17 * 23"})
    assert call.id


async def test_a_rate_limit_is_one_request_and_the_next_may_succeed(provider: Provider, aimock: str) -> None:
    with pytest.raises(errors.RateLimited):
        await answer_of(provider, ask("busy", model="gpt-4o"))
    assert await asked(aimock, "busy") == 1
    assert (await answer_of(provider, ask("busy", model="gpt-4o"))).text == "Now I have time."
    assert await asked(aimock, "busy") == 2


async def test_a_server_error_is_one_request(provider: Provider, aimock: str) -> None:
    with pytest.raises(errors.Overloaded):
        await answer_of(provider, ask("broken", model="gpt-4o"))
    assert await asked(aimock, "broken") == 1


async def test_a_torn_stream_is_no_success(provider: Provider) -> None:
    with pytest.raises(errors.Truncated):
        await answer_of(provider, ask("torn", model="gpt-4o"))
