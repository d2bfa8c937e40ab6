"""Refusals and errors within answers, over real HTTP: sorted by kind, in the server's words, after one request."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.providers import make
from chimera.providers.base import Provider
from models import errors
from models.usage import Usage
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.chimera.simulated import answer_of
from tests.wires.base import Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script, plain
from tests.wires.sse import event
from tests.wires.vendors import WIRES

WIRE = next(wire for wire in WIRES if wire.name == "local")
HALF = event(
    {"choices": [{"index": 0, "delta": {"content": "It is "}}], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
)


@pytest.fixture(scope="module")
async def local(server: Scripted) -> AsyncIterator[Provider]:
    async with provider_at(WIRE, server.url) as made:
        yield made


async def test_text_without_an_answer_is_shown(local: Provider, server: Scripted) -> None:
    for type_ in ("text/plain", "text/event-stream", "application/json"):
        script = Script([b"unsupported model: MiniMax-M2.7"], headers={"content-type": type_})
        found = await raised(local, asked(WIRE), server, script)
        assert type(found) is errors.InternalFailure
        assert "unsupported model: MiniMax-M2.7" in found.message


async def test_events_of_another_protocol_are_no_errors(local: Provider, server: Scripted) -> None:
    other = b'event: hermes.tool.progress\ndata: {"detail": "looks it up", "errors": ["none yet"]}\n\n'
    server.answers(Script([other, HALF, other, b"data: [DONE]\n\n"]))
    reply = await answer_of(local, asked(WIRE))
    assert (reply.text, reply.end.skipped) == ("It is ", 2)


SHAPES: list[tuple[Any, str]] = [
    ({"error": "'response_format.type' must be 'text'"}, "'response_format.type' must be 'text'"),
    ({"detail": [{"loc": ["body", "user_name"], "msg": "Extra inputs"}]}, "body.user_name: Extra inputs"),
    ({"detail": "No such adapter"}, "No such adapter"),
    ([{"error": {"code": 400, "message": "Bad 'contents'"}}], "Bad 'contents'"),
    ({"object": "error", "message": "Bad field"}, "Bad field"),
    ({"message": "Bad field"}, "Bad field"),
    ({"errors": [{"message": "Bad field"}]}, "Bad field"),
    ({"error": {"message": {"message": "Bad field"}}}, "Bad field"),
    ({"error": {"message": "Provider returned error", "metadata": {"raw": "Bad field"}}}, "error: Bad field"),
]


@pytest.mark.parametrize(("body", "words"), SHAPES)
@pytest.mark.parametrize("status", [400, 422])
async def test_a_refusal_shows_the_servers_words(
    wire: Wire, provider: Provider, server: Scripted, status: int, body: Any, words: str
) -> None:
    found = await raised(provider, asked(wire), server, plain(status, body))
    assert type(found) is errors.BadRequest
    assert f"({status}): " in found.message
    assert words in found.message


@pytest.mark.parametrize("page", [b"Bad field", b"<html><title>Oh</title><p>Bad field</p></html>", b'"Bad field"'])
async def test_text_and_pages_are_shown_too(wire: Wire, provider: Provider, server: Scripted, page: bytes) -> None:
    found = await raised(provider, asked(wire), server, Script([page], 400, {"content-type": "text/plain"}))
    assert type(found) is errors.BadRequest
    assert "Bad field" in found.message


IN_ANSWERS: list[tuple[bytes, type[errors.ProviderError], str]] = [
    (b'data: {"error": "CUDA out of memory on device 1"}', errors.InternalFailure, "CUDA out of memory on device 1"),
    (b'data: {"object": "error", "message": "Adapter is gone", "code": 400}', errors.BadRequest, "Adapter is gone"),
    (b'event: error\ndata: {"message": "Adapter is gone"}', errors.InternalFailure, "Adapter is gone"),
    (b"event: error\ndata: upstream gave up", errors.InternalFailure, "upstream gave up"),
    (b'data: {"error": {"message": "Upstream", "code": 502}}', errors.Overloaded, "(502): Upstream"),
    (b'data: {"error": {"message": "The model is overloaded"}}', errors.Overloaded, "The model is overloaded"),
    (b'data: {"error": {"code": 400, "message": "Prompt exceeds max length"}}', errors.ContextTooLong, "max length"),
    (b'data: {"error": {"code": "context_length_exceeded", "message": "No"}}', errors.ContextTooLong, "No"),
    (b'data: {"error": {"code": 401, "message": "x"}}', errors.WrongKey, "CHIMERA_LOCAL_API_KEY"),
    (b'data: {"error": {"code": 429, "message": "Try again in 6.2s."}}', errors.RateLimited, "6.2 s"),
    (
        b'data: {"choices": [{"index": 0, "finish_reason": "error", "error": {"code": 502, "message": "Gone"}}]}',
        errors.Overloaded,
        "Gone",
    ),
]


@pytest.mark.parametrize(("sent", "error", "words"), IN_ANSWERS)
@pytest.mark.parametrize("begun", [False, True])
async def test_an_error_in_mid_answer_is_reported(
    local: Provider, server: Scripted, begun: bool, sent: bytes, error: type[errors.ProviderError], words: str
) -> None:
    script = Script([*([HALF] if begun else []), sent + b"\n\n", b"data: [DONE]\n\n"])
    found = await raised(local, asked(WIRE), server, script)
    assert type(found) is error
    assert words in found.message
    assert found.may_be_billed
    assert found.usage == (Usage(input_tokens=3, output_tokens=2) if begun else None)


async def test_an_error_as_a_document_is_not_billed(local: Provider, server: Scripted) -> None:
    found = await raised(local, asked(WIRE), server, plain(200, {"error": {"message": "No", "code": 400}}))
    assert type(found) is errors.BadRequest
    assert not found.may_be_billed


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": "Trying to keep the first 9000 tokens when context the overflows."}),
        (500, {"error": {"code": 500, "message": "context shift is disabled", "type": "server_error"}}),
        (413, {"detail": "Payload"}),
        (422, {"error": "`inputs` must have less than 4097 tokens. Given: 9000"}),
        (400, [{"error": {"message": "The input token count (9) exceeds the maximum number of tokens allowed (8)."}}]),
    ],
)
async def test_too_long_is_asked_once(wire: Wire, provider: Provider, server: Scripted, status: int, body: Any) -> None:
    found = await raised(provider, asked(wire), server, plain(status, body))
    assert type(found) is errors.ContextTooLong
    assert not found.retryable


@pytest.mark.parametrize(
    ("status", "reported", "error"),
    [
        (403, {"message": "Insufficient balance"}, errors.NoQuota),
        (429, {"message": "Insufficient balance or no resource package. Please recharge."}, errors.NoQuota),
        (400, {"message": "x", "code": "Arrearage"}, errors.NoQuota),
        (403, {"message": "Your input was flagged by moderation"}, errors.ContentRefused),
        (400, {"message": "x", "code": "data_inspection_failed"}, errors.ContentRefused),
        (400, {"message": "x/y is not a valid model ID"}, errors.UnknownModel),
        (403, {"message": "You have no access to it", "code": "model_not_found"}, errors.UnknownModel),
        (403, {"message": "This region is not supported"}, errors.WrongKey),
        (400, {"message": "The balance of the brackets is wrong"}, errors.BadRequest),
        (500, {"message": "Insufficient balance of load"}, errors.InternalFailure),
    ],
)
async def test_a_refusal_is_known_by_its_words(
    local: Provider, server: Scripted, status: int, reported: dict[str, str], error: type[errors.ProviderError]
) -> None:
    found = await raised(local, asked(WIRE), server, plain(status, {"error": reported}))
    assert type(found) is error
    assert error is not errors.WrongKey or reported["message"] in found.message


@pytest.mark.parametrize("reported", [{"retry_after_ms": "6000"}, {"retry_after": "6"}, {}])
async def test_a_server_sets_the_retry_time(
    wire: Wire, provider: Provider, server: Scripted, reported: dict[str, str]
) -> None:
    words = "Slow down." if reported else "Rate limit reached. Please try again in 6s."
    found = await raised(provider, asked(wire), server, plain(429, {"error": {"message": words}}, **reported))
    assert type(found) is errors.RateLimited
    assert found.retry_after_s == 6


# --- Keys and proxies ------------------------------------------------------------------------------------------


async def test_a_placeholder_is_no_key_to_be_hidden(server: Scripted) -> None:
    settings = Settings(local_base_url=f"{server.url}/v1")
    provider = make("local", settings)
    words = "tool_choice must be one of none, auto; none was given"
    found = await raised(provider, asked(WIRE), server, plain(400, {"error": {"message": words}}))
    assert words in found.message
    assert server.headers[0]["authorization"] == "Bearer none"
    await provider.close()


@pytest.mark.parametrize("key", ["ключ", "“sk-quoted”", "sk-two\nlines", " sk-blank", "sk-\x7f"])
@pytest.mark.parametrize("name", ["openai", "anthropic", "google", "local"])
def test_an_unusable_key_is_named(name: str, key: str) -> None:
    settings = Settings.model_validate({f"{name}_api_key": SecretStr(key), "local_base_url": "http://127.0.0.1:1/v1"})
    with pytest.raises(errors.UnusableKey) as raised:
        make(name, settings)
    assert f"CHIMERA_{name.upper()}_API_KEY" in raised.value.message
    assert not raised.value.retryable


@pytest.mark.parametrize("value", ["ключ", "“quoted”", "two\nlines", " blank"])
async def test_an_organisation_that_cannot_be_sent_is_named(
    server: Scripted, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", value)
    asked_before = len(server.headers)
    async with provider_at(WIRE, server.url) as made:
        with pytest.raises(errors.UnusableHeader) as raised:
            await made.connect()
    assert "OPENAI_ORG_ID" in raised.value.message
    assert not raised.value.retryable
    assert len(server.headers) == asked_before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("openai", "X-Team: “ours”"),
        ("openai", "X Team: ours"),
        ("anthropic", "X Team: ours"),
        ("anthropic", "X-T: a\x01"),
    ],
)
async def test_own_headers_that_cannot_be_sent_are_named(
    name: str, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    variable = f"{name.upper()}_CUSTOM_HEADERS"
    monkeypatch.setenv(variable, value)
    provider = make(name, Settings.model_validate({f"{name}_api_key": SecretStr("sk-1")}))
    with pytest.raises(errors.UnusableHeader, match=variable):
        await provider.connect()
    await provider.close()


async def test_anthropics_own_headers_may_be_utf8(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Team: “ours”")
    provider = make("anthropic", Settings(anthropic_api_key=SecretStr("sk-1")))
    await provider.connect()
    await provider.close()


@pytest.mark.parametrize("proxy", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
async def test_a_local_server_is_reached_without_a_proxy(
    wire: Wire, server: Scripted, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv(proxy, "http://127.0.0.1:9")
    server.answers(plain(200, wire.listed(["a-model"])))
    for host in ("127.0.0.1", "localhost"):
        async with provider_at(wire, server.url.replace("127.0.0.1", host)) as made:
            assert await made.models() == ("a-model",)


async def test_another_address_is_reached_by_the_proxy(
    wire: Wire, server: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    if wire.name == "simulator":
        pytest.skip("is always on this machine")
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.setenv("HTTP_PROXY", server.url)
    server.answers(plain(200, wire.listed(["a-model"])))
    async with provider_at(wire, "http://models.example") as made:
        assert await made.models() == ("a-model",)
    assert server.targets[0].startswith("http://models.example/")
