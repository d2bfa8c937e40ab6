"""Directives that cause faults, as the provider that calls the simulator sees them."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models import errors
from tests.chimera.simulated import CALCULATOR, Running, answer_of, ask, running_simulator
from tests.until import until


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


@pytest.mark.parametrize(
    ("directives", "error", "words"),
    [
        ("status=429; retry_after=7", errors.RateLimited, "pause of 7 s"),
        ("status=429", errors.RateLimited, "fewer requests"),
        ("status=429; code=insufficient_quota", errors.NoQuota, "no quota left"),
        ("status=401", errors.WrongKey, "CHIMERA_SIMULATOR_URL"),
        ("status=403", errors.WrongKey, "rejected the key"),
        ("status=404", errors.UnknownModel, "'fast'"),
        ("status=400; code=context_length_exceeded", errors.ContextTooLong, "too long for"),
        ("status=400; code=content_filter", errors.ContentRefused, "rejected the content"),
        ("status=400", errors.BadRequest, "400"),
        ("status=422", errors.BadRequest, "422"),
        ("status=408", errors.Overloaded, "408"),
        ("status=409", errors.Overloaded, "409"),
        ("status=500", errors.Overloaded, "500"),
        ("status=529", errors.Overloaded, "529"),
        ("status=302", errors.BadRequest, "302"),
        ("html=1", errors.Malformed, "text/html"),
        ("cut=after:400", errors.Truncated, "broke the connection"),
        ("cut=quiet:400", errors.Truncated, "in the middle of its answer"),
        ("finish=content_filter", errors.ContentRefused, "content filter"),
        ("bytes=0", errors.Malformed, "neither text nor a tool call"),
        ("speling=1", errors.BadRequest, "no directive 'speling'"),
    ],
)
async def test_a_directive_causes_its_fault(
    simulator: Running, directives: str, error: type[errors.ProviderError], words: str
) -> None:
    request = ask(f"Task:\nAnything [[sim: {directives}]]")

    with pytest.raises(error) as raised:
        await answer_of(simulator.provider, request)

    assert words in raised.value.message
    assert len(raised.value.message) <= 300
    assert simulator.arrivals(request.call_id) == 1


@pytest.mark.parametrize("directives", ["garbage=1", "shape=1", "finish=surprise"])
async def test_odd_parts_do_not_change_an_answer(simulator: Running, directives: str) -> None:
    request = ask(f"Task:\nAnything [[sim: {directives}; tokens=20]]")
    reply = await answer_of(simulator.provider, request)
    assert len(reply.text.split(" ")) == 20
    assert (reply.end.skipped > 0) == (directives == "garbage=1")
    assert simulator.arrivals(request.call_id) == 1


@pytest.mark.parametrize("directive", ["[[sim plann: split=2]]", "[[sim tokens=5]]", "[[ sim ]]", "[[sim; tokens=5]]"])
async def test_a_directive_without_a_known_scope_is_refused(simulator: Running, directive: str) -> None:
    with pytest.raises(errors.BadRequest, match=r"not a directive\. Use \[\[sim"):
        await answer_of(simulator.provider, ask(f"Task:\nAnything {directive}"))


async def test_all_misspelt_directives_are_named_at_once(simulator: Running) -> None:
    prompt = "Task:\nAnything [[sim: tokns=5; satus=500; tuurns=2; xyzzy=1; cut=in_tool; badplan=x]]"
    with pytest.raises(errors.BadRequest) as raised:
        await answer_of(simulator.provider, ask(prompt))
    assert raised.value.message == (
        "simulator rejected the request (400): Simulator: There is no directive 'tokns', 'satus', 'tuurns',"
        " 'xyzzy'. Did you mean 'tokens', 'status', 'turns'? 'in_tool' is not a valid value for 'cut'. Use after:N,"
        " quiet:N, in_tool_args, in_tool_args:broken, in_tool_args:done or in_tool_args:length. 'x' is not a valid"
        " value for 'badplan'. Use"
        " cyclic, garbage or unknown_agent."
    )


async def test_many_misspelt_directives_are_counted(simulator: Running) -> None:
    many = "; ".join(f"x{letter}{letter}x={'v' * 500}" for letter in "abcdefghijkl")
    with pytest.raises(errors.BadRequest, match=r"'xhhx' and 4 more\. All directives are listed in docs"):
        await answer_of(simulator.provider, ask(f"Task:\nAnything [[sim: {many}]]"))


async def test_brackets_that_are_not_directives_are_left_alone(simulator: Running) -> None:
    await answer_of(simulator.provider, ask("Task:\nAnything [[simple: x]] [[similar]] [sim] [[ ]]"))


async def test_the_server_sets_the_retry_time(simulator: Running) -> None:
    with pytest.raises(errors.RateLimited) as raised:
        await answer_of(simulator.provider, ask("[[sim: status=429; retry_after=7]]"))
    assert raised.value.retry_after_s == 7


async def test_a_fault_may_end_after_some_times(simulator: Running) -> None:
    request = ask("[[sim: status=500; times=3]] Task")
    for _ in range(3):
        with pytest.raises(errors.Overloaded):
            await answer_of(simulator.provider, request)

    assert (await answer_of(simulator.provider, request)).text
    assert simulator.arrivals(request.call_id) == 4


async def test_a_tool_call_that_was_cut_is_no_success(simulator: Running) -> None:
    for how, counted in (("", 1), (":broken", 1), (":done", 0), (":length", 0)):
        request = ask(f"What is 2 + 2 [[sim: cut=in_tool_args{how}]]", tools=(CALCULATOR,))
        with pytest.raises(errors.Truncated):
            await answer_of(simulator.provider, request)
        assert simulator.cut(request.call_id) == counted, how

    request = ask("What is 2 + 2 [[sim: finish=length]]", tools=(CALCULATOR,))
    with pytest.raises(errors.Truncated, match="Raise max_output_tokens"):
        await answer_of(simulator.provider, request)


async def test_arguments_without_json_are_passed_on(simulator: Running) -> None:
    reply = await answer_of(simulator.provider, ask("[[sim: badargs=1]] x", tools=(CALCULATOR,)))
    assert reply.end.tool_calls[0].arguments == '{"expression": "1 +'


async def test_the_models_of_a_server_are_listed(simulator: Running) -> None:
    assert "standard" in await simulator.provider.models()


async def test_truncated_text_ends_with_length(simulator: Running) -> None:
    reply = await answer_of(simulator.provider, ask("Task:\nWrite much", max_output_tokens=16))
    assert reply.end.finish_reason == "length"


async def test_missing_usage_is_none(simulator: Running) -> None:
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
        await until(lambda: running.cut(request.call_id) == 1)


@pytest.mark.parametrize("directive", ["drip=0.1", "hang=1", "delay=30"])
async def test_the_journal_counts_abandoned_answers(simulator: Running, directive: str) -> None:
    request = ask(f"[[sim: {directive}]]")
    call = asyncio.create_task(answer_of(simulator.provider, request))
    await until(lambda: simulator.arrivals(request.call_id) == 1)
    await asyncio.sleep(0.1)
    call.cancel()
    await until(lambda: simulator.cut(request.call_id) == 1)
    with pytest.raises(asyncio.CancelledError):
        await call
