"""Providers by operation besides chat, and whether a model supports one."""

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS
from chimera.pricing import media_price_of
from chimera.providers import is_set_up, make, split_model
from chimera.providers.base import Provider
from models.ai_calls import Operation
from models.errors import NotOffered


def check_operation(model_ref: str, operation: Operation, settings: Settings) -> Provider:
    """Reject, before anything is stored, a model that can't do this; return its provider otherwise.

    Raises `UnknownProvider`, `MissingKey`, `MissingBaseUrl`, `NotOffered` or `UnknownPrice`. Reads the price list the
    first time: call it in a thread.
    """
    name, _ = split_model(model_ref)
    # Before its key is checked: a key would not help.
    if operation not in VENDORS[name].operations:
        raise NotOffered(name, operation, able(operation, settings))
    provider = make(name, settings)
    media_price_of(model_ref, operation, settings.own_prices)
    return provider


def able(operation: Operation, settings: Settings) -> tuple[str, ...]:
    """Return the configured providers that support it."""
    capable = (vendor.name for vendor in VENDORS.values() if operation in vendor.operations)
    return tuple(name for name in capable if is_set_up(name, settings))
