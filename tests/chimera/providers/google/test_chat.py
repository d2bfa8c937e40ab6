"""Details specific to Gemini's wire: versions in addresses, calls without IDs, quotas, reasons to withhold answers."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from chimera.providers.base import ChatMessage, Provider
from models import errors
from models.usage import Usage
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.chimera.simulated import CALCULATOR, answer_of
from tests.until import until
from tests.wires.base import KEY
from tests.wires.google import frames
from tests.wires.google.wire import Google
from tests.wires.scripted import Scripted
from tests.wires.server import FOREVER, Script
from tests.wires.sse import event

WIRE = Google()
SIGNATURE = b"\xff\xfe\x00signed?>\x80"


@pytest.fixture(scope="module")
async def provider(server: Scripted) -> AsyncIterator[Provider]:
    async with provider_at(WIRE, server.url) as made:
        yield made


def chunk(*parts: dict[str, Any], finish: str | None = None, usage: dict[str, int] | None = None) -> bytes:
    return frames.framed(frames.chunk(*parts, finish=finish, usage=usage, responseId="resp-1")).encode()


def call(name: str, *, id: str | None = None, **arguments: str) -> dict[str, Any]:
    return frames.function_call(name, arguments, **({"id": id} if id else {}))


TEA = Script([chunk({"text": "Tea."}, finish="STOP")])


@pytest.mark.parametrize(("path", "target"), [("", "/v1beta/"), ("/gateway", "/gateway/v1beta/"), ("/v1/", "/v1/")])
async def test_an_own_address_may_include_the_version(server: Scripted, path: str, target: str) -> None:
    server.answers(TEA)
    async with provider_at(WIRE, server.url + path) as made:
        await answer_of(made, asked(WIRE))
    assert server.targets[0].startswith(f"{target}models/")


async def test_the_environment_of_the_sdk_changes_nothing(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v7")
    server.answers(TEA)
    async with provider_at(WIRE, server.url) as made:
        await answer_of(made, asked(WIRE))
    assert server.targets[0].startswith("/v1beta/models/")
    assert server.headers[0]["x-goog-api-key"] == KEY


async def test_tool_prompt_tokens_count_as_input(server: Scripted, provider: Provider) -> None:
    counted = {"promptTokenCount": 100, "toolUsePromptTokenCount": 7, "candidatesTokenCount": 5}
    early = chunk({"text": "Te"}, usage={"promptTokenCount": 100, "candidatesTokenCount": 1})
    server.answers(Script([early, chunk({"text": "a."}, finish="STOP", usage=counted)]))
    usage = (await answer_of(provider, asked(WIRE))).end.usage
    assert usage == Usage(input_tokens=107, output_tokens=5), "each chunk tells all of it anew"


async def test_calls_without_ids_get_some_of_their_own(server: Scripted, provider: Provider) -> None:
    answer = [
        chunk(call("calculator", expression="1 + 1"), call("calculator", expression="…")),
        chunk(call("weather", id="fc-7", city="Köln"), finish="STOP"),
    ]
    server.answers(Script(answer))
    first = (await answer_of(provider, asked(WIRE, tools=(CALCULATOR,)))).end
    again = (await answer_of(provider, asked(WIRE, tools=(CALCULATOR,)))).end
    assert [made.id for made in first.tool_calls] == ["call_0_resp-1", "call_1_resp-1", "fc-7"]
    assert again.tool_calls == first.tool_calls


async def test_signatures_go_back_word_for_word(server: Scripted, provider: Provider) -> None:
    signed = {"thoughtSignature": b64encode(SIGNATURE).decode()}
    answer = [
        *(chunk({"text": "I look "}), chunk({"text": "it up."})),
        chunk(call("calculator", expression="1") | signed, call("calculator", expression="2")),
        chunk({"text": ""} | signed, finish="STOP"),
    ]
    server.answers(Script(answer), TEA)
    request = asked(WIRE, "Count", tools=(CALCULATOR,))
    first = await answer_of(provider, request)
    state = json.loads(json.dumps(first.end.state))
    assert (state["provider"], state["model"]) == ("google", WIRE.model)

    one, two = first.end.tool_calls
    reported = (
        *request.messages,
        ChatMessage("assistant", first.text, first.end.tool_calls, state=state),
        ChatMessage("tool", "1", tool_call_id=one.id),
        ChatMessage("tool", "2", tool_call_id=two.id),
    )
    await answer_of(provider, replace(request, messages=reported))

    _, model, results = server.bodies[1]["contents"]
    text, signed_call, other_call, end = model["parts"]
    assert text == {"text": "I look it up."}
    assert b64decode(signed_call.pop("thoughtSignature"), altchars=b"-_") == SIGNATURE
    assert [signed_call, other_call] == [call("calculator", expression="1"), call("calculator", expression="2")]
    assert b64decode(end.pop("thoughtSignature"), altchars=b"-_") == SIGNATURE
    assert end == {"text": ""}
    assert [part["functionResponse"] for part in results["parts"]] == [
        {"name": "calculator", "response": {"output": "1"}},
        {"name": "calculator", "response": {"output": "2"}},
    ]


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        *((reason, errors.ContentRefused) for reason in ("RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII")),
        ("LANGUAGE", errors.ContentRefused),
        ("MALFORMED_FUNCTION_CALL", errors.Malformed),
        ("UNEXPECTED_TOOL_CALL", errors.Malformed),
        ("MISSING_THOUGHT_SIGNATURE", errors.BadRequest),
    ],
)
async def test_an_answer_that_ends_badly_is_no_answer(
    server: Scripted, provider: Provider, reason: str, error: type[errors.ProviderError]
) -> None:
    script = Script([chunk({"text": "It is "}), chunk(finish=reason)])
    found = await raised(provider, asked(WIRE), server, script)
    assert type(found) is error
    assert reason in found.message
    assert found.may_be_billed


async def test_a_prompt_that_is_blocked_is_refused(server: Scripted, provider: Provider) -> None:
    blocked = Script([event({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}})])
    found = await raised(provider, asked(WIRE), server, blocked)
    assert type(found) is errors.ContentRefused
    assert "PROHIBITED_CONTENT" in found.message


@pytest.mark.parametrize(
    ("sent", "error", "words"),
    [
        (b"event: x\n\n", errors.Truncated, "in the middle"),
        (b"<html>Sign in to the hotel's network</html>\n", errors.Malformed, "didn't send a Gemini answer"),
        (b'data: {"candidates": 7}\n\n', errors.Malformed, "didn't send a Gemini answer"),
        (b'data: {"error": {"message": "No code."}}\n\n', errors.InternalFailure, "(mid-answer): No code."),
        (chunk({"functionCall": {"args": {"a": 1}}}, finish="STOP"), errors.Malformed, "without a name"),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
async def test_an_invalid_stream_may_be_billed(
    server: Scripted, provider: Provider, begun: bool, sent: bytes, error: type[errors.ProviderError], words: str
) -> None:
    script = Script([*([chunk({"text": "It is "})] if begun else []), sent])
    found = await raised(provider, asked(WIRE), server, script)
    if begun and "didn't send" in words:
        error, words = errors.Truncated, "in the middle"
    assert type(found) is error
    assert words in found.message
    assert found.may_be_billed


async def test_a_cancel_wins_over_a_bad_page(server: Scripted, provider: Provider) -> None:
    server.answers(Script([b"<html>", FOREVER], headers={"content-type": "text/plain"}))
    call = asyncio.create_task(answer_of(provider, asked(WIRE)))
    await until(lambda: len(server.bodies) == 1)
    await asyncio.sleep(0.2)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_the_sdk_never_continues_by_itself(server: Scripted, provider: Provider) -> None:
    candidate = {"content": {"role": "model", "parts": [{"text": "It is "}]}, "finishReason": "CONTINUATION"}
    server.answers(Script([event({"candidates": [candidate | {"continuationToken": b64encode(b"more").decode()}]})]))
    assert (await answer_of(provider, asked(WIRE))).end.finish_reason == "length"
    assert len(server.bodies) == 1


async def test_an_unnameable_model_costs_no_request(server: Scripted, provider: Provider) -> None:
    server.answers(Script([]))
    with pytest.raises(errors.BadRequest) as found:
        await answer_of(provider, replace(asked(WIRE), model="../secrets"))
    assert not found.value.may_be_billed
    assert server.targets == []


@pytest.mark.parametrize("name", ["Llama 3 8B", "a#b", "a?key=x", "a%2Fb", "a:countTokens", "模型", "org/model", "a&b"])
async def test_a_models_name_is_data_in_the_path(server: Scripted, provider: Provider, name: str) -> None:
    server.answers(TEA)
    await answer_of(provider, replace(asked(WIRE), model=name))
    path, _, query = server.targets[0].partition("?")
    assert path == f"/v1beta/models/{quote(name)}:streamGenerateContent"
    assert query == "alt=sse"
