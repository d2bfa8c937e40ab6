"""How much a model reads and writes. Decides when a conversation is trimmed, so too small is safe and too large not."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from chimera.pricing.catalog import catalog
from chimera.pricing.vendors import vendor_context

LOCAL_CONTEXT_TOKENS = 8_192
"""For a local server, which alone knows: small ones are started with 4,096 to 8,192 (CHIMERA_CONTEXT_WINDOWS)."""

VENDOR_CONTEXT_TOKENS = 128_000
"""For a vendor's model whose window isn't listed: the smallest that current ones have."""

_LARGEST_OUTPUT_SHARE = 4
_MAX_OUTPUT_TOKENS = 16_384


class Window(NamedTuple):
    """Tokens of prompt and answer together, and of the answer."""

    context_tokens: int
    max_output_tokens: int


def window_of(model_ref: str, overrides: Mapping[str, int] | None = None) -> Window:
    """Find the window of `provider/model`; `overrides` are `settings.context_windows`.

    No public list has output limits; where our catalog has none either, a quarter of the window and at most 16,384
    tokens (what current models all allow) leaves room for the prompt.
    """
    own = (overrides or {}).get(model_ref)
    return _window(own) if own is not None else _listed(model_ref)


@cache
def _listed(model_ref: str) -> Window:
    entry = catalog().windows.get(model_ref)
    if entry is not None:
        return Window(entry.context, entry.max_output)
    provider, _, model = model_ref.partition("/")
    if provider == "local":
        return _window(LOCAL_CONTEXT_TOKENS)
    return _window(vendor_context(provider, model) or VENDOR_CONTEXT_TOKENS)


def _window(context_tokens: int) -> Window:
    return Window(context_tokens, min(context_tokens // _LARGEST_OUTPUT_SHARE, _MAX_OUTPUT_TOKENS))
