"""If a server refuses the answer's schema or another field, the request is sent once more without it."""

from typing import Any

import pytest

from chimera.providers.base import Provider
from chimera.providers.refusals.fields import MAX_MODELS, REMEMBERED_S, SCHEMA, Body, Headers, RefusedFields, in_words
from models.errors import BadRequest, ProviderError
from models.plans import Plan
from tests.chimera.providers.asking import asked, provider_at
from tests.chimera.simulated import answer_of, ask
from tests.wires.base import ModelAnswer, Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script, plain
from tests.wires.vendors import WIRES

SCHEMA_OF_A_PLAN = Plan.model_json_schema()
CHAT = [wire for wire in WIRES if wire.name == "local"]

REFUSALS: tuple[tuple[int, Any], ...] = (
    # DeepSeek: https://github.com/ItzCrazyKns/Vane/issues/969
    (400, {"error": {"message": "This response_format type is unavailable now", "type": "invalid_request_error"}}),
    # LM Studio: https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/189
    (400, {"error": "'response_format.type' must be 'json_schema' or 'text'"}),
    # Gemma through OpenRouter: https://github.com/pydantic/pydantic-ai/issues/2976
    (
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {"raw": '{"error": {"message": "JSON mode is not enabled for models/gemma-3-27b-it"}}'},
            }
        },
    ),
    # Groq: https://github.com/dzhng/deep-research/issues/127
    (
        400,
        {
            "error": {
                "message": "'response_format.type' : value is not one of the allowed values ['text','json_object']"
            }
        },
    ),
    # xAI: https://github.com/BerriAI/litellm/issues/6610
    (400, {"code": "Client specified an invalid argument", "error": "The response_format parameter is unsupported."}),
    (404, {"error": {"message": "No endpoints found that can handle the requested parameters.", "code": 404}}),
    # llama.cpp: https://github.com/ggml-org/llama.cpp/pull/19349
    (500, {"error": {"code": 500, "message": "Failed to parse grammar", "type": "server_error"}}),
    (
        422,
        {
            "detail": [
                {"type": "extra_forbidden", "loc": ["body", "response_format"], "msg": "Extra inputs", "input": {}}
            ]
        },
    ),
    (501, {"error": {"message": "Structured outputs are not implemented"}}),
    (400, {"message": "Unsupported parameter(s) in request"}),
)
FIELDS: tuple[tuple[str, int, Any], ...] = (
    # https://github.com/gpustack/gpustack/issues/429
    (
        "stream_options",
        400,
        {
            "object": "error",
            "message": "[{'loc': ('body', 'stream_options'), 'msg': 'Extra inputs are not permitted'}]",
        },
    ),
    # https://github.com/FlowiseAI/Flowise/issues/2866
    ("stream_options", 400, {"error": {"message": "Extra inputs are not permitted, field: 'stream_options'"}}),
    (
        "temperature",
        400,
        {"error": {"message": "Unsupported value: 'temperature' does not support 0.5.", "param": "temperature"}},
    ),
    # https://github.com/NousResearch/hermes-agent/pull/108070
    ("reasoning_effort", 400, {"error": {"message": '"granite4:3b" does not support thinking'}}),
    # https://github.com/ollama/ollama/issues/12561
    ("reasoning_effort", 500, {"error": {"message": 'think value "low" is not supported for this model'}}),
)


@pytest.mark.parametrize(("status", "body"), REFUSALS)
async def test_a_refused_schema_is_put_into_words(server: Scripted, status: int, body: Any) -> None:
    [wire] = CHAT
    async with provider_at(wire, server.url) as provider:
        first = await _asked_for_a_plan(provider, server, wire, plain(status, body), _answer(wire))
        assert "response_format" in first[0]
        assert "response_format" not in first[1]
        assert '"depends_on"' in first[1]["messages"][-1]["content"]
        assert len(first) == 2

        later = await _asked_for_a_plan(provider, server, wire, _answer(wire))
        assert len(later) == 1, "it is remembered"
        assert "response_format" not in later[0]


@pytest.mark.parametrize("wire", [wire for wire in WIRES if wire.name in ("anthropic", "google")], ids=lambda w: w.name)
async def test_other_wires_put_a_refused_schema_into_words_too(server: Scripted, wire: Wire) -> None:
    words = {
        "anthropic": "output_config.format: this model does not support structured outputs",
        "google": "JSON mode is not enabled for models/gemma-3-27b-it",
    }[wire.name]
    async with provider_at(wire, server.url) as provider:
        refusal = plain(*wire.refused("bad_request", words))
        bodies = await _asked_for_a_plan(provider, server, wire, refusal, _answer(wire))
        received = [wire.parse(body, target) for body, target in zip(bodies, server.targets, strict=True)]
        assert [entry.schema is not None for entry in received] == [True, False]
        assert "depends_on" in str(received[1].items)
        assert len(await _asked_for_a_plan(provider, server, wire, _answer(wire))) == 1


@pytest.mark.parametrize(("field", "status", "body"), FIELDS)
async def test_other_refused_fields_are_left_out(server: Scripted, field: str, status: int, body: Any) -> None:
    [wire] = CHAT
    request = asked(wire, temperature=0.5, reasoning_effort="low")
    async with provider_at(wire, server.url) as provider:
        server.answers(plain(status, body), _answer(wire, usage=False))
        reply = await answer_of(provider, request)
    assert [field in sent for sent in server.bodies] == [True, False]
    assert set(server.bodies[0]) - set(server.bodies[1]) == {field}
    assert (reply.text, reply.end.usage) == ("{}", None)


async def test_a_limit_is_sent_by_its_other_name(server: Scripted) -> None:
    [wire] = CHAT
    words = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    async with provider_at(wire, server.url) as provider:
        server.answers(plain(400, {"error": {"message": words, "param": "max_tokens"}}), _answer(wire))
        await answer_of(provider, asked(wire))
    assert [body.get("max_tokens") for body in server.bodies] == [2048, None]
    assert [body.get("max_completion_tokens") for body in server.bodies] == [None, 2048]


async def test_servers_get_the_old_name_of_the_limit(server: Scripted) -> None:
    """https://github.com/1Panel-dev/MaxKB/issues/2912"""
    [wire] = [wire for wire in WIRES if wire.name == "openai"]
    words = "[{'loc': ('body', 'max_completion_tokens'), 'msg': 'Extra inputs are not permitted', 'input': 800}]"
    async with provider_at(wire, server.url) as provider:
        server.answers(plain(400, {"object": "error", "message": words}), _answer(wire))
        await answer_of(provider, asked(wire))
        assert [body.get("max_tokens") for body in server.bodies] == [None, 2048]
        server.answers(plain(400, {"object": "error", "message": words}))
        with pytest.raises(BadRequest):
            await answer_of(provider, ask("x", model="other"))
    assert len(server.bodies) == 2


async def test_fields_refused_in_turn_are_all_omitted(server: Scripted) -> None:
    """https://github.com/NousResearch/hermes-agent/pull/78305"""
    [wire] = CHAT
    refusals = [
        plain(400, {"error": {"message": f"Unsupported parameter: '{name}' is not supported with this model."}})
        for name in ("temperature", "max_tokens")
    ]
    async with provider_at(wire, server.url) as provider:
        server.answers(*refusals, _answer(wire))
        await answer_of(provider, asked(wire, temperature=0.5))
    assert len(server.bodies) == 3
    assert not {"temperature", "max_tokens"} & set(server.bodies[2])


async def test_two_fields_in_one_refusal_take_two_requests(server: Scripted) -> None:
    [wire] = CHAT
    errors = [
        {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}
        for name in ("stream_options", "response_format")
    ]
    async with provider_at(wire, server.url) as provider:
        bodies = await _asked_for_a_plan(provider, server, wire, plain(422, {"detail": errors}), _answer(wire))
    assert len(bodies) == 2
    assert not {"stream_options", "response_format"} & set(bodies[1])


async def test_each_request_has_an_idempotency_key_of_its_own(server: Scripted) -> None:
    [wire] = CHAT
    async with provider_at(wire, server.url) as provider:
        await _asked_for_a_plan(provider, server, wire, plain(*REFUSALS[0]), _answer(wire))
    first, second = (headers["idempotency-key"] for headers in server.headers)
    assert second == f"{first}.1"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "The prompt is empty"),
        (400, "This model's maximum context length is 4096 tokens; lower max_tokens or drop response_format"),
        (400, "temperature must be at most 1; support can tell you more"),
        (401, "response_format is not for you"),
        (429, "Too many requests with response_format"),
        (503, "response_format service unavailable"),
    ],
)
async def test_other_refusals_are_not_asked_again(server: Scripted, status: int, words: str) -> None:
    [wire] = CHAT
    async with provider_at(wire, server.url) as provider:
        server.answers(plain(status, {"error": {"message": words}}))
        with pytest.raises(ProviderError):
            await answer_of(provider, asked(wire, temperature=2.0, response_schema=SCHEMA_OF_A_PLAN))
    assert len(server.bodies) == 1


async def test_a_persistent_refusal_is_an_error(server: Scripted) -> None:
    [wire] = CHAT
    async with provider_at(wire, server.url) as provider:
        for _ in range(2):
            server.answers(plain(*REFUSALS[0]))
            with pytest.raises(BadRequest, match="unavailable now"):
                await answer_of(provider, asked(wire, response_schema=SCHEMA_OF_A_PLAN))
            assert len(server.bodies) == 2


async def test_refused_fields_are_forgotten_in_time() -> None:
    now = [0.0]
    refused = RefusedFields(clock=lambda: now[0])
    server = _Server()
    for at, requests in ((0.0, 2), (REMEMBERED_S - 1, 1), (REMEMBERED_S, 2)):
        now[0], server.requests = at, 0
        await refused.ask(ask("x", response_schema={"title": "A"}), _body_of, server.send)
        assert server.requests == requests


async def test_only_so_many_models_are_remembered() -> None:
    refused, server = RefusedFields(), _Server()
    for number in range(MAX_MODELS + 1):
        await refused.ask(ask("x", model=f"m{number}", response_schema={"title": "A"}), _body_of, server.send)
    for model, requests in ((f"m{MAX_MODELS}", 1), ("m0", 2)):
        server.requests = 0
        await refused.ask(ask("x", model=model, response_schema={"title": "A"}), _body_of, server.send)
        assert server.requests == requests


def test_words_follow_the_last_message_of_a_user() -> None:
    request = ask("Plan.", response_schema={"title": "Plan"})
    reported = in_words(request)
    assert reported.response_schema is None
    assert reported.messages[-1].content.startswith("Plan.\n\nAnswer only with JSON")
    assert reported.messages[-1].content.endswith('{"title":"Plan"}')
    assert in_words(reported) is reported


class _Server:
    """A server that refuses schemas with an exception in the form of an SDK's error."""

    def __init__(self) -> None:
        self.requests = 0

    async def send(self, body: Body, headers: Headers) -> None:
        self.requests += 1
        if SCHEMA in body:
            raise _Refusal


class _Refusal(Exception):
    status_code = 400
    message = "response_format is unavailable"


def _body_of(request: Any) -> Body:
    return {SCHEMA: request.response_schema} if request.response_schema else {}


def _answer(wire: Wire, *, usage: bool = True) -> Script:
    answer = ModelAnswer(pieces=("{}",)) if usage else ModelAnswer(pieces=("{}",), usage=None)
    return Script(wire.frames_of(answer))


async def _asked_for_a_plan(provider: Provider, server: Scripted, wire: Wire, *scripts: Script) -> list[Any]:
    server.answers(*scripts)
    reply = await answer_of(provider, asked(wire, response_schema=SCHEMA_OF_A_PLAN))
    assert reply.text == "{}"
    return server.bodies
