"""A provider's key and address, from the settings."""

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS
from chimera.providers.wire.headers import is_sendable
from models.errors import MissingBaseUrl, MissingKey, UnusableKey


def key_of(provider: str, settings: Settings) -> str:
    """Read a provider's key; an optional key that isn't set is empty.

    Raises `MissingKey`, or `UnusableKey` for a key that can't be sent in an HTTP header.
    """
    vendor, key = VENDORS[provider], settings.key_of(provider)
    found = key.get_secret_value() if key else ""
    if not is_sendable(found):
        raise UnusableKey(provider, vendor.key_variable)
    if not found and vendor.key == "required":
        raise MissingKey(provider, vendor.key_variable)
    return found


def address_of(provider: str, settings: Settings) -> str:
    """Read a provider's address. Raises `MissingBaseUrl`."""
    address = settings.address_of(provider)
    if not address:
        raise MissingBaseUrl(provider, VENDORS[provider].address_variable)
    return address
