"""Counts the tokens of a text without a network.

OpenAI's tokenizers are public, and `bpe-openai` contains their tables; it is loaded on first use (about a second). The
tokenizers of Claude, Gemini and local servers aren't available, so their counts are marked as estimates.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from chimera.content.text import clean_text, estimate_tokens
from models.providers import TokenCount

if TYPE_CHECKING:
    from bpe_openai import Encoding

# https://github.com/openai/tiktoken/blob/main/tiktoken/model.py
_ENCODINGS = (
    (re.compile(r"gpt-4o|gpt-4\.[1-9]|gpt-[5-9]|chatgpt-4o|o\d"), "o200k_base"),
    (re.compile(r"gpt-4|gpt-3\.5|text-embedding-"), "cl100k_base"),
)


PIECE_CHARS = 40_000
_BEFORE_A_WORD = re.compile(r"[A-Za-z](?= [A-Za-z])")


def count_tokens(model_ref: str, text: str) -> TokenCount:
    """Count the tokens of `text`, which has fewer than a million characters, for `provider/model`.

    The count doesn't include what a request adds to a text (roles, tools, a few tokens per message). Call this in a
    thread: the first call takes a second.
    """
    provider, _, model = model_ref.partition("/")
    name = next((name for pattern, name in _ENCODINGS if pattern.match(model)), None) if provider == "openai" else None
    if name is None:
        return TokenCount(model=model_ref, tokens=estimate_tokens(text), estimated=True)
    tokens, is_exact = 0, True
    for piece, is_whole in _pieces_of(clean_text(text)):
        tokens += len(_encoding(name).encode_ordinary(piece))
        is_exact = is_exact and is_whole
    return TokenCount(model=model_ref, tokens=tokens, estimated=not is_exact)


def _pieces_of(text: str) -> Iterator[tuple[str, bool]]:
    """Split a text into pieces that the tokenizer accepts, each with whether no token can extend beyond its end.

    The tokenizer accepts 200,000 tokens at once, and a character has at most four. In all of the vendor's patterns, a
    blank between two letters can only be at the beginning of a token.
    """
    place = 0
    while len(text) - place > PIECE_CHARS:
        ends = [found.start() + 1 for found in _BEFORE_A_WORD.finditer(text, place, place + PIECE_CHARS)]
        end = ends[-1] if ends else place + PIECE_CHARS
        yield text[place:end], bool(ends)
        place = end
    yield text[place:], True


@cache
def _encoding(name: str) -> "Encoding":
    import bpe_openai

    return bpe_openai.get_encoding(name)
