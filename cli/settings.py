"""Settings for commands: read once, and explained when they can't be used."""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from chimera.settings import FromSurroundings, Settings, env_file
from chimera.settings_errors import explained, read_settings

ELSEWHERE = (
    "CHIMERA_PYTHON",
    "CHIMERA_API_URL",
    "CHIMERA_TOKEN",
    "CHIMERA_READY_FILE",
    "CHIMERA_SECRETS_DIR",
    "CHIMERA_ENV_FILE",
)
"""Variables that are read outside of `Settings`."""
KNOWN = frozenset({*(f"CHIMERA_{name.upper()}" for name in Settings.model_fields), *ELSEWHERE})


class _Where(FromSurroundings):
    """What says which Chimera of this machine is meant; the rest may be wrong without being in the way."""

    data_dir: Path = Settings.model_fields["data_dir"].default
    host: str = Settings.model_fields["host"].default
    api_port: int = Settings.model_fields["api_port"].default


def load_settings(**flags: Any) -> Settings:
    """Read the settings; flags that were given win. Raises BadSettings, naming each variable."""
    given = {name: value for name, value in flags.items() if value is not None}
    return read_settings(**given)


def where_settings() -> Settings:
    """Read only what commands need that speak with an API. Raises BadSettings, naming each variable."""
    return Settings.model_construct(**explained(_Where, {}).model_dump())


def misspelt() -> Iterator[str]:
    """Say of each variable and each line of `.env` that nothing reads, and what was probably meant."""
    for where, name in [*(("", name) for name in os.environ), *_written_names()]:
        if name.upper().startswith("CHIMERA_") and name.upper() not in KNOWN and "_TEST_" not in name.upper():
            meant = get_close_matches(name.upper(), KNOWN, 1)
            hint = f"did you mean {meant[0]}?" if meant else "docs/reference/settings.md lists all."
            yield f"{name}{where} is no setting, so nothing reads it; {hint}"


def _written_names() -> Iterator[tuple[str, str]]:
    path = env_file()
    if path is not None and path.is_file():
        for name in re.findall(r"^\s*(?:export\s+)?(\w+)\s*=", path.read_text(errors="replace"), re.MULTILINE):
            yield f" in {path}", name
