"""A secret by its name, for the tools that refer to secrets; see `chimera/config/named_secrets.py`."""

from pydantic import SecretStr

from chimera.config.settings import Settings


def secret_named(settings: Settings, name: str) -> SecretStr | None:
    """Return a named secret, in any case; None if it isn't set."""
    return settings.secrets.get(name.upper())
