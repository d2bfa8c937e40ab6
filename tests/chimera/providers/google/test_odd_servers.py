"""Servers that deviate from Gemini's wire format, over real HTTP: one request, one answer."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chimera.providers.base import Provider
from chimera.providers.google.answers import GoogleAnswer
from chimera.providers.wire.http import MAX_CALLS
from chimera.providers.wire.pieces import Piece
from models import errors
from models.tasks import FinishReason
from models.usage import Usage
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.chimera.simulated import CALCULATOR, answer_of
from tests.wires.google import frames
from tests.wires.google.wire import Google
from tests.wires.scripted import Scripted
from tests.wires.server import Script, plain
from tests.wires.sse import event

WIRE = Google()
USAGE = Usage(input_tokens=11, output_tokens=7)
COUNTED = {"usageMetadata": {"promptTokenCount": 11, "candidatesTokenCount": 7}}


@pytest.fixture(scope="module")
async def provider(server: Scripted) -> AsyncIterator[Provider]:
    async with provider_at(WIRE, server.url) as made:
        yield made


def chunk(*parts: Any, **candidate: Any) -> dict[str, Any]:
    """Return one chunk. Keyword arguments become fields of its candidate."""
    made = frames.chunk(*parts, responseId="r")
    made["candidates"][0] |= candidate
    return made


A, B = chunk({"text": "a "}), chunk({"text": "b"})
END = {**chunk(finishReason="STOP"), **COUNTED}
KEEP = (b": ping\n\n", b"event: ping\ndata: {}\n\n", b"data:\n\n", b"data: null\n\n", b"event: keepalive\n\n")
WHOLE: dict[str, list[Any]] = {
    "keep-alives of every form": [KEEP[0], A, *KEEP, B, KEEP[3], END],
    "no candidates": [{"candidates": None}, A, {"modelVersion": "x"}, B, {"candidates": []}, END],
    "a candidate without content": [A, {"candidates": [{"index": 0}]}, {"candidates": [{"content": None}]}, B, END],
    "content without parts": [A, {"candidates": [{"content": {"role": "model"}}]}, B, END],
    "parts of other kinds": [A, chunk({"inlineData": {"data": "AAAA"}}, {"executableCode": {}}, {}, None, 7), B, END],
    "fields that nobody knows": [{**A, "x": {"y": 1}}, chunk({"text": "b", "newField": 1}), END],
    "another candidate": [A, {"candidates": [{"index": 1, "content": {"parts": [{"text": "X"}]}}]}, B, END],
    "parts as text": [chunk({"text": "a "}), {"candidates": [{"content": {"parts": "b"}}]}, END],
    "content as a list of parts": [A, {"candidates": [{"content": [{"text": "b"}]}]}, END],
    "one candidate in place of a list": [{"candidates": {"content": {"parts": {"text": "a b"}}}}, END],
    "a reason of small letters": [A, B, {**chunk(finishReason="stop"), **COUNTED}],
    "a reason that is none, until the end": [
        {**A, **chunk({"text": "a "}, finishReason="FINISH_REASON_UNSPECIFIED")},
        B,
        END,
    ],
    "no blank behind the colon": [b"data:" + json.dumps(A).encode() + b"\n\n", B, END],
    "CRLF": [event(A).replace(b"\n", b"\r\n"), event(B).replace(b"\n", b"\r\n"), END],
    "broken JSON": [A, b"data: {\n\n", B, END],
    "the end of another wire": [A, {**B, **COUNTED}, b"data: [DONE]\n\n"],
    "a number for an id": [{**A, "responseId": 7}, B, END],
    "a prompt that is not blocked": [{"promptFeedback": {"blockReason": None}}, A, B, END],
    "totals that are told in part once more": [
        {**A, **COUNTED},
        {**B, "usageMetadata": {"candidatesTokenCount": 7}},
        chunk(finishReason="STOP"),
    ],
    "an end for a reason that isn't told": [
        A,
        {**chunk({"text": "b"}, finishReason="FINISH_REASON_UNSPECIFIED"), **COUNTED},
        {"usageMetadata": {"promptTokenCount": 11}},
    ],
    "usage as text": [A, B, {**END, "usageMetadata": {"promptTokenCount": "11", "candidatesTokenCount": 7.0}}],
}


def sent(frames: list[Any]) -> list[bytes]:
    return [frame if isinstance(frame, bytes) else event(frame) for frame in frames]


@pytest.mark.parametrize("frames", WHOLE.values(), ids=list(WHOLE))
async def test_an_odd_answer_is_one_answer(provider: Provider, server: Scripted, frames: list[Any]) -> None:
    server.answers(Script(sent(frames)))
    reply = await answer_of(provider, asked(WIRE))
    assert (reply.text, reply.end.finish_reason, reply.end.usage) == ("a b", "stop", USAGE)
    assert len(server.bodies) == 1


BODIES: dict[str, tuple[bytes, str]] = {
    "a list": (json.dumps([A, B, END], indent=1).encode(), "application/json"),
    "a whole answer": (
        json.dumps({**chunk({"text": "a b"}, finishReason="STOP"), **COUNTED}).encode(),
        "application/json",
    ),
    "an object a line": (b"\n".join(json.dumps(part).encode() for part in (A, B, END)), "application/x-ndjson"),
    "events under another type": (b"".join(map(event, (A, B, END))), "text/plain"),
    "the type in capitals": (b"".join(map(event, (A, B, END))), "Text/Event-Stream"),
}


@pytest.mark.parametrize(("body", "type_"), BODIES.values(), ids=list(BODIES))
async def test_a_body_is_read_by_its_bytes(provider: Provider, server: Scripted, body: bytes, type_: str) -> None:
    server.answers(Script([body], headers={"content-type": type_}))
    reply = await answer_of(provider, asked(WIRE))
    assert (reply.text, reply.end.usage) == ("a b", USAGE)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("OTHER", "other"), ("SURPRISE", "other"), (7, "other"), (["STOP"], "other"), ("MAX_TOKENS", "length")],
)
async def test_every_reason_to_stop_leaves_the_answer(
    provider: Provider, server: Scripted, reason: Any, finish: FinishReason
) -> None:
    server.answers(Script(sent([A, B, chunk(finishReason=reason)])))
    reply = await answer_of(provider, asked(WIRE))
    assert (reply.text, reply.end.finish_reason) == ("a b", finish)


async def test_thoughts_are_kept_apart(provider: Provider, server: Scripted) -> None:
    server.answers(
        Script(sent([chunk({"text": "h", "thought": True}), chunk({"text": "m", "thought": True}), A, B, END]))
    )
    reply = await answer_of(provider, asked(WIRE))
    assert (reply.text, reply.end.thought) == ("a b", "hm")


async def test_calls_have_ids_and_objects_of_their_own(provider: Provider, server: Scripted) -> None:
    calls = [
        {"functionCall": {"name": "calculator", "id": id, "args": args}}
        for id, args in (("x", {"a": 1}), ("x", '{"a": 2}'), (None, None), (7, [4]))
    ]
    server.answers(Script(sent([chunk(*calls), END])))
    made = (await answer_of(provider, asked(WIRE, tools=(CALCULATOR,)))).end.tool_calls
    assert [call.id for call in made] == ["x", "call_1_r", "call_2_r", "7"]
    assert [json.loads(call.arguments) for call in made] == [{"a": 1}, {"a": 2}, {}, {"arguments": [4]}]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"error": {"code": 503, "message": "Overloaded", "status": "UNAVAILABLE"}}, errors.Overloaded),
        ({"error": {"code": 500, "message": "Internal", "status": "INTERNAL"}}, errors.InternalFailure),
        ({"error": {"code": 429, "message": "Slow"}}, errors.RateLimited),
        (
            {"error": {"message": "The input token count exceeds the maximum number of tokens."}},
            errors.ContextTooLong,
        ),
        ([{"error": {"code": 400, "message": "No"}}], errors.BadRequest),
        ({"error": "just text"}, errors.InternalFailure),
    ],
)
async def test_an_error_in_mid_answer_is_sorted(
    provider: Provider, server: Scripted, error: Any, kind: type[errors.ProviderError]
) -> None:
    found = await raised(provider, asked(WIRE), server, Script(sent([{**A, **COUNTED}, error])))
    assert type(found) is kind
    assert (found.usage, found.may_be_billed) == (USAGE, True)


async def test_an_error_as_a_document_is_no_answer(provider: Provider, server: Scripted) -> None:
    found = await raised(provider, asked(WIRE), server, plain(200, [{"error": {"code": 400, "message": "No"}}]))
    assert type(found) is errors.BadRequest
    assert not found.may_be_billed


VALUES: tuple[Any, ...] = (None, True, 7, 1.5, "x", "", [], [[]], {}, {"parts": []}, [{"text": {}}], "\ud83d")


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_no_value_of_any_field_raises_another_error(provider: Provider, server: Scripted, value: Any) -> None:
    odd: list[Any] = [{"candidates": value}, {"candidates": [value]}, {"candidates": [{"content": value}]}]
    odd += [{**A, name: value} for name in ("responseId", "usageMetadata", "modelVersion")]
    odd += [
        chunk({"text": value}),
        chunk({"thought": value, "text": "x"}),
        chunk({"thoughtSignature": value, "text": "x"}),
    ]
    odd += [chunk(value), {"promptFeedback": {"x": value}}, chunk(finishMessage=value, index=value)]
    for frame in odd:
        server.answers(Script(sent([frame, chunk({"text": "a b"}), END])))
        assert "a b" in (await answer_of(provider, asked(WIRE))).text, frame


def test_the_pieces_of_a_text_are_one_part() -> None:
    answer = GoogleAnswer("gemini", 1_000_000)
    signed = {"text": "c", "thoughtSignature": "s"}
    for part in (*[{"text": "a"}] * 1000, signed, {"text": "b"}, {"text": ""}):
        answer.take(Piece("", chunk(part)))
    answer.take(Piece("", chunk(finishReason="STOP")))
    state = answer.end(100).state
    assert state is not None
    assert state["parts"] == [{"text": "a" * 1000}, signed, {"text": "b"}]


def test_calls_beyond_the_maximum_are_refused() -> None:
    answer = GoogleAnswer("gemini", 1_000_000)
    call = {"functionCall": {"name": "now", "args": {}}}
    answer.take(Piece("", chunk(*[call] * MAX_CALLS)))
    with pytest.raises(errors.AnswerTooLarge, match="1000 tool calls"):
        answer.take(Piece("", chunk(call)))
