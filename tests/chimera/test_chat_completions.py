"""The chat-completions wire: the real SDK over real HTTP against the simulator."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import cast

import pytest

from chimera.providers.base import ChatMessage, ToolRequest
from chimera.providers.chat_completions import ChatCompletions
from models import errors
from tests.chimera.simulated import CALCULATOR, Running, answer_of, ask, running_simulator


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


async def test_an_answer_streams_and_ends_once_with_its_usage(simulator: Running) -> None:
    reply = await answer_of(simulator.provider, ask("Task:\nSay why tea is popular", model="standard"))

    assert reply.text.startswith("[simulated]")
    assert "tea is popular" in reply.text
    assert len(reply.pieces) > 5, "a person should see it grow"
    assert reply.end.finish_reason == "stop"
    assert reply.end.usage is not None
    assert reply.end.usage.output_tokens > 50
    assert (reply.end.request_id or "").startswith("chatcmpl-")


async def test_a_tool_call_comes_whole_and_its_result_is_used(simulator: Running) -> None:
    request = ask("Task:\nWhat is 17 * 23, and what follows?", tools=(CALCULATOR,))
    first = await answer_of(simulator.provider, request)

    assert first.end.finish_reason == "tool_calls"
    assert first.end.tool_calls == (ToolRequest("call_1", "calculator", '{"expression": "17 * 23"}'),)

    answered = (
        *request.messages,
        ChatMessage("assistant", "", first.end.tool_calls),
        ChatMessage("tool", "391", tool_call_id="call_1"),
    )
    second = await answer_of(simulator.provider, ask("", messages=answered, tools=(CALCULATOR,)))

    assert second.end.finish_reason == "stop"
    assert "17 * 23 gives 391" in second.text


@pytest.mark.parametrize(
    ("directives", "error", "words"),
    [
        ("status=429; retry_after=7", errors.RateLimited, "pause of 7 s"),
        ("status=429", errors.RateLimited, "fewer requests"),
        ("status=429; code=insufficient_quota", errors.NoQuota, "no quota left"),
        ("status=401", errors.WrongKey, "CHIMERA_SIMULATOR_API_KEY"),
        ("status=403", errors.WrongKey, "refused the key"),
        ("status=404", errors.UnknownModel, "'fast'"),
        ("status=400; code=context_length_exceeded", errors.ContextTooLong, "longer than"),
        ("status=400; code=content_filter", errors.ContentRefused, "refused"),
        ("status=400", errors.BadRequest, "400"),
        ("status=422", errors.BadRequest, "422"),
        ("status=408", errors.Overloaded, "408"),
        ("status=409", errors.Overloaded, "409"),
        ("status=500", errors.Overloaded, "500"),
        ("status=529", errors.Overloaded, "529"),
        ("status=302", errors.BadRequest, "302"),
        ("html=1", errors.Malformed, "text/html"),
        ("garbage=1", errors.Malformed, "isn't a chat completion"),
        ("cut=after:400", errors.Truncated, "broke the connection"),
        ("cut=quiet:400", errors.Truncated, "in the middle of its answer"),
        ("finish=content_filter", errors.ContentRefused, "content filter"),
        ("finish=surprise", errors.Malformed, "'surprise'"),
        ("bytes=0", errors.Malformed, "without a word"),
        ("speling=1", errors.BadRequest, "no directive 'speling'"),
    ],
)
async def test_a_fault_is_sorted_and_costs_one_request(
    simulator: Running, directives: str, error: type[errors.ProviderError], words: str
) -> None:
    request = ask(f"Task:\nAnything [[sim: {directives}]]")

    with pytest.raises(error) as raised:
        await answer_of(simulator.provider, request)

    assert words in raised.value.message
    assert len(raised.value.message) <= 300
    assert simulator.arrivals(request.call_id) == 1


@pytest.mark.parametrize("directives", ["status=429", "status=400", "status=500", "status=401", "html=1"])
async def test_a_refusal_is_not_billed(simulator: Running, directives: str) -> None:
    with pytest.raises(errors.ProviderError) as raised:
        await answer_of(simulator.provider, ask(f"Task:\nAnything [[sim: {directives}]]"))
    assert not raised.value.may_be_billed


@pytest.mark.parametrize("directives", ["garbage=1", "cut=after:0", "cut=quiet:0", "finish=content_filter", "bytes=0"])
async def test_what_fails_after_the_answer_began_may_be_billed(simulator: Running, directives: str) -> None:
    with pytest.raises(errors.ProviderError) as raised:
        await answer_of(simulator.provider, ask(f"Task:\nAnything [[sim: {directives}]]"))
    assert raised.value.may_be_billed


async def test_the_server_says_when_to_come_back(simulator: Running) -> None:
    with pytest.raises(errors.RateLimited) as raised:
        await answer_of(simulator.provider, ask("[[sim: status=429; retry_after=7]]"))
    assert raised.value.retry_after_s == 7


async def test_n_attempts_are_n_requests(simulator: Running) -> None:
    request = ask("[[sim: status=500; times=3]] Task")
    for _ in range(3):
        with pytest.raises(errors.Overloaded):
            await answer_of(simulator.provider, request)

    assert (await answer_of(simulator.provider, request)).text
    assert simulator.arrivals(request.call_id) == 4


async def test_a_refused_key_is_never_repeated() -> None:
    key = "sk-proj-veryverysecret1234567890"
    async with running_simulator(api_key=key) as running:
        for status in (400, 401, 403, 500):
            with pytest.raises(errors.ProviderError) as raised:
                await answer_of(running.provider, ask(f"[[sim: status={status}; code={key}]]"))
            assert key not in raised.value.message
            assert raised.value.__cause__ is None


async def test_a_tool_call_that_was_cut_is_no_success(simulator: Running) -> None:
    request = ask("What is 2 + 2 [[sim: cut=in_tool_args]]", tools=(CALCULATOR,))
    with pytest.raises(errors.Truncated):
        await answer_of(simulator.provider, request)

    request = ask("What is 2 + 2 [[sim: finish=length]]", tools=(CALCULATOR,))
    with pytest.raises(errors.Truncated, match="raise max_output_tokens"):
        await answer_of(simulator.provider, request)


async def test_arguments_that_are_no_json_are_passed_on_for_the_tool_to_refuse(simulator: Running) -> None:
    reply = await answer_of(simulator.provider, ask("[[sim: badargs=1]] x", tools=(CALCULATOR,)))
    assert reply.end.tool_calls[0].arguments == '{"expression": "1 +'


async def test_the_models_of_a_server_are_listed(simulator: Running) -> None:
    assert "standard" in await simulator.provider.models()


async def test_text_cut_by_the_limit_says_length(simulator: Running) -> None:
    reply = await answer_of(simulator.provider, ask("Task:\nWrite much", max_output_tokens=16))
    assert reply.end.finish_reason == "length"


async def test_missing_usage_is_told_as_none(simulator: Running) -> None:
    assert (await answer_of(simulator.provider, ask("[[sim: nousage=1]] x"))).end.usage is None


async def test_poison_comes_out_clean(simulator: Running) -> None:
    text = (await answer_of(simulator.provider, ask("[[sim: poison=100000]]"))).text
    text.encode()
    assert not any(bad in text for bad in "\x00\x1b\u202e\u2066\ufffe\uffff")
    assert "שלום" in text


async def test_an_answer_beyond_the_limit_is_given_up() -> None:
    async with running_simulator(max_answer_bytes=100_000) as running:
        request = ask("[[sim: bytes=10e6]]")
        with pytest.raises(errors.AnswerTooLarge, match="100000 bytes"):
            await answer_of(running.provider, request)
        await _until(lambda: running.cut(request.call_id) == 1)


async def test_silence_before_and_within_an_answer_is_told_apart() -> None:
    async with running_simulator(first_byte_s=0.3, stall_s=0.3) as running:
        started = time.monotonic()
        with pytest.raises(errors.ProviderTimeout) as silent:
            await answer_of(running.provider, ask("[[sim: hang=1]]"))
        with pytest.raises(errors.Stalled) as stalled:
            await answer_of(running.provider, ask("[[sim: drip=0.5]]"))
        assert silent.value.may_be_billed
        assert stalled.value.may_be_billed
        assert time.monotonic() - started < 3


async def test_closing_the_iterator_closes_the_connection(simulator: Running) -> None:
    request = ask("[[sim: drip=20]]")
    stream = cast(ChatCompletions, simulator.provider).stream(request)
    async with aclosing(stream):
        await anext(stream)
    await _until(lambda: simulator.cut(request.call_id) == 1, limit_s=1)


@pytest.mark.parametrize("directive", ["drip=0.1", "hang=1", "delay=30"])
async def test_a_cancel_closes_the_connection_within_a_second(simulator: Running, directive: str) -> None:
    request = ask(f"[[sim: {directive}]]")
    call = asyncio.create_task(answer_of(simulator.provider, request))
    await _until(lambda: simulator.arrivals(request.call_id) == 1)
    await asyncio.sleep(0.1)
    call.cancel()
    await _until(lambda: simulator.cut(request.call_id) == 1, limit_s=1)
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_a_server_that_is_away_is_worth_another_try() -> None:
    async with running_simulator() as running:
        pass
    with pytest.raises(errors.Overloaded) as away:
        await answer_of(running.provider, ask("x"))
    assert not away.value.may_be_billed


async def _until(condition: Callable[[], bool], limit_s: float = 5) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.01)
