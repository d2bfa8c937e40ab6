"""Removes piles of combining marks ("Zalgo"), which are made to break renderers."""

import re
import unicodedata
from functools import cache

MAX_COMBINING_MARKS = 8
"""Maximum number in a row. Real orthographies stack up to four or five; hundreds are made to break renderers."""


def without_piles(text: str) -> str:
    """Keep at most MAX_COMBINING_MARKS consecutive marks."""
    return text if text.isascii() else _long_runs_of_marks().sub(r"\1", text)


@cache
def _long_runs_of_marks() -> re.Pattern[str]:
    # The Basic Multilingual Plane and the variation selectors: `re` tests these with one table lookup per character.
    marks = "".join(chr(c) for c in range(0x300, 0xFE30) if unicodedata.category(chr(c)) in ("Mn", "Me"))
    marks += "\U000e0100-\U000e01ef"
    return re.compile(f"([{marks}]{{{MAX_COMBINING_MARKS}}})[{marks}]+")
