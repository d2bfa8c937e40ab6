"""Each provider's reading of an answer, in whatever way its vendor sends it."""

import json
from contextlib import aclosing
from dataclasses import replace

import pytest

from chimera.providers.base import ChatEnd, Provider, TextDelta, ToolRequest
from models import errors
from models.tasks import FinishReason
from models.usage import Usage
from tests.chimera.providers.asking import asked, raised
from tests.chimera.simulated import CALCULATOR, answer_of
from tests.wires.base import USAGE, ModelAnswer, Stop, Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script, plain

TEA = ModelAnswer(pieces=("Because ", "it is ", "warm: ☕."))
ONE = ToolRequest("call_a1", "calculator", '{"expression": "17 * 23"}')
TWO = ToolRequest("call_b2", "weather", '{"city": "Köln", "days": 2}')


async def test_text_comes_in_its_pieces_and_then_one_end(wire: Wire, provider: Provider, server: Scripted) -> None:
    server.answers(Script(wire.frames_of(TEA)))
    reply = await answer_of(provider, asked(wire))
    assert reply.pieces == ["Because ", "it is ", "warm: ☕."]
    assert reply.end == ChatEnd("stop", USAGE, (), "answer-1", None)
    assert len(server.bodies) == 1


async def test_each_piece_is_passed_on_at_once(wire: Wire, provider: Provider, server: Scripted) -> None:
    frames = wire.frames_of(TEA)
    first = next(index for index, frame in enumerate(frames) if b"Because" in frame) + 1
    server.answers(Script([*frames[:first], 60.0]))
    async with aclosing(provider.stream(asked(wire))) as stream:
        assert await anext(stream) == TextDelta("Because ")


async def test_an_answer_may_come_in_one_piece(wire: Wire, provider: Provider, server: Scripted) -> None:
    server.answers(Script([b"".join(wire.frames_of(ModelAnswer(pieces=("Tea.",))))]))
    reply = await answer_of(provider, asked(wire))
    assert (reply.pieces, reply.end.finish_reason, reply.end.usage) == (["Tea."], "stop", USAGE)


async def test_an_answer_may_be_cut_into_packets_anywhere(wire: Wire, provider: Provider, server: Scripted) -> None:
    sent = b"".join(wire.frames_of(replace(TEA, calls=(TWO,))))
    # Pieces of seven bytes split events, lines, names and characters.
    server.answers(Script([sent[start : start + 7] for start in range(0, len(sent), 7)]))
    reply = await answer_of(provider, asked(wire, tools=(CALCULATOR,)))
    assert reply.text == "Because it is warm: ☕."
    assert json.loads(reply.end.tool_calls[0].arguments) == {"city": "Köln", "days": 2}


async def test_thoughts_are_counted_and_hidden(wire: Wire, provider: Provider, server: Scripted) -> None:
    server.answers(Script(wire.frames_of(ModelAnswer(thoughts=("They want ", "tea."), pieces=("Tea.",)))))
    reply = await answer_of(provider, asked(wire, reasoning_effort="low"))
    assert reply.text == "Tea."
    assert reply.end.usage is not None
    assert reply.end.usage.reasoning_tokens == 30
    assert reply.end.thought == "They want tea."
    assert reply.end.state is None, "nothing is signed"


async def test_a_tool_call_comes_whole(wire: Wire, provider: Provider, server: Scripted) -> None:
    server.answers(Script(wire.frames_of(ModelAnswer(pieces=("Let me see.",), calls=(ONE,)))))
    reply = await answer_of(provider, asked(wire, tools=(CALCULATOR,)))
    assert reply.text == "Let me see."
    assert (reply.end.finish_reason, reply.end.tool_calls) == ("tool_calls", (ONE,))


async def test_parallel_tool_calls_keep_order_and_ids(wire: Wire, provider: Provider, server: Scripted) -> None:
    bare = ToolRequest("call_c3", "now", "{}")
    server.answers(Script(wire.frames_of(ModelAnswer(calls=(ONE, TWO, bare)))))
    calls = (await answer_of(provider, asked(wire, tools=(CALCULATOR,)))).end.tool_calls
    assert [(call.id, call.name, json.loads(call.arguments)) for call in calls] == [
        ("call_a1", "calculator", {"expression": "17 * 23"}),
        ("call_b2", "weather", {"city": "Köln", "days": 2}),
        ("call_c3", "now", {}),
    ]


@pytest.mark.parametrize(("stop", "reason"), [("stop", "stop"), ("length", "length"), ("strange", "other")])
async def test_finish_reasons_are_translated(
    wire: Wire, provider: Provider, server: Scripted, stop: Stop, reason: FinishReason
) -> None:
    server.answers(Script(wire.frames_of(replace(TEA, stop=stop))))
    assert (await answer_of(provider, asked(wire))).end.finish_reason == reason


async def test_nothing_but_thoughts_is_no_answer(wire: Wire, provider: Provider, server: Scripted) -> None:
    script = Script(wire.frames_of(ModelAnswer(thoughts=("Hm.",), stop="length")))
    found = await raised(provider, asked(wire), server, script)
    assert type(found) is errors.UselessAnswer
    assert not found.retryable, "it would be paid again and bring the same"
    for remedy in ("max_output_tokens", "CHIMERA_CONTEXT_WINDOWS", "lower reasoning_effort"):
        assert remedy in found.message
    assert (found.usage, found.may_be_billed) == (USAGE, True)


async def test_cached_tokens_are_a_part_of_the_input(wire: Wire, provider: Provider, server: Scripted) -> None:
    reported = Usage(input_tokens=1000, cached_input_tokens=900, output_tokens=7)
    server.answers(Script(wire.frames_of(replace(TEA, usage=reported))))
    assert (await answer_of(provider, asked(wire))).end.usage == reported


async def test_missing_usage_is_none(wire: Wire, provider: Provider, server: Scripted) -> None:
    server.answers(Script(wire.frames_of(replace(TEA, usage=None))))
    reply = await answer_of(provider, asked(wire))
    assert (reply.text, reply.end.usage) == ("Because it is warm: ☕.", None)


async def test_usage_that_makes_no_sense_counts_as_missing(wire: Wire, provider: Provider, server: Scripted) -> None:
    nonsense = Usage.model_construct(**{**USAGE.model_dump(), "input_tokens": -5, "cached_input_tokens": 0})
    server.answers(Script(wire.frames_of(replace(TEA, usage=nonsense))))
    assert (await answer_of(provider, asked(wire))).end.usage is None


async def test_poison_comes_out_clean(wire: Wire, provider: Provider, server: Scripted) -> None:
    poison = "a\x00\u202e\ud83d\ufffeb שלום " + "e\u0301" * 1000
    call = ToolRequest("call_a1", "calculator", json.dumps({"expression": "1\x00\ud83d", "deep": _nested(200)}))
    server.answers(Script(wire.frames_of(ModelAnswer(pieces=(poison, "\u2028 done"), calls=(call,)))))
    reply = await answer_of(provider, asked(wire, tools=(CALCULATOR,)))
    (made,) = reply.end.tool_calls
    assert (reply.text + made.arguments).encode()
    assert not any(bad in reply.text + made.arguments for bad in "\x00\u202e\ufffe")
    assert reply.text.startswith("ab שלום e\u0301")
    assert reply.text.endswith("\u2028 done")
    assert json.loads(made.arguments)["expression"].startswith("1")


async def test_the_models_that_can_be_called_are_listed(wire: Wire, provider: Provider, server: Scripted) -> None:
    server.answers(plain(200, wire.listed(["b-model", "a-model"])))
    assert await provider.models() == ("a-model", "b-model")
    assert len(server.targets) == 1
    assert "/models" in server.targets[0]
    assert wire.key_in(server.headers[0])


def _nested(depth: int) -> object:
    value: object = "end"
    for _ in range(depth):
        value = [value]
    return value
