"""Operations besides chat: which providers support them, and whether a model does."""

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS
from chimera.pricing import media_price_of
from chimera.providers import is_set_up, make, split_model
from chimera.providers.base import Provider
from models.ai_calls import Operation
from models.errors import NotOffered


def check_operation(model_ref: str, operation: Operation, settings: Settings) -> Provider:
    """Return a model's provider, or reject a model that doesn't support the operation, before anything is stored.

    Raises `UnknownProvider`, `MissingKey`, `MissingBaseUrl`, `NotOffered` or `UnknownPrice`. Call this in a thread: the
    first call reads the price list.
    """
    name, _ = split_model(model_ref)
    # Checked before the key, because a key wouldn't help.
    if operation not in VENDORS[name].operations:
        raise NotOffered(name, operation, able(operation, settings))
    provider = make(name, settings)
    media_price_of(model_ref, operation, settings.own_prices)
    return provider


def able(operation: Operation, settings: Settings) -> tuple[str, ...]:
    """Return the configured providers that support an operation."""
    capable = (vendor.name for vendor in VENDORS.values() if operation in vendor.operations)
    return tuple(name for name in capable if is_set_up(name, settings))
