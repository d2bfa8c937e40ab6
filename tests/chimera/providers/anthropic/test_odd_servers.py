"""Servers that deviate from Anthropic's wire format, over real HTTP: one request, one answer."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from chimera.providers.base import Provider
from models import errors
from models.tasks import FinishReason
from models.usage import Usage
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.chimera.simulated import CALCULATOR, answer_of
from tests.wires.anthropic import frames
from tests.wires.anthropic.wire import Anthropic
from tests.wires.scripted import Scripted
from tests.wires.server import Script, plain
from tests.wires.sse import event

WIRE = Anthropic()
USAGE = Usage(input_tokens=11, output_tokens=7)
MESSAGE = frames.start()[1]["message"]


@pytest.fixture(scope="module")
async def provider(server: Scripted) -> AsyncIterator[Provider]:
    async with provider_at(WIRE, server.url) as made:
        yield made


def sent(each: frames.Event) -> bytes:
    return frames.framed(each).encode()


def named_event(kind: str, **fields: Any) -> bytes:
    return sent(frames.event(kind, **fields))


def begun(index: Any, **block: Any) -> bytes:
    return sent(frames.block_start(index, block))


def text(index: Any, piece: Any) -> bytes:
    return sent(frames.delta(index, frames.text_of(piece)))


def use(index: Any, id: Any, expression: str) -> bytes:
    return begun(index, **{**frames.tool_use(id), "input": {"expression": expression}})


START = sent(frames.start())
END, STOP = map(sent, frames.stop())
BEGUN, A, B = begun(0, type="text", text=""), text(0, "a "), text(0, "b")
WHOLE: dict[str, list[bytes]] = {
    "pings of every form": [
        b": hi\n\n",
        START,
        named_event("ping"),
        BEGUN,
        A,
        b"event: ping\ndata:\n\n",
        B,
        b"data: null\n\n",
        END,
        STOP,
    ],
    "events of other kinds": [
        START,
        BEGUN,
        A,
        named_event("content_block_annotated", index=0),
        named_event("x"),
        B,
        END,
        STOP,
    ],
    "blocks of other kinds": [START, begun(1, type="server_tool_use", id="s", input={}), BEGUN, A, B, END, STOP],
    "deltas of other kinds": [
        *(START, BEGUN, A),
        named_event("content_block_delta", index=0, delta={"type": "citations_delta", "citation": {"a": 1}}),
        *(B, END, STOP),
    ],
    "null for everything": [
        *(
            START,
            named_event("message_start", message=None),
            BEGUN,
            named_event("content_block_start", index=0, content_block=None),
        ),
        *(A, named_event("content_block_delta", index=0, delta=None), text(0, None), B),
        *(named_event("message_delta", delta=None, usage=None), END, STOP),
    ],
    "a block that was never begun": [START, text(0, "a "), text(0, "b"), END, STOP],
    "no event names": [
        event({"type": "message_start", "message": MESSAGE}),
        event(json.loads(BEGUN[BEGUN.index(b"{") :])),
        A,
        B,
        END,
    ],
    "no types in the data": [
        b'event: message_start\ndata: {"message": ' + json.dumps(MESSAGE).encode() + b"}\n\n",
        BEGUN,
        A,
        B,
        END,
    ],
    "no index": [START, begun(None, type="text", text="a "), text(None, "b"), END, STOP],
    "an index as text": [START, begun("0", type="text", text=""), text("0", "a "), text("0", "b"), END, STOP],
    "one index for two blocks": [
        START,
        begun(0, type="thinking", thinking="hm"),
        begun(0, type="text", text="a "),
        text(0, "b"),
        END,
    ],
    "no last event": [START, BEGUN, A, B, END],
    "the end of another wire": [START, BEGUN, A, B, END, b"data: [DONE]\n\n"],
    "broken JSON": [START, BEGUN, A, b"event: content_block_delta\ndata: {\n\n", B, END, STOP],
    "a number for an id": [named_event("message_start", message={**MESSAGE, "id": 7}), BEGUN, A, B, END, STOP],
    "usage as text": [
        named_event("message_start", message={"usage": {"input_tokens": "11"}}),
        *(BEGUN, A, B, named_event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": "7"})),
    ],
    "CRLF": [part.replace(b"\n", b"\r\n") for part in (START, BEGUN, A, B, END, STOP)],
}


@pytest.mark.parametrize("frames", WHOLE.values(), ids=list(WHOLE))
async def test_an_odd_answer_is_one_answer(provider: Provider, server: Scripted, frames: list[bytes]) -> None:
    server.answers(Script(frames))
    reply = await answer_of(provider, asked(WIRE))
    assert (reply.text, reply.end.finish_reason, reply.end.usage) == ("a b", "stop", USAGE)
    assert len(server.bodies) == 1


@pytest.mark.parametrize("type_", ["Text/Event-Stream; charset=UTF-8", "text/plain", "application/octet-stream"])
async def test_events_are_read_under_any_type(provider: Provider, server: Scripted, type_: str) -> None:
    server.answers(Script([START, BEGUN, A, B, END, STOP], headers={"content-type": type_}))
    assert (await answer_of(provider, asked(WIRE))).text == "a b"


async def test_a_whole_message_is_an_answer(provider: Provider, server: Scripted) -> None:
    content = [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "a b"}]
    usage = {"input_tokens": 11, "output_tokens": 7}
    server.answers(plain(200, {"type": "message", "content": content, "stop_reason": "end_turn", "usage": usage}))
    reply = await answer_of(provider, asked(WIRE))
    assert (reply.text, reply.end.thought, reply.end.usage) == ("a b", "hm", USAGE)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("pause_turn", "other"), ("STOP", "stop"), (["end_turn"], "other"), (7, "other"), ("tool_use", "stop")],
)
async def test_every_reason_to_stop_leaves_the_answer(
    provider: Provider, server: Scripted, reason: Any, finish: FinishReason
) -> None:
    server.answers(Script([START, BEGUN, A, B, named_event("message_delta", delta={"stop_reason": reason}), STOP]))
    reply = await answer_of(provider, asked(WIRE))
    assert (reply.text, reply.end.finish_reason) == ("a b", finish)


async def test_missing_usage_leaves_the_answer(provider: Provider, server: Scripted) -> None:
    start = named_event("message_start", message={"usage": None})
    server.answers(Script([start, BEGUN, A, B, named_event("message_delta", delta={"stop_reason": "end_turn"}), STOP]))
    assert (await answer_of(provider, asked(WIRE))).end.usage is None


async def test_calls_have_ids_of_their_own(provider: Provider, server: Scripted) -> None:
    calls = [use(0, "toolu_x", "1"), use(1, "toolu_x", "2"), use(2, None, "3"), use(3, 7, "4")]
    server.answers(Script([START, *calls, named_event("message_delta", delta={"stop_reason": "pause_turn"}), STOP]))
    reply = await answer_of(provider, asked(WIRE, tools=(CALCULATOR,)))
    assert [call.id for call in reply.end.tool_calls] == ["toolu_x", "toolu_1", "toolu_2", "7"]
    assert [json.loads(call.arguments)["expression"] for call in reply.end.tool_calls] == ["1", "2", "3", "4"]


async def test_blocks_of_one_index_are_two(provider: Provider, server: Scripted) -> None:
    def piece(expression: str) -> bytes:
        arguments = json.dumps({"expression": expression})
        return sent(frames.delta(0, frames.arguments_of(arguments)))

    first = begun(0, **frames.tool_use("a"))
    second = begun(0, **frames.tool_use("b"))
    end = named_event("message_delta", delta={"stop_reason": "tool_use"})
    server.answers(Script([START, first, piece("1"), second, piece("2"), end, STOP]))
    reply = await answer_of(provider, asked(WIRE, tools=(CALCULATOR,)))
    assert [(call.id, json.loads(call.arguments)["expression"]) for call in reply.end.tool_calls] == [
        ("a", "1"),
        ("b", "2"),
    ]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "overloaded_error", "message": "Overloaded"}, errors.Overloaded),
        ({"type": "api_error", "message": "No prompt today"}, errors.InternalFailure),
        (
            {"type": "invalid_request_error", "message": "prompt is too long"},
            errors.ContextTooLong,
        ),
        ({"type": "rate_limit_error", "message": "Slow"}, errors.RateLimited),
        ("just text", errors.InternalFailure),
    ],
)
async def test_an_error_in_mid_answer_is_sorted(
    provider: Provider, server: Scripted, error: Any, kind: type[errors.ProviderError]
) -> None:
    found = await raised(provider, asked(WIRE), server, Script([START, BEGUN, A, named_event("error", error=error)]))
    assert type(found) is kind
    assert found.usage == Usage(input_tokens=11, output_tokens=1)
    assert found.may_be_billed


VALUES: tuple[Any, ...] = (None, True, 7, 1.5, "x", "", [], [[]], {}, {"type": []}, [{"type": {}}], "\ud83d")


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_no_value_of_any_field_raises_another_error(provider: Provider, server: Scripted, value: Any) -> None:
    odd = [
        named_event("message_start", message=value),
        named_event("content_block_start", index=value, content_block=value),
    ]
    odd += [
        named_event("content_block_delta", index=9, delta={"type": kind, **dict.fromkeys(("text", "thinking"), value)})
        for kind in ("text_delta", "thinking_delta", "signature_delta")
    ]
    odd += [
        begun(8, type=kind, text=value, thinking=value, data=value, signature=value)
        for kind in ("thinking", "redacted_thinking")
    ]
    odd += [named_event("message_delta", delta=value, usage=value), event({"type": value}), event({"message": value})]
    for frame in odd:
        server.answers(Script([START, frame, BEGUN, A, B, END, STOP]))
        assert "a b" in (await answer_of(provider, asked(WIRE))).text, frame
