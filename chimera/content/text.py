"""Makes text from outside safe to store, and estimates its size in tokens without a network.

PostgreSQL rejects NUL in text, and `\\u0000`, lone surrogates and NaN in jsonb. If such text were rejected after a
model call was paid for, the call would be paid for again. So all incoming text is cleaned once, here, which never
raises.
"""

import json
import math
import re

from pydantic import JsonValue

from chimera.content.marks import without_piles

MAX_JSON_DEPTH = 64
"""PostgreSQL and pydantic support deeper nesting; JavaScript front ends and `json.dumps` don't support much more."""

_BYTES_PER_TOKEN = 3

_SURROGATE_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
# C0 controls except tab, newline and return; C1 controls, which some terminals obey; lone surrogates; noncharacters;
# direction overrides and isolates (CVE-2021-42574: text that looks different from what it is). Right-to-left scripts
# don't need these, because their letters have a direction.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]+")


def clean_text(text: str) -> str:
    """Remove what can't be stored, or looks different from what it is. Idempotent, and linear in the text's length."""
    if text.isascii() and text.isprintable():
        return text
    if _SURROGATE_PAIR.search(text):
        # Two halves of an emoji that arrived in two chunks belong together. JSON joins them 20 times as fast as UTF-16.
        text = json.loads(json.dumps(text))
    return without_piles(_FORBIDDEN.sub("", text))


class Halves:
    """Joins the halves of an emoji that arrive in two pieces: https://github.com/elie222/rakazo/issues/416."""

    def __init__(self) -> None:
        self._half = ""

    def take(self, text: str) -> str:
        """Return a piece with the half emoji that was held back before it, and hold back one at its own end."""
        text = self._half + text
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        return text.removesuffix(self._half)


def clean_json(value: object, depth: int = 0) -> JsonValue:
    """Clean every string of parsed JSON; NaN, infinities and values nested deeper than 64 become null."""
    if depth > MAX_JSON_DEPTH:
        return None
    match value:
        case str():
            return clean_text(value)
        case float():
            return value if math.isfinite(value) else None
        case bool() | int():
            return value
        case list() | tuple():
            return [clean_json(item, depth + 1) for item in value]
        case dict():
            return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    return None


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of `text` as its UTF-8 bytes divided by three, rounded up.

    The estimate is for reservations and windows, never for a bill. It is deliberately high: with OpenAI's `o200k_base`,
    English prose has about 4.4 bytes per token, code 3.5, digits 3, and Chinese 3 to 4. Only for long runs of random
    letters (keys, hashes, base64), the estimate is too low. A real tokenizer is for one vendor only, and the usual one
    downloads its tables. More text never results in fewer tokens, and only empty text has none.
    """
    size_bytes = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    return -(-size_bytes // _BYTES_PER_TOKEN)
