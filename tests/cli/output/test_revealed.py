"""Arguments are shown to the last character, and nothing in them is hidden."""

import json

import pytest

from cli.output.revealed import revealed, revealed_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("first\nsecond", "first\nsecond"),
        ("a\u202eb", "a\\u202eb"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("tag\U000e0041", "tag\\udb40\\udc41"),
        ("no-break\u00a0space", "no-break\\u00a0space"),
        ("bell\x07 escape\x1b[2J", "bell\\u0007 escape\\u001b[2J"),
        ("p\u0430yp\u0430l", "p\\u0430yp\\u0430l"),
        ("\u0440\u0430\u0443\u0440\u0430", "\\u0440\\u0430\\u0443\\u0440\\u0430"),
        ("\u041f\u0440\u0438\u0432\u0435\u0442", "\u041f\u0440\u0438\u0432\u0435\u0442"),
        ("\uff46ull", "\\uff46ull"),
        ("Grüße, 東京", "Grüße, 東京"),
    ],
    ids=[
        "ascii",
        "line break",
        "direction",
        "zero width",
        "tag",
        "no-break space",
        "controls",
        "mixed scripts",
        "look-alike word",
        "russian",
        "full width",
        "other languages",
    ],
)
def test_hidden_characters_are_escaped(text: str, shown: str) -> None:
    assert revealed_text(text) == shown


def test_large_arguments_are_complete() -> None:
    arguments = {"body": "x" * 10_000 + "\u202eend", "to": "p\u0430ypal.com"}
    shown = revealed(arguments)
    assert shown.isascii()
    assert json.loads(shown) == arguments


def test_piles_of_marks_are_escaped() -> None:
    shown = revealed_text("e" + "\u0301" * 50)
    assert shown == "e\u0301\u0301" + "\\u0301" * 48
