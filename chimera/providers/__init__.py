"""The vendors of model calls, by the name before the slash of `provider/model`."""

from collections.abc import Callable
from hashlib import blake2b

from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.pricing import price_of
from chimera.providers import local, openai, simulator
from chimera.providers.anthropic import chat as anthropic
from chimera.providers.base import Provider
from chimera.providers.google import media as google
from models.errors import UnknownProvider

PROVIDERS: dict[str, Callable[[Settings], Provider]] = {
    "openai": openai.make,
    "anthropic": anthropic.make,
    "google": google.make,
    "local": local.make,
    "simulator": simulator.make,
}


def split_model(model_ref: str) -> tuple[str, str]:
    """Split "openai/gpt-5.6" into provider and model; only the first slash counts. Raises `UnknownProvider`."""
    provider, slash, model = model_ref.partition("/")
    if provider not in PROVIDERS or not slash or not model:
        raise UnknownProvider(provider[:60], tuple(PROVIDERS))
    return provider, model


def check_model(model_ref: str, settings: Settings) -> None:
    """Refuse, before anything is stored, a model that no call could be made to.

    Raises `UnknownProvider`, `MissingKey`, `MissingBaseUrl` or `UnknownPrice`. The first vendor's model reads the
    price list, which takes about a second: call it in a thread.
    """
    provider, _ = split_model(model_ref)
    PROVIDERS[provider](settings)
    price_of(model_ref, settings.own_prices)


def account_of(provider: str, settings: Settings) -> str:
    """Name what a provider counts our requests by: its name, and a short hash of address and key.

    The two are looked for under the names that every provider's settings have.
    """
    address = getattr(settings, f"{provider}_base_url", None) or getattr(settings, f"{provider}_url", None) or ""
    key = getattr(settings, f"{provider}_api_key", None)
    secret = key.get_secret_value() if isinstance(key, SecretStr) else ""
    return f"{provider}:{blake2b(f'{address} {secret}'.encode(), digest_size=6).hexdigest()}"


class Providers:
    """One worker's providers, made when first asked for, so that a missing key matters only to who needs it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._made: dict[str, Provider] = {}
        self._accounts: dict[str, str] = {}

    def account_of(self, model_ref: str) -> str:
        """Name the account that a call of `provider/model` is made with. Raises `UnknownProvider`."""
        name, _ = split_model(model_ref)
        if name not in self._accounts:
            self._accounts[name] = account_of(name, self._settings)
        return self._accounts[name]

    def of(self, model_ref: str) -> Provider:
        """Find the provider of `provider/model`. Raises `UnknownProvider`, `MissingKey` or `MissingBaseUrl`."""
        return self.named(split_model(model_ref)[0])

    def named(self, name: str) -> Provider:
        """Find one of `PROVIDERS`. Raises `MissingKey` or `MissingBaseUrl`."""
        if name not in self._made:
            self._made[name] = PROVIDERS[name](self._settings)
        return self._made[name]

    async def close(self) -> None:
        for provider in self._made.values():
            await provider.close()
