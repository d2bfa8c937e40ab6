"""npm `@copilotkit/aimock`: an independent mock server for several vendors' wires; needs Node.

CHIMERA_TEST_CACHE names a folder that keeps the installed package between runs.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.ports import free_port
from tests.until import LIMIT_S

PACKAGE = "@copilotkit/aimock@1.43.0"
NODE_MAJOR = 20
INSTALL_LIMIT_S = 40


@asynccontextmanager
async def running_aimock(
    tmp_path_factory: pytest.TempPathFactory, fixtures: Sequence[dict[str, Any]]
) -> AsyncIterator[str]:
    """Serve `fixtures` while the block runs, and yield the address. Skips the test if Node isn't available."""
    cli = await asyncio.to_thread(_installed, tmp_path_factory)
    file = tmp_path_factory.mktemp("aimock") / "fixtures.json"
    file.write_text(json.dumps({"fixtures": fixtures}))
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        "node", cli, "--port", str(port), "--fixtures", file, "--log-level", "silent"
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await _until_it_answers(url)
        yield url
    finally:
        server.terminate()
        await server.wait()


async def journal_of(url: str) -> list[dict[str, Any]]:
    """Return each request that the server received."""
    async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        entries: list[dict[str, Any]] = (await client.get(f"{url}/__aimock/journal")).json()
    return entries


async def asked(url: str, prompt: str) -> int:
    """Count the requests whose last message was `prompt`."""
    return sum(entry["body"]["messages"][-1]["content"] == prompt for entry in await journal_of(url))


def _installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip(f"{PACKAGE} needs node and npm on the PATH")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    major = re.match(r"v(\d+)", version)
    if major is None or int(major[1]) < NODE_MAJOR:
        pytest.skip(f"{PACKAGE} needs Node {NODE_MAJOR} or newer; this is {version}")
    cache = os.environ.get("CHIMERA_TEST_CACHE")
    folder = Path(cache) / "aimock" if cache else tmp_path_factory.mktemp("npm")
    cli = folder / "node_modules/@copilotkit/aimock/dist/cli.js"
    if not cli.exists():
        command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", PACKAGE]
        try:
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALL_LIMIT_S)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            pytest.skip(f"{PACKAGE} can't be installed: {str(error.stderr or error)[-200:]}")
    return cli


async def _until_it_answers(url: str) -> None:
    async with asyncio.timeout(LIMIT_S), httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        while True:
            try:
                if (await client.get(f"{url}/health")).is_success:
                    return
            except httpx2.HTTPError:
                await asyncio.sleep(0.05)
