"""B4, B16, B24: what a stack's processes know and may do, and which users can read it."""

import asyncio
import os
import pwd
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import psycopg
from psycopg import errors
from psycopg.conninfo import conninfo_to_dict
from pydantic_core import from_json, to_json
from redis.asyncio import Redis
from redis.exceptions import RedisError

from benchmarks.security.canaries import secrets_of
from benchmarks.security.finding import Finding, Seen
from chimera.local.supervisor import Supervised
from tests.stack import Stack

OTHER_USERS = (pwd.getpwnam("nobody").pw_uid, 12345)
MAY_KNOW = {
    "api": {"provider key", "signing key", "database password", "Redis password", "payload key"},
    "worker": {"provider key", "database password", "Redis password", "payload key"},
}
"""The secrets that each process may have; all other processes may have none."""
STATEMENTS = (
    "CREATE ROLE stranger SUPERUSER",
    "CREATE DATABASE stranger",
    "ALTER ROLE chimera SUPERUSER",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "ALTER SYSTEM SET log_connections = on",
    "COPY (SELECT 1) TO PROGRAM 'cat'",
    "COPY (SELECT 1) TO '/tmp/stranger'",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT rolpassword FROM pg_authid",
    "SELECT pg_reload_conf()",
    "CREATE FUNCTION f() RETURNS int LANGUAGE C AS 'libc', 'getpid'",
)
"""Statements that only a superuser may execute."""
COMMANDS = ("CONFIG GET dir", "CONFIG SET dir /tmp", "ACL LIST", "MODULE LIST", "REPLICAOF NO ONE", "DEBUG SLEEP 0")
"""Commands that Chimera never sends to Redis."""


def running(stack: Stack) -> dict[str, Supervised]:
    """Return every process of a running stack by name."""
    services = stack.services
    own = [each for each in (services.api, *services.workers, services.simulator, *stack.provider) if each is not None]
    return {**stack.parts, **{each.service.name: each for each in own}}


async def other_users(stack: Stack) -> Seen:
    """Try two other users. PostgreSQL runs as one of them if Chimera runs as root and there is no user `chimera`."""
    seen = Seen()
    if os.geteuid() != 0:
        seen.not_tried = "needs root"
        return seen
    folder = stack.settings.data_dir
    host = conninfo_to_dict(stack.settings.database_url or "")["host"]
    asked: dict[str, Any] = {
        "pids": [each.pid for each in running(stack).values()],
        "files": [str(path) for path in folder.rglob("*") if path.is_file() and "postgres" not in path.parts],
        "sockets": [str(path) for path in folder.rglob("*.sock")],
        "databases": [
            {"host": host, "user": role, "dbname": name}
            for role in ("postgres", "chimera", "nobody", "root")
            for name in ("chimera", "postgres")
        ],
    }
    for uid in OTHER_USERS:
        found = await _asked({**asked, "uid": uid})
        readable = {pid: text for pid, text in found["environments"].items() if text is not None}
        for pid in found["environments"]:
            known = [kind for kind, secret in secrets_of(stack) if secret in readable.get(pid, "")]
            seen.expect(not known, f"user {uid} reads {', '.join(known)} in process {pid}")
        for kind, what in (("files", "file"), ("sockets", "socket"), ("admitted", "database")):
            seen.trials += len(asked["databases" if kind == "admitted" else kind])
            seen.problems += [f"user {uid} opens the {what} {each}" for each in found[kind]]
        seen.figures[f"environments that user {uid} reads"] = len(readable)
    return seen


async def _asked(question: dict[str, Any]) -> Any:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.security.other_user"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    answer, _ = await process.communicate(to_json(question))
    return from_json(answer)


async def what_processes_know(stack: Stack) -> Seen:
    seen = Seen()
    for name, process in running(stack).items():
        tree = psutil.Process(process.pid)
        for each in (tree, *tree.children(recursive=True)):
            surroundings = " ".join((*each.environ().values(), *each.cmdline()))
            for kind, secret in secrets_of(stack):
                allowed = kind in MAY_KNOW.get(name, set()) and secret not in " ".join(each.cmdline())
                seen.expect(allowed or secret not in surroundings, f"{name} has the {kind}")
    return seen


async def rights_of_roles(stack: Stack) -> Seen:
    """Check the rights of the app's role in PostgreSQL, and of its user in Redis."""
    seen = Seen()
    async with await psycopg.AsyncConnection.connect(stack.settings.database_url or "", autocommit=True) as database:
        for statement in STATEMENTS:
            refusal = ""
            try:
                await database.execute(statement.encode())
            except errors.Error as error:
                refusal = type(error).__name__
            seen.expect(refusal == "InsufficientPrivilege", f"{statement}: {refusal or 'done'}")
    client = Redis.from_url(stack.settings.redis_url or "")
    execute: Callable[..., Awaitable[object]] = client.execute_command
    try:
        for command in COMMANDS:
            outcome = "done"
            try:
                await execute(*command.split())
            except RedisError as error:
                outcome = type(error).__name__
            seen.expect(outcome == "NoPermissionError", f"Redis, {command}: {outcome}")
    finally:
        await client.aclose()
    seen.decisions.append("the role owns its database, because a new version changes its tables when it starts")
    return seen


FINDINGS = (
    Finding("B4", "other users of this machine can't read secrets or enter folders", other_users),
    Finding("B16", "each process has only the secrets that it needs", what_processes_know),
    Finding("B24", "the app's roles are not superusers", rights_of_roles),
)
