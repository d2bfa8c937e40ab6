"""The JSON in an answer, or the problems that a model is asked to correct."""

import json
from typing import Any

import pytest

from activities.typed_answers import CORRECTION, MAX_OUTPUT_CHARS, correction, typed_in

SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@pytest.mark.parametrize(
    "text",
    ['{"n": 1}', 'Sure:\n```json\n{"n": 1}\n```', '{"x": 0} or rather {"n": 1}', '"{\\"n\\": 1}"', "{'n': 1,}"],
    ids=["plain", "fence", "second", "in text", "repaired"],
)
def test_the_json_is_found(text: str) -> None:
    assert typed_in(text, SCHEMA).output == {"n": 1}


@pytest.mark.parametrize(("text", "schema"), [("4", {"type": "integer"}), ('"a"', {"type": "string"}), ("true", {})])
def test_an_answer_may_be_a_single_value(text: str, schema: dict[str, Any]) -> None:
    assert typed_in(text, schema).output == json.loads(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "It isn't JSON"),
        ("Four.", "It isn't JSON"),
        ("null", "It isn't JSON"),
        ('{"n": 1', "cut off"),
        ('{"n": 1, "n": 2}', "appears twice"),
        ('{"n": "x"}', 'n: must be an integer, not "x"'),
        ("x" * (MAX_OUTPUT_CHARS + 1), "longer than"),
        ('{"n": 1' + "0" * 5000 + "}", 'n: must be an integer, not "1000'),
    ],
    ids=["empty", "prose", "null", "cut", "twice", "type", "long", "huge"],
)
def test_a_problem_is_explained(text: str, problem: str) -> None:
    found = typed_in(text, SCHEMA)
    assert found.output is None
    assert problem in found.problems[0]


def test_a_correction_is_bounded_text() -> None:
    words = correction(["$: " + "x" * 10_000, "$: a\x00b"])
    assert words.startswith(CORRECTION)
    assert len(words) < 500
    assert "\x00" not in words
