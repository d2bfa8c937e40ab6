"""The installation's file of MCP servers, in the form that other MCP clients use, too.

    {"mcpServers": {"files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "/data"]},
                    "search": {"url": "https://mcp.example/mcp", "headers": {"Authorization": "Bearer ${KEY}"}}}}

Fields that only other clients know are ignored, so that an existing file works. A server that can't be used is a
problem, and the others are used anyway.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, SecretStr, ValidationError

from chimera.config.addresses import problem_of
from chimera.config.named_secrets import MissingSecret, filled, named_in
from chimera.config.settings import Settings
from chimera.content.text_files import NotReadable, json_in
from chimera.tools.mcp.servers import HttpServer, Server, ServerSettings, StdioServer, ToolSettings
from models.tools import ToolKind
from models.wording import sentence_of

MAX_SERVERS = 100
MAX_NAME_CHARS = 40
LIKELY_SECRET_CHARS = 8
_KEYS = ("mcpServers", "servers")


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in the file that can't be used. The message names the file, line, server and field."""

    server: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The servers of the file that can be used, and the problems with the others."""

    path: Path | None = None
    servers: tuple[Server, ...] = ()
    problems: tuple[Problem, ...] = ()
    disabled: tuple[str, ...] = ()


def read_configuration(settings: Settings) -> Configuration:
    """Read the file in `CHIMERA_MCP_FILE` or `mcp.json` in the data folder. Never raises: problems are returned."""
    path = settings.mcp_path
    if path is None:
        return Configuration()
    try:
        entries = _entries_in(path)
    except NotReadable as error:
        return Configuration(path, problems=(Problem(None, f"MCP file {str(path)!r} {error}"),))
    except OSError as error:
        message = f"MCP file {str(path)!r} can't be read ({error.strerror}). Correct the path in CHIMERA_MCP_FILE."
        return Configuration(path, problems=(Problem(None, message),))
    return _configuration_of(path, entries, settings.secrets)


def normalized(name: str) -> str:
    """Return a server's name as it appears in the names of its tools: `[a-z0-9_-]`, without `__`."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", name.lower())
    return re.sub(r"_{2,}", "_", plain).strip("-_")[:MAX_NAME_CHARS].strip("-_")


def likely_secrets(values: Mapping[str, str]) -> tuple[str, ...]:
    """Return the values of variables or headers that may be keys, and the part after a scheme such as `Bearer`."""
    long = [value for value in values.values() if len(value) >= LIKELY_SECRET_CHARS]
    return (*long, *(value.split()[-1] for value in long if len(value.split()) > 1))


class _Tool(BaseModel):
    model_config = ConfigDict(extra="forbid")
    kind: ToolKind | None = None
    reads_only: bool | None = None


class _Ours(BaseModel):
    model_config = ConfigDict(extra="forbid")
    trusted: bool = False
    tools: dict[str, _Tool] = Field(default_factory=dict)
    allow: tuple[str, ...] | None = None
    user: str | None = None


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")
    type: Literal["stdio", "http", "streamable-http", "streamableHttp", "sse"] | None = Field(
        default=None, validation_alias=AliasChoices("type", "transport")
    )
    command: str | None = Field(default=None, min_length=1)
    args: tuple[str, ...] = Field(default=(), max_length=200)
    # Existing files contain numbers and booleans as values of variables, too.
    env: dict[str, str | int | float | bool] = Field(default_factory=dict)
    cwd: str | None = None
    url: str | None = Field(default=None, validation_alias=AliasChoices("url", "serverUrl", "httpUrl"))
    headers: dict[str, str] = Field(default_factory=dict)
    disabled: bool = False
    enabled: bool = Field(default=True, validation_alias=AliasChoices("enabled", "isActive"))
    """The opposite, as other clients write it. A program that was switched off there must not start here."""
    chimera: _Ours = _Ours()


class _Unusable(ValueError):
    """A server that can't be used. `field` is the field at fault, and the message a sentence."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _entries_in(path: Path) -> Mapping[str, JsonValue]:
    found = json_in(path)
    if not isinstance(found, dict):
        raise NotReadable('is not a JSON object. Use an object such as {"mcpServers": {}}.')
    nested = found.get("mcp")
    places = (found, nested) if isinstance(nested, dict) else (found,)
    servers = next((place[key] for place in places for key in _KEYS if key in place), None)
    if not isinstance(servers, dict):
        raise NotReadable('has no object "mcpServers". Add {"mcpServers": {"name": {"command": "…"}}}.')
    if len(servers) > MAX_SERVERS:
        raise NotReadable(f"has {len(servers)} servers. Use at most {MAX_SERVERS}.")
    return servers


def _configuration_of(path: Path, entries: Mapping[str, JsonValue], secrets: Mapping[str, SecretStr]) -> Configuration:
    servers: dict[str, Server] = {}
    problems: list[Problem] = []
    disabled: list[str] = []
    for written, entry in entries.items():
        name = normalized(written)
        try:
            server = _server_of(name, entry, secrets)
            if name in servers:
                raise _Unusable("name", f"Another server is called {name!r}, too. Rename one of the two.")
        except _Unusable as error:
            place = f"MCP file {str(path)!r}{_line_of(path, written)}, server {written!r}, {error.field}"
            problems.append(Problem(name or None, f"{place}: {error}"))
            continue
        if server is None:
            disabled.append(name)
        else:
            servers[name] = server
    return Configuration(path, tuple(servers.values()), tuple(problems), tuple(disabled))


def _server_of(name: str, written: JsonValue, secrets: Mapping[str, SecretStr]) -> Server | None:
    """Return an entry's server; None if it is disabled. Raises _Unusable."""
    if not name:
        raise _Unusable("name", "The name has no letter or digit. Use letters, digits, '_' and '-'.")
    try:
        entry = _Entry.model_validate(written)
    except ValidationError as error:
        first: dict[str, Any] = dict(error.errors()[0])
        place = ".".join(str(part) for part in first["loc"] if part != "[key]")
        raise _Unusable(place or "value", sentence_of(first).replace("Send ", "Use ")) from None
    if entry.disabled or not entry.enabled:
        return None
    if (entry.command is None) == (entry.url is None):
        raise _Unusable("command", "Set either 'command' for a program or 'url' for an address.")
    return _stdio(name, entry, secrets) if entry.command is not None else _http(name, entry, secrets)


def _stdio(name: str, entry: _Entry, secrets: Mapping[str, SecretStr]) -> StdioServer:
    if entry.type not in (None, "stdio"):
        raise _Unusable("type", f"A server with a command has the type 'stdio', not {entry.type!r}.")
    env = {key: _as_text(value) for key, value in entry.env.items()}
    named = (named_in(text, secrets) for text in (entry.command or "", *entry.args, *env.values()))
    filled_env = {key: _filled(f"env.{key}", value, secrets) for key, value in env.items()}
    return StdioServer(
        name=name,
        command=_filled("command", entry.command or "", secrets),
        args=tuple(_filled(f"args.{index}", arg, secrets) for index, arg in enumerate(entry.args)),
        env=filled_env,
        cwd=None if entry.cwd is None else _filled("cwd", entry.cwd, secrets),
        settings=_settings_of(entry.chimera),
        secrets=(*(value for values in named for value in values), *likely_secrets(filled_env)),
    )


def _http(name: str, entry: _Entry, secrets: Mapping[str, SecretStr]) -> HttpServer:
    if entry.type == "stdio":
        raise _Unusable("type", "A server with a URL can't have the type 'stdio'. Use 'http'.")
    if entry.type == "sse":
        raise _Unusable(
            "type",
            "The transport 'sse' was replaced by streamable HTTP in 2025 and isn't supported. Use 'http' with the"
            " server's address for streamable HTTP, which often ends in /mcp.",
        )
    url = _filled("url", entry.url or "", secrets)
    if (problem := problem_of(url)) is not None:
        raise _Unusable("url", f"The address {problem}. Use an address such as https://mcp.example/mcp.")
    named = (named_in(text, secrets) for text in (entry.url or "", *entry.headers.values()))
    headers = {key: _filled(f"headers.{key}", value, secrets) for key, value in entry.headers.items()}
    return HttpServer(
        name=name,
        url=url,
        headers=headers,
        settings=_settings_of(entry.chimera),
        secrets=(*(value for values in named for value in values), *likely_secrets(headers)),
    )


def _settings_of(ours: _Ours) -> ServerSettings:
    tools = {name: ToolSettings(tool.kind, tool.reads_only) for name, tool in ours.tools.items()}
    return ServerSettings(trusted=ours.trusted, tools=tools, allow=ours.allow, user=ours.user)


def _filled(field: str, text: str, secrets: Mapping[str, SecretStr]) -> str:
    # VS Code's `${input:…}` and `${env:…}` have no meaning here, and would be passed on as they are.
    if (found := re.search(r"\$\{(input|env):[^}]*\}", text)) is not None:
        raise _Unusable(field, f"{found[0]!r} isn't supported. Use ${{NAME}} for a secret, or write the value itself.")
    try:
        value = filled(text, secrets)
    except MissingSecret as error:
        raise _Unusable(field, f"The value {error}") from None
    if "\0" in value:
        raise _Unusable(field, "The value contains a NUL character. Remove it.")
    return value


def _as_text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _line_of(path: Path, server: str) -> str:
    """Return the line on which a server's name appears first, as a part of a message; empty if it isn't found."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return ""
    pattern = re.compile(rf'"{re.escape(server)}"\s*:')
    return next((f", line {number}" for number, line in enumerate(lines, 1) if pattern.search(line)), "")
