"""How many tokens a text has, without a network.

OpenAI's tokenizers are public, and `bpe-openai` carries their tables; it is loaded when first asked (about a second).
Claude's, Gemini's and those of a local server are not at hand: an estimate, which says that it is one.
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
    """Count the tokens of `text`, of fewer than a million characters, for `provider/model`.

    What a request adds around a text (roles, tools, a few tokens a message) is not in it. Takes a second at the first
    call: call it in a thread.
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
    """Cut a text into pieces that the tokenizer takes; say of each whether no token can reach over its end.

    It takes 200,000 tokens at once, and a character has at most four. None of the vendor's patterns has a blank between
    a letter and another within a token but at its beginning.
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
