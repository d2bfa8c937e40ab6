"""The contract of a provider, tested against another project's server with the real SDK and real HTTP.

What that server can't do is tested in test_contract_answers, _requests, _faults and _waits, against scripted bytes.
"""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from chimera.providers.base import ChatMessage, Image, Provider
from models import errors
from models.plans import Plan
from models.usage import Usage
from tests.chimera.providers.asking import asked, provider_at
from tests.chimera.simulated import CALCULATOR, answer_of
from tests.wires.aimock import journal_of, running_aimock
from tests.wires.anthropic.wire import Anthropic
from tests.wires.base import Wire
from tests.wires.vendors import WIRES

CALLS = [
    {"name": "calculator", "arguments": {"expression": "17 * 23"}, "id": "toolu_21"},
    {"name": "calculator", "arguments": {"expression": "2 + 2"}, "id": "toolu_22"},
]
USAGE = {"prompt_tokens": 11, "completion_tokens": 8, "total_tokens": 19, "input_tokens": 11, "output_tokens": 8}


def failing(prompt: str, status: int, type_: str, **more: Any) -> dict[str, Any]:
    error = {"message": "No.", "type": type_}
    return {"match": {"userMessage": prompt}, "response": {"error": error, "status": status, **more}}


FIXTURES: list[dict[str, Any]] = [
    # There is one for each provider, because they share the server.
    *(
        {"match": {"userMessage": f"busy {wire.name}", "sequenceIndex": 0}, "response": limited}
        for wire in WIRES
        for limited in [{"error": {"message": "Slow", "type": "rate_limit_error"}, "status": 429, "retryAfter": 7}]
    ),
    {"match": {"userMessage": "busy"}, "response": {"content": "Now I have time."}},
    failing("broken", 500, "api_error"),
    failing("away", 503, "overloaded_error"),
    failing("locked", 401, "authentication_error"),
    failing("nowhere", 404, "not_found_error"),
    failing("wrong", 400, "invalid_request_error"),
    {"match": {"userMessage": "garbage"}, "response": {"content": "x"}, "chaos": {"malformedRate": 1.0}},
    {"match": {"userMessage": "dropped"}, "response": {"content": "x"}, "chaos": {"disconnectRate": 1.0}},
    {
        "match": {"userMessage": "torn"},
        "response": {"content": "This text is never told to its end, whatever one does. " * 20},
        "latency": 20,
        "truncateAfterChunks": 5,
    },
    {"match": {"toolCallId": "toolu_22"}, "response": {"content": "They are 391 and 4."}},
    {"match": {"userMessage": "17 * 23"}, "response": {"content": "Let me see.", "toolCalls": CALLS}},
    {
        "match": {"userMessage": "think"},
        "response": {"content": "Forty-two.", "reasoning": "What did they ask?", "reasoningSignature": "c2lnbmVk"},
    },
    {"match": {"userMessage": "plan"}, "response": {"content": '{"subtasks": []}'}},
    {"match": {"userMessage": "image"}, "response": {"content": "A cat."}},
    {"match": {"userMessage": "hello"}, "response": {"content": "Hello! How can I help you today?", "usage": USAGE}},
]


@pytest.fixture(scope="module")
async def aimock(starts_servers: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Run an aimock server, and yield its address."""
    async with running_aimock(tmp_path_factory, FIXTURES) as url:
        yield url


@pytest.fixture(scope="module")
async def provider(wire: Wire, aimock: str) -> AsyncIterator[Provider]:
    async with provider_at(wire, aimock) as made:
        yield made


async def requests_of(aimock: str, call_id: str) -> Sequence[dict[str, Any]]:
    """Return a call's requests, found by the header that names the call."""
    return [entry for entry in await journal_of(aimock) if entry["headers"].get("x-chimera-call") == call_id]


async def test_text_streams_to_its_end(wire: Wire, provider: Provider) -> None:
    reply = await answer_of(provider, asked(wire, "hello"))
    assert reply.text == "Hello! How can I help you today?"
    assert len(reply.pieces) > 1
    assert reply.end.finish_reason == "stop"
    assert reply.end.usage == Usage(input_tokens=11, output_tokens=8)


@pytest.mark.filterwarnings("ignore:FUNCTION_CALL")  # aimock ends with this finish reason; Google doesn't
async def test_tools_are_called_at_once_and_their_results_used(wire: Wire, provider: Provider, aimock: str) -> None:
    request = asked(wire, "What is 17 * 23?", tools=(CALCULATOR,))
    first = await answer_of(provider, request)
    assert first.text == "Let me see."
    assert first.end.finish_reason == "tool_calls"
    one, two = first.end.tool_calls
    assert [json.loads(call.arguments) for call in (one, two)] == [{"expression": "17 * 23"}, {"expression": "2 + 2"}]

    answer = ChatMessage("assistant", first.text, first.end.tool_calls, state=first.end.state)
    results = (ChatMessage("tool", "391", tool_call_id=one.id), ChatMessage("tool", "4", tool_call_id=two.id))
    second = replace(request, call_id=request.call_id + "b", messages=(*request.messages, answer, *results))
    assert (await answer_of(provider, second)).text == "They are 391 and 4."
    assert len(await requests_of(aimock, second.call_id)) == 1


async def test_an_answer_in_a_form_is_asked_for(wire: Wire, provider: Provider) -> None:
    reply = await answer_of(provider, asked(wire, "plan", response_schema=Plan.model_json_schema()))
    assert json.loads(reply.text) == {"subtasks": []}


async def test_an_image_is_accepted(wire: Wire, provider: Provider) -> None:
    message = ChatMessage("user", "an image", images=(Image("image/png", b"\x89PNG"),))
    assert (await answer_of(provider, asked(wire, messages=(message,)))).text == "A cat."


async def test_thoughts_are_no_part_of_the_text(wire: Wire, provider: Provider) -> None:
    assert (await answer_of(provider, asked(wire, "think", reasoning_effort="high"))).text == "Forty-two."


async def test_signed_reasoning_is_kept_to_be_handed_back(aimock: str) -> None:
    wire = Anthropic()
    async with provider_at(wire, aimock) as provider:
        reply = await answer_of(provider, asked(wire, "think", reasoning_effort="high"))
    assert reply.end.state is not None
    assert reply.end.state["content"] == [
        {"type": "thinking", "thinking": "What did they ask?", "signature": "c2lnbmVk"},
        {"type": "text", "text": "Forty-two."},
    ]


async def test_a_rate_limited_request_is_retried(wire: Wire, provider: Provider, aimock: str) -> None:
    request = asked(wire, f"busy {wire.name}")
    with pytest.raises(errors.RateLimited) as limited:
        await answer_of(provider, request)
    assert limited.value.retry_after_s == 7
    assert len(await requests_of(aimock, request.call_id)) == 1
    assert (await answer_of(provider, request)).text == "Now I have time."
    assert len(await requests_of(aimock, request.call_id)) == 2


async def test_n_attempts_are_n_requests(wire: Wire, provider: Provider, aimock: str) -> None:
    request = asked(wire, "away")
    for _ in range(4):
        with pytest.raises(errors.Overloaded):
            await answer_of(provider, request)
    assert len(await requests_of(aimock, request.call_id)) == 4


@pytest.mark.parametrize(
    ("prompt", "error", "billed"),
    [
        ("broken", errors.InternalFailure, False),
        ("away", errors.Overloaded, False),
        ("locked", errors.WrongKey, False),
        ("nowhere", errors.UnknownModel, False),
        ("wrong", errors.BadRequest, False),
        ("dropped", errors.Overloaded, False),
        ("garbage", errors.Malformed, None),
        ("torn", errors.Truncated, True),
    ],
)
async def test_a_fault_is_one_request_and_no_success(
    wire: Wire, provider: Provider, aimock: str, prompt: str, error: type[errors.ProviderError], billed: bool | None
) -> None:
    request = asked(wire, prompt)
    with pytest.raises(errors.ProviderError) as found:
        await answer_of(provider, request)
    assert type(found.value) is error
    assert billed in (None, found.value.may_be_billed)
    assert len(await requests_of(aimock, request.call_id)) == 1
