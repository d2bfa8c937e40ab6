"""Anthropic's wire: the real SDK over real HTTP, against a server that somebody else wrote, and one that we script."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from chimera.providers import anthropic
from chimera.providers.base import ChatMessage, Provider
from chimera.settings import Settings
from models import errors
from models.plans import Plan
from tests.chimera.aimock import asked, running_aimock
from tests.chimera.scripted import FOREVER, Script, Scripted, running_script
from tests.chimera.simulated import CALCULATOR, answer_of, ask

MODEL = "claude-sonnet-4-6"
KEY = "sk-ant-api03-veryverysecret1234567890"

FIXTURES: list[dict[str, Any]] = [
    {
        "match": {"userMessage": "busy", "sequenceIndex": 0},
        "response": {"error": {"message": "Slow down", "type": "rate_limit_error"}, "status": 429, "retryAfter": 7},
    },
    {"match": {"userMessage": "busy", "sequenceIndex": 1}, "response": {"content": "Now I have time."}},
    {
        "match": {"userMessage": "broken"},
        "response": {"error": {"message": "Boom", "type": "api_error"}, "status": 500},
    },
    {"match": {"userMessage": "plan"}, "response": {"content": '{"subtasks": []}'}},
    {
        "match": {"userMessage": "hello"},
        "response": {"content": "Hello! How can I help you today?", "usage": {"output_tokens": 8}},
    },
    {"match": {"toolCallId": "toolu_21"}, "response": {"content": "The result is 391."}},
    {
        "match": {"userMessage": "17 * 23"},
        "response": {
            "content": "Let me see.",
            "toolCalls": [
                {"name": "calculator", "arguments": {"expression": "17 * 23"}, "id": "toolu_21"},
                {"name": "calculator", "arguments": {"expression": "2 + 2"}, "id": "toolu_22"},
            ],
        },
    },
    {
        "match": {"userMessage": "think"},
        "response": {"content": "Forty-two.", "reasoning": "What did they ask?", "reasoningSignature": "c2lnbmVk"},
    },
    {
        "match": {"userMessage": "torn"},
        "response": {"content": "This text is never told to its end, whatever one does. " * 20},
        "latency": 30,
        "truncateAfterChunks": 5,
    },
    {"match": {"userMessage": "garbage"}, "response": {"content": "x"}, "chaos": {"malformedRate": 1.0}},
]


@pytest.fixture(scope="module")
async def aimock(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Its address."""
    async with running_aimock(tmp_path_factory, FIXTURES) as url:
        yield url


@pytest.fixture(scope="module")
async def provider(aimock: str) -> AsyncIterator[Provider]:
    made = provider_at(aimock)
    yield made
    await made.close()


def provider_at(url: str, *, first_byte_s: float = 5, stall_s: float = 5, max_answer_bytes: int = 100_000) -> Provider:
    return anthropic.Anthropic(
        base_url=url,
        api_key=KEY,
        first_byte_s=first_byte_s,
        stall_s=stall_s,
        max_answer_bytes=max_answer_bytes,
        trust_env=False,
    )


# --- A server that somebody else wrote -------------------------------------------------------------------------


async def test_text_streams_to_its_end(provider: Provider) -> None:
    reply = await answer_of(provider, ask("hello", model=MODEL))
    assert reply.text == "Hello! How can I help you today?"
    assert len(reply.pieces) > 1
    assert reply.end.finish_reason == "stop"
    assert reply.end.usage is not None
    assert reply.end.usage.output_tokens == 8
    assert (reply.end.request_id or "").startswith("msg_")


async def test_tools_are_called_in_parallel_and_their_results_used(provider: Provider) -> None:
    request = ask("What is 17 * 23?", model=MODEL, tools=(CALCULATOR,))
    first = await answer_of(provider, request)

    assert first.text == "Let me see."
    assert first.end.finish_reason == "tool_calls"
    assert [(call.id, json.loads(call.arguments)) for call in first.end.tool_calls] == [
        ("toolu_21", {"expression": "17 * 23"}),
        ("toolu_22", {"expression": "2 + 2"}),
    ]

    results = (ChatMessage("tool", "4", (), "toolu_22"), ChatMessage("tool", "391", (), "toolu_21"))
    answered = ChatMessage("assistant", first.text, first.end.tool_calls, state=first.end.state)
    second = await answer_of(provider, replace(request, messages=(*request.messages, answered, *results)))
    assert second.text == "The result is 391."


async def test_an_answer_in_a_form_is_asked_for(provider: Provider) -> None:
    reply = await answer_of(provider, ask("plan", model=MODEL, response_schema=Plan.model_json_schema()))
    assert json.loads(reply.text) == {"subtasks": []}


async def test_reasoning_comes_back_signed_and_is_no_part_of_the_text(provider: Provider) -> None:
    reply = await answer_of(provider, ask("think", model=MODEL, reasoning_effort="high"))
    assert reply.text == "Forty-two."
    assert reply.end.state is not None
    assert reply.end.state["content"] == [
        {"type": "thinking", "thinking": "What did they ask?", "signature": "c2lnbmVk"},
        {"type": "text", "text": "Forty-two."},
    ]


async def test_a_rate_limit_is_one_request_and_the_next_may_succeed(provider: Provider, aimock: str) -> None:
    with pytest.raises(errors.RateLimited) as limited:
        await answer_of(provider, ask("busy", model=MODEL))
    assert limited.value.retry_after_s == 7
    assert await asked(aimock, "busy") == 1
    assert (await answer_of(provider, ask("busy", model=MODEL))).text == "Now I have time."
    assert await asked(aimock, "busy") == 2


@pytest.mark.parametrize(
    ("prompt", "error"),
    [("broken", errors.Overloaded), ("torn", errors.Truncated), ("garbage", errors.Malformed)],
)
async def test_a_fault_is_one_request_and_no_success(
    provider: Provider, aimock: str, prompt: str, error: type[errors.ProviderError]
) -> None:
    with pytest.raises(error):
        await answer_of(provider, ask(prompt, model=MODEL))
    assert await asked(aimock, prompt) == 1


# --- A server that we script -----------------------------------------------------------------------------------


@pytest.fixture
async def scripted() -> AsyncIterator[Scripted]:
    async with running_script() as running:
        yield running


def event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()


def refusal(status: int, kind: str, message: str, **headers: str) -> Script:
    body = {"type": "error", "error": {"type": kind, "message": message}}
    return Script([json.dumps(body).encode()], status, {"content-type": "application/json", **headers})


def stop(reason: str | None) -> tuple[bytes, bytes]:
    delta = {"stop_reason": reason}
    return event("message_delta", delta=delta, usage={"output_tokens": 9}), event("message_stop")


BEGIN = event("message_start", message={"id": "msg_1", "usage": {"input_tokens": 5, "output_tokens": 1}})
TEXT = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
HELLO = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Hello"})
TOOL = event("content_block_start", index=0, content_block={"type": "tool_use", "id": "t", "name": "x", "input": {}})
HALF = event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": '{"a": '})
PING = event("ping")
PINGS: tuple[bytes | float, ...] = (PING, 0.1) * 20
WHOLE = Script([BEGIN, PING, TEXT, HELLO, event("content_block_stop", index=0), *stop("end_turn")])


def broken_by(kind: str) -> Script:
    return Script([BEGIN, TEXT, HELLO, event("error", error={"type": kind, "message": "It's us"})])


async def test_a_call_is_one_request_with_a_name_a_key_and_no_temperature(scripted: Scripted) -> None:
    scripted.script = WHOLE
    provider = provider_at(scripted.url)
    request = ask("x", model=MODEL, temperature=0.5, tools=(CALCULATOR,))
    reply = await answer_of(provider, request)
    await provider.close()

    assert (reply.text, reply.end.finish_reason) == ("Hello", "stop")
    ((body,), (headers,)) = scripted.bodies, scripted.headers
    assert body["stream"] is True
    assert body["cache_control"] == {"type": "ephemeral"}
    assert "temperature" not in body
    assert headers["x-chimera-call"] == request.call_id
    assert headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (refusal(400, "invalid_request_error", "no"), errors.BadRequest, "400"),
        (refusal(400, "invalid_request_error", "prompt is too long: 9 > 8"), errors.ContextTooLong, "longer than"),
        (refusal(401, "authentication_error", f"invalid {KEY}"), errors.WrongKey, "CHIMERA_ANTHROPIC_API_KEY"),
        (refusal(404, "not_found_error", "model: x"), errors.UnknownModel, f"{MODEL!r}"),
        (refusal(429, "rate_limit_error", "no", **{"retry-after": "7"}), errors.RateLimited, "in 7 s"),
        (refusal(529, "overloaded_error", f"no {KEY}"), errors.Overloaded, "529"),
        (Script([b"<html>"], 502, {"content-type": "text/html"}), errors.Overloaded, "502"),
        (Script([], 302, {"location": "http://127.0.0.1:1/"}), errors.BadRequest, "302"),
        (Script([b"<html>"], 200, {"content-type": "text/html"}), errors.Malformed, "text/html"),
    ],
)
async def test_a_refusal_is_sorted_costs_one_request_and_is_not_billed(
    scripted: Scripted, script: Script, error: type[errors.ProviderError], words: str
) -> None:
    scripted.script = script
    raised = await _raised(scripted, error)
    assert words in raised.message
    assert KEY not in raised.message
    assert raised.__cause__ is None
    assert not raised.may_be_billed


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        (Script([]), errors.Truncated, "in the middle"),
        (Script([BEGIN, TEXT, HELLO]), errors.Truncated, "in the middle"),
        (Script([BEGIN, TEXT, HELLO, stop("end_turn")[0]]), errors.Truncated, "in the middle"),
        (Script([BEGIN, TEXT, HELLO, *stop(None)]), errors.Truncated, "in the middle"),
        (Script([BEGIN, TEXT, HELLO], end=False), errors.Truncated, "broke the connection"),
        (Script([BEGIN, TOOL, HALF], end=False), errors.Truncated, "broke the connection"),
        (Script([BEGIN, TOOL, HALF, *stop("max_tokens")]), errors.Truncated, "inside a tool call"),
        (Script([BEGIN, TEXT, HELLO, *stop("refusal")]), errors.ContentRefused, "refused"),
        (Script([BEGIN, TEXT, HELLO, *stop("surprise")]), errors.Malformed, "'surprise'"),
        (Script([BEGIN, *stop("end_turn")]), errors.Malformed, "without a word"),
        (Script([BEGIN, b"event: message_delta\ndata: {nonsense\n\n"]), errors.Malformed, "isn't a message"),
        (Script([BEGIN, b"event: message_delta\ndata: \xff\n\n"]), errors.Malformed, "isn't a message"),
        (Script([BEGIN, HELLO]), errors.Malformed, "another shape"),
        (broken_by("overloaded_error"), errors.Overloaded, "in mid-answer"),
        (broken_by("api_error"), errors.Overloaded, "in mid-answer"),
        (broken_by("rate_limit_error"), errors.RateLimited, "later"),
        (Script([BEGIN, TEXT, *[HELLO] * 30_000]), errors.AnswerTooLarge, "100000 bytes"),
    ],
)
async def test_what_fails_after_the_answer_began_may_be_billed(
    scripted: Scripted, script: Script, error: type[errors.ProviderError], words: str
) -> None:
    scripted.script = script
    raised = await _raised(scripted, error)
    assert words in raised.message
    assert raised.may_be_billed


async def test_pings_are_no_progress_and_silence_is_told_apart(scripted: Scripted) -> None:
    started = time.monotonic()
    scripted.script = Script([FOREVER])
    assert (await _raised(scripted, errors.ProviderTimeout, first_byte_s=0.3)).may_be_billed
    scripted.script = Script(PINGS)
    await _raised(scripted, errors.ProviderTimeout, first_byte_s=0.3)
    scripted.script = Script([BEGIN, TEXT, HELLO, *PINGS])
    assert (await _raised(scripted, errors.Stalled, stall_s=0.3)).may_be_billed
    assert time.monotonic() - started < 5


async def test_reasoning_is_progress(scripted: Scripted) -> None:
    begun = event("content_block_start", index=0, content_block={"type": "thinking", "thinking": "", "signature": ""})
    thought = event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": "Hm. "})
    said = event("content_block_start", index=1, content_block={"type": "text", "text": "Yes."})
    slowly: tuple[bytes | float, ...] = (0.2, thought) * 5
    scripted.script = Script([BEGIN, begun, *slowly, said, *stop("end_turn")])
    provider = provider_at(scripted.url, stall_s=0.6)
    assert (await answer_of(provider, ask("x", model=MODEL))).text == "Yes."
    await provider.close()


async def test_closing_the_iterator_closes_the_connection(scripted: Scripted) -> None:
    scripted.script = Script([BEGIN, TEXT, HELLO, FOREVER])
    provider = provider_at(scripted.url)
    stream = provider.stream(ask("x", model=MODEL))
    async with aclosing(stream):
        await anext(stream)
    await _until(lambda: scripted.cut == 1)
    await provider.close()


@pytest.mark.parametrize("steps", [(BEGIN, TEXT, HELLO, FOREVER), (FOREVER,), (BEGIN, FOREVER)])
async def test_a_cancel_closes_the_connection_within_a_second(
    scripted: Scripted, steps: tuple[bytes | float, ...]
) -> None:
    scripted.script = Script(steps)
    provider = provider_at(scripted.url)
    call = asyncio.create_task(answer_of(provider, ask("x", model=MODEL)))
    await _until(lambda: len(scripted.bodies) == 1, limit_s=5)
    await asyncio.sleep(0.1)
    call.cancel()
    await _until(lambda: scripted.cut == 1)
    with pytest.raises(asyncio.CancelledError):
        await call
    await provider.close()


async def test_a_server_that_is_away_is_worth_another_try() -> None:
    async with running_script() as gone:
        pass
    provider = provider_at(gone.url)
    with pytest.raises(errors.Overloaded) as away:
        await answer_of(provider, ask("x", model=MODEL))
    assert not away.value.may_be_billed
    await provider.close()


async def test_poison_comes_out_clean(scripted: Scripted) -> None:
    poison = event("content_block_delta", index=0, delta={"type": "text_delta", "text": "a\x00\u202e\ud83dשלום"})
    scripted.script = Script([BEGIN, TEXT, poison, *stop("end_turn")])
    provider = provider_at(scripted.url)
    assert (await answer_of(provider, ask("x", model=MODEL))).text == "aשלום"
    await provider.close()


async def test_models_that_can_be_called_are_listed(scripted: Scripted) -> None:
    listed = [
        {"type": "model", "id": "claude-b", "lifecycle": "active"},
        {"type": "model", "id": "claude-a", "lifecycle": "deprecated"},
        {"type": "model", "id": "claude-1", "lifecycle": "retired"},
    ]
    body = {"data": listed, "has_more": False, "first_id": "claude-b", "last_id": "claude-1"}
    scripted.script = Script([json.dumps(body).encode()], headers={"content-type": "application/json"})
    provider = provider_at(scripted.url)
    assert await provider.models() == ("claude-a", "claude-b")

    scripted.script = refusal(401, "authentication_error", "invalid key")
    with pytest.raises(errors.WrongKey):
        await provider.models()
    scripted.script = Script([b"<html>"], headers={"content-type": "text/html"})
    with pytest.raises(errors.Malformed):
        await provider.models()
    assert len(scripted.bodies) == 3
    await provider.close()


async def test_settings_name_the_key_and_the_address(scripted: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.MissingKey, match="CHIMERA_ANTHROPIC_API_KEY"):
        anthropic.make(Settings())
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    settings = Settings(anthropic_base_url=scripted.url)
    assert settings.anthropic_api_key == SecretStr(KEY)
    scripted.script = WHOLE
    provider = anthropic.make(settings)
    assert (await answer_of(provider, ask("x", model=MODEL))).text == "Hello"
    await provider.close()


async def _raised(
    scripted: Scripted, error: type[errors.ProviderError], *, first_byte_s: float = 5, stall_s: float = 5
) -> errors.ProviderError:
    """What a call comes to, which must be one request."""
    before = len(scripted.bodies)
    provider = provider_at(scripted.url, first_byte_s=first_byte_s, stall_s=stall_s)
    with pytest.raises(error) as raised:
        await answer_of(provider, ask("x", model=MODEL))
    await provider.close()
    assert len(scripted.bodies) == before + 1
    return raised.value


async def _until(condition: Callable[[], bool], limit_s: float = 1) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.01)
