"""The catalog file: an installation's own facts about models."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from chimera.content.text_files import NotReadable, json_problem_of, text_in
from models.base import ModelRef
from models.providers import OwnModel
from models.wording import reportable, sentence_of

_OWN_MODELS: TypeAdapter[dict[ModelRef, OwnModel]] = TypeAdapter(dict[ModelRef, OwnModel])


@cache
def models_in(file: Path) -> Mapping[str, OwnModel]:
    """Read a catalog file. Raises ValueError, which names the setting, if the file can't be used."""
    try:
        text = text_in(file)
    except NotReadable as error:
        raise ValueError(f"CHIMERA_CATALOG_FILE: {str(file)!r} {error}") from None
    except OSError as error:
        raise ValueError(f"CHIMERA_CATALOG_FILE: the file {str(file)!r} can't be read ({error.strerror}).") from None
    try:
        return _OWN_MODELS.validate_json(text)
    except ValidationError as error:
        first = reportable([dict(entry) for entry in error.errors()])[0]
        if first["type"] == "json_invalid":
            problem = json_problem_of(ValueError(first["ctx"]["error"]), text)
            raise ValueError(f"CHIMERA_CATALOG_FILE: {str(file)!r} is not valid JSON: {problem}") from None
        place = ".".join(str(part) for part in first["loc"] if part != "[key]")
        raise ValueError(f"CHIMERA_CATALOG_FILE: {place or str(file)}: {sentence_of(first)}") from None
