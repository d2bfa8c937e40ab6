"""A process loads only what a provider needs: its own SDK and no other's, when it is needed but before the call."""

import asyncio
import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from chimera.providers.wire.streams import Lazy
from models.errors import ProviderError
from tests.chimera.providers.asking import provider_at
from tests.wires.base import ModelAnswer, Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script
from tests.wires.vendors import WIRES

FRESH = """
import asyncio, json, sys
from chimera.providers import make
from chimera.providers.base import ChatMessage, ChatRequest
from chimera.config.settings import Settings

async def main(name, model, settings):
    provider = make(name, Settings.model_validate(settings))
    ticks = 0

    async def tick():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    made = set(sys.modules)
    ticking = asyncio.create_task(tick())
    await provider.connect()
    ticking.cancel()
    connected = set(sys.modules)
    request = ChatRequest(model, (ChatMessage("user", "Tea?"),), "call", 1, 100)
    text = "".join([getattr(item, "text", "") async for item in provider.stream(request)])
    told = {"made": made, "connected": connected, "called": set(sys.modules)}
    print(json.dumps({"text": text, "ticks": ticks, **{when: sorted(modules) for when, modules in told.items()}}))

asyncio.run(main(*json.loads(sys.argv[1])))
"""


async def report_of_fresh_process(wire: Wire, server: Scripted) -> dict[str, Any]:
    """Make one call in a new Python process, and return its report of what it had loaded at which point."""
    server.answers(Script(wire.frames_of(ModelAnswer(pieces=("Because ", "it is warm.")))))
    settings = {**wire.settings, wire.address_setting: server.url + wire.path}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", FRESH, json.dumps([wire.name, wire.model, settings])),
        stdout=subprocess.PIPE,
        env=os.environ,
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    reported: dict[str, Any] = json.loads(out)
    return reported


async def test_a_worker_preloads_only_its_providers_sdk(wire: Wire, server: Scripted) -> None:
    reported = await report_of_fresh_process(wire, server)
    assert reported["text"] == "Because it is warm."
    assert len(server.bodies) == 1

    sdks = {each.sdk for each in WIRES}
    assert not sdks & set(reported["made"]), "to make a provider loads nothing"
    assert sdks & set(reported["called"]) == {wire.sdk}
    late = {name for name in set(reported["called"]) - set(reported["connected"]) if name.startswith(wire.sdk)}
    assert not late, "the call itself is not blocked"
    assert reported["ticks"] >= 3, "the loop goes on meanwhile"


async def test_to_connect_sends_nothing_and_may_be_repeated(wire: Wire, server: Scripted) -> None:
    server.answers(Script([]))
    async with provider_at(wire, server.url) as made:
        await asyncio.gather(made.connect(), made.connect())
        await made.connect()
    assert server.targets == []


async def test_concurrent_callers_share_one_client() -> None:
    made: list[object] = []

    def make() -> object:
        time.sleep(0.02)
        made.append(object())
        return made[-1]

    lazy = Lazy(make)
    assert lazy.made is None
    got = await asyncio.gather(*(lazy.get() for _ in range(5)))
    assert len(made) == 1
    assert set(got) == set(made) == {lazy.made}


async def test_a_failed_client_is_made_again() -> None:
    tries = iter([ImportError("no memory"), "client"])

    def make() -> object:
        made = next(tries)
        if isinstance(made, ImportError):
            raise made
        return made

    lazy = Lazy(make)
    with pytest.raises(ProviderError, match=r"can't be created \(ImportError\)") as raised:
        await lazy.get()
    assert not raised.value.retryable
    assert await lazy.get() == "client"


@pytest.mark.parametrize("module", ["chimera.providers", "worker.build"])
def test_no_sdk_is_imported_before_a_call_needs_it(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert not set(loaded) & {wire.sdk for wire in WIRES}
