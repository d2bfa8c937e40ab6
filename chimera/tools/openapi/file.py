"""The file that names HTTP APIs: `CHIMERA_OPENAPI_FILE`."""

import re
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints, ValidationError, field_validator, model_validator

from chimera.config.settings import Settings
from chimera.content.text_files import NotReadable, json_problem_of, text_in
from models.base import Body
from models.tools import ToolKind
from models.wording import reportable, sentence_of

DEFAULT_NAME = "openapi-tools.json"
"""The file in the data folder that is used if no other is set."""

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9](?:-?[a-z0-9]){0,29}$")]
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
# The client sets these itself.
_RESERVED = {"host", "content-length", "transfer-encoding", "connection", "content-type", "idempotency-key"}


class ApiEntry(Body):
    """An API whose operations are tools."""

    document: str = Field(min_length=1, description="Path or URL of the OpenAPI document")
    base_url: str | None = Field(default=None, description="Address of the API. Default: the document's first server")
    operations: tuple[str, ...] = Field(
        min_length=1, max_length=500, description="`operationId`s, operations such as `GET /path`, or `*` for all"
    )
    headers: dict[str, str] = Field(default_factory=dict, max_length=20)
    query: dict[str, str] = Field(default_factory=dict, max_length=20)
    kind: dict[str, ToolKind] = Field(default_factory=dict, description="Kinds of operations that differ by method")

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if not _HEADER.fullmatch(name) or name.lower() in _RESERVED:
                raise ValueError(f"The header {name!r} can't be set.")
        return headers

    @model_validator(mode="after")
    def _has_secrets_only_where_they_are_filled(self) -> Self:
        for name in ("document", "base_url"):
            if "${" in (getattr(self, name) or ""):
                raise ValueError(f"Secrets such as ${{TOKEN}} are only for headers and query, not for {name}.")
        if self.base_url is not None and (problem := problem_of_base(self.base_url)):
            raise ValueError(f"base_url {self.base_url!r} {problem}")
        return self


class OpenApiFile(Body):
    """The file."""

    apis: dict[Name, ApiEntry] = Field(max_length=100)


class BadFile(ValueError):
    """A file that can't be used."""


def problem_of_base(url: str) -> str | None:
    """Return why `url` can't be the address of an API, as the end of a sentence; None if it can."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "isn't a URL."
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "isn't a full address such as https://api.example.com/v1."
    if parts.username or parts.password or parts.query or parts.fragment or "\\" in url:
        return "contains a user, a query or a fragment. Use headers and query for credentials."
    return None


def path_of(settings: Settings) -> Path | None:
    """Return the path of the file; None if none is set and the data folder has none."""
    if settings.openapi_file is not None:
        return settings.openapi_file.expanduser().absolute()
    default = settings.data_dir / DEFAULT_NAME
    return default.absolute() if default.is_file() else None


def read(path: Path) -> OpenApiFile:
    """Read the file. Raises BadFile, which names the place and the reason."""
    try:
        text = text_in(path)
    except NotReadable as error:
        raise BadFile(f"{str(path)!r} {error}") from None
    except OSError as error:
        raise BadFile(f"CHIMERA_OPENAPI_FILE: {str(path)!r} can't be read ({error.strerror}).") from None
    try:
        return OpenApiFile.model_validate_json(text)
    except ValidationError as error:
        first = reportable([dict(entry) for entry in error.errors()])[0]
        if first["type"] == "json_invalid":
            raise BadFile(f"Not valid JSON: {json_problem_of(ValueError(first['ctx']['error']), text)}") from None
        place = ".".join(str(part) for part in first["loc"] if part != "[key]")
        raise BadFile(f"{place or 'the file'}: {sentence_of(first)}") from None
