"""The gateway, through the vendors' own SDKs: the simulator's answers and faults arrive in the vendor's form."""

from collections.abc import AsyncIterator, Callable

import pytest

from chimera.providers.anthropic.chat import Anthropic
from chimera.providers.base import ChatMessage, ChatRequest, Provider, ToolRequest
from chimera.providers.google.chat import Google
from models import errors
from models.usage import Usage
from tests.chimera.provider_limits import limits
from tests.chimera.simulated import CALCULATOR, Running, answer_of, ask, running_simulator
from tests.parts import serving
from tests.wires.gateway.app import create_app

KEY = "unneeded"
SDKS: list[Callable[..., Provider]] = [Anthropic, Google]


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


@pytest.fixture(scope="module", params=SDKS, ids=["anthropic", "google"])
async def provider(request: pytest.FixtureRequest, simulator: Running) -> AsyncIterator[Provider]:
    async with serving(create_app(simulator.url)) as url:
        made: Provider = request.param(
            base_url=url, api_key=KEY, trust_env=False, limits=limits(max_answer_bytes=1_000_000)
        )
        yield made
        await made.close()


def conversation() -> ChatRequest:
    """Return a call, its result and guidance. The simulator's answer depends on every word that it receives."""
    called = ToolRequest("call_1", "calculator", '{"expression": "6 * 7"}')
    messages = (
        ChatMessage("system", "You are helpful."),
        ChatMessage("user", "Task: Work out 6 * 7."),
        ChatMessage("assistant", "I'll see.", tool_calls=(called,)),
        ChatMessage("tool", "42", tool_call_id="call_1"),
        ChatMessage("user", "Guidance: be brief"),
    )
    return ask("", messages=messages, tools=(CALCULATOR,))


async def test_gateway_conversations_match_the_simulators_own_wire(provider: Provider, simulator: Running) -> None:
    reply, expected = await answer_of(provider, conversation()), await answer_of(simulator.provider, conversation())
    assert (reply.text, reply.pieces) == (expected.text, expected.pieces)
    assert (reply.end.finish_reason, reply.end.usage) == (expected.end.finish_reason, expected.end.usage)


async def test_tools_and_plans_are_asked_for(provider: Provider) -> None:
    called = await answer_of(provider, ask("Task: Work out 17 * 23.", tools=(CALCULATOR,)))
    assert called.end.finish_reason == "tool_calls"
    assert called.end.tool_calls == (ToolRequest("call_1", "calculator", '{"expression": "17 * 23"}'),)
    schema = {"type": "object", "properties": {"subtasks": {"type": "array", "items": {"type": "string"}}}}
    planned = await answer_of(provider, ask("Goal: Compare tides. [[sim plan: split=2]]", response_schema=schema))
    assert planned.text.startswith('{"subtasks": ')


async def test_several_calls_arrive_in_order(provider: Provider) -> None:
    prompt = 'Look. [[sim: call=calculator; args={"expression": "1 + 2"}; call=telephone; args={"numbers": [7]}]]'
    calls = (await answer_of(provider, ask(prompt, tools=(CALCULATOR,)))).end.tool_calls
    assert calls == (
        ToolRequest("call_1", "calculator", '{"expression": "1 + 2"}'),
        ToolRequest("call_1_2", "telephone", '{"numbers": [7]}'),
    )


async def test_each_attempt_arrives_once_under_its_name(provider: Provider, simulator: Running) -> None:
    request = ask("[[sim: tokens=5]]")
    usage = (await answer_of(provider, request)).end.usage
    assert usage is not None
    assert usage == Usage(input_tokens=usage.input_tokens, output_tokens=5)
    assert simulator.arrivals(request.call_id) == 1


async def test_unstorable_text_arrives_clean(provider: Provider) -> None:
    assert "poison: lone surrogates  and " in (await answer_of(provider, ask("[[sim: poison=1]]"))).text


async def test_unreported_usage_is_missing(provider: Provider) -> None:
    assert (await answer_of(provider, ask("[[sim: nousage=1; tokens=5]]"))).end.usage is None


async def test_arguments_without_json_reach_the_tool(provider: Provider) -> None:
    (call,) = (await answer_of(provider, ask("[[sim: badargs=1]]", tools=(CALCULATOR,)))).end.tool_calls
    assert call.arguments in ('{"expression": "1 +', '{"arguments": "{\\"expression\\": \\"1 +"}')


@pytest.mark.parametrize("nonsense", ["garbage=1", "shape=1"])
async def test_nonsense_in_an_answer_is_left_out(provider: Provider, nonsense: str) -> None:
    reply = await answer_of(provider, ask(f"Work out 6 * 7. [[sim: {nonsense}; tokens=5]]"))
    assert reply.text
    assert reply.end.finish_reason == "stop"


@pytest.mark.parametrize(
    ("directives", "error"),
    [
        ("status=401", errors.WrongKey),
        ("status=404", errors.UnknownModel),
        ("status=429; retry_after=7", errors.RateLimited),
        ("status=500", errors.InternalFailure),
        ("status=529", errors.Overloaded),
        ("html=1", errors.Malformed),
        ("null=1", errors.Malformed),
        ("cut=after:40", errors.Truncated),
        ("cut=quiet:40", errors.Truncated),
        ("cut=in_tool_args", errors.Truncated),
        ("finish=content_filter", errors.ContentRefused),
        ("bytes=2e6", errors.AnswerTooLarge),
    ],
)
async def test_simulated_errors_are_passed_on(
    provider: Provider, directives: str, error: type[errors.ProviderError]
) -> None:
    with pytest.raises(error) as caught:
        await answer_of(provider, ask(f"Work out 6 * 7. [[sim: {directives}]]", tools=(CALCULATOR,)))
    assert type(caught.value) is error
    assert caught.value.retry_after_s == (7.0 if error is errors.RateLimited else None)
