"""Tool calls are joined from whatever pieces a chat-completions server sends."""

import json
from typing import Any

import pytest

from chimera.providers.chat_completions.tools import ToolCalls
from chimera.providers.wire.brackets import Brackets
from chimera.providers.wire.http import SizeLimit
from models.errors import AnswerTooLarge
from tests.chimera.providers.counting import calls_during

A, B = '{"expression": "17*23"}', '{"expression": "6*7"}'


def part(arguments: Any = None, *, name: Any = None, **more: Any) -> dict[str, Any]:
    return {**more, "function": {"name": name, "arguments": arguments}}


def joined(*chunks: Any) -> list[tuple[str, str, str]]:
    calls = ToolCalls(SizeLimit(10_000), ("calc", "calculator", "calendar"))
    for chunk in chunks:
        calls.take(chunk)
    return [(call.id, call.name, call.arguments) for call in calls.made()]


TWO = [("a", "calc", A), ("b", "calc", B)]
UNNAMED = [("call_0", "calc", A), ("call_1", "calc", B)]
JOINED: dict[str, tuple[list[Any], list[tuple[str, str, str]]]] = {
    "all numbered 0, in two chunks": (
        [[part(A, name="calc", index=0, id="a")], [part(B, name="calc", index=0, id="b")]],
        TWO,
    ),
    "all numbered 0, in one chunk": (
        [[part(A, name="calc", index=0, id="a"), part(B, name="calc", index=0, id="b")]],
        TWO,
    ),
    "all numbered 0, in pieces without an id": (
        [
            *([part("", name="calc", index=0, id="a")], [part(A[:9], index=0)], [part(A[9:], index=0)]),
            *([part("", name="calc", index=0, id="b")], [part(B[:9], index=0)], [part(B[9:], index=0)]),
        ],
        TWO,
    ),
    "all numbered 0, interleaved by id": (
        [
            [part("", name="calc", index=0, id="a"), part("", name="calc", index=0, id="b")],
            [part(A[:9], index=0, id="a"), part(B[:9], index=0, id="b")],
            [part(A[9:], index=0, id="a"), part(B[9:], index=0, id="b")],
        ],
        TWO,
    ),
    "neither number nor id, in one chunk": ([[part(A, name="calc"), part(B, name="calc")]], UNNAMED),
    "neither number nor id, in two chunks": ([[part(A, name="calc")], [part(B, name="calc")]], UNNAMED),
    "neither number nor id, in pieces": (
        [[part("", name="calc")], [part(A[:9])], [part(A[9:])], [part(B[:9], name="calc")], [part(B[9:])]],
        UNNAMED,
    ),
    "neither number nor id, in pieces side by side": (
        [[part("", name="calc"), part("", name="calc")], [part(A[:9]), part(B[:9])], [part(A[9:]), part(B[9:])]],
        UNNAMED,
    ),
    "number 0 and an empty id, twice": (
        [[part(A, name="calc", index=0, id="")], [part(B, name="calc", index=0, id=None)]],
        UNNAMED,
    ),
    "no number, an id each": ([[part(A, name="calc", id="a")], [part(B, name="calc", id="b")]], TWO),
    "no number, an id in each piece": (
        [
            *([part(A[:9], name="calc", id="a")], [part(A[9:], id="a")]),
            *([part(B[:9], name="calc", id="b")], [part(B[9:], id="b")]),
        ],
        TWO,
    ),
    "an id that comes late": ([[part(A[:9], name="calc", index=0)], [part(A[9:], index=0, id="a")]], TWO[:1]),
    "a number that comes late": ([[part("", name="calc", id="a")], [part(A, index=0)]], TWO[:1]),
    "a name in each piece": ([[part(piece, name="calc", index=0, id="a")] for piece in (A[:9], A[9:])], TWO[:1]),
    "a name in each piece, number 0 throughout": (
        [
            *[[part(piece, name="calc", index=0, id="a")] for piece in (A[:9], A[9:], "")],
            *[[part(piece, name="calc", index=0, id="b")] for piece in (B[:9], B[9:], "")],
        ],
        TWO,
    ),
    "two calls of one id": (
        [[part(A, name="calc", index=0, id="a")], [part(B, name="calc", index=1, id="a")]],
        [TWO[0], ("call_1", "calc", B)],
    ),
    "two calls of one id, in pieces": (
        [
            *([part("", name="calc", index=0, id="a")], [part(A, index=0)]),
            *([part("", name="calc", index=1, id="a")], [part(B, index=1)]),
        ],
        [TWO[0], ("call_1", "calc", B)],
    ),
    "two calls of one id and number": (
        [[part(A, name="calc", index=0, id="a")], [part(B, name="calc", index=0, id="a")]],
        [TWO[0], ("call_0", "calc", B)],
    ),
    "interleaved by number": (
        [
            [part("", name="calc", index=1, id="b")],
            [part("", name="calc", index=0, id="a")],
            *[[part(B[:9], index=1)], [part(A[:9], index=0)], [part(B[9:], index=1)], [part(A[9:], index=0)]],
        ],
        TWO,
    ),
    "one without arguments, then another": (
        [[part("", name="now", index=0)], [part(A, name="calc", index=0)]],
        [("call_0", "now", ""), ("call_1", "calc", A)],
    ),
    "an object for arguments": (
        [[part({"a": [1, None]}, name="calc", index=0, id="a")]],
        [("a", "calc", '{"a": [1, null]}')],
    ),
    "an object that comes again": (
        [[part({"a": 1}, name="calc", index=0, id="a")], [part({"a": 1}, index=0, id="a")]],
        [("a", "calc", '{"a": 1}')],
    ),
    "an empty object before the real one": ([[part("{}", name="calc", id="a")], [part(A[:9])], [part(A[9:])]], TWO[:1]),
    "a list for arguments": ([[part([1], name="calc", index=0, id="a")]], [("a", "calc", "[1]")]),
    "numbers and texts": ([[part(5, name=7, index="0", id=1)], [part("0", index=0.0)]], [("1", "7", "50")]),
    "an object for an id": ([[part(A, name="calc", index=0, id={})]], UNNAMED[:1]),
    "an index of no kind": ([[part(A, name="calc", index=[], id="a")]], TWO[:1]),
    "no function about it": ([[{"id": "a", "name": "calc", "arguments": A}]], TWO[:1]),
    "one object in place of a list": ([part(A, name="calc", id="a")], TWO[:1]),
    "a function that is null": ([[part(A, name="calc", index=0, id="a")], [{"index": 0, "function": None}]], TWO[:1]),
    "what is no piece": ([[None, "x", 7, [], part(A, name="calc", index=0, id="a")], "x", 7], TWO[:1]),
    "a name in pieces": (
        [[part("", name="cale", index=0, id="a")], [part("", name="nd", index=0)], [part(A, name="ar", index=0)]],
        [("a", "calendar", A)],
    ),
    "a name that grows": (
        [[part("", name="calcu", index=0, id="a")], [part(A, name="calculator", index=0)]],
        [("a", "calculator", A)],
    ),
    "all arguments so far in each piece": (
        [[part(A[:9], name="calc", index=0, id="a")], [part(A[:15], index=0)], [part(A, index=0)]],
        TWO[:1],
    ),
    "arguments that come twice": ([[part(A, name="calc", index=0, id="a")], [part(A, index=0)]], TWO[:1]),
    "a call that is told again at the end": (
        [[part(A, name="calc", index=0, id="a")], [part(A, name="calc", index=0, id="a")]],
        TWO[:1],
    ),
    "arguments of two calls in a row": (
        [[part(A + B, name="calc", index=0, id="a")]],
        [TWO[0], ("call_0", "calc", B)],
    ),
    "an id for each piece": (
        [[part("", name="calc", index=0, id="a")], [part(A[:9], index=0, id="b")], [part(A[9:], index=0, id="c")]],
        TWO[:1],
    ),
    "an id and a name for each piece": (
        [[part(A[:9], name="calc", index=0, id="a")], [part(A[9:], name="calc", index=0, id="b")]],
        TWO[:1],
    ),
    "a number and an id for each piece": (
        [[part(A[:9], name="calc", index=0, id="a")], [part(A[9:], name="", index=1, id="b")]],
        TWO[:1],
    ),
    "parameters for arguments": (
        [[{"index": 0, "id": "a", "function": {"name": "calc", "parameters": {"a": 1}}}]],
        [("a", "calc", '{"a": 1}')],
    ),
    "pieces under their numbers": ([{"0": part(A, name="calc", id="a"), "1": part(B, name="calc", id="b")}], TWO),
    "pieces as text": ([json.dumps([part(A, name="calc", id="a")])], TWO[:1]),
    "a function as text": ([[{"id": "a", "function": json.dumps({"name": "calc", "arguments": A})}]], TWO[:1]),
    "an empty one": ([[part(A, name="calc", index=0, id="a"), {"index": 1}, {}]], TWO[:1]),
}


@pytest.mark.parametrize(("chunks", "calls"), JOINED.values(), ids=list(JOINED))
def test_the_pieces_of_a_call_are_joined(chunks: list[Any], calls: list[tuple[str, str, str]]) -> None:
    assert joined(*chunks) == calls


def test_repeated_names_in_pieces_stay_cheap() -> None:
    calls = ToolCalls(SizeLimit(1_000_000))

    def take_many() -> None:
        for piece in ("[1, ", *['{"a": "}"}'] * 1000, *["}"] * 1000, *["{}"] * 1000):
            calls.take([part(piece, name="calc", index=0, id="a")])

    assert calls_during(take_many)["is_object"] <= 4
    assert len(calls.made()) == 1


@pytest.mark.parametrize("cut", range(1, 24))
def test_brackets_are_counted_however_they_are_cut(cut: int) -> None:
    json = r'{"a": [{"b": "\"}]\\"}, "{"]}'
    brackets, pieces = Brackets(), [json[place : place + cut] for place in range(0, len(json), cut)]
    assert [brackets.are_closed_by(pieces[:end]) for end in range(1, len(pieces) + 1)][:-1] == [False] * (
        len(pieces) - 1
    )
    assert brackets.are_closed_by(pieces)


def test_the_older_form_is_one_call() -> None:
    calls = ToolCalls(SizeLimit(1000))
    for piece in ({"name": "calc"}, {"arguments": A[:9]}, {"arguments": A[9:]}, None):
        calls.take_legacy(piece)
    assert [(call.id, call.name, call.arguments) for call in calls.made()] == UNNAMED[:1]


def test_a_call_without_a_name_is_left_out() -> None:
    calls = ToolCalls(SizeLimit(1000))
    calls.take([part(A, index=0, id="a"), part(B, name="calc", index=1, id="b"), part("", index=2, id="c")])
    assert [call.id for call in calls.made()] == ["b"]
    assert calls.nameless == 1


def test_calls_beyond_the_maximum_are_refused() -> None:
    calls = ToolCalls(SizeLimit(100_000))
    with pytest.raises(AnswerTooLarge, match="1000 tool calls"):
        calls.take([part("", name="x", index=index) for index in range(1001)])


def test_ids_and_names_count_towards_the_size() -> None:
    with pytest.raises(AnswerTooLarge):
        ToolCalls(SizeLimit(100)).take([part("", name="x" * 60, id="y" * 60)])
