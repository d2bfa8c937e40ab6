"""Cases for the command line: `chimera` as a separate process on a pipe or a terminal, whose reader may close it."""

import asyncio
import os
import pty
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks.cases.case import Command
from benchmarks.cases.seen import Exit

LIMIT_S = 90.0


async def try_command(command: Command, api_url: str, token: str) -> Exit:
    """Run a command in its own folder. Of this process's environment, it gets only the PATH."""
    with tempfile.TemporaryDirectory(prefix="chimera-case-") as folder:
        await asyncio.to_thread(_write, Path(folder), command.files)
        environment: dict[str, str | bytes] = {"PATH": os.environ["PATH"], "HOME": folder, "LC_ALL": "C.UTF-8"}
        if command.keeps_api:
            environment |= {"CHIMERA_API_URL": api_url, "CHIMERA_TOKEN": token}
        environment |= dict(command.environment)
        return await _run(command, folder, environment)


async def _run(command: Command, folder: str, environment: dict[str, str | bytes]) -> Exit:
    reading, writing = pty.openpty() if command.on_terminal else os.pipe()
    process = await asyncio.create_subprocess_exec(
        *(("sh", "-c", command.shell, "sh") if command.shell else ()),
        *(sys.executable, "-P", "-m", "cli", *command.arguments),
        cwd=folder,
        env={os.fsencode(name): os.fsencode(value) for name, value in environment.items()},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
    )
    os.close(writing)
    printed = asyncio.create_task(asyncio.to_thread(_all_of, reading, command.reads))
    try:
        async with asyncio.timeout(LIMIT_S):
            text = await asyncio.shield(printed)
            return Exit(await process.wait(), text.decode("utf-8", "backslashreplace"))
    except TimeoutError:
        process.kill()
        await process.wait()
        return Exit(None, (await printed).decode("utf-8", "backslashreplace"))


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _all_of(reading: int, limit: int | None) -> bytes:
    found = b""
    with open(reading, "rb", buffering=0) as file:
        while limit is None or len(found) < limit:
            try:
                piece = file.read(65536 if limit is None else limit - len(found))
            except OSError:
                # A terminal raises this error when its other end is closed.
                break
            if not piece:
                break
            found += piece
    return found
