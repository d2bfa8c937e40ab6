"""Settings for commands: read once, and explained if they can't be used."""

import logging
import os
from collections.abc import Iterator, Set
from difflib import get_close_matches
from io import StringIO
from pathlib import Path
from typing import Any

from dotenv.parser import Binding, parse_stream

from chimera.config import named_secrets
from chimera.config.errors import explained, read_settings
from chimera.config.settings import Settings
from chimera.config.sources import FromSurroundings, env_file
from chimera.config.types import OnDisk, Port

ELSEWHERE = (
    "CHIMERA_PYTHON",
    "CHIMERA_API_URL",
    "CHIMERA_TOKEN",
    "CHIMERA_API_KEY",
    "CHIMERA_READY_FILE",
    "CHIMERA_SECRETS_DIR",
    "CHIMERA_ENV_FILE",
)
"""Variables that are read outside of `Settings`, and only from the environment."""
IN_FILES = frozenset(f"CHIMERA_{name.upper()}" for name in Settings.model_fields)
"""The names that `.env` and secret files may contain. Environment variables may also have the names in `ELSEWHERE`."""
_PREFIX = "CHIMERA_"

# dotenv's warning about an unreadable line doesn't name the file; `misspelt` does.
logging.getLogger("dotenv.main").setLevel(logging.ERROR)


class _Where(FromSurroundings):
    """The settings that select a Chimera server on this machine. Mistakes in other settings don't matter here."""

    data_dir: OnDisk = Settings.model_fields["data_dir"].default
    host: str = Settings.model_fields["host"].default
    api_port: Port = Settings.model_fields["api_port"].default


def load_settings(**flags: Any) -> Settings:
    """Read the settings; given flags override them. Raises BadSettings, naming each invalid variable."""
    given = {name: value for name, value in flags.items() if value is not None}
    return read_settings(**given)


def where_settings() -> Settings:
    """Read only the settings that clients of an API need. Raises BadSettings, naming each invalid variable."""
    where = explained(_Where, {})
    # Keep explicitly set values distinguishable from defaults.
    return Settings.model_construct(_fields_set=set(where.model_fields_set), **where.model_dump())


def misspelt() -> Iterator[str]:
    """Report each variable, line of `.env` and secret file that has no effect, with the name probably meant."""
    yield from _unreadable_lines()
    for name in os.environ:
        yield from _problem_of(name, "", IN_FILES | set(ELSEWHERE))
    for where, name in [*_written_names(), *_secret_names()]:
        yield from _problem_of(name, where, IN_FILES)


def _problem_of(name: str, where: str, known: Set[str]) -> Iterator[str]:
    written = name.upper()
    if not written.startswith(_PREFIX) or written in known or "_TEST_" in written:
        return
    if written.startswith(named_secrets.PREFIX) and written != named_secrets.PREFIX:
        return
    if written in ELSEWHERE:
        reason = "because Chimera reads this variable only from the environment"
        yield f"{name}{where} has no effect, {reason}. Set the environment variable {written} instead."
        return
    # Compare without the common prefix, which makes all names look similar.
    meant = get_close_matches(written.removeprefix(_PREFIX), [each.removeprefix(_PREFIX) for each in known], 1)
    hint = f"Did you mean {_PREFIX}{meant[0]}?" if meant else "All settings are listed in docs/reference/settings.md."
    yield f"{name}{where} is ignored, because there is no such setting. {hint}"


def _unreadable_lines() -> Iterator[str]:
    path = env_file()
    for line in _lines_of(path):
        if line.error or ((line.key or "").upper().startswith("CHIMERA_") and line.value is None):
            # Don't show the text, which may contain a key. It begins with the empty lines before the line itself.
            text = line.original.string
            number = line.original.line + text[: len(text) - len(text.lstrip())].count("\n")
            yield f"Line {number} of {path} is ignored, because it doesn't have the form NAME=value."


def _written_names() -> Iterator[tuple[str, str]]:
    path = env_file()
    return ((f" in {path}", line.key) for line in _lines_of(path) if line.key and line.value is not None)


def _secret_names() -> Iterator[tuple[str, str]]:
    folder = Path(os.environ.get("CHIMERA_SECRETS_DIR") or "/nowhere")
    try:
        return iter([(f" in {folder}", path.name) for path in sorted(folder.iterdir())])
    except OSError:
        return iter(())


def _lines_of(path: Path | None) -> list[Binding]:
    """Return the lines as parsed by python-dotenv, which comes with pydantic-settings."""
    if path is None or not path.is_file():
        return []
    return list(parse_stream(StringIO(path.read_text(encoding="utf-8", errors="replace"))))
