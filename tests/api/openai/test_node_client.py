"""The OpenAI-compatible API with OpenAI's client for Node, as its users install it.

CHIMERA_TEST_CACHE names a folder that keeps the installed package between runs.
"""

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.openai.conftest import token_of

pytestmark = pytest.mark.usefixtures("runs")

SOURCE = Path(__file__).parents[2] / "clients" / "node"
LIMIT_S = 120


@pytest.fixture(scope="module")
async def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the client at the locked version. Skips the tests if Node isn't available."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("OpenAI's client for Node needs node and npm on the PATH")
    cache = os.environ.get("CHIMERA_TEST_CACHE")
    folder = Path(cache) / "openai-node" if cache else tmp_path_factory.mktemp("node") / "client"
    shutil.copytree(SOURCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("node_modules"))
    await _run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=folder)
    return folder


async def test_the_node_client_works(project: Path, address: str, alice: httpx2.AsyncClient) -> None:
    output = await _run("node", "try.mjs", folder=project, BASE_URL=address, API_KEY=token_of(alice))
    found: dict[str, Any] = json.loads(output)
    assert {"writer", "simulator/fast"} <= set(found["models"])
    assert found["chat"]["finish"] == "stop"
    assert found["chat"]["usage"]["completion_tokens"] == 10
    assert found["stream"]["text"] == found["stream"]["final"]
    assert found["stream"]["usage"]["completion_tokens"] == 30
    assert "17 degrees" in found["tools"]
    assert found["response"]["status"] == "completed"
    assert found["response"]["text"] == found["chat"]["text"]
    assert found["events"]["types"][-1] == "response.completed"
    assert found["events"]["text"]
    assert [(each["name"], each["code"], each["param"]) for each in found["errors"]] == [
        ("NotFoundError", "model_not_found", "model"),
        ("BadRequestError", "invalid_input", "n"),
    ]


async def _run(*command: str, folder: Path, **environment: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(LIMIT_S):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode == 0, errors.decode()[-2000:]
    return output.decode()
