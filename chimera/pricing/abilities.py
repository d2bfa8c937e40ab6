"""Abilities of models besides writing text."""

from collections.abc import Mapping

from chimera.pricing.catalog import catalog
from chimera.pricing.models_dev import listed_model
from models.providers import ModelAbility, OwnModel


def abilities_of(model_ref: str, overrides: Mapping[str, OwnModel] | None = None) -> tuple[ModelAbility, ...] | None:
    """Look up the abilities of `provider/model`; None if no list has the model. The first lookup takes about 0.2 s.

    `overrides` are `settings.own_models`.
    """
    override = (overrides or {}).get(model_ref)
    if override is not None and override.abilities is not None:
        return override.abilities
    own = catalog().models.get(model_ref)
    if own is not None and own.abilities is not None:
        return own.abilities
    provider, _, model = model_ref.partition("/")
    listed = listed_model(provider, model)
    return None if listed is None else tuple(ability for ability in ModelAbility if ability in listed.abilities)
