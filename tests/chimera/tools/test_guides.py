"""The code in the guides about tools, run as it is printed."""

import asyncio
import json
import re
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from pydantic import JsonValue, SecretStr

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.tools.openapi.loading import load as load_apis
from chimera.tools.python.functions import FunctionTool
from chimera.tools.python.loading import load
from tests.chimera.tools.calls import context
from tests.until import LIMIT_S

GUIDES = Path(__file__).parents[3] / "docs/how-to"


def files_in(page: str) -> dict[str, str]:
    """Return the files that a guide's commands write, by name."""
    text = (GUIDES / page).read_text()
    found = re.findall(r"^cat > (\S+) <<'END'\n(.*?)^END$", text, re.MULTILINE | re.DOTALL)
    return {Path(name).name: body for name, body in found}


def call_in(plan: str) -> dict[str, JsonValue]:
    """Return the arguments of the call that the simulator is told to make."""
    found = re.search(r"args=(\{.*?\})", json.loads(plan)[0]["instruction"])
    assert found
    arguments: dict[str, JsonValue] = json.loads(found[1])
    return arguments


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])


async def test_the_tool_of_twelve_lines_works(tmp_path: Path) -> None:
    files = files_in("add-a-tool-of-your-own.md")
    assert len(files["loans.py"].splitlines()) == 12
    (tmp_path / "loans.py").write_text(files["loans.py"])
    loaded = load(Settings(tools_dir=tmp_path))
    assert loaded.problems == ()
    (tool,) = loaded.tools
    output = await tool.run(call_in(files["loan.json"]), context())
    assert output.text == "276.35 a month"
    assert f"`{output.text}`" in (GUIDES / "add-a-tool-of-your-own.md").read_text()


async def test_the_tool_with_a_compensation_works(tmp_path: Path) -> None:
    text = (GUIDES / "add-a-tool-of-your-own.md").read_text()
    (code,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "rooms.py").write_text(code)
    loaded = load(Settings(tools_dir=tmp_path))
    assert loaded.problems == ()
    (tool,) = loaded.tools
    assert isinstance(tool, FunctionTool)
    booking: dict[str, JsonValue] = {"room": "Ada", "hours": 2}
    result = (await tool.run(booking, context())).text
    assert (await tool.compensate(booking, result, context())).text == "Cancelled 2 h in Ada."


@asynccontextmanager
async def served(folder: Path, port: int) -> AsyncIterator[None]:
    """Start the guide's API and wait until it answers."""
    command = (sys.executable, "-m", "uvicorn", "shop:app", "--port", str(port), "--log-level", "error")
    process = await asyncio.create_subprocess_exec(*command, cwd=folder)
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
            while process.returncode is None:
                try:
                    await client.get(f"http://127.0.0.1:{port}/openapi.json")
                    break
                except httpx2.ConnectError:
                    await asyncio.sleep(0.05)
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_the_api_of_the_guide_works(tmp_path: Path) -> None:
    files = files_in("use-an-openapi-document.md")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "shop.py").write_text(files["shop.py"])
    apis = tmp_path / "openapi-tools.json"
    apis.write_text(files["openapi-tools.json"].replace("8500", str(port)))
    async with served(tmp_path, port):
        secrets = {"SHOP_TOKEN": SecretStr("shop-token-1")}
        settings = Settings(data_dir=tmp_path, egress_allow=(f"127.0.0.1:{port}",))
        loaded = await load_apis(settings, EgressClient(settings), secrets.get)
        assert loaded.problems == ()
        (tool,) = loaded.tools
        assert tool.definition.name == "shop__get_stock"
        assert list(tool.definition.parameters["properties"]) == ["item"]
        assert (await tool.run(call_in(files["stock.json"]), context())).text == "12"
        missing = await tool.run({"item": "milk"}, context())
        assert missing.text == 'Status 404: {"detail":"Unknown item. Use one of tea, coffee."}'
