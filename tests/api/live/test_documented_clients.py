"""The clients of docs/how-to/stream-with-resume.md, run as they stand there, while their connections are cut."""

import asyncio
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import httpx2
import pytest
from fastapi import FastAPI

from models.events import RunCompleted, RunPaused, RunResumed
from tests.api.conftest import SignUp, new_task, publish
from tests.api.routes.test_streams import token_of
from tests.parts import serving
from tests.until import LIMIT_S

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "stream-with-resume.md"
TYPESCRIPT = ROOT / "tests" / "clients"
CHANGES = 40
CUTS = 4

needs_node = pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js isn't installed")


def program(language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(found) == 1
    return str(found[0])


@pytest.fixture(scope="module")
def python_client(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    file = tmp_path_factory.mktemp("python") / "follow.py"
    file.write_text(program("python"))
    return [sys.executable, str(file)]


@pytest.fixture(scope="module")
def typescript_client(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Check the program's types strictly, and build it."""
    folder = tmp_path_factory.mktemp("typescript")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TYPESCRIPT / name, folder)
    (folder / "follow.ts").write_text(program("typescript"))
    _run(folder, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline")
    options = ["--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"]
    _run(folder, "node", "node_modules/typescript/bin/tsc", *options, "follow.ts")
    return ["node", "--no-warnings", "--experimental-websocket", str(folder / "follow.js")]


def _run(folder: Path, *command: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class _Cutter:
    """A proxy that cuts every connection when it is asked to."""

    def __init__(self, url: str) -> None:
        self._to = urlsplit(url)
        self.open: set[asyncio.StreamWriter] = set()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream_reader, upstream = await asyncio.open_connection(self._to.hostname, self._to.port)
        self.open |= {writer, upstream}
        with contextlib.suppress(OSError):
            await asyncio.gather(_pass_on(reader, upstream), _pass_on(upstream_reader, writer))
        self.open -= {writer, upstream}

    def cut(self) -> None:
        for writer in self.open:
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(4096):
        writer.write(data)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def cutting(url: str) -> AsyncIterator[tuple[str, _Cutter]]:
    cutter = _Cutter(url)
    server = await asyncio.start_server(cutter, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", cutter
    finally:
        cutter.cut()
        server.close()


@asynccontextmanager
async def client_of(
    command: list[str], api: str, client: httpx2.AsyncClient, topic: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    variables = {"URL": api, "TOKEN": token_of(client), "TOPIC": topic}
    process = await asyncio.create_subprocess_exec(
        *command, env=os.environ | variables, stdout=asyncio.subprocess.PIPE, limit=2**20
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.mark.parametrize("language", ["python", pytest.param("typescript", marks=needs_node)])
async def test_a_documented_client_misses_no_event(
    app: FastAPI, sign_up: SignUp, request: pytest.FixtureRequest, language: str
) -> None:
    command = request.getfixturevalue(f"{language}_client")
    carol, random = await sign_up(), Random(7)
    task_id = (await new_task(carol))["id"]
    async with (
        serving(app) as url,
        cutting(url) as (proxy, cutter),
        client_of(command, proxy, carol, f"task:{task_id}") as process,
    ):
        assert process.stdout is not None
        async with asyncio.timeout(LIMIT_S):
            assert await process.stdout.readline() == b"1 run.accepted\n"
            for number in range(CHANGES):
                await publish(app, task_id, RunPaused() if number % 2 else RunResumed())
                if number % (CHANGES // CUTS) == CHANGES // CUTS // 2:
                    cutter.cut()
                await asyncio.sleep(random.uniform(0, 0.05))
            await publish(app, task_id, RunCompleted(preview="done"))
            output = (await process.stdout.read()).decode().splitlines()
            await process.wait()
    seqs = [int(line.split()[0]) for line in output]
    assert seqs == list(range(2, CHANGES + 3))
    assert output[-1].endswith("run.completed")
    assert process.returncode == 0


@pytest.mark.parametrize("language", ["python", pytest.param("typescript", marks=needs_node)])
async def test_a_documented_client_misses_no_change(
    app: FastAPI, sign_up: SignUp, request: pytest.FixtureRequest, language: str
) -> None:
    command = request.getfixturevalue(f"{language}_client")
    carol, random = await sign_up(), Random(8)
    ids = [(await new_task(carol))["id"] for _ in range(4)]
    async with (
        serving(app) as url,
        cutting(url) as (proxy, cutter),
        client_of(command, proxy, carol, "tasks") as process,
    ):
        assert process.stdout is not None
        seen: list[tuple[str, int]] = []
        async with asyncio.timeout(LIMIT_S):
            while not app.state.parts.feed._followers:
                await asyncio.sleep(0.01)
            for number in range(CHANGES):
                await publish(app, ids[number % 4], RunPaused())
                if number % (CHANGES // CUTS) == CHANGES // CUTS // 2:
                    cutter.cut()
                await asyncio.sleep(random.uniform(0, 0.05))
            while len(seen) < CHANGES:
                seen.append(_change(await process.stdout.readline()))
    assert sorted(seen) == sorted((task_id, seq) for task_id in ids for seq in range(2, CHANGES // 4 + 2))
    for task_id in ids:
        own = [seq for each, seq in seen if each == task_id]
        assert own == sorted(own)


def _change(line: bytes) -> tuple[str, int]:
    change = json.loads(line)
    return change["run_id"], change["seq"]
