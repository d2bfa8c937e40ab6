"""JSON in a model's text: found anywhere, repaired if only punctuation changes, and otherwise refused."""

import json
from typing import Any

import pytest

from chimera.content.json_values import MAX_REPAIRED_CHARS, MAX_SEARCHED_CHARS, JsonFound, json_in

FENCE = "`" * 3
VALUE: Any = {"a": [{"b": 'It\'s {one} [of] "them"'}], "c": None}
JSON = json.dumps(VALUE)


@pytest.mark.parametrize(
    "text",
    [
        JSON,
        f"\ufeff\n{JSON}\n",
        f"{FENCE}json\n{JSON}\n{FENCE}",
        f"{FENCE}json{JSON}{FENCE}",
        f"{FENCE}json\n{JSON}",
        f"`{FENCE}JSON\n{JSON}\n{FENCE}`",
        f"~~~json\n{JSON}\n~~~",
        f"Here's the [final] answer {{see below}}:\n\n{FENCE}\n{JSON}\n{FENCE}\nDoesn't it \"fit\"?",
        f"<think>It's {{hard}}: [1, 2 …</think>\n{JSON}",
        f'It has "two" steps.</THINKING>{JSON}',
        f"<think>\n{JSON}",
        f"<|channel|>analysis<|message|>We {{think}}.<|end|><|channel|>final<|message|>{JSON}<|return|>",
        json.dumps(JSON),
        f"{JSON};",
        f"{{{JSON}}}",
    ],
)
def test_a_value_is_found_anywhere_in_a_text(text: str) -> None:
    found = json_in(text)
    assert (found.values[-1], found.cut_off) == (VALUE, "")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1,}', {"a": 1}),
        ('{"a": [1, 2,],}', {"a": [1, 2]}),
        ('{ // why\n"a": /* not {this} */ 1, # nor "that"\n}', {"a": 1}),
        ('{"a": "see https://x.y/z // w # v",}', {"a": "see https://x.y/z // w # v"}),
        ("{'a': True, 'b': None, 'c': \"Don't\"}", {"a": True, "b": None, "c": "Don't"}),
        ("{'a': 'Don\\'t'}", {"a": "Don't"}),
        ("{“a”: “b”}", {"a": "b"}),
        ('{a: "b", c_d: false}', {"a": "b", "c_d": False}),
        ('{"a": "b" "c": [{"d": 1} {"d": 2}]}', {"a": "b", "c": [{"d": 1}, {"d": 2}]}),
        ('{"a": "Say "hi there" to them", "b": 1}', {"a": 'Say "hi there" to them', "b": 1}),
        ('{"a": "one\ntwo\tthree"}', {"a": "one\ntwo\tthree"}),
        ('{"a": NaN, "b": -Infinity}', {"a": None, "b": None}),
        ('{"a": "\\u0000x\\ud800y"}', {"a": "xy"}),
    ],
)
def test_punctuation_is_repaired(text: str, value: Any) -> None:
    for whole in (text, f"So:\n{text}\nThat's it."):
        assert json_in(whole) == JsonFound((value,))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ('{"a": [{"b": 1}, ...]}', "Expecting value"),
        ('{"a": [{"b": 1}, …],}', "Expecting value"),
        ('{"a": 1, "b": 2, "a": 3}', "'a' appears twice"),
        ('{"a": 1, "b": 2, "a": 3,}', "Expecting property name"),
        ("{'a': [{'b': 'Don't do it.'}]}", "Expecting property name"),
        ('{"a": "x", ' + '"b": "' + "y" * MAX_REPAIRED_CHARS + '",}', "Expecting property name"),
    ],
)
def test_a_repair_that_would_lose_or_guess_is_refused(text: str, error: str) -> None:
    found = json_in(text)
    assert found.values == ()
    assert error in found.error or "Illegal trailing comma" in found.error


@pytest.mark.parametrize("cut", range(1, len(JSON)))
def test_truncated_json_is_no_value(cut: int) -> None:
    for text in (JSON[:cut], f"{FENCE}json\n{JSON[:cut]}\n{FENCE}\n"):
        found = json_in(text)
        assert found.values == ()
        assert not found.error


@pytest.mark.parametrize("text", ['{"a": [1}, {"b": 2}', '{"a": [{"b": 1]}, {"b": 2}]}', '{"a": [1]]}'])
def test_brackets_that_do_not_match_are_no_value(text: str) -> None:
    found = json_in(text)
    assert (found.values, found.cut_off) == ((), text)


def test_several_values_come_in_their_order() -> None:
    found = json_in('First {"a": 1}, then [{"a": 2}]: {"a": 3}')
    assert found.values == ({"a": 1}, [{"a": 2}], {"a": 3})


@pytest.mark.parametrize("text", ["", "   ", "Certainly! First I would", "12", '"words"', "null", "a [link](x) {b}"])
def test_a_text_without_json_has_none(text: str) -> None:
    assert json_in(text) == JsonFound()


def test_deep_json_raises_nothing() -> None:
    for deep in ("[" * 200 + "]" * 200, '{"a":' * 200 + "1" + "}" * 200, "[" * 100_000 + "]" * 100_000):
        for text in (deep, f"so {deep} it is"):
            json_in(text)
    assert json_in("so " + '{"a":' * 200 + "1" + "}" * 200).values == ()


def test_a_long_text_is_searched_up_to_a_limit() -> None:
    long = "x" * MAX_SEARCHED_CHARS
    assert json_in(f"{JSON}{long}").values == ()
    assert "too long" in json_in(f"{JSON}{long}").error
    assert json_in(json.dumps({"a": long})).values == ({"a": long},)


@pytest.mark.parametrize(
    "piece",
    ['{"', "[", "{[", '["', "' ", '{"a": "b" ', '{"a": "x "y", ', "/*", "// ", '\\"', "“", '{"a" ', "<think>", FENCE],
)
def test_a_megabyte_of_anything_raises_nothing(piece: str) -> None:
    """If the work grew quadratically with the length, this test would exceed the tests' time limit."""
    for text in (f"{{{piece * (MAX_SEARCHED_CHARS // len(piece) - 2)}", piece * (MAX_SEARCHED_CHARS // len(piece))):
        assert not any(json_in(text).values)
