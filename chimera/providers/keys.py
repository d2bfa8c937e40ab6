"""A provider's key, from the settings to a header."""

from pydantic import SecretStr

from chimera.providers.wire.headers import is_sendable
from models.errors import MissingKey, UnusableKey


def key_of(provider: str, key: SecretStr | None) -> str:
    """Read a key that has to be there. Raises `MissingKey` and `UnusableKey`."""
    found = usable(provider, key)
    if not found:
        raise MissingKey(provider, _setting(provider))
    return found


def usable(provider: str, key: SecretStr | None) -> str:
    """Read a key, or nothing. Raises `UnusableKey` for one that no HTTP header can have."""
    found = key.get_secret_value() if key else ""
    if not is_sendable(found):
        raise UnusableKey(provider, _setting(provider))
    return found


def _setting(provider: str) -> str:
    return f"CHIMERA_{provider.upper()}_API_KEY"
