"""Names and arguments of tool calls, as models and servers write them."""

import pytest

from chimera.providers.answers.tool_requests import arguments_in, arguments_of_each, known_name, whole_arguments

FENCE = "`" * 3


@pytest.mark.parametrize(
    ("name", "known"),
    [
        *(("calc", "calc"), ("functions.calc", "calc"), ("functions.calc:0", "calc"), ("default_api:calc", "calc")),
        *(("calc<|channel|>commentary", "calc"), ("calc <|constrain|>json", "calc"), ("calcs", "calcs"), ("", "")),
        *(("a.b", "a.b"), ("x.a.b", "x.a.b"), ("functions.other", "functions.other")),
    ],
)
def test_a_tool_is_known_by_its_own_name(name: str, known: str) -> None:
    assert known_name(name, {"calc", "a.b"}) == known


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        *(("", ""), ("null", ""), ("{}", "{}"), ('{"a": 1}', '{"a": 1}'), (' {"a": 1}', ' {"a": 1}')),
        ('"{\\"a\\": 1}"', '{"a": 1}'),
        (f'{FENCE}json\n{{"a": 1}}\n{FENCE}', '{"a": 1}'),
        ('[{"a": 1}]', '{"a": 1}'),
        ('{"a": 1}}', '{"a": 1}'),
        ('{"a": 1}<|im_end|>', '{"a": 1}'),
        ('{"a": "x\ny"}', '{"a": "x\\ny"}'),
        *((same, same) for same in ('{"a": 1} and more', '{"a": 1', "[1, 2]", '"text"', "7", "[[1]]", "[" * 5000)),
    ],
)
def test_text_around_arguments_is_removed(written: str, whole: str) -> None:
    assert whole_arguments(written) == whole
    assert whole_arguments(whole) == whole


@pytest.mark.parametrize(
    ("text", "each"),
    [
        ('{"a": 1}{"a": 2}', ['{"a": 1}', '{"a": 2}']),
        ('{"a": 1}\n {"a": 1}', ['{"a": 1}']),
        ('{}{"a": 1}', ['{"a": 1}']),
        *((same, [same]) for same in ("", "{}", '{"a": 1}{', '{"a": 1},{"a": 2}', "[1]", '{"a": "}{"}')),
    ],
)
def test_arguments_in_a_row_are_those_of_several(text: str, each: list[str]) -> None:
    assert arguments_of_each(text) == each


def test_cumulative_pieces_are_accepted() -> None:
    assert arguments_in(["", '{"a', '{"a": ', '{"a": 1}']) == '{"a": 1}'
    assert arguments_in(['{"a', '": 1}']) == '{"a": 1}'
    assert arguments_in(['{"a', '{"b": 1}']) == '{"a{"b": 1}'
