"""Credentials of an API: filled in from named secrets, and hidden wherever they come back."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

Secrets = Callable[[str], SecretStr | None]
"""Returns the secret of a name."""

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CREDENTIAL = re.compile(r"auth|key|token|secret|cookie|password", re.IGNORECASE)
_SHORTEST = 4
"""Shorter secrets aren't searched for in responses: they are in every text."""


class UnusableCredential(ValueError):
    """A credential that can't be sent. The message contains no value."""


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """Headers and query parameters that are sent with every request."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, str] = field(default_factory=dict)
    """Texts that never leave, with what replaces them; the longest first."""

    def hide(self, text: str) -> str:
        """Replace each credential in a text by its name."""
        for value, replacement in self.hidden.items():
            text = text.replace(value, replacement)
        return text

    def __repr__(self) -> str:
        return f"Credentials({', '.join([*self.headers, *self.query])})"


def filled(headers: Mapping[str, str], query: Mapping[str, str], secrets: Secrets) -> Credentials:
    """Fill in the secrets. Raises UnusableCredential, which names the field and the variable."""
    hidden: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {"headers": {}, "query": {}}
    for place, texts in (("headers", headers), ("query", query)):
        for name, text in texts.items():
            value = _fill(text, f"{place}.{name}", secrets, hidden)
            if place == "headers" and not (value.isascii() and value.isprintable()):
                raise UnusableCredential(f"{place}.{name}: the value has characters that a header can't contain.")
            values[place][name] = value
            hidden |= _basic(value) | _literal(name, text)
    ordered = dict(sorted(hidden.items(), key=lambda item: -len(item[0])))
    return Credentials(values["headers"], values["query"], ordered)


def _fill(text: str, place: str, secrets: Secrets, hidden: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        secret = secrets(found[1])
        if secret is None:
            raise UnusableCredential(
                f"{place}: the secret {found[1]!r} isn't set. Set CHIMERA_SECRET_{found[1].upper()}, or add a file"
                f" {found[1]} to the folder in CHIMERA_SECRETS_DIR."
            )
        hidden.update(_forms_of(secret.get_secret_value(), f"[secret {found[1]}]"))
        return secret.get_secret_value()

    return _REFERENCE.sub(value, text)


def _forms_of(secret: str, replacement: str) -> dict[str, str]:
    """Return a secret as it may be written in URLs, in JSON and in base64."""
    forms = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1]}
    forms |= {form.lower() for form in forms if "%" in form}
    if len(secret) >= 2 * _SHORTEST:
        forms.add(base64.b64encode(secret.encode()).decode().rstrip("="))
    return {form: replacement for form in forms if len(form) >= _SHORTEST}


def _literal(name: str, text: str) -> dict[str, str]:
    """Return a credential that is written into the file itself."""
    written = text.rpartition(" ")[2]
    return _forms_of(written, f"[secret {name}]") if _CREDENTIAL.search(name) and "${" not in text else {}


def _basic(value: str) -> dict[str, str]:
    """Return the user and password of basic authentication, which an API may also echo decoded."""
    scheme, _, encoded = value.partition(" ")
    if scheme.lower() != "basic":
        return {}
    try:
        decoded = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        return {}
    parts = (decoded, decoded.partition(":")[2])
    return {part: "[secret]" for part in parts if len(part) >= _SHORTEST}
