"""Explains settings that can't be used: names each variable, and says what to write instead."""

import re
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_settings import BaseSettings
from pydantic_settings.exceptions import SettingsError

from chimera.config.settings import Settings
from chimera.config.sources import env_file
from models.errors import ChimeraError
from models.wording import sentence_of

S = TypeVar("S", bound=BaseSettings)

_EXAMPLES = {
    "CHIMERA_PRICES": '{"local/qwen3": [0, 0]}',
    "CHIMERA_REQUESTS_PER_MINUTE": '{"openai": 500}',
    "CHIMERA_TOKENS_PER_MINUTE": '{"openai": 200000}',
    "CHIMERA_CONTEXT_WINDOWS": '{"local/qwen3": 32768}',
}


class BadSettings(ChimeraError):
    """Some settings can't be used. The message has a line for each variable."""

    code, title = "bad_settings", "Some settings can't be used"


def read_settings(**given: Any) -> Settings:
    """Read the settings from the environment and `.env`; arguments take precedence. Raises BadSettings."""
    return explained(Settings, given)


def explained(kind: type[S], given: dict[str, Any]) -> S:
    """Create settings of a class. Raises BadSettings, which names each variable."""
    try:
        return kind(**given)
    except ValidationError as error:
        raise BadSettings("\n".join(_line_of(kind, dict(entry)) for entry in error.errors())) from None
    except SettingsError as error:
        # Only the message names the setting.
        field = re.search(r'field "(\w+)"', str(error))
        if field is None:
            raise BadSettings(str(error)) from None
        variable = f"CHIMERA_{field[1].upper()}"
        cause = error.__cause__ or error.__context__
        if isinstance(cause, OSError | UnicodeDecodeError):
            raise BadSettings(
                f"{variable}: the file for this setting in CHIMERA_SECRETS_DIR can't be read"
                f" ({type(cause).__name__}). Check that it is a text file and that Chimera has permission to read it."
            ) from None
        example = _EXAMPLES.get(variable)
        raise BadSettings(f"{variable} must be valid JSON{f', such as {example}' if example else ''}.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(
            f"The settings file {env_file()} can't be read ({type(error).__name__}). Check that it is a text file and"
            " that Chimera has permission to read it."
        ) from None


def _line_of(kind: type[BaseSettings], entry: dict[str, Any]) -> str:
    if not entry["loc"]:
        return sentence_of(entry)
    name = str(entry["loc"][0])
    variable = name if name.isupper() else f"CHIMERA_{name.upper()}"
    # Settings are written, not sent.
    sentence = re.sub("^Send ", "Use ", sentence_of(entry))
    if isinstance(usual := _usual(kind, name), int):
        sentence = re.sub(r"whole number, such as \d+", f"whole number, such as {usual}", sentence)
    place = ".".join(str(part) for part in entry["loc"][1:] if part != "[key]")
    example = _EXAMPLES.get(variable)
    return (
        f"{variable}: {sentence}{f' Use a value such as {example}.' if example else ''}"
        f"{f' The problem is in {place}.' if place else ''}"
    )


def _usual(kind: type[BaseSettings], name: str) -> object:
    """Return the default value of a setting."""
    field = kind.model_fields.get(name.removeprefix("CHIMERA_").lower())
    return field.default if field is not None else None
