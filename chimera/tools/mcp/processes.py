"""Processes of MCP servers: started with a clean environment and without a shell, and ended with their children."""

import asyncio
import os
import shutil
import signal
import sys
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from chimera.tools.base import ToolUnavailable
from chimera.tools.mcp import launcher
from chimera.tools.mcp.servers import StdioServer, without_secrets

log = structlog.get_logger()

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ")
"""The only variables of the worker that a server receives. Others are in the server's `env`."""
INHERITED_ON_WINDOWS = ("SYSTEMROOT", "SYSTEMDRIVE", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "PATHEXT")

END_S = 2.0
"""How long a server may take to end after its input has ended, and again after SIGTERM."""
MAX_LOGGED_LINES = 1000
"""The lines of its standard error that a server may log. The rest is read and dropped."""
MAX_LINE_BYTES = 2000
_LAST_LINES = 3


@dataclass(frozen=True, slots=True)
class _User:
    uid: int
    gid: int
    home: str


class ServerProcess:
    """A running server."""

    def __init__(self, server: StdioServer, process: asyncio.subprocess.Process) -> None:
        self._server = server
        self._process = process
        self._last: deque[str] = deque(maxlen=_LAST_LINES)
        self._logging = asyncio.create_task(self._log())

    @property
    def stdin(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def stdout(self) -> asyncio.StreamReader:
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def last_words(self) -> str:
        """The last lines of standard error, without secrets: often the reason why a server ended."""
        return " / ".join(self._last)

    async def stop(self) -> None:
        """End the server and its children: close its input, then send SIGTERM, then SIGKILL."""
        with suppress(OSError):
            self.stdin.close()
        if not await self._ends_within(END_S):
            self._signal(signal.SIGTERM)
            await self._ends_within(END_S)
        # Also if the server has ended, because its children may be left.
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        await self._ends_within(END_S)
        self._logging.cancel()
        await asyncio.gather(self._logging, return_exceptions=True)
        # A child that left the group may keep the pipes open. Nothing public closes them.
        transport = getattr(self._process, "_transport", None)
        if transport is not None:
            transport.close()

    async def _ends_within(self, seconds: float) -> bool:
        # `wait` would also wait until the output ends, which a child of the server may keep open.
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self._process.returncode is None:
                    await asyncio.sleep(0.01)
        return self._process.returncode is not None

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            if sys.platform == "win32":
                self._process.terminate()
            else:
                # The process leads a group of its own, with all of its children that didn't leave it.
                os.killpg(self._process.pid, number)

    async def _log(self) -> None:
        """Log standard error at debug: a server may write what it works on."""
        assert self._process.stderr is not None
        lines, buffer = 0, b""
        while chunk := await self._process.stderr.read(4096):
            *whole, buffer = (buffer + chunk).split(b"\n")
            # The rest of an overlong line is dropped.
            buffer = buffer[:MAX_LINE_BYTES]
            for line in whole:
                text = without_secrets(line[:MAX_LINE_BYTES].decode(errors="replace"), self._server).strip()
                lines += 1
                if text:
                    self._last.append(text[:200])
                if text and lines <= MAX_LOGGED_LINES:
                    log.debug("mcp_server_logged", server=self._server.name, line=text)


async def start(server: StdioServer) -> ServerProcess:
    """Start a server. Raises ToolUnavailable if its command doesn't exist or can't be run."""
    user = _user_of(server)
    environment = environment_of(server) | ({"HOME": user.home} if user is not None else {})
    command = _command_of(server, environment)
    if server.cwd is not None and not await asyncio.to_thread(Path(server.cwd).is_dir):
        raise ToolUnavailable(f"MCP server {server.name!r} can't start: the folder in its 'cwd' doesn't exist.")
    try:
        process = await asyncio.create_subprocess_exec(
            *_launched(command, server, user),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=server.cwd,
            start_new_session=sys.platform != "win32",
        )
    except (OSError, ValueError) as error:
        raise ToolUnavailable(f"MCP server {server.name!r} can't start ({type(error).__name__}).") from None
    log.info("mcp_server_started", server=server.name, pid=process.pid)
    return ServerProcess(server, process)


def environment_of(server: StdioServer) -> dict[str, str]:
    """Return a server's environment: a few variables of the worker's, without keys, and the server's own."""
    names = (*INHERITED, *(INHERITED_ON_WINDOWS if sys.platform == "win32" else ()))
    return {name: os.environ[name] for name in names if name in os.environ} | dict(server.env)


def _command_of(server: StdioServer, environment: dict[str, str]) -> str:
    found = shutil.which(server.command, path=environment.get("PATH"))
    if found is None and server.cwd is not None and os.sep in server.command:
        found = shutil.which(Path(server.cwd) / server.command)
    if found is None:
        raise ToolUnavailable(
            f"MCP server {server.name!r} can't start: the command {server.command!r} was not found. Install it, or"
            " use its full path."
        )
    return found


def _launched(command: str, server: StdioServer, user: _User | None) -> tuple[str, ...]:
    if sys.platform == "win32":
        return (command, *server.args)
    as_user = "-" if user is None else f"{user.uid}:{user.gid}"
    # Isolated and without site-packages, which makes it fast and independent of the server's environment.
    return (sys.executable, "-I", "-S", launcher.__file__, str(os.getpid()), as_user, command, *server.args)


def _user_of(server: StdioServer) -> _User | None:
    """Return the user that is to run the server; None for the worker's own."""
    name = server.settings.user
    if name is None:
        if sys.platform != "win32" and os.geteuid() == 0:
            log.warning("mcp_server_runs_as_root", server=server.name)
        return None
    if sys.platform == "win32" or os.geteuid() != 0:
        raise ToolUnavailable(
            f"MCP server {server.name!r} can't start: only a worker that runs as root can run it as user {name!r}."
            " Remove 'user' from its settings."
        )
    import pwd

    try:
        found = pwd.getpwnam(name)
    except KeyError:
        raise ToolUnavailable(
            f"MCP server {server.name!r} can't start: there is no user {name!r}. Create this user, or correct 'user'."
        ) from None
    return _User(found.pw_uid, found.pw_gid, found.pw_dir)
