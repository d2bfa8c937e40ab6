"""Named secrets: values that files with MCP servers and HTTP APIs refer to as `${NAME}`.

A secret is the variable `CHIMERA_SECRET_<NAME>` in the environment or in `.env`, or a file `<NAME>` or
`chimera_secret_<name>` in `CHIMERA_SECRETS_DIR`. Nothing else of the environment can be referred to, because a file
that is copied from elsewhere must not be able to send any key of this process to a server.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from dotenv import dotenv_values
from pydantic import SecretStr

PREFIX = "CHIMERA_SECRET_"
MAX_FILE_BYTES = 64 * 1024
MAX_FILES = 1000

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


class MissingSecret(ValueError):
    """A text refers to a secret that isn't set. The message completes a sentence that begins with the text's place."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"refers to the secret {name!r}, which isn't set. Set {PREFIX}{name.upper()}, or add a file"
            f" {name.upper()} to the folder in CHIMERA_SECRETS_DIR."
        )
        self.name = name


def filled(text: str, secrets: Mapping[str, SecretStr]) -> str:
    """Replace each `${NAME}` and `${NAME:-default}` in a text with the secret of that name.

    A default applies if the secret isn't set. Raises MissingSecret, whose message contains no value.
    """

    def value(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        secret = secrets.get(name.upper())
        if secret is not None:
            return secret.get_secret_value()
        if default is None:
            raise MissingSecret(name)
        return default

    return _REFERENCE.sub(value, text)


def named_in(text: str, secrets: Mapping[str, SecretStr]) -> list[str]:
    """Return the values of the secrets to which a text refers, for example to remove them from logs."""
    names = (found[1].upper() for found in _REFERENCE.finditer(text))
    return [secrets[name].get_secret_value() for name in names if name in secrets]


def read_secrets(env_file: Path | None) -> Mapping[str, SecretStr]:
    """Read all named secrets, by name in upper case. Variables of the environment take precedence, then `.env`."""
    found = dict(_in_folder(os.environ.get("CHIMERA_SECRETS_DIR")))
    for source in (_written_in(env_file), os.environ):
        found |= {
            name.upper().removeprefix(PREFIX): value
            for name, value in source.items()
            if value and name.upper().startswith(PREFIX) and name.upper() != PREFIX
        }
    return MappingProxyType({name: SecretStr(value) for name, value in found.items()})


def _written_in(env_file: Path | None) -> Mapping[str, str | None]:
    if env_file is None or not env_file.is_file():
        return {}
    try:
        return dotenv_values(env_file)
    except (OSError, UnicodeDecodeError):
        # The other settings are read from the same file, and report this.
        return {}


def _in_folder(folder: str | None) -> Iterator[tuple[str, str]]:
    if not folder or not Path(folder).is_dir():
        return
    # Sorted with the longer names last, so that `chimera_secret_x` takes precedence over `X`.
    for path in sorted(Path(folder).iterdir(), key=lambda path: path.name.upper().startswith(PREFIX))[:MAX_FILES]:
        name = path.name.upper()
        is_ours = name.startswith("CHIMERA_")
        if not _NAME.fullmatch(name) or (is_ours and not name.startswith(PREFIX)) or not path.is_file():
            continue
        try:
            if path.stat().st_size <= MAX_FILE_BYTES and (value := path.read_text(encoding="utf-8").strip()):
                yield name.removeprefix(PREFIX), value
        except (OSError, UnicodeDecodeError):
            # An unreadable file is a secret that isn't set; whatever refers to it reports that.
            continue
