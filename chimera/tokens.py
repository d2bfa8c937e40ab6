"""How many tokens a text has, without a network.

OpenAI's tokenizers are public, and `bpe-openai` carries their tables; it is loaded when first asked (about a second).
Claude's, Gemini's and those of a local server are not at hand: an estimate, which says that it is one.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

from chimera.text import clean_text, estimate_tokens
from models.providers import TokenCount

if TYPE_CHECKING:
    from bpe_openai import Encoding

# https://github.com/openai/tiktoken/blob/main/tiktoken/model.py
_ENCODINGS = (
    (re.compile(r"gpt-4o|gpt-4\.[1-9]|gpt-[5-9]|chatgpt-4o|o\d"), "o200k_base"),
    (re.compile(r"gpt-4|gpt-3\.5|text-embedding-"), "cl100k_base"),
)


def count_tokens(model_ref: str, text: str) -> TokenCount:
    """Count the tokens of `text`, of fewer than a million characters, for `provider/model`.

    What a request adds around a text (roles, tools, a few tokens a message) is not in it. Takes a second at the first
    call: call it in a thread.
    """
    provider, _, model = model_ref.partition("/")
    name = next((name for pattern, name in _ENCODINGS if pattern.match(model)), None) if provider == "openai" else None
    if name is None:
        return TokenCount(model=model_ref, tokens=estimate_tokens(text), estimated=True)
    tokens = len(_encoding(name).encode_ordinary(clean_text(text)))
    return TokenCount(model=model_ref, tokens=tokens, estimated=False)


@cache
def _encoding(name: str) -> "Encoding":
    import bpe_openai

    return bpe_openai.get_encoding(name)
