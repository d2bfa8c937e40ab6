"""Who can do what: which providers embed, draw and write sound down, and whether one model may be asked to."""

from collections.abc import Callable

from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.pricing import media_price_of
from chimera.providers import PROVIDERS, split_model
from chimera.providers.base import Provider
from chimera.providers.media import Draws, Embeds, Transcribes
from models.ai_calls import Operation
from models.errors import ChimeraError, NotOffered

_KINDS: dict[Operation, type] = {
    Operation.EMBEDDINGS: Embeds,
    Operation.IMAGES: Draws,
    Operation.TRANSCRIPTIONS: Transcribes,
}


def operations_of(provider: Provider) -> tuple[Operation, ...]:
    """What a provider does besides chat."""
    return tuple(operation for operation, kind in _KINDS.items() if isinstance(provider, kind))


def check_operation(model_ref: str, operation: Operation, settings: Settings) -> Provider:
    """Refuse, before anything is stored, a model that can't be asked for this; return its provider otherwise.

    Raises `UnknownProvider`, `MissingKey`, `MissingBaseUrl`, `NotOffered` or `UnknownPrice`. Reads the price list the
    first time: call it in a thread.
    """
    name, _ = split_model(model_ref)
    # Before its key is asked for: nobody shall get one for what it won't do.
    if operation not in _made_operations(PROVIDERS[name], _complete(name, settings)):
        raise NotOffered(name, operation, able(operation, settings))
    provider = PROVIDERS[name](settings)
    media_price_of(model_ref, operation, settings.own_prices)
    return provider


def able(operation: Operation, settings: Settings) -> tuple[str, ...]:
    """The providers that are set up and can do it."""
    return tuple(name for name, make in PROVIDERS.items() if operation in _made_operations(make, settings))


def _complete(name: str, settings: Settings) -> Settings:
    """Settings in which a provider has a key and an address, as `account_of` finds them; making one opens nothing."""
    fields = {f"{name}_api_key": SecretStr("none"), f"{name}_base_url": "http://none", f"{name}_url": "http://none"}
    known = {field: value for field, value in fields.items() if field in Settings.model_fields}
    return settings.model_copy(update=known)


def _made_operations(make: Callable[[Settings], Provider], settings: Settings) -> tuple[Operation, ...]:
    try:
        return operations_of(make(settings))
    except ChimeraError:
        return ()
