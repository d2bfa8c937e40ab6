"""Context windows of models. They decide when a conversation is trimmed: too small is safe, too large is not."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from chimera.pricing.catalog import catalog
from chimera.pricing.models_dev import listed_model
from chimera.pricing.vendors import vendor_context
from models.providers import OwnModel

LOCAL_CONTEXT_TOKENS = 8_192
"""For a local server; small servers are started with 4,096 to 8,192. CHIMERA_CONTEXT_WINDOWS can change it."""

VENDOR_CONTEXT_TOKENS = 128_000
"""For a vendor's model whose window isn't listed: the smallest window of current models."""

_LARGEST_OUTPUT_SHARE = 4
_MAX_OUTPUT_TOKENS = 16_384


class Window(NamedTuple):
    """Token limits for prompt and answer together, for the answer, and for the prompt if it has its own limit."""

    context_tokens: int
    max_output_tokens: int
    max_input_tokens: int | None = None

    @property
    def longest_answer(self) -> int:
        """Maximum tokens to request: at least half the window is left for the prompt."""
        return min(self.max_output_tokens, self.context_tokens // 2)

    def room_for(self, output_tokens: int) -> int:
        """Return the maximum size of a prompt that leaves room for an answer."""
        room = self.context_tokens - output_tokens
        return room if self.max_input_tokens is None else min(room, self.max_input_tokens)


def window_of(model_ref: str, overrides: Mapping[str, int | OwnModel] | None = None) -> Window:
    """Find the window of `provider/model`; `overrides` are `settings.own_windows`.

    If two lists differ, the smaller window counts. If a model's output limit is unknown, it is set to a quarter of the
    window, but at most 16,384 tokens (which all current models allow), to leave room for the prompt.
    """
    own = (overrides or {}).get(model_ref)
    if own is None:
        return _listed(model_ref)
    if isinstance(own, int):
        return _window(own)
    window = _listed(model_ref) if own.context_tokens is None else _window(own.context_tokens)
    return window._replace(
        max_output_tokens=own.max_output_tokens or window.max_output_tokens,
        max_input_tokens=own.max_input_tokens or window.max_input_tokens,
    )


@cache
def _listed(model_ref: str) -> Window:
    entry = catalog().models.get(model_ref)
    if entry is not None:
        return Window(entry.context, entry.max_output)
    provider, _, model = model_ref.partition("/")
    if provider == "local":
        return _window(LOCAL_CONTEXT_TOKENS)
    listed = listed_model(provider, model)
    contexts = [vendor_context(provider, model), listed.context_tokens if listed else None]
    window = _window(min(filter(None, contexts), default=VENDOR_CONTEXT_TOKENS))
    if listed is None or listed.max_output_tokens is None:
        return window
    return window._replace(max_output_tokens=listed.max_output_tokens, max_input_tokens=listed.max_input_tokens)


def _window(context_tokens: int) -> Window:
    return Window(context_tokens, min(context_tokens // _LARGEST_OUTPUT_SHARE, _MAX_OUTPUT_TOKENS))
