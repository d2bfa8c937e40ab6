"""Checks of the servers that settings name. No message here has a user or a password.

Temporal is asked in plain HTTP/2, without its SDK: a client of it in a short-lived process can abort the interpreter
at exit (sdk-python #300).
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from chimera.config.settings import Settings
from chimera.local.errors import PartsAway
from chimera.local.supervisor import Report
from chimera.local.together import together

ASK_S = 3.0
"""How long one question may take."""

WAIT_S = 10.0
"""How long a start waits for servers that may be starting at the same time."""

PAUSE_S = 0.5

UNKNOWN = "an address that can't be read"

_HTTP2_HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
"""The preface of a client and its empty SETTINGS frame (RFC 9113, 3.4); a server's first frame is SETTINGS too."""
_FRAME_HEADER_BYTES, _SETTINGS_FRAME = 9, 4

_REFUSALS = {
    re.compile(r"FATAL: .*(password|authentication)"): "rejects the user or the password",
    re.compile(r"FATAL: .*no pg_hba\.conf entry"): "accepts no connections from this host",
    re.compile(r'FATAL: .*role ".*" does not exist'): "has no such user",
    re.compile(r'FATAL: .*database ".*" does not exist'): "has no such database",
}
"""PostgreSQL's messages about connections that it will always reject, and ours."""


class NoAnswer(Exception):
    """The reason, after the name of the server. `final`: waiting doesn't help."""

    def __init__(self, reason: str, *, final: bool = False) -> None:
        super().__init__(reason)
        self.final = final


@dataclass(frozen=True)
class Server:
    """A server outside the embedded stack."""

    title: str
    setting: str
    where: str
    ask: Callable[[], Awaitable[None]]
    """Raises NoAnswer."""
    needed: bool = True
    """Whether nothing can be started without it."""

    def __str__(self) -> str:
        return f"{self.title} at {self.where} ({self.setting})"

    async def problem(self) -> NoAnswer | None:
        """Ask once; None when it answers."""
        try:
            async with asyncio.timeout(ASK_S):
                await self.ask()
        except NoAnswer as problem:
            return problem
        except TimeoutError:
            return NoAnswer(f"does not answer within {ASK_S:.0f} s")
        return None


def servers_of(settings: Settings) -> list[Server]:
    """The parts that settings name and the stack doesn't start."""
    servers = []
    if (database_url := settings.database_url) is not None:
        where = _where_postgres(database_url)
        servers.append(Server("PostgreSQL", "CHIMERA_DATABASE_URL", where, lambda: _ask_postgres(database_url)))
    if (address := settings.temporal_address) is not None:
        servers.append(Server("Temporal", "CHIMERA_TEMPORAL_ADDRESS", address, lambda: _ask_temporal(address)))
    if (redis_url := settings.redis_url) is not None:
        where = _where_redis(redis_url)
        # Without it progress is shown late, and everything else goes on.
        servers.append(Server("Redis", "CHIMERA_REDIS_URL", where, lambda: _ask_redis(redis_url), needed=False))
    return servers


async def check(settings: Settings, report: Report) -> None:
    """Wait until every named server answers, `WAIT_S` at most, and report it.

    Raises PartsAway with all that don't and can't be done without.
    """
    servers = servers_of(settings)
    problems = await together(*(_waited_for(server, report) for server in servers))
    away = [(server, problem) for server, problem in zip(servers, problems, strict=True) if problem is not None]
    if needed := [_line_of(server, problem) for server, problem in away if server.needed]:
        raise PartsAway(needed, next(server.setting for server, _ in away if server.needed))
    for server, problem in away:
        report(f"Warning: {_line_of(server, problem)}")


async def _waited_for(server: Server, report: Report) -> NoAnswer | None:
    deadline, has_reported = time.monotonic() + WAIT_S, False
    while (problem := await server.problem()) is not None and not problem.final and time.monotonic() < deadline:
        if not has_reported:
            has_reported = True
            report(f"Waiting for {server}, which {problem}")
        await asyncio.sleep(PAUSE_S)
    return problem


def _line_of(server: Server, problem: NoAnswer) -> str:
    return f"{server} {problem}. {advice_for(server)}"


def advice_for(server: Server) -> str:
    return f"Start it, correct {server.setting}, or leave that empty to let Chimera start its own."


# --- PostgreSQL ------------------------------------------------------------------------------------------------


def _plain(database_url: str) -> str:
    return database_url.replace("postgresql+psycopg://", "postgresql://", 1)


def _where_postgres(database_url: str) -> str:
    try:
        named = conninfo_to_dict(_plain(database_url))
    except (psycopg.Error, UnicodeError):
        return UNKNOWN
    host, port, database = (str(named.get(name) or "") for name in ("host", "port", "dbname"))
    # A password with one of @ and / in it, not written as %40 and %2F, is taken for a part of what follows.
    if "@" in host + database or not re.fullmatch(r"[\d,]*", port):
        return UNKNOWN
    return f"{host or 'this machine'}:{port or 5432}"


async def _ask_postgres(database_url: str) -> None:
    try:
        async with await psycopg.AsyncConnection.connect(_plain(database_url), connect_timeout=int(ASK_S)):
            return
    except (psycopg.ProgrammingError, UnicodeError):
        example = "postgresql://user:password@host:5432/chimera"
        raise NoAnswer(f"that is not written as in {example}", final=True) from None
    except (psycopg.Error, OSError) as error:
        # The driver's own words name the user.
        text = str(error)
        if "FATAL" not in text:
            raise NoAnswer("can't be reached") from None
        words = next((ours for theirs, ours in _REFUSALS.items() if theirs.search(text)), None)
        raise NoAnswer(words or "accepts no connections now", final=words is not None) from None


# --- Temporal --------------------------------------------------------------------------------------------------


async def _ask_temporal(address: str) -> None:
    host, _, port = address.rpartition(":")
    try:
        reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    except (OSError, UnicodeError):
        raise NoAnswer("can't be reached") from None
    try:
        writer.write(_HTTP2_HELLO)
        header = await reader.readexactly(_FRAME_HEADER_BYTES)
    except (OSError, asyncio.IncompleteReadError):
        header = b""
    finally:
        writer.close()
    if len(header) != _FRAME_HEADER_BYTES or header[3] != _SETTINGS_FRAME:
        raise NoAnswer("answers, but not as Temporal; Temporal's port is 7233, its Web UI has another")


# --- Redis -----------------------------------------------------------------------------------------------------


def _where_redis(redis_url: str) -> str:
    # What is before the last @ may hold a password with anything in it, / too; so may what is asked for behind a ?.
    scheme, _, address = redis_url.partition("?")[0].partition("://")
    where = address.rpartition("@")[2]
    return where if scheme == "unix" else re.split(r"[/#]", where)[0] or "localhost"


async def _ask_redis(redis_url: str) -> None:
    try:
        client = Redis.from_url(redis_url, socket_timeout=ASK_S, socket_connect_timeout=ASK_S)
    except (ValueError, TypeError):
        raise NoAnswer("that is not written as in redis://host:6379/0", final=True) from None
    try:
        await client.ping()
    except AuthenticationError:
        raise NoAnswer("rejects the user or the password", final=True) from None
    except (RedisError, OSError) as error:
        if "NOAUTH" in str(error) or "Authentication required" in str(error):
            raise NoAnswer("requires a password", final=True) from None
        raise NoAnswer("can't be reached") from None
    finally:
        await client.aclose()
