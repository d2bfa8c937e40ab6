"""The vendor's wire that a stack's workers use, and the settings and server that this requires."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.stack import simulator_url
from chimera.local.supervisor import Report, Service, Supervised
from chimera.pricing import price_of, window_of

SIMULATED = "simulator/fast"
"""The model that answers on every wire."""


@dataclass(frozen=True, slots=True)
class SimulatedVendor:
    """`vendor` is the provider whose SDK and settings are used. None uses the simulator's provider and OpenAI's SDK."""

    title: str
    vendor: str | None = None

    @property
    def model(self) -> str:
        """The model that tasks name."""
        return SIMULATED if self.vendor is None else f"{self.vendor}/{SIMULATED.partition('/')[2]}"


OPENAI = SimulatedVendor("OpenAI's wire")
ANTHROPIC = SimulatedVendor("Anthropic's wire", "anthropic")
GOOGLE = SimulatedVendor("Google's wire", "google")
SIMULATED_VENDORS = {"openai": OPENAI, "anthropic": ANTHROPIC, "google": GOOGLE}


def settings_for(wires: Sequence[SimulatedVendor], port: int) -> dict[str, object]:
    """Return settings for these wires' providers to use the gateway at `port`. Prices are those of the simulator."""
    vendors = [wire for wire in wires if wire.vendor is not None]
    if not vendors:
        return {}
    rate, window = price_of(SIMULATED).rates[0], window_of(SIMULATED)
    usd = (rate.input / 1e6, rate.output / 1e6)
    changes: dict[str, object] = {}
    for wire in vendors:
        changes[f"{wire.vendor}_base_url"] = _address(port)
        changes[f"{wire.vendor}_api_key"] = SecretStr("unneeded")
    models = [wire.model for wire in vendors]
    return {
        **changes,
        "prices": dict.fromkeys(models, usd),
        "context_windows": dict.fromkeys(models, window.context_tokens),
    }


@asynccontextmanager
async def gateway(
    wires: Sequence[SimulatedVendor], settings: Settings, port: int, register: Register, report: Report
) -> AsyncIterator[Supervised | None]:
    """Run the gateway in front of these settings' simulator; does nothing if no wire needs it."""
    if all(wire.vendor is None for wire in wires):
        yield None
        return
    service = Service(
        name="gateway",
        title="Gateway",
        command=(sys.executable, "-m", "tests.wires.gateway", "--port", str(port), "--behind", simulator_url(settings)),
        ready=lambda pid: _answers(port),
    )
    running = Supervised(service, Folder.at(settings.data_dir), register, report)
    await running.start()
    try:
        yield running
    finally:
        await running.stop()


async def _answers(port: int) -> bool:
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
            return (await client.get(f"{_address(port)}/health")).is_success
    except httpx2.HTTPError:
        return False


def _address(port: int) -> str:
    return f"http://127.0.0.1:{port}"
