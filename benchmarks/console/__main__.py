"""The console in the system's Chromium, against a real stack.

    python -m benchmarks console [--only frames|lighthouse] [--nodes 200] [--rate 60] [--seconds 20] [--rounds 3]

"frames" opens the page of a running task with a graph of `--nodes` subtasks and writes `--rate` events a second to the
run: subtasks and calls that start and end, and pieces of streamed text. The events take their usual way from
PostgreSQL and Redis through the API and a WebSocket. The browser counts the frames that it draws, and is compared with
the same page at rest. "lighthouse" audits home and the page of a finished task with Google's Lighthouse, which npm
installs into a temporary folder (`package-lock.json` beside this file).
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.console import frames, lighthouse
from tests.console.people import PROXIES
from tests.stack import running_stack


async def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    options.add_argument("--only", choices=("frames", "lighthouse"))
    options.add_argument("--nodes", type=int, default=200)
    options.add_argument("--rate", type=int, default=60, help="events per second")
    options.add_argument("--seconds", type=int, default=20)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        async with running_stack(Path(folder), registration="open", trusted_proxies=PROXIES) as stack:
            if asked.only != "lighthouse":
                holds &= await frames.measure(stack, asked.nodes, asked.rate, asked.seconds, asked.rounds)
            if asked.only != "frames":
                holds &= await lighthouse.measure(stack, asked.rounds)
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
