"""Checks of the servers named in the settings. The messages never contain a user, a password or a key."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic_core import from_json
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError

from chimera.config.settings import Settings
from chimera.local import surroundings
from chimera.local.errors import PartsAway
from chimera.local.supervisor import Report
from chimera.local.together import together
from chimera.temporal import reach
from chimera.temporal.reach import Problem

ASK_S = 3.0
"""The time limit for one check."""

SIGN_IN_S = 15.0
"""The time limit for a check that has to start a process."""

WAIT_S = 10.0
"""How long a start waits for servers that may be starting at the same time."""

PAUSE_S = 0.5

UNKNOWN = "an address that can't be read"

_REFUSALS = {
    re.compile(r"FATAL: .*(password|authentication)"): "rejects the user or password",
    re.compile(r"FATAL: .*no pg_hba\.conf entry"): "doesn't accept connections from this host",
    re.compile(r'FATAL: .*role ".*" does not exist'): "has no such user",
    re.compile(r'FATAL: .*database ".*" does not exist'): "has no such database",
}
"""PostgreSQL's messages about connections that it will always reject, and our messages for them."""


class NoAnswer(Exception):
    """Why a server can't be used, as the rest of a sentence that begins with its name.

    `final` means that waiting doesn't help. `remedy` replaces the usual advice.
    """

    def __init__(self, reason: str, remedy: str = "", *, final: bool = False) -> None:
        super().__init__(reason)
        self.remedy = remedy
        self.final = final


@dataclass(frozen=True)
class Server:
    """A server outside the embedded stack."""

    title: str
    setting: str
    where: str
    ask: Callable[[], Awaitable[None]]
    """Checks the server once. Raises NoAnswer if it can't be used."""
    needed: bool = True
    """Whether Chimera can't start without the server."""
    limit_s: float = field(default_factory=lambda: ASK_S)
    """The time limit for one check."""

    def __str__(self) -> str:
        return f"{self.title} at {self.where} ({self.setting})"

    async def problem(self) -> NoAnswer | None:
        """Check the server once, and return the problem, or None if it can be used."""
        try:
            async with asyncio.timeout(self.limit_s):
                await self.ask()
        except NoAnswer as problem:
            return problem
        except TimeoutError:
            return NoAnswer(f"didn't respond within {self.limit_s:.0f} s")
        return None


def servers_of(settings: Settings) -> list[Server]:
    """Return the servers named in the settings, which the stack doesn't start."""
    servers = []
    if (database_url := settings.database_url) is not None:
        where = _where_postgres(database_url)
        servers.append(Server("PostgreSQL", "CHIMERA_DATABASE_URL", where, lambda: _ask_postgres(database_url)))
    if (address := settings.temporal_address) is not None:
        limit_s = SIGN_IN_S if settings.temporal_api_key is not None else ASK_S
        ask = partial(_ask_temporal, settings, address)
        servers.append(Server("Temporal", "CHIMERA_TEMPORAL_ADDRESS", address, ask, limit_s=limit_s))
    if (redis_url := settings.redis_url) is not None:
        where = _where_redis(redis_url)
        # Without Redis, progress is shown late, but everything else works.
        servers.append(Server("Redis", "CHIMERA_REDIS_URL", where, lambda: _ask_redis(redis_url), needed=False))
    return servers


async def check(settings: Settings, report: Report) -> None:
    """Wait up to `WAIT_S` until every named server can be used, and report those that can't.

    Raises PartsAway if Chimera can't start without one of these.
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
    return f"{server} {problem}. {advice_for(server, problem)}"


def advice_for(server: Server, problem: NoAnswer) -> str:
    return (
        problem.remedy
        or f"Start this server, correct {server.setting}, or leave that setting empty so that Chimera starts its own"
        " server."
    )


# --- PostgreSQL ------------------------------------------------------------------------------------------------


def _plain(database_url: str) -> str:
    return database_url.replace("postgresql+psycopg://", "postgresql://", 1)


def _where_postgres(database_url: str) -> str:
    try:
        named = conninfo_to_dict(_plain(database_url))
    except (psycopg.Error, UnicodeError):
        return UNKNOWN
    host, port, database = (str(named.get(name) or "") for name in ("host", "port", "dbname"))
    # If a password contains @ or / instead of %40 or %2F, a part of it is parsed as host, port or database.
    if "@" in host + database or not re.fullmatch(r"[\d,]*", port):
        return UNKNOWN
    return f"{host or 'this machine'}:{port or 5432}"


async def _ask_postgres(database_url: str) -> None:
    try:
        async with await psycopg.AsyncConnection.connect(_plain(database_url), connect_timeout=int(ASK_S)):
            return
    except (psycopg.ProgrammingError, UnicodeError):
        example = "postgresql://user:password@host:5432/chimera"
        raise NoAnswer(f"needs an address in the form {example}", final=True) from None
    except (psycopg.Error, OSError) as error:
        # The driver's own message contains the user, so it isn't shown.
        text = str(error)
        if "FATAL" not in text:
            raise NoAnswer("can't be reached") from None
        words = next((ours for theirs, ours in _REFUSALS.items() if theirs.search(text)), None)
        raise NoAnswer(words or "isn't accepting connections", final=words is not None) from None


# --- Temporal --------------------------------------------------------------------------------------------------


async def _ask_temporal(settings: Settings, address: str) -> None:
    problem = await reach.problem_of(address, settings.temporal_connection)
    if problem is None and settings.temporal_api_key is not None:
        problem = await _sign_in_problem(settings)
    if problem is not None:
        raise NoAnswer(problem.reason, problem.remedy, final=not problem.may_pass)


async def _sign_in_problem(settings: Settings) -> Problem | None:
    """Try the API key in a separate process, because a client of Temporal's SDK can abort a process at its end."""
    own = {name: value for name, value in surroundings.of_settings(settings).items() if "_TEMPORAL_" in name}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "chimera.temporal.probe"),
        env=surroundings.for_client() | own | {"CHIMERA_ENV_FILE": ""},
        stdout=subprocess.PIPE,
    )
    try:
        printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        return Problem(f"couldn't be checked with the API key (the process ended with exit code {process.returncode})")
    found = from_json(printed)
    return None if found is None else Problem(**found)


# --- Redis -----------------------------------------------------------------------------------------------------


def _where_redis(redis_url: str) -> str:
    # The part before the last @ may contain a password with any characters, including /. The query after ? may contain
    # a password, too.
    scheme, _, address = redis_url.partition("?")[0].partition("://")
    where = address.rpartition("@")[2]
    return where if scheme == "unix" else re.split(r"[/#]", where)[0] or "localhost"


async def _ask_redis(redis_url: str) -> None:
    try:
        client = Redis.from_url(redis_url, socket_timeout=ASK_S, socket_connect_timeout=ASK_S)
    except (ValueError, TypeError):
        raise NoAnswer("needs an address in the form redis://host:6379/0", final=True) from None
    try:
        await client.ping()
    except AuthenticationError:
        raise NoAnswer("rejects the user or password", final=True) from None
    except (RedisError, OSError) as error:
        if "NOAUTH" in str(error) or "Authentication required" in str(error):
            raise NoAnswer("requires a password", final=True) from None
        raise NoAnswer("can't be reached") from None
    finally:
        await client.aclose()
