"""The simulator parses any user's text in one thread. In quadratic time, these tests would exceed the time limit."""

import pytest

from chimera.simulator.directives import without_directives
from chimera.simulator.expressions import expression_in
from chimera.simulator.script import ScriptError, read_script

LENGTH = 1_000_000


UNENDED = [
    "[[sim:",
    "[[sim plan:",
    "[[",
    "[[sim: a",
    "[",
    "[[ sim:]",
    "[[sim:\n",
    "[[sim: a={",
    '[[sim: a="',
    '[[sim: a={"',
    "[[sim: a={}",
    "={",
]


@pytest.mark.parametrize("piece", UNENDED)
def test_directives_without_an_end_are_read_in_one_pass(piece: str) -> None:
    text = piece * (LENGTH // len(piece))
    assert without_directives(text) == text.strip()


INVALID = [
    "a=" + " " * LENGTH + '"',
    "a" * LENGTH,
    " " * LENGTH + "a",
    "a=1;" * 1000 + '"',
    "a={" * LENGTH,
    "a={}" * LENGTH,
]


@pytest.mark.parametrize("value", INVALID, ids=["quote", "key", "blanks", "items", "braces", "values"])
def test_invalid_values_are_read_in_one_pass(value: str) -> None:
    with pytest.raises(ScriptError):
        read_script([f"[[sim: {value}]]"], "turn")


@pytest.mark.parametrize("piece", ["1", "1.", "(1", "1 ", "1+", "1 - "])
def test_expressions_are_looked_for_in_one_pass(piece: str) -> None:
    text = piece * (LENGTH // len(piece)) + "x"
    found = expression_in(text)
    assert (found is not None) == (piece in ("1+", "1 - "))


def test_a_directive_ends_at_the_next_one() -> None:
    assert read_script(["[[sim: tokens=1 [[sim: delay=2]]"], "turn").delay == 2


@pytest.mark.parametrize(
    ("text", "expression"),
    [("What is 6 * 30?", "6 * 30"), ("(1 + 2) * 3", "(1 + 2) * 3"), ("12.5+1", "12.5+1"), ("2-1", None), ("7", None)],
)
def test_an_expression_is_found(text: str, expression: str | None) -> None:
    assert expression_in(text) == expression


@pytest.mark.parametrize(
    "text",
    ['a [[sim: call=x; args={"a": "]] }", "b": [[1], [[2]]]}]] b', "a [[sim: say={ [[sim: x=1]] }; delay=2]] b"],
)
def test_a_directive_ends_after_its_braces(text: str) -> None:
    assert without_directives(text) == "a  b"


def test_a_misspelt_item_does_not_hide_the_others() -> None:
    with pytest.raises(ScriptError, match=r"'tokns'.*'x y' is not a directive"):
        read_script(["[[sim: tokns=5; x y]]"], "turn")
