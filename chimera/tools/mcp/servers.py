"""MCP servers as they are configured: commands of the installation's file, and addresses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from models.ids import UserId
from models.tools import ToolKind


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """What an administrator says about one tool. None means that the server's own statement counts."""

    kind: ToolKind | None = None
    reads_only: bool | None = None


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What an administrator says about a server, under the key `chimera`, which other clients ignore."""

    trusted: bool = False
    """Whether results count as content of this installation."""
    tools: Mapping[str, ToolSettings] = field(default_factory=dict)
    """By the server's own name of the tool."""
    allow: tuple[str, ...] | None = None
    """Patterns of the tools that are used at all; None for all of them."""
    user: str | None = None
    """The operating system's user that runs the server, if the worker runs as root."""


@dataclass(frozen=True, slots=True)
class StdioServer:
    """A server that runs as a process of the worker. Only the installation's file can define one."""

    name: str
    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None
    settings: ServerSettings = ServerSettings()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """The values that logs and errors must not contain."""
    owner_id: None = None


@dataclass(frozen=True, slots=True)
class HttpServer:
    """A server at an address, with the streamable HTTP transport."""

    name: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    settings: ServerSettings = ServerSettings()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """The values that logs and errors must not contain."""
    owner_id: UserId | None = None
    """The user who added the server; None for the installation's, which may be in a private network."""


Server: TypeAlias = StdioServer | HttpServer


def without_secrets(text: str, server: Server) -> str:
    """Replace the server's secrets in a text. Values of fewer than 4 characters stay: they appear by chance."""
    for secret in sorted(server.secrets, key=len, reverse=True):
        if len(secret) >= MIN_SECRET_CHARS:
            text = text.replace(secret, "[secret]")
    return text


MIN_SECRET_CHARS = 4
