"""Settings for commands: read once, and explained when they can't be used."""

from typing import Any

from pydantic import ValidationError
from pydantic_settings.exceptions import SettingsError

from chimera.settings import Settings
from cli.errors import BadSettings


def load_settings(**flags: Any) -> Settings:
    """Read the settings; flags that were given win. Raises BadSettings, naming each variable."""
    given = {name: value for name, value in flags.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise BadSettings("\n".join(_line_of(dict(entry)) for entry in error.errors())) from None
    except SettingsError as error:
        raise BadSettings(f"{error}; lists and tables are written as JSON.") from None


def _line_of(entry: dict[str, Any]) -> str:
    message = str(entry["msg"]).removeprefix("Value error, ")
    if not entry["loc"]:
        return message
    name = str(entry["loc"][0])
    variable = name if name.isupper() else f"CHIMERA_{name.upper()}"
    return f"{variable}: {message}"
