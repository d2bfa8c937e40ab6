"""MCP servers that users add: at an address, never as a program."""

import re
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints, field_validator

from models.base import KEY, Body, Contract, UtcDatetime
from models.pages import Page
from models.tools import SEPARATOR

MAX_HEADERS = 20
MAX_HEADER_CHARS = 4096
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_RESERVED = re.compile(
    r"host|content-\w+|transfer-encoding|connection|upgrade|te|trailer|accept|accept-encoding|mcp-[\w-]+|last-event-id",
    re.IGNORECASE,
)

McpServerName = Annotated[str, StringConstraints(pattern=KEY)]


class McpServerSpec(Body):
    """An MCP server to add."""

    name: McpServerName = Field(description="Prefix of the names of its tools, as in `github__create_issue`")
    url: str = Field(
        min_length=1, max_length=2000, description="Address of the server, with the streamable HTTP transport"
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict,
        max_length=MAX_HEADERS,
        description="Headers for each request, such as `Authorization`. They are stored encrypted and never returned.",
    )

    @field_validator("name")
    @classmethod
    def _has_no_separator(cls, name: str) -> str:
        if SEPARATOR in name or name.endswith("_"):
            raise ValueError(f"{name!r} contains '__' or ends in '_'. Use a name such as github.")
        return name

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for name, secret in headers.items():
            if not _HEADER_NAME.fullmatch(name) or _RESERVED.fullmatch(name):
                raise ValueError(f"The header {name[:100]!r} can't be set. Use a header such as Authorization.")
            value = secret.get_secret_value()
            if not value or len(value) > MAX_HEADER_CHARS or not value.isascii() or not value.isprintable():
                raise ValueError(
                    f"The value of header {name!r} can't be sent. Use 1 to {MAX_HEADER_CHARS} printable ASCII"
                    " characters."
                )
        return headers


class McpServerView(Contract):
    """An MCP server as returned by the API."""

    name: str
    url: str
    has_headers: bool = Field(description="Whether headers are stored. Their names and values are never returned.")
    tools: int = Field(description="Number of tools, including changed ones that wait to be accepted")
    waiting: int = Field(description="Number of changed tools that wait to be accepted")
    error: str | None = Field(description="Why the tools could not be listed the last time")
    created_at: UtcDatetime


class McpServerPage(Page):
    """A page of MCP servers, by name."""

    items: tuple[McpServerView, ...]
