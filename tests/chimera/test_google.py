"""Gemini's wire: the real SDK over real HTTP, against a server that sends what a test scripts."""

import asyncio
import json
import time
from base64 import b64decode, b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from chimera.providers.base import ChatMessage, ToolRequest
from chimera.providers.google import Google, make
from chimera.providers.google_requests import FOREIGN_SIGNATURE
from chimera.providers.wire import CONNECT_S
from chimera.settings import Settings
from models import errors
from models.tasks import Usage
from tests.chimera.aimock import journal_of, running_aimock
from tests.chimera.simulated import CALCULATOR, answer_of, ask
from tests.parts import free_port

KEY = "AIzaSyVeryVerySecret1234567890"
MODEL = "gemini-3-flash-preview"
SIGNATURE = b"\xff\xfe\x00signed?>\x80"
HANG = 30.0
TOOL = ToolRequest("call_1", "calculator", '{"expression": "17 * 23"}')

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
    {"match": {"userMessage": "nonsense"}, "chaos": {"malformedRate": 1.0}, "response": {"content": "x"}},
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


@dataclass
class Seen:
    """A request that arrived."""

    target: str
    headers: dict[str, str]
    body: Any


@dataclass
class Scene:
    """What each request is answered with, and what came of it: bytes are sent, numbers are seconds to wait."""

    script: tuple[bytes | float, ...] = ()
    seen: list[Seen] = field(default_factory=list)
    hung_up: int = 0

    async def play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.seen.append(await _read(reader))
            for step in self.script:
                if isinstance(step, bytes):
                    writer.write(step)
                    await writer.drain()
                elif await _hangs_up_within(reader, step):
                    self.hung_up += 1
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up += 1
        finally:
            writer.close()


class Server:
    """Plays one scene at a time; a connection stays with the scene that it began in."""

    def __init__(self) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        self._scene = Scene()

    @property
    def seen(self) -> list[Seen]:
        return self._scene.seen

    @property
    def hung_up(self) -> int:
        return self._scene.hung_up

    def answers(self, *script: bytes | float) -> None:
        self._scene = Scene(script)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._scene.play(reader, writer)


@asynccontextmanager
async def running_server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", int(server.url.rsplit(":", 1)[1]))
    async with listening:
        yield server


def google(url: str, *, first_byte_s: float = 5, stall_s: float = 5, max_answer_bytes: int = 100_000) -> Google:
    return Google(
        api_key=KEY,
        base_url=url,
        first_byte_s=first_byte_s,
        stall_s=stall_s,
        max_answer_bytes=max_answer_bytes,
        trust_env=False,
    )


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Server]:
    async with running_server() as running:
        yield running


@pytest.fixture(scope="module")
async def provider(server: Server) -> AsyncIterator[Google]:
    made = google(server.url)
    yield made
    await made.close()


@pytest.fixture(scope="module")
async def aimock(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Its address."""
    async with running_aimock(tmp_path_factory, FIXTURES) as url:
        yield url


@pytest.fixture(scope="module")
async def doubled(aimock: str) -> AsyncIterator[Google]:
    """The provider in front of aimock."""
    made = google(aimock)
    yield made
    await made.close()


# --- Against a server that somebody else wrote -------------------------------------------------------------------


async def test_text_streams_to_its_end(doubled: Google) -> None:
    reply = await answer_of(doubled, ask("hello", model=MODEL))
    assert reply.text == "Hello! How can I help you today?"
    assert len(reply.pieces) > 1
    assert reply.end.finish_reason == "stop"


@pytest.mark.filterwarnings("ignore:FUNCTION_CALL")  # what aimock ends with, and Google doesn't
async def test_a_tool_is_called(doubled: Google) -> None:
    reply = await answer_of(doubled, ask("What is 17 * 23?", model=MODEL, tools=(CALCULATOR,)))
    (call,) = reply.end.tool_calls
    assert (call.name, json.loads(call.arguments)) == ("calculator", {"expression": "17 * 23"})
    assert call.id
    assert reply.end.finish_reason == "tool_calls"


async def test_a_rate_limit_is_one_request_and_the_next_may_succeed(doubled: Google, aimock: str) -> None:
    with pytest.raises(errors.RateLimited):
        await answer_of(doubled, ask("busy", model=MODEL))
    assert await _asked(aimock, "busy") == 1
    assert (await answer_of(doubled, ask("busy", model=MODEL))).text == "Now I have time."
    assert await _asked(aimock, "busy") == 2


@pytest.mark.parametrize(
    ("prompt", "error"),
    [("broken", errors.Overloaded), ("nonsense", errors.Malformed), ("torn", errors.Truncated)],
)
async def test_a_fault_of_the_double_is_one_request(
    doubled: Google, aimock: str, prompt: str, error: type[errors.ProviderError]
) -> None:
    with pytest.raises(error):
        await answer_of(doubled, ask(prompt, model=MODEL))
    assert await _asked(aimock, prompt) == 1


# --- What an answer holds ----------------------------------------------------------------------------------------


async def test_an_answer_ends_once_with_its_usage_and_without_its_thoughts(server: Server, provider: Google) -> None:
    usage = {
        "promptTokenCount": 100,
        "toolUsePromptTokenCount": 7,
        "cachedContentTokenCount": 64,
        "candidatesTokenCount": 5,
        "thoughtsTokenCount": 30,
    }
    server.answers(
        stream(
            chunk({"text": "They want tea. ", "thought": True}, usage={"promptTokenCount": 100}),
            chunk({"text": "Te"}, usage={"promptTokenCount": 100, "candidatesTokenCount": 1}),
            chunk({"text": "a\x00!\u2028"}, finish="STOP", usage=usage),
        )
    )
    reply = await answer_of(provider, ask("Drink?", model=MODEL))

    assert reply.pieces == ["Te", "a!\u2028"]
    assert reply.end.finish_reason == "stop"
    assert reply.end.usage == Usage(input_tokens=107, cached_input_tokens=64, output_tokens=35, reasoning_tokens=30)
    assert reply.end.request_id == "resp-1"
    assert reply.end.state is None, "nothing is signed"


async def test_a_request_says_who_calls_and_goes_to_v1beta(server: Server, provider: Google) -> None:
    server.answers(stream(chunk({"text": "x"}, finish="STOP")))
    request = ask("Hello", model=MODEL, temperature=0.5, reasoning_effort="low", tools=(CALCULATOR,))
    await answer_of(provider, request)

    (seen,) = server.seen
    assert seen.target.replace("%3A", ":") == f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
    assert seen.headers["x-goog-api-key"] == KEY
    assert seen.headers["x-chimera-call"] == request.call_id
    assert seen.body["systemInstruction"]["parts"] == [{"text": "You are helpful."}]
    assert seen.body["contents"] == [{"role": "user", "parts": [{"text": "Hello"}]}]
    assert seen.body["generationConfig"] == {
        "maxOutputTokens": 2048,
        "temperature": 0.5,
        "thinkingConfig": {"thinking_level": "LOW"},
    }
    assert seen.body["tools"][0]["functionDeclarations"][0]["name"] == "calculator"


@pytest.mark.parametrize(("path", "target"), [("", "/v1beta/"), ("/gateway", "/gateway/v1beta/"), ("/v1/", "/v1/")])
async def test_an_address_of_ones_own_may_name_its_version(
    server: Server, monkeypatch: pytest.MonkeyPatch, path: str, target: str
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server.answers(stream(chunk({"text": "x"}, finish="STOP")))
    made = make(Settings(google_api_key=SecretStr(KEY), google_base_url=server.url + path))
    await answer_of(made, ask("Hello", model=MODEL))
    await made.close()
    assert server.seen[0].target.startswith(f"{target}models/")


async def test_the_environment_of_the_sdk_changes_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_GENAI_USE_VERTEXAI", "true")
    monkeypatch.setenv("GOOGLE_API_KEY", "another")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v7")
    server.answers(stream(chunk({"text": "x"}, finish="STOP")))
    made = google(server.url)
    await answer_of(made, ask("Hello", model=MODEL))
    await made.close()
    assert server.seen[0].target.startswith("/v1beta/models/")
    assert server.seen[0].headers["x-goog-api-key"] == KEY


async def test_calls_made_at_once_get_ids_of_their_own(server: Server, provider: Google) -> None:
    server.answers(
        stream(
            chunk(call("calculator", expression="1 + 1"), call("calculator", expression="…\x00")),
            chunk(call("weather", id="fc-7", city="Köln"), finish="STOP"),
        )
    )
    first = (await answer_of(provider, ask("x", model=MODEL, tools=(CALCULATOR,)))).end
    again = (await answer_of(provider, ask("x", model=MODEL, tools=(CALCULATOR,)))).end

    assert first.finish_reason == "tool_calls"
    assert [(made.id, made.name, made.arguments) for made in first.tool_calls] == [
        ("call_0_resp-1", "calculator", '{"expression": "1 + 1"}'),
        ("call_1_resp-1", "calculator", '{"expression": "…"}'),
        ("fc-7", "weather", '{"city": "Köln"}'),
    ]
    assert again.tool_calls == first.tool_calls


async def test_signatures_go_back_word_for_word(server: Server, provider: Google) -> None:
    signed = {"thoughtSignature": b64encode(SIGNATURE).decode()}
    server.answers(
        stream(
            chunk({"text": "I look "}),
            chunk({"text": "it up."}),
            chunk(call("calculator", expression="1") | signed, call("calculator", expression="2")),
            chunk({"text": ""} | signed, finish="STOP"),
        )
    )
    request = ask("Count", model=MODEL, tools=(CALCULATOR,))
    first = await answer_of(provider, request)
    state = json.loads(json.dumps(first.end.state))
    assert (state["provider"], state["model"]) == ("google", MODEL)

    one, two = first.end.tool_calls
    told = (
        *request.messages,
        ChatMessage("assistant", first.text, first.end.tool_calls, state=state),
        ChatMessage("tool", "1", tool_call_id=one.id),
        ChatMessage("tool", "2", tool_call_id=two.id),
    )
    server.answers(stream(chunk({"text": "3"}, finish="STOP")))
    await answer_of(provider, replace(request, messages=told))

    _, model, results = server.seen[0].body["contents"]
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


async def test_a_call_of_another_provider_is_signed_as_documented(server: Server, provider: Google) -> None:
    request = ask("x", model=MODEL, tools=(CALCULATOR,))
    made = ChatMessage("assistant", "", (replace(TOOL, id="toolu_1"),), state={"provider": "anthropic", "x": 1})
    result = ChatMessage("tool", "391", tool_call_id="toolu_1")
    server.answers(stream(chunk({"text": "x"}, finish="STOP")))
    await answer_of(provider, replace(request, messages=(*request.messages, made, result)))

    _, model, results = server.seen[0].body["contents"]
    (part,) = model["parts"]
    assert b64decode(part["thoughtSignature"], altchars=b"-_") == FOREIGN_SIGNATURE
    assert results["parts"][0]["functionResponse"]["id"] == part["functionCall"]["id"] == "toolu_1"


async def test_models_that_generate_content_are_listed(server: Server, provider: Google) -> None:
    pages = {
        "models": [
            {"name": "models/gemini-b", "supportedGenerationMethods": ["generateContent", "countTokens"]},
            {"name": "models/embedding", "supportedGenerationMethods": ["embedContent"]},
            {"name": "models/gemini-a", "supportedGenerationMethods": ["generateContent"]},
        ]
    }
    server.answers(plain(200, pages))
    assert await provider.models() == ("gemini-a", "gemini-b")
    assert server.seen[0].target.startswith("/v1beta/models?")

    server.answers(
        plain(400, failure(400, "API key not valid. Please pass a valid API key.", reason="API_KEY_INVALID"))
    )
    with pytest.raises(errors.WrongKey):
        await provider.models()


# --- What goes wrong ---------------------------------------------------------------------------------------------

PER_MINUTE = {"quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "10"}
PER_DAY = {"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier", "quotaValue": "50"}
NONE_FREE = {"quotaId": "GenerateContentInputTokensPerModelPerMinute-FreeTier", "quotaValue": "0"}
EXCEEDED = "You exceeded your current quota, please check your plan and billing details."


def failure(
    code: int, message: str, status: str = "", *, reason: str = "", quota: dict[str, str] | None = None, delay: str = ""
) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    if reason:
        details.append({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason})
    if quota:
        details.append({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [quota]})
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return {"error": {"code": code, "message": message, "status": status, "details": details}}


REFUSALS: list[tuple[int, Any, type[errors.ProviderError], str]] = [
    (429, failure(429, EXCEEDED, "RESOURCE_EXHAUSTED", quota=PER_MINUTE, delay="36.4s"), errors.RateLimited, "36.4 s"),
    (429, failure(429, "Resource exhausted.", "RESOURCE_EXHAUSTED"), errors.RateLimited, "fewer requests"),
    (429, failure(429, EXCEEDED, "RESOURCE_EXHAUSTED", quota=PER_DAY, delay="40s"), errors.NoQuota, "no quota left"),
    (429, failure(429, EXCEEDED, "RESOURCE_EXHAUSTED", quota=NONE_FREE, delay="5s"), errors.NoQuota, "no quota left"),
    (429, failure(429, "Quota exceeded for metric: x, limit: 0, model: y"), errors.NoQuota, "no quota left"),
    (429, failure(429, "Quota exceeded for metric: x, limit: 0.5, model: y"), errors.RateLimited, "fewer requests"),
    (429, failure(429, "Your prepayment credits are depleted."), errors.NoQuota, "no quota left"),
    (400, failure(400, "Please enable billing.", "FAILED_PRECONDITION"), errors.NoQuota, "no quota left"),
    (400, failure(400, "User location is not supported.", "FAILED_PRECONDITION"), errors.BadRequest, "location"),
    (400, failure(400, "Refused.", reason="API_KEY_INVALID"), errors.WrongKey, "CHIMERA_GOOGLE_API_KEY"),
    (400, failure(400, "API key expired. Please renew the API key."), errors.WrongKey, "(400)"),
    (401, failure(401, "No."), errors.WrongKey, "(401)"),
    (403, failure(403, f"Key {KEY} was reported as leaked."), errors.WrongKey, "(403)"),
    (404, failure(404, "models/x is not found for API version v1beta"), errors.UnknownModel, MODEL),
    (
        400,
        failure(400, "The input token count (9) exceeds the maximum number of tokens allowed (8)."),
        errors.ContextTooLong,
        "longer than",
    ),
    (
        400,
        failure(400, f"Invalid value, {KEY} AIzaSyAnother1234567 AQ.Ab8RN6secret"),
        errors.BadRequest,
        "Invalid value, …",
    ),
    (400, [failure(400, "Invalid value at 'contents'")], errors.BadRequest, "(400)"),
    (302, {}, errors.BadRequest, "302"),
    (408, failure(408, "Slow."), errors.Overloaded, "408"),
    (499, failure(499, "Cancelled.", "CANCELLED"), errors.Overloaded, "499"),
    (500, failure(500, "Internal.", "INTERNAL"), errors.InternalFailure, "500"),
    (503, failure(503, "The model is overloaded.", "UNAVAILABLE"), errors.Overloaded, "overloaded"),
    (504, failure(504, "Deadline.", "DEADLINE_EXCEEDED"), errors.Overloaded, "504"),
    (500, "no object", errors.InternalFailure, "500"),
    (500, {"error": "no object"}, errors.InternalFailure, "500"),
    (500, {"error": {"message": 7, "details": {"no": "list"}}}, errors.InternalFailure, "500"),
]


@pytest.mark.parametrize(("status", "body", "error", "words"), REFUSALS)
async def test_a_refusal_is_sorted_costs_one_request_and_is_not_billed(
    server: Server, provider: Google, status: int, body: Any, error: type[errors.ProviderError], words: str
) -> None:
    server.answers(plain(status, body, location="http://127.0.0.1:1/elsewhere"))
    with pytest.raises(errors.ProviderError) as raised:
        await answer_of(provider, ask("x", model=MODEL))

    assert type(raised.value) is error
    assert words in raised.value.message
    assert "AIza" not in raised.value.message
    assert "AQ." not in raised.value.message
    assert raised.value.__cause__ is None
    assert not raised.value.may_be_billed
    assert len(raised.value.message) <= 300
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("delay", "header", "seconds"),
    [("36.4s", None, 36.4), ("36s", "50", 50), ("", "7", 7), ("99999s", None, 3600), ("soon", None, None)],
)
async def test_the_server_says_when_to_come_back(
    server: Server, provider: Google, delay: str, header: str | None, seconds: float | None
) -> None:
    headers = {"retry_after": header} if header else {}
    for status, error in ((429, errors.RateLimited), (503, errors.Overloaded)):
        server.answers(plain(status, failure(status, "Slower.", delay=delay), **headers))
        with pytest.raises(error) as raised:
            await answer_of(provider, ask("x", model=MODEL))
        assert raised.value.retry_after_s == seconds


async def test_n_attempts_are_n_requests(server: Server, provider: Google) -> None:
    server.answers(plain(503, failure(503, "Busy.")))
    for _ in range(3):
        with pytest.raises(errors.Overloaded):
            await answer_of(provider, ask("x", model=MODEL))
    assert len(server.seen) == 3


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("SAFETY", errors.ContentRefused),
        ("RECITATION", errors.ContentRefused),
        ("BLOCKLIST", errors.ContentRefused),
        ("PROHIBITED_CONTENT", errors.ContentRefused),
        ("SPII", errors.ContentRefused),
        ("LANGUAGE", errors.ContentRefused),
        ("MALFORMED_FUNCTION_CALL", errors.Malformed),
        ("UNEXPECTED_TOOL_CALL", errors.Malformed),
        ("OTHER", errors.Malformed),
        ("FINISH_REASON_UNSPECIFIED", errors.Malformed),
        ("MISSING_THOUGHT_SIGNATURE", errors.BadRequest),
        pytest.param("SURPRISE", errors.Malformed, marks=pytest.mark.filterwarnings("ignore:SURPRISE")),
    ],
)
async def test_an_answer_that_ends_badly_is_no_answer(
    server: Server, provider: Google, reason: str, error: type[errors.ProviderError]
) -> None:
    server.answers(stream(chunk({"text": "It is "}), chunk(finish=reason)))
    with pytest.raises(errors.ProviderError, match=reason) as raised:
        await answer_of(provider, ask("x", model=MODEL))
    assert type(raised.value) is error
    assert raised.value.may_be_billed
    assert len(server.seen) == 1


async def test_a_prompt_that_is_blocked_is_refused(server: Server, provider: Google) -> None:
    server.answers(stream({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}))
    with pytest.raises(errors.ContentRefused, match="PROHIBITED_CONTENT"):
        await answer_of(provider, ask("x", model=MODEL))


@pytest.mark.parametrize(
    ("sent", "error", "words"),
    [
        ("event: x\n\n", errors.Malformed, "isn't a Gemini answer"),
        ("<html>Sign in to the hotel's network</html>\n", errors.Malformed, "isn't a Gemini answer"),
        ('data: {"candidates": [{"content": {"par', errors.Malformed, "isn't a Gemini answer"),
        ('data: {"candidates": 7}\n\n', errors.Malformed, "isn't a Gemini answer"),
        ('data: {"candidates": [{"content": {"parts": [{"text": 7}]}}]}\n\n', errors.Malformed, "isn't a Gemini"),
        ('data: {"candidates": [{"content": {"parts": [{"functionCall": {}}]}, "finishReason": "STOP"}]}\n\n',
         errors.Malformed, "without naming it"),
        ("", errors.Truncated, "in the middle of its answer"),
        ('data: {"error": {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}}\n\n',
         errors.Overloaded, "503"),
        ('data: {"error": {"message": "No code."}}\n\n', errors.Malformed, "isn't a Gemini answer"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("begun", [False, True])
async def test_a_stream_that_is_none_may_be_billed(
    server: Server, provider: Google, begun: bool, sent: str, error: type[errors.ProviderError], words: str
) -> None:
    before = stream(chunk({"text": "It is "})) if begun else stream()
    server.answers(before + sent.encode())
    with pytest.raises(errors.ProviderError) as raised:
        await answer_of(provider, ask("x", model=MODEL))
    assert type(raised.value) is error
    assert words in raised.value.message
    assert raised.value.may_be_billed
    assert len(server.seen) == 1


async def test_nothing_said_is_no_answer(server: Server, provider: Google) -> None:
    server.answers(stream(chunk({"text": "Hm.", "thought": True}), chunk({"text": ""}, finish="STOP")))
    with pytest.raises(errors.Malformed, match="without a word"):
        await answer_of(provider, ask("x", model=MODEL))


async def test_a_connection_that_breaks_in_mid_answer_truncates_it(server: Server, provider: Google) -> None:
    half = stream(chunk({"text": "It is "}))
    head, body = half.split(b"\r\n\r\n", 1)
    chunked = head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + b"%x\r\n" % len(body) + body + b"\r\n"
    server.answers(chunked)
    with pytest.raises(errors.Truncated, match="broke the connection") as raised:
        await answer_of(provider, ask("x", model=MODEL))
    assert raised.value.may_be_billed
    assert len(server.seen) == 1


async def test_the_limit_of_tokens_cuts_text_but_no_call(server: Server, provider: Google) -> None:
    server.answers(stream(chunk({"text": "It is "}, finish="MAX_TOKENS")))
    assert (await answer_of(provider, ask("x", model=MODEL))).end.finish_reason == "length"

    server.answers(stream(chunk({"text": "Hm", "thought": True}, finish="MAX_TOKENS")))
    reply = await answer_of(provider, ask("x", model=MODEL))
    assert (reply.text, reply.end.finish_reason) == ("", "length"), "thinking took it all"

    server.answers(stream(chunk(call("calculator")), chunk(finish="MAX_TOKENS")))
    with pytest.raises(errors.Truncated, match="raise max_output_tokens"):
        await answer_of(provider, ask("x", model=MODEL, tools=(CALCULATOR,)))


async def test_the_sdk_goes_on_with_nothing_by_itself(server: Server, provider: Google) -> None:
    part = chunk({"text": "It is "}, finish="CONTINUATION")
    part["candidates"][0]["continuationToken"] = b64encode(b"more").decode()
    server.answers(stream(part))
    assert (await answer_of(provider, ask("x", model=MODEL))).end.finish_reason == "length"
    assert len(server.seen) == 1


async def test_missing_usage_is_told_as_none(server: Server, provider: Google) -> None:
    for usage in (None, {"totalTokenCount": 3}, {"promptTokenCount": -1}):
        server.answers(stream(chunk({"text": "x"}, finish="STOP", usage=usage)))
        assert (await answer_of(provider, ask("x", model=MODEL))).end.usage is None


async def test_a_model_that_cannot_be_named_is_refused_without_a_request(server: Server, provider: Google) -> None:
    server.answers()
    with pytest.raises(errors.BadRequest) as raised:
        await answer_of(provider, ask("x", model="../secrets"))
    assert not raised.value.may_be_billed
    assert server.seen == []


async def test_a_server_that_is_away_is_worth_another_try() -> None:
    async with running_server() as gone:
        pass
    made = google(gone.url)
    with pytest.raises(errors.Overloaded) as away:
        await answer_of(made, ask("x", model=MODEL))
    await made.close()
    assert not away.value.may_be_billed


LAST = {"candidates": [{"content": {"parts": [{"text": "done."}]}, "finishReason": "STOP"}]}


# --- Waits and closed connections --------------------------------------------------------------------------------


async def test_silence_before_and_within_an_answer_is_told_apart(server: Server) -> None:
    made = google(server.url, first_byte_s=0.3, stall_s=0.3)
    await _warmed(made, server)
    started = time.monotonic()
    server.answers(HANG)
    with pytest.raises(errors.ProviderTimeout) as silent:
        await answer_of(made, ask("x", model=MODEL))
    server.answers(stream(), HANG)
    with pytest.raises(errors.ProviderTimeout):
        await answer_of(made, ask("x", model=MODEL))
    server.answers(stream(chunk({"text": "It is "})), HANG)
    with pytest.raises(errors.Stalled) as stalled:
        await answer_of(made, ask("x", model=MODEL))
    await _until(lambda: server.hung_up == 1)
    await made.close()
    assert silent.value.may_be_billed
    assert stalled.value.may_be_billed
    assert time.monotonic() - started < 3


async def test_connecting_alone_has_a_limit_on_the_wire(server: Server) -> None:
    made = google(server.url)
    await _warmed(made, server)
    assert made._clients.made is not None
    limits: list[Any] = []

    async def look(response: httpx2.Response) -> None:
        limits.append(response.request.extensions["timeout"])

    hooks = made._clients.made[1].event_hooks
    made._clients.made[1].event_hooks = {**hooks, "response": [*hooks["response"], look]}
    await answer_of(made, ask("x", model=MODEL))
    await made.close()
    assert limits == [{"connect": CONNECT_S, "read": None, "write": None, "pool": None}]


async def test_closing_the_iterator_closes_the_connection(server: Server, provider: Google) -> None:
    server.answers(stream(chunk({"text": "It is "})), HANG)
    async with aclosing(provider.stream(ask("x", model=MODEL))) as items:
        await anext(items)
    await _until(lambda: server.hung_up == 1, limit_s=1)


async def test_calls_at_once_have_connections_of_their_own(server: Server, provider: Google) -> None:
    server.answers(stream(chunk({"text": "It is "})), 0.3, b"data: %b\n\n" % json.dumps(LAST).encode())
    other = asyncio.create_task(answer_of(provider, ask("x", model=MODEL)))
    async with aclosing(provider.stream(ask("x", model=MODEL))) as items:
        await anext(items)
    assert (await other).text == "It is done."
    assert server.hung_up == 1


async def test_an_answer_beyond_the_limit_is_given_up(server: Server) -> None:
    made = google(server.url, max_answer_bytes=1000)
    server.answers(stream(chunk({"text": "a" * 600}), chunk({"text": "b" * 600})), HANG)
    with pytest.raises(errors.AnswerTooLarge, match="1000 bytes"):
        await answer_of(made, ask("x", model=MODEL))
    await _until(lambda: server.hung_up == 1, limit_s=1)
    await made.close()


@pytest.mark.parametrize("begun", [0, 1, 2], ids=["before the head", "before the first chunk", "in mid-answer"])
async def test_a_cancel_closes_the_connection_within_a_second(server: Server, provider: Google, begun: int) -> None:
    script: list[list[bytes | float]] = [[HANG], [stream(), HANG], [stream(chunk({"text": "It is "})), HANG]]
    server.answers(*script[begun])
    asking = asyncio.create_task(answer_of(provider, ask("x", model=MODEL)))
    await _until(lambda: len(server.seen) == 1)
    await asyncio.sleep(0.1)
    asking.cancel()
    await _until(lambda: server.hung_up == 1, limit_s=1)
    with pytest.raises(asyncio.CancelledError):
        await asking


# --- Bytes -------------------------------------------------------------------------------------------------------


def chunk(*parts: dict[str, Any], finish: str | None = None, usage: dict[str, int] | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    answer: dict[str, Any] = {"candidates": [candidate], "responseId": "resp-1"}
    return answer | ({"usageMetadata": usage} if usage else {})


def call(name: str, *, id: str | None = None, **arguments: str) -> dict[str, Any]:
    made = {"name": name, "args": arguments}
    return {"functionCall": made | ({"id": id} if id else {})}


def stream(*chunks: dict[str, Any]) -> bytes:
    body = "".join(f"data: {json.dumps(item)}\r\n\r\n" for item in chunks)
    return f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n{body}".encode()


def plain(status: int, body: Any, **headers: str) -> bytes:
    sent = json.dumps(body).encode()
    told = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    head = f"HTTP/1.1 {status} Told\r\nContent-Type: application/json\r\n{told}Content-Length: {len(sent)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + sent


async def _read(reader: asyncio.StreamReader) -> Seen:
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(first.split(" ")[1], headers, json.loads(body) if body else None)


async def _hangs_up_within(reader: asyncio.StreamReader, limit_s: float) -> bool:
    try:
        return await asyncio.wait_for(reader.read(1), limit_s) == b""
    except TimeoutError:
        return False


async def _warmed(made: Google, server: Server) -> None:
    """The SDK is imported by the first call; that is not what is timed."""
    server.answers(stream(chunk({"text": "x"}, finish="STOP")))
    await answer_of(made, ask("x", model=MODEL))


async def _asked(url: str, prompt: str) -> int:
    return sum(entry["body"]["messages"][-1]["content"] == prompt for entry in await journal_of(url))


async def _until(condition: Callable[[], bool], limit_s: float = 5) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.01)
