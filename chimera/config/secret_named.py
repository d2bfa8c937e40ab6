"""Named secrets, to which files with HTTP APIs refer as `${NAME}`."""

import os
from collections.abc import Iterator
from pathlib import Path

from dotenv import dotenv_values
from pydantic import SecretStr

from chimera.config.settings import Settings, env_file

PREFIX = "CHIMERA_SECRET_"
_MAX_FILE_BYTES = 64 * 1024


def secret_named(settings: Settings, name: str) -> SecretStr | None:
    """Return a named secret; None if it isn't set.

    It is `CHIMERA_SECRET_<NAME>` in the environment or `.env`, or a file of that name (in lower case) or of the name
    alone in `CHIMERA_SECRETS_DIR`. Nothing else of the environment can be named, because a file that was copied from
    elsewhere must not be able to send any key of this process to a server.
    """
    if not name.isidentifier() or not name.isascii():
        return None
    found = next((value.strip() for value in _values_of(name) if value and value.strip()), None)
    return SecretStr(found) if found else None


def _values_of(name: str) -> Iterator[str | None]:
    variable = f"{PREFIX}{name.upper()}"
    yield os.environ.get(variable)
    file = env_file()
    if file is not None and file.is_file():
        yield dotenv_values(file).get(variable)
    folder = os.environ.get("CHIMERA_SECRETS_DIR")
    if folder:
        for each in (variable.lower(), variable, name, name.upper(), name.lower()):
            yield _text_in(Path(folder) / each)


def _text_in(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8") if file.stat().st_size <= _MAX_FILE_BYTES else None
    except (OSError, UnicodeDecodeError):
        return None
