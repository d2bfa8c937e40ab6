"""The guide "Add a provider" works: its steps are followed in a copy of the code, and a call succeeds."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
GUIDE = ROOT / "docs/how-to/add-a-provider.md"
CONTRACT = [f"tests/chimera/providers/test_contract_{part}.py" for part in ("answers", "requests", "faults")]
ACME = '''
"""Acme, whose wire is chat completions."""

from chimera.config.settings import Settings
from chimera.providers.base import Limits, Provider
from chimera.providers.chat_completions.chat import ChatCompletions
from chimera.providers.keys import address_of, key_of


def make(settings: Settings) -> Provider:
    return ChatCompletions(
        name="acme",
        base_url=address_of("acme", settings),
        api_key=key_of("acme", settings),
        limits=Limits.of(settings),
    )
'''
ACME_ROW = '        Vendor(name="acme", key="required", base_url="https://api.acme.example/v1"),\n'
VENDORS = "chimera/config/vendors.py"
LOCAL = '        Vendor(name="local"'
TRY = """
import asyncio
from chimera.pricing import cost_of, price_of
from chimera.providers import Providers, check_model
from chimera.providers.base import ChatEnd, ChatMessage, ChatRequest
from chimera.config.settings import Settings
from models.errors import MissingKey

async def main():
    try:
        check_model("echo/parrot", Settings(_env_file=None))
    except MissingKey as error:
        print(error.message)
    settings = Settings(_env_file=None, echo_api_key="k")
    check_model("echo/parrot", settings)
    request = ChatRequest("parrot", (ChatMessage("user", "say it again"),), "c", 1, 100)
    await Providers(settings).of("echo/parrot").connect()
    async for item in Providers(settings).of("echo/parrot").stream(request):
        print(cost_of(item.usage, price_of("echo/parrot")) if isinstance(item, ChatEnd) else item.text)

asyncio.run(main())
"""


def test_a_provider_is_added_by_the_guide(tmp_path: Path) -> None:
    for package in ("chimera", "models"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    steps = _steps()
    assert list(steps) == [
        "chimera/providers/echo/provider.py",
        "chimera/config/vendors.py",
        "chimera/pricing/catalog.json",
    ]
    _write(tmp_path / "chimera/providers/echo/provider.py", steps["chimera/providers/echo/provider.py"][0])
    row = steps["chimera/config/vendors.py"][0].strip()
    _insert(tmp_path / VENDORS, before=LOCAL, text=f"        {row},\n")
    catalog = tmp_path / "chimera/pricing/catalog.json"
    entries = json.loads(catalog.read_text())
    for part, added in json.loads(steps["chimera/pricing/catalog.json"][0]).items():
        entries[part] |= added
    catalog.write_text(json.dumps(entries))

    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHIMERA_")}
    tried = subprocess.run(
        [sys.executable, "-c", TRY],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stderr
    missing, *words, cost = tried.stdout.splitlines()
    assert "CHIMERA_ECHO_API_KEY" in missing
    assert [word.strip() for word in words] == ["say", "it", "again"]
    assert cost == "1"


def test_a_chat_completions_vendor_needs_one_entry(tmp_path: Path) -> None:
    for package in ("chimera", "models", "tests"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    _write(tmp_path / "chimera/providers/acme/provider.py", ACME)
    _insert(tmp_path / VENDORS, before=LOCAL, text=ACME_ROW)
    (entry,) = re.findall(r'`(Chat\("acme".*?\))`', GUIDE.read_text())
    _insert(tmp_path / "tests/wires/vendors.py", before='    Chat("simulator"', text=f"    {entry},\n")

    tried = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "acme", *CONTRACT],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout
    passed = re.search(r"(\d+) passed", tried.stdout)
    assert passed is not None
    assert int(passed[1]) >= 100


def _steps() -> dict[str, list[str]]:
    """Return the code blocks for each file that the guide's headings name."""
    sections = re.split(r"^## ", GUIDE.read_text(), flags=re.MULTILINE)[1:]
    found = {}
    for section in sections:
        named = re.match(r"\d\. `([^`]+)`\n", section)
        if named:
            found[named[1]] = re.findall(r"^```\w+\n(.*?)^```$", section, flags=re.MULTILINE | re.DOTALL)
    return found


def _insert(file: Path, *, before: str, text: str) -> None:
    content = file.read_text()
    assert content.count(before) == 1
    file.write_text(content.replace(before, text + before))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir()
    file.write_text(text)
