"""The Python program of docs/how-to/use-any-openai-client.md, run as it stands there."""

import asyncio
import os
import re
import sys
from pathlib import Path

import httpx2
import pytest

from tests.api.openai.conftest import token_of
from tests.until import LIMIT_S

pytestmark = pytest.mark.usefixtures("runs")

PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "use-any-openai-client.md"


async def test_the_documented_program_prints_the_bill(address: str, alice: httpx2.AsyncClient, tmp_path: Path) -> None:
    [program] = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    file = tmp_path / "ask.py"
    file.write_text(program)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(file),
        env=os.environ | {"OPENAI_BASE_URL": address, "OPENAI_API_KEY": token_of(alice), "NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(LIMIT_S):
        output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    *text, bill = output.decode().splitlines()
    assert "[simulated]" in "\n".join(text)
    found = re.fullmatch(r"run: (\S+) cost: (\d+) millionths of a dollar", bill)
    assert found, bill
    reply = (await alice.get(f"/api/v1/replies/{found[1]}")).json()
    assert reply["cost_micro_usd"] == int(found[2])
