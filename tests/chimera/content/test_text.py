"""Any text is made safe to store and show."""

import pytest

from chimera.content.text import MAX_JSON_DEPTH, clean_json, clean_text, estimate_tokens


@pytest.mark.parametrize(
    ("dirty", "clean"),
    [
        ("plain\ttext\r\nover lines", "plain\ttext\r\nover lines"),
        ("a\x00b\x1b[31m\x7f", "ab[31m"),
        ("a\x9b31mb\x9d52;c\x85d", "a31mb52;cd"),
        ("lone \ud800 and \udc00", "lone  and "),
        ("two halves \ud83d\ude00", "two halves 😀"),
        ("\ufffeand\uffff", "and"),
        ("\u202eesrever\u202c \u2066x\u2069", "esrever x"),
        ("שלום עולם مرحبا", "שלום עולם مرحبا"),
        ("e" + "\u0301" * 500, "e" + "\u0301" * 8),
        ("ที่นี่ Tiếng Việt ñ", "ที่นี่ Tiếng Việt ñ"),
        ("\u0301\x00" * 20, "\u0301" * 8),
    ],
)
def test_unstorable_characters_are_removed(dirty: str, clean: str) -> None:
    assert clean_text(dirty) == clean
    assert clean_text(clean) == clean
    clean.encode()


@pytest.mark.parametrize("pattern", ["plain text\n", "漢字", "e\u0301", "\u0301", "\ud83d\ude00", "\ud800x", "\x00x"])
def test_ten_megabytes_are_cleaned(pattern: str) -> None:
    """In quadratic time (10**14 steps), this test would exceed the tests' time limit."""
    cleaned = clean_text(pattern * (10**7 // len(pattern)))
    assert clean_text(cleaned) == cleaned


def test_json_is_cleaned_all_the_way_down() -> None:
    dirty = {"a\x00": [1.5, float("nan"), float("-inf"), True, None, "x\ud800", ("y",)]}
    assert clean_json(dirty) == {"a": [1.5, None, None, True, None, "x", ["y"]]}


def test_json_too_deep_is_cut() -> None:
    deep: object = "bottom"
    for _ in range(200):
        deep = [deep]
    depth, rest = 0, clean_json(deep)
    while isinstance(rest, list):
        depth, rest = depth + 1, rest[0]
    assert rest is None
    assert depth == MAX_JSON_DEPTH + 1


def test_an_estimate_grows_and_is_never_zero() -> None:
    text = "Some prose, 漢字, 😀 and \ud800."
    estimates = [estimate_tokens(text[:end]) for end in range(len(text) + 1)]
    assert estimates[0] == 0
    assert estimates[1] == 1
    assert estimates == sorted(estimates)
