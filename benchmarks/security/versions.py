"""B15: which servers run, and whether this machine has a newer one that isn't used."""

import psycopg
from redis.asyncio import Redis

from benchmarks.security.finding import Finding, Seen
from chimera.local import programs
from chimera.local.redis import program_of
from tests.stack import Stack

FIXED = {
    "redis": {(6, 2): 20, (7, 2): 11, (7, 4): 6, (8, 0): 4, (8, 2): 2},
    "valkey": {(7, 2): 11, (8, 0): 6, (8, 1): 4},
}
"""The first release of each line that fixes CVE-2025-49844, the latest of the fixes that the embedded server lacks."""


async def servers(stack: Stack) -> Seen:
    """Report the versions that run, and check that this machine has no newer one that isn't used."""
    seen = Seen()
    client = Redis.from_url(stack.redis_admin_url)
    try:
        info = await client.info("server")
    finally:
        await client.aclose()
    name = "valkey" if "valkey_version" in info else "redis"
    version = str(info[f"{name}_version"])
    async with await psycopg.AsyncConnection.connect(stack.settings.database_url or "") as database:
        row = await (await database.execute("SHOW server_version")).fetchone()
    postgres = str(row[0]) if row else ""
    seen.figures = {name: version, "PostgreSQL": postgres}
    command = stack.parts["redis"].service.command[0]
    seen.expect(
        command == programs.newest("valkey-server", "redis-server") == program_of(), f"{command} is not the newest"
    )
    major, minor, patch = (int(part) for part in version.split(".")[:3])
    fixed = FIXED[name].get((major, minor))
    is_fixed = patch >= fixed if fixed is not None else (major, minor) > max(FIXED[name])
    listens = [each for each in stack.parts["redis"].service.command if each in ("--port", "0")]
    seen.expect(listens == ["--port", "0"], "Redis listens on a port")
    if not is_fixed:
        seen.decisions.append(
            f"{name} {version} lacks fixes, and no wheel has a newer one; only its owner can reach the socket, and a"
            " newer server on the PATH is used instead (docs/operations.md)"
        )
    if tuple(int(part) for part in postgres.split(".")[:2]) < (18, 7):
        seen.decisions.append(
            f"PostgreSQL {postgres} is the newest in a wheel; CHIMERA_DATABASE_URL can point to another"
        )
    return seen


FINDINGS = (Finding("B15", "the newest servers on this machine are used, and other users can't reach them", servers),)
