"""The providers of models, by the name before the slash in `provider/model`.

Each vendor has a row in `chimera/config/vendors.py` and a folder here, whose `provider.py` creates its provider.
"""

from hashlib import blake2b
from importlib import import_module

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS
from chimera.pricing import price_of
from chimera.providers.base import Provider
from models.errors import ChimeraError, UnknownProvider


def make(name: str, settings: Settings) -> Provider:
    """Create a vendor's provider, without a connection. Raises `MissingKey`, `UnusableKey` or `MissingBaseUrl`."""
    made: Provider = import_module(f"{__name__}.{name}.provider").make(settings)
    return made


def is_set_up(name: str, settings: Settings) -> bool:
    """Return whether a vendor has the key and the address that it needs."""
    try:
        make(name, settings)
    except ChimeraError:
        return False
    return True


def split_model(model_ref: str) -> tuple[str, str]:
    """Split "openai/gpt-5.6" into provider and model; only the first slash counts. Raises `UnknownProvider`."""
    provider, slash, model = model_ref.partition("/")
    if provider not in VENDORS or not slash or not model:
        raise UnknownProvider(provider[:60], tuple(VENDORS))
    return provider, model


def check_model(model_ref: str, settings: Settings) -> None:
    """Reject a model that can't be called, before anything is stored.

    Raises `UnknownProvider`, `MissingKey`, `MissingBaseUrl` or `UnknownPrice`. Call this in a thread: for the first
    vendor's model, it reads the price list, which takes about a second.
    """
    provider, _ = split_model(model_ref)
    make(provider, settings)
    price_of(model_ref, settings.own_prices)


def account_of(provider: str, settings: Settings) -> str:
    """Return the account that a provider counts requests for: its name, and a short hash of address and key."""
    key = settings.key_of(provider)
    secret = "" if key is None else key.get_secret_value()
    facts = f"{settings.address_of(provider) or ''} {secret}"
    return f"{provider}:{blake2b(facts.encode(), digest_size=6).hexdigest()}"


class Providers:
    """One worker's providers, created on first use, so that a missing key affects only the calls that need it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, Provider] = {}
        self._accounts: dict[str, str] = {}

    def account_of(self, model_ref: str) -> str:
        """Return the account that calls to `provider/model` use. Raises `UnknownProvider`."""
        name, _ = split_model(model_ref)
        if name not in self._accounts:
            self._accounts[name] = account_of(name, self._settings)
        return self._accounts[name]

    def of(self, model_ref: str) -> Provider:
        """Find the provider of `provider/model`. Raises `UnknownProvider`, `MissingKey` or `MissingBaseUrl`."""
        return self.named(split_model(model_ref)[0])

    def named(self, name: str) -> Provider:
        """Find the provider of one of `VENDORS`. Raises `MissingKey` or `MissingBaseUrl`."""
        if name not in self._made:
            self._made[name] = make(name, self._settings)
        return self._made[name]

    async def close(self) -> None:
        for provider in self._made.values():
            await provider.close()
