"""Lighthouse's scores for home and the page of a task, signed in."""

import asyncio
import json
import shutil
import statistics
import tempfile
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from tests.console import chromium
from tests.console.people import create_person, sign_in
from tests.console.work import a_subtask, working_as
from tests.ports import free_port
from tests.stack import Stack

MIN_SCORE = 95
CATEGORIES = ("performance", "accessibility", "best-practices")
JUDGED = CATEGORIES[:2]
DEVICES = {"desktop": ("--preset=desktop",), "phone": ()}
"""Lighthouse's own presets. Its phone has a quarter of this machine's speed and a slow mobile network."""
JUDGED_DEVICE = "desktop"
FIGURES = ("first-contentful-paint", "largest-contentful-paint", "total-blocking-time", "cumulative-layout-shift")
HERE = Path(__file__).parent


async def measure(stack: Stack, rounds: int) -> bool:
    """Print the median of each score and return whether all reach the bar."""
    person = await create_person(stack)
    async with working_as(stack, person) as work:
        task_id = await work.task("Compare tea and coffee.", *(a_subtask(name) for name in ("tea", "coffee", "milk")))
        await work.until(task_id)
    origin = f"http://127.0.0.1:{stack.settings.api_port}"
    pages = {"home": f"{origin}/", "task": f"{origin}/tasks/{task_id}"}
    holds = True
    with tempfile.TemporaryDirectory() as folder:
        program = await _install(Path(folder))
        port = free_port()
        async with async_playwright() as playwright:
            # Lighthouse opens its pages in this browser, so they share the session.
            context = await playwright.chromium.launch_persistent_context(
                f"{folder}/profile",
                executable_path=chromium.find(),
                args=[*chromium.OPTIONS, f"--remote-debugging-port={port}"],
                base_url=origin,
            )
            await sign_in(await context.new_page(), person)
            for device, options in DEVICES.items():
                for name, address in pages.items():
                    reports = [await _audit(program, port, address, *options) for _ in range(rounds)]
                    holds &= _print(f"{name} ({device})", reports) or device != JUDGED_DEVICE
            await context.close()
    return holds


async def _install(folder: Path) -> Path:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    npm = await asyncio.create_subprocess_exec("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)
    if await npm.wait():
        raise RuntimeError("npm couldn't install Lighthouse")
    return folder / "node_modules/lighthouse/cli/index.js"


async def _audit(program: Path, port: int, address: str, *options: str) -> dict[str, Any]:
    """Return Lighthouse's report of a page."""
    report = program.parents[3] / "report.json"
    audit = await asyncio.create_subprocess_exec(
        "node",
        program,
        address,
        f"--port={port}",
        *options,
        "--disable-storage-reset",  # keeps the session
        f"--only-categories={','.join(CATEGORIES)}",
        "--output=json",
        f"--output-path={report}",
        "--quiet",
        stdout=DEVNULL,
    )
    if await audit.wait():
        raise RuntimeError(f"Lighthouse couldn't audit {address}")
    read: dict[str, Any] = json.loads(report.read_text())
    if read["finalDisplayedUrl"] != address:
        raise RuntimeError(f"{address} led to {read['finalDisplayedUrl']}")
    return read


def _print(name: str, reports: list[dict[str, Any]]) -> bool:
    scores = {
        each: statistics.median(100 * report["categories"][each]["score"] for report in reports) for each in CATEGORIES
    }
    print(name, ", ".join(f"{each} {score:.0f}" for each, score in scores.items()), f"(bar: {MIN_SCORE})")
    for each in FIGURES:
        found = [report["audits"][each] for report in reports]
        print(f"      {found[0]['title']}: {', '.join(one['displayValue'] for one in found)}")
    for audit in reports[-1]["audits"].values():
        if audit["score"] is not None and audit["score"] < 0.9 and audit["scoreDisplayMode"] != "informative":
            print(f"      below 0.9: {audit['title']} {audit.get('displayValue', '')}", flush=True)
    return all(scores[each] >= MIN_SCORE for each in JUDGED)
