"""Child processes: start one that dies with its parent, recognize it later, and end it reliably."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from chimera.local.run_as import RunAs

PR_SET_PDEATHSIG = 1
POLL_S = 0.05
OUTPUT_LIMIT_BYTES = 5 * 1024 * 1024
EXCERPT_BYTES = 8192
FIRST_LINES, LAST_LINES = 4, 12

# Loaded at import: between fork and exec, the child may only use it.
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def spawn(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    output: Path,
    death_signal: int = signal.SIGTERM,
    run_as: RunAs | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` and append its output to a file.

    On Linux, the kernel sends `death_signal` to the child when the parent dies, even by SIGKILL; on other systems, the
    next start ends leftover processes. The kernel watches the calling thread, so call this from a thread that lives as
    long as the child should. The child gets its own session: Ctrl-C reaches only the parent, which stops its children
    in order.
    """
    keep_small(output)
    with output.open("ab") as file:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            preexec_fn=_before_exec(death_signal, os.getpid(), run_as),
            start_new_session=sys.platform != "win32",
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            # The child's files are accessible only to their owner, even if PostgreSQL's user can enter the folder.
            umask=0o077 if sys.platform != "win32" else -1,
            **(run_as.options() if run_as is not None else {}),
        )


def _before_exec(death_signal: int, parent: int, run_as: RunAs | None) -> Callable[[], None] | None:
    if _libc is None:
        return None
    libc = _libc

    def before_exec() -> None:
        # Renamed before `prctl`: when a process changes its user, the kernel clears its death signal.
        if run_as is not None:
            run_as.rename()
        libc.prctl(PR_SET_PDEATHSIG, death_signal)
        # The parent may have died before the death signal was set.
        if os.getppid() != parent:
            os._exit(1)

    return before_exec


def keep_small(output: Path) -> None:
    """Rename an output file that has grown too large, replacing the previous one. Nothing else rotates these files."""
    if output.exists() and output.stat().st_size > OUTPUT_LIMIT_BYTES:
        output.replace(output.with_suffix(".out.1"))


def last_lines(output: Path, since: int | None = None) -> str:
    """Return the end of a file for an error message; with `since`, the first and last lines from that byte on.

    A program that gives up prints the reason last, but a program that crashes prints it first, before its stack trace.
    """
    if not output.exists():
        return ""
    end = output.stat().st_size
    with output.open("rb") as file:
        file.seek(max(since or 0, end - EXCERPT_BYTES))
        last = file.read().decode(errors="replace").splitlines()
        first: list[str] = []
        if since is not None:
            file.seek(min(since, end))
            first = file.read(EXCERPT_BYTES).decode(errors="replace").splitlines()[:FIRST_LINES]
    if since is None or len(last) <= LAST_LINES:
        lines = last[-LAST_LINES:]
    else:
        lines = [*first, "…", *last[FIRST_LINES - LAST_LINES :]]
    return "\n".join(f"    {line}" for line in lines)


async def ended(process: subprocess.Popen[bytes], within_s: float | None = None) -> bool:
    """Wait until the process has ended, and return False if it still runs after `within_s`.

    This polls, because asyncio's subprocesses and psycopg need different event loops on Windows.
    """
    deadline = None if within_s is None else time.monotonic() + within_s
    while process.poll() is None:
        if deadline is not None and time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_S)
    return True


async def stop(process: subprocess.Popen[bytes], stop_signal: int, limit_s: float) -> None:
    """Ask the process to end, and kill it if it still runs after `limit_s`."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            process.send_signal(stop_signal) if sys.platform != "win32" else process.terminate()
        if not await ended(process, limit_s):
            process.kill()
    await ended(process)


def started_at(pid: int) -> float | None:
    """Return when the process was started. With the id, this identifies the process even if the id is reused.

    On Linux, the result is in seconds since the system's start, which don't change when the clock is set. psutil adds
    the time of the system's start, which does change.
    """
    try:
        created = psutil.Process(pid).create_time()
    except psutil.Error:
        return None
    return created - psutil.boot_time() if sys.platform == "linux" else created


def listens(pid: int, port: int) -> bool:
    """Return whether this process or one of its descendants listens on a port; True if access is denied."""
    try:
        process = psutil.Process(pid)
        for each in (process, *process.children(recursive=True)):
            for connection in each.net_connections("tcp"):
                if connection.status == psutil.CONN_LISTEN and connection.laddr[1] == port:
                    return True
    except psutil.AccessDenied:
        return True
    except psutil.Error:
        return False
    return False


def data_dir_of(process: psutil.Process) -> Path | None:
    """Return the data folder of a stack's process; None for other processes, or if access is denied."""
    try:
        data_dir = process.environ().get("CHIMERA_DATA_DIR")
    except psutil.Error:
        return None
    return Path(data_dir) if data_dir else None


def belongs_to(process: psutil.Process, folder: Path) -> bool:
    """Return whether a process's command line or environment shows that it works with this folder."""
    try:
        if any(str(folder) in part for part in process.cmdline()):
            return True
    except psutil.Error:
        return False
    return data_dir_of(process) == folder


def end_stale(processes: Sequence[psutil.Process], limit_s: float = 3.0) -> None:
    """Terminate processes that a dead parent left running, and kill those that still run after `limit_s`."""
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=limit_s)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=limit_s)
