"""Servers that deviate from the chat-completions wire format, over real HTTP: one request, one answer.

The numbers are the IDs of the cases in which each deviation was first seen to cause an error.
"""

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from chimera.providers.base import Provider
from models import errors
from models.tasks import FinishReason
from models.usage import Usage
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.chimera.simulated import CALCULATOR, SimulatedReply, answer_of
from tests.wires.chat_completions import frames
from tests.wires.scripted import Scripted
from tests.wires.server import Script, plain
from tests.wires.vendors import WIRES

WIRE = next(wire for wire in WIRES if wire.name == "local")
COUNTED = frames.USAGE
USAGE = Usage(input_tokens=11, output_tokens=7)


@pytest.fixture(scope="module")
async def provider(server: Scripted) -> AsyncIterator[Provider]:
    async with provider_at(WIRE, server.url) as made:
        yield made


def choice(finish: Any = None, index: Any = 0, **more: Any) -> dict[str, Any]:
    made = frames.chunk(finish=finish)
    made["choices"][0] |= {"index": index, **more}
    return made


def part(content: Any, finish: Any = None, **more: Any) -> dict[str, Any]:
    return choice(finish, delta={"content": content, **more})


def stream(*chunks: Any, done: bool = True) -> list[bytes]:
    """Frame chunks as events. Strings are framed without JSON encoding, and bytes are sent unchanged."""
    sent = [each if isinstance(each, bytes) else frames.framed(each).encode() for each in chunks]
    return [*sent, frames.framed(frames.DONE).encode()] if done else sent


async def answered(provider: Provider, server: Scripted, script: Script, **changes: Any) -> SimulatedReply:
    server.answers(script)
    reply = await answer_of(provider, asked(WIRE, **changes))
    assert len(server.bodies) == 1
    return reply


STOP = part("", "stop")
WHOLE = {
    "B03 a note of a filter between": [part("a "), choice(content_filter_results={}), part("b"), STOP, COUNTED],
    "B03 a note of a filter behind": [part("a b"), STOP, choice(content_filter_results={}), COUNTED],
    "B03 no delta at the end": [part("a b"), choice("stop"), COUNTED],
    "B03 a delta that is null": [part("a b"), choice("stop", delta=None), COUNTED],
    "B05 null as a keep-alive": [part("a "), "null", part("b"), STOP, "null", COUNTED],
    "B06 no choices": [{"id": "c", "choices": None}, {"id": "c"}, part("a b"), STOP, COUNTED],
    "B07 the end of a sequence": [part("a b", "eos"), COUNTED],
    "B07 the token of it": [part("a b", "eos_token"), COUNTED],
    "B07 the end of a turn": [part("a b", "end_turn"), COUNTED],
    "B07 in capitals": [part("a b", "STOP"), COUNTED],
    "B07 for calls, without one": [part("a b", "function_call"), COUNTED],
    "B08 the end without a reason": [part("a b"), part("", None), COUNTED],
    "B08 an empty reason": [part("a b", ""), COUNTED],
    "B15 parts": [
        part([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]),
        part([{"type": "text", "text": "a "}, "b"]),
        STOP,
        COUNTED,
    ],
    "B39 a comment behind an id": [b"id: 1\n" + stream(part("a "))[0], b": ping\n\n", part("b"), STOP, COUNTED],
    "B39 an event without data": [part("a "), b"event: keepalive\n\n", part("b"), STOP, COUNTED],
    "B39 empty data": [part("a "), b"data:\n\n", part("b"), STOP, COUNTED],
    "B39 a comment as data": [part("a "), b"data: : keepalive\n\n", part("b"), STOP, COUNTED],
    "B39 a ping with JSON": [part("a "), b'event: ping\ndata: {"cost": 0}\n\n', part("b"), STOP, COUNTED],
    "B41 numbers and objects for ids": [part("a "), {**part("b", "stop"), "id": 7}, {**COUNTED, "id": {}}],
    "B41 a number for text": [part("a "), part("b"), part(None), part([], "stop"), COUNTED],
    "B41 an index as text": [choice(index="0", delta={"content": "a b"}), STOP, COUNTED],
    "B41 bytes of Latin-1": [part("a b"), b'data: {"id": "\xe9"}\n\n', STOP, COUNTED],
    "B48 another choice": [
        part("a "),
        choice(index=1, delta={"content": "X"}),
        part("b"),
        choice("stop", 1),
        STOP,
        COUNTED,
    ],
    "B48 two choices in a chunk": [
        {"choices": [{"index": 1, "delta": {"content": "X"}}, {"index": 0, "delta": {"content": "a b"}}]},
        STOP,
        COUNTED,
    ],
    "messages in the place of deltas": [
        choice(message={"content": "a "}),
        choice("stop", message={"content": "b"}),
        COUNTED,
    ],
    "a message that repeats all": [part("a "), part("b"), choice("stop", message={"content": "a b"}), COUNTED],
    "the older text": [choice(text="a "), choice("stop", text="b"), COUNTED],
    "a delta that is text": [choice(delta="a b"), STOP, COUNTED],
    "a choice that is no list": [{"choices": {"delta": {"content": "a b"}, "finish_reason": "stop"}}, COUNTED],
    "usage in the choice": [part("a b"), choice("stop", usage=COUNTED["usage"])],
    "usage as text and floats": [
        *(part("a b"), STOP),
        {"choices": [], "usage": {"prompt_tokens": "11", "completion_tokens": 7.0, "prompt_tokens_details": 0}},
    ],
    "usage of other names": [part("a b"), STOP, {"choices": [], "usage": {"input_tokens": 11, "output_tokens": 7}}],
    "usage in the delta": [part("a b"), choice("stop", delta={"usage": COUNTED["usage"]})],
    "zeros behind the usage": [
        *(part("a b"), STOP, COUNTED),
        {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 0}},
    ],
    "the reason in the delta": [part("a b"), choice(delta={"finish_reason": "stop"}), COUNTED],
    "the reason beside the choices": [part("a b"), {**COUNTED, "finish_reason": "stop"}],
    "text beside an empty delta": [choice(delta={"role": "assistant"}, text="a b"), STOP, COUNTED],
    "numbers of tokens for choices": [
        choice(index=1, delta={"content": "a "}),
        choice(index=2, delta={"content": "b"}),
        choice("stop", index=3, delta={}),
        COUNTED,
    ],
    "a thought of another field": [part(None, reasoning="hm", reasoning_content=""), part("a b", "stop"), COUNTED],
}


@pytest.mark.parametrize("chunks", WHOLE.values(), ids=list(WHOLE))
async def test_an_odd_answer_is_one_answer(provider: Provider, server: Scripted, chunks: list[Any]) -> None:
    reply = await answered(provider, server, Script(stream(*chunks)))
    assert (reply.text, reply.end.finish_reason, reply.end.usage) == ("a b", "stop", USAGE)


NO_REASONS: tuple[Any, ...] = ("tool_use", "tool_calls", None, "", "null", 0, [], {})


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        *((word, "stop") for word in ("stop", "eos", "STOP", "stop_sequence", "COMPLETE", "end")),
        *((word, "length") for word in ("max_tokens", "model_length", "MAX_TOKENS", "length")),
        *((word, "other") for word in ("abort", "network_error", "<|eot_id|>", ["stop"], 7, {"a": 1}, True)),
        *((word, "stop") for word in NO_REASONS),
    ],
)
async def test_every_reason_to_stop_leaves_the_answer(
    provider: Provider, server: Scripted, reported: Any, reason: FinishReason
) -> None:
    reply = await answered(provider, server, Script(stream(part("a b"), part(None, reported), COUNTED)))
    assert (reply.text, reply.end.finish_reason, reply.end.usage) == ("a b", reason, USAGE)


@pytest.mark.parametrize("reported", ["content_filter", "safety", "SAFETY", "sensitive"])
async def test_filtered_answers_are_refused_and_counted(provider: Provider, server: Scripted, reported: str) -> None:
    found = await raised(provider, asked(WIRE), server, Script(stream(part("a"), part(None, reported), COUNTED)))
    assert type(found) is errors.ContentRefused
    assert (found.usage, found.may_be_billed) == (USAGE, True)


async def test_a_refusal_beside_an_answer_is_its_end(provider: Provider, server: Scripted) -> None:
    chunks = (part("a b"), part(None, refusal="I would rather not."), STOP, COUNTED)
    reply = await answered(provider, server, Script(stream(*chunks)))
    assert (reply.text, reply.end.finish_reason) == ("a b", "refusal")
    found = await raised(provider, asked(WIRE), server, Script(stream(*chunks[1:])))
    assert type(found) is errors.ContentRefused
    assert "I would rather not." in found.message
    assert found.usage == USAGE


@pytest.mark.parametrize(
    "chunks", [[STOP, COUNTED], [part("", "stop", reasoning="hm"), COUNTED], [part("<think>hm", "stop"), COUNTED]]
)
async def test_an_answer_without_a_word_is_counted(provider: Provider, server: Scripted, chunks: list[Any]) -> None:
    found = await raised(provider, asked(WIRE), server, Script(stream(*chunks)))
    assert type(found) is errors.Malformed
    assert (found.usage, found.may_be_billed) == (USAGE, True)


@pytest.mark.parametrize(
    "chunks",
    [
        [part("a b")],
        [part("a b"), COUNTED],
        [choice(delta={"tool_calls": [{"function": {"name": "x", "arguments": "{"}}]}), "[DONE]"],
    ],
)
async def test_a_stream_without_an_end_is_never_kept(provider: Provider, server: Scripted, chunks: list[Any]) -> None:
    found = await raised(provider, asked(WIRE, tools=(CALCULATOR,)), server, Script(stream(*chunks, done=False)))
    assert type(found) is errors.Truncated
    assert found.may_be_billed


# --- Kinds of bodies -------------------------------------------------------------------------------------------

COMPLETION = {
    "id": "x",
    "object": "chat.completion",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "a b"}}],
    "usage": COUNTED["usage"],
}
CHUNKS = (part("a "), part("b"), STOP, COUNTED)
LINES = b"".join(json.dumps(chunk).encode() + b"\n" for chunk in CHUNKS)
BODIES: dict[str, tuple[bytes, dict[str, str]]] = {
    "B34 a whole completion": (json.dumps(COMPLETION).encode(), {"content-type": "application/json"}),
    "B34 a whole completion, pretty": (json.dumps(COMPLETION, indent=2).encode(), {"content-type": "Application/JSON"}),
    "B34 a whole completion as a stream": (json.dumps(COMPLETION).encode(), {"content-type": "text/event-stream"}),
    "B35 the type in capitals": (b"".join(stream(*CHUNKS)), {"content-type": "Text/Event-Stream; charset=UTF-8"}),
    "B35 events as text": (b"".join(stream(*CHUNKS)), {"content-type": "text/plain"}),
    "B35 events as bytes": (b"".join(stream(*CHUNKS)), {"content-type": "application/octet-stream"}),
    "B35 events as JSON": (b"".join(stream(*CHUNKS)), {"content-type": "application/json"}),
    "events as a page": (b"".join(stream(*CHUNKS)), {"content-type": "text/html; charset=utf-8"}),
    "no encoding, whatever is told": (b"".join(stream(*CHUNKS)), {"content-encoding": "gzip"}),
    "B42 no type": (b"".join(stream(*CHUNKS)), {}),
    "B42 packed": (
        gzip.compress(b"".join(stream(*CHUNKS))),
        {"content-type": "text/event-stream", "content-encoding": "gzip"},
    ),
    "an object a line": (LINES, {"content-type": "application/x-ndjson"}),
    "an object a line as events": (LINES, {"content-type": "text/event-stream"}),
}


@pytest.mark.parametrize(("body", "headers"), BODIES.values(), ids=list(BODIES))
async def test_a_body_is_read_by_its_bytes(
    provider: Provider, server: Scripted, body: bytes, headers: dict[str, str]
) -> None:
    reply = await answered(provider, server, Script([body], headers=headers))
    assert (reply.text, reply.end.finish_reason, reply.end.usage) == ("a b", "stop", USAGE)


async def test_a_whole_completion_may_call_tools(provider: Provider, server: Scripted) -> None:
    call = {"id": 1, "function": {"name": "calculator", "arguments": {"expression": "17*23"}}}
    message = {"content": None, "tool_calls": [call]}
    body = {**COMPLETION, "choices": [{"message": message, "finish_reason": None}]}
    reply = await answered(provider, server, plain(200, body), tools=(CALCULATOR,))
    (made,) = reply.end.tool_calls
    assert (made.id, made.name, json.loads(made.arguments)) == ("1", "calculator", {"expression": "17*23"})


@pytest.mark.parametrize(
    "usage",
    [
        7,
        "11",
        [],
        {"prompt_tokens": -1, "completion_tokens": 1},
        {"prompt_tokens": 10**30, "completion_tokens": 1},
        {"total_tokens": 9},
        {"prompt_tokens": 11, "completion_tokens": 0, "total_tokens": 11},
        {"prompt_tokens": 0, "completion_tokens": 7},
    ],
)
async def test_unreadable_usage_is_missing(provider: Provider, server: Scripted, usage: Any) -> None:
    reply = await answered(provider, server, Script(stream(part("a b", "stop"), {"choices": [], "usage": usage})))
    assert (reply.text, reply.end.usage) == ("a b", None)


@pytest.mark.parametrize("total", [{"total_tokens": 18}, {}])
async def test_reasoning_beside_the_answer_is_paid_too(
    provider: Provider, server: Scripted, total: dict[str, int]
) -> None:
    reported = {
        "prompt_tokens": 11,
        "completion_tokens": 2,
        "completion_tokens_details": {"reasoning_tokens": 5},
        **total,
    }
    reply = await answered(provider, server, Script(stream(part("a b", "stop"), {"choices": [], "usage": reported})))
    assert reply.end.usage == Usage(input_tokens=11, output_tokens=7, reasoning_tokens=5)


VALUES: tuple[Any, ...] = (
    None,
    True,
    7,
    1.5,
    "x",
    "",
    [],
    [[]],
    {},
    {"a": [None]},
    [{"type": []}],
    [{"index": {}}],
    "\ud83d",
)
FIELDS = ("id", "object", "choices", "usage", "error", "model")
INNER = ("index", "finish_reason", "delta", "message", "text", "error", "usage", "logprobs")
DELTA = ("content", "refusal", "reasoning", "reasoning_content", "tool_calls", "function_call", "role")


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_no_value_of_any_field_raises_another_error(provider: Provider, server: Scripted, value: Any) -> None:
    odd = [{**part("a"), name: value} for name in FIELDS if name != "error"]
    odd += [choice(**{"delta": {}, name: value}) for name in INNER if name not in ("index", "error", "finish_reason")]
    odd += [choice(delta={name: value}) for name in DELTA]
    odd += [
        choice(delta={"tool_calls": [{"index": 0, "id": "a", name: value}]}) for name in ("index", "id", "function")
    ]
    odd += [choice(delta={"tool_calls": [{"id": "a", "function": {name: value}}]}) for name in ("name", "arguments")]
    for chunk in odd:
        server.answers(Script(stream(chunk, part("b", "stop"), COUNTED)))
        try:
            reply = await answer_of(provider, asked(WIRE, tools=(CALCULATOR,)))
        except errors.ProviderError as error:
            came_to = error.message
        else:
            came_to = reply.text or reply.end.finish_reason
        assert came_to.endswith(("b", "tool_calls", "without a name.")), chunk
        assert len(server.bodies) == 1


# --- Thoughts and calls in the text ----------------------------------------------------------------------------


async def test_a_thought_in_the_text_is_kept_apart(provider: Provider, server: Scripted) -> None:
    chunks = [part(piece) for piece in ("<thi", "nk>hm", ", 17", "</th", "ink>\n", "\nIt is", " 391.")]
    reply = await answered(provider, server, Script(stream(*chunks, STOP, COUNTED)))
    assert (reply.text, reply.end.thought, reply.end.answer) == ("It is 391.", "hm, 17", None)
    assert reply.pieces == ["It is", " 391."]


async def test_a_thought_without_its_beginning_is_no_answer(provider: Provider, server: Scripted) -> None:
    chunks = [part(piece) for piece in ("hm", ", 17", "\n</th", "ink>\n", "\nIt is", " 391.")]
    reply = await answered(provider, server, Script(stream(*chunks, STOP, COUNTED)))
    assert (reply.end.answer, reply.end.thought) == ("It is 391.", "hm, 17")


async def test_thoughts_count_towards_the_size(provider: Provider, server: Scripted) -> None:
    for chunk in (
        part("<think>" + "x" * 50_000),
        part(None, reasoning_content="x" * 50_000),
        part(None, refusal="x" * 50_000),
    ):
        found = await raised(provider, asked(WIRE), server, Script(stream(chunk, chunk, chunk, STOP)))
        assert type(found) is errors.AnswerTooLarge


WRITTEN = '<tool_call>\n{"name": "calculator", "arguments": {"expression": "17*23"}}\n</tool_call>'


async def test_a_call_written_as_text_is_made(provider: Provider, server: Scripted) -> None:
    chunks = [part(WRITTEN[start : start + 5]) for start in range(0, len(WRITTEN), 5)]
    script = Script(stream(*chunks, STOP, COUNTED))
    reply = await answered(provider, server, script, tools=(CALCULATOR,))
    assert (reply.text, reply.end.finish_reason) == ("", "tool_calls")
    (made,) = reply.end.tool_calls
    assert (made.name, json.loads(made.arguments)) == ("calculator", {"expression": "17*23"})

    assert (await answered(provider, server, script)).text == WRITTEN, "no tool was offered"
    request = replace(asked(WIRE, tools=(CALCULATOR,)), tool_choice="none")
    assert (await answer_of(provider, request)).text == WRITTEN, "none may be called"


@pytest.mark.parametrize("text", [WRITTEN + " Done.", "<tool_call>{</tool_call>", "<tool", "Look: " + WRITTEN])
async def test_text_resembling_calls_is_text(provider: Provider, server: Scripted, text: str) -> None:
    reply = await answered(provider, server, Script(stream(part(text[:4]), part(text[4:]), STOP)), tools=(CALCULATOR,))
    assert (reply.text, reply.end.tool_calls) == (text, ())
