"""The calculator."""

import pytest

from chimera.tools.base import ToolError
from chimera.tools.calculator import calculate


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("17 * 23", "391"),
        ("0.1 + 0.2", "0.3"),
        ("1 / 3", "0.33333333333333333333"),
        ("-7 // 2", "-4"),
        ("-7 % 3", "2"),
        ("7 % -3", "-2"),
        ("2 ** 100", "1267650600228229401496703205376"),
        ("-(2 + 3) * +4", "-20"),
        ("sqrt(2)", "1.4142135623730950488"),
        ("round(2.675, 2) + round(2.5)", "5.68"),
        ("max(1, 2, 3) - min(1, 2) + abs(-4)", "6"),
        ("floor(-2.5) + ceil(2.1)", "0"),
        ("log(1000, 10) + log(exp(1))", "4"),
        ("17 \u00d7 23", "391"),
        ("10 ** 60", "1E+60"),
        ("0 * -1", "0"),
    ],
)
def test_it_calculates_as_people_do(expression: str, result: str) -> None:
    assert calculate(expression) == result


@pytest.mark.parametrize(
    ("expression", "advice"),
    [
        ("9 ** 9 ** 9 ** 9", "larger than"),
        ("9999999 ** 9999999", "larger than"),
        ("exp(exp(100))", "larger than"),
        ("1e999", "have a finite result"),
        ("log(0)", "have a finite result"),
        ("1 / 0", "divides by zero"),
        ("sqrt(-1)", "not defined"),
        ("(" * 240 + "1" + ")" * 240, "not an expression"),
        ("-" * 499 + "1", "nested deeper"),
        ("1 + " * 120 + "1", "nested deeper"),
        ("1" * 501, "at most 500"),
        ("round(1, 10 ** 9)", "integer number of digits"),
        ("1,000 * 3", "thousands separators"),
        ("2 ^ 3", r"powers with \*\*"),
        ("x + 1", "Unknown variable 'x'"),
        ("open('/etc/passwd')", "Unknown function 'open'"),
        ("__import__('os').system('id')", "not arithmetic"),
        ("(1).__class__", "not arithmetic"),
        ("'a' * 10 ** 9", "not arithmetic"),
        ("[0] * 10 ** 9", "not arithmetic"),
        ("True + 1", "not arithmetic"),
        ("1 if 1 else 2", "not arithmetic"),
        ("lambda: 1", "not arithmetic"),
        ("max()", "accepts 1 to 100"),
        ("sqrt(x=2)", "Unknown function|not arithmetic"),
        ("1 +", "not an expression"),
        ("1\x00", "not an expression"),
        ("", "not an expression"),
    ],
)
def test_invalid_or_oversized_arithmetic_is_refused(expression: str, advice: str) -> None:
    """If they were computed, some of these expressions would exceed the time limit for a test."""
    with pytest.raises(ToolError, match=advice) as raised:
        calculate(expression)
    assert len(raised.value.message) <= 300
