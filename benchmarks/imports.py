"""`python -m benchmarks imports`: the time and the imports that a new process needs before a provider's first request.

Each measurement runs in a new process. It measures `connect`, which a worker calls once a model is chosen: it imports
the vendor's SDK and creates its client. The modules that all of Chimera's providers need are loaded before, and not
counted.
"""

import json
import subprocess
import sys
from statistics import median
from typing import TypedDict

from chimera.config.vendors import VENDORS

ROUNDS = 5

FRESH = """
import asyncio, json, sys, time
from chimera.config.vendors import VENDORS
from chimera.providers import make
from chimera.config.settings import Settings

async def main():
    address = "http://127.0.0.1:1"
    keys = {vendor.key_field: "k" for vendor in VENDORS.values() if vendor.key != "none"}
    settings = Settings.model_validate({**keys, "local_base_url": address, "simulator_url": address})
    provider = make(sys.argv[1], settings)
    before = len(sys.modules)
    began = time.perf_counter()
    await provider.connect()
    connected = time.perf_counter() - began
    print(json.dumps({"seconds": connected, "modules": len(sys.modules) - before}))

asyncio.run(main())
"""


class Loaded(TypedDict):
    """The output of one process."""

    seconds: float
    modules: int


def main() -> None:
    print("| provider | seconds (median of 5) | modules |")
    print("|---|---:|---:|")
    for name in VENDORS:
        rounds = [_loaded(name) for _ in range(ROUNDS)]
        seconds = median(each["seconds"] for each in rounds)
        print(f"| {name} | {seconds:.2f} | {rounds[0]['modules']:,} |", flush=True)


def _loaded(name: str) -> Loaded:
    output = subprocess.run([sys.executable, "-c", FRESH, name], capture_output=True, text=True, check=True).stdout
    loaded: Loaded = json.loads(output)
    return loaded


if __name__ == "__main__":
    main()
