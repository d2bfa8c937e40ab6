"""E. Parts that stay up but are wrong: Redis (F20), a clock (F39), a disk (F51, F52)."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
from redis.asyncio import Redis

from chimera.local import Supervised, processes
from tests.faults import jobs
from tests.faults.clients import Offers
from tests.faults.lab import Lab, open_lab, reconfigured
from tests.faults.trials import Trial

MINUTE_S = 60.0
SKEWED_CLOCK = """
import os, time
_true = time.time
time.time = lambda: _true() + float(os.environ["SKEW_S"])
"""
"""Python loads a file called sitecustomize.py before anything else."""


async def freeze_redis_under_limits(
    trial: Trial, *, limit: int = 30, runs: int = 80, calm_s: float = 20.0, frozen_s: float = 20.0
) -> None:
    """F20: two workers share a limit per minute; Redis is frozen, continues, and is emptied."""
    lab, redis = trial.lab, trial.lab.stack.parts["redis"]
    async with reconfigured(lab, requests_per_minute=json.dumps({"simulator": limit})):
        task_ids = set(await trial.offers.post_all([jobs.one_call("tokens=5")] * runs))
        await asyncio.sleep(calm_s)
        os.kill(redis.pid or 0, signal.SIGSTOP)
        await asyncio.sleep(frozen_s)
        os.kill(redis.pid or 0, signal.SIGCONT)
        await asyncio.sleep(calm_s)
        async with Redis.from_url(lab.stack.redis_admin_url) as client:
            await client.flushall()
        await lab.all_ended(trial.offers.prefix, 120 + MINUTE_S * runs / limit)
    await trial.check(limit_s=60)
    at = sorted(arrival.at for arrival in lab.journal() if arrival.task_id in task_ids)
    most = max(sum(0 <= later - first < MINUTE_S for later in at) for first in at)
    trial.figures |= {"limit a minute": limit, "most in any minute": most}
    trial.expect(most <= limit, f"{most} requests in a minute, but only {limit} are allowed")


async def set_a_clock_wrong(trial: Trial, *, runs: int = 20, wait_s: float = 3.0, limit_s: float = 60.0) -> None:
    """F39: one worker's clock is two hours ahead, then two hours behind; the provider asks for a pause."""
    lab = trial.lab
    for name, skew_s in (("ahead", 7200), ("behind", -7200)):
        async with _skewed(lab, lab.workers[0], skew_s):
            fault = f"status=429; retry_after={wait_s:g}; times=1; tokens=5"
            bodies = [jobs.one_call(fault if number % 3 == 0 else "tokens=5") for number in range(runs)]
            began = time.monotonic()
            await asyncio.gather(
                *(trial.offers.post_patiently(f"{name}-{number}", body) for number, body in enumerate(bodies))
            )
            ended = await lab.all_ended(trial.offers.prefix, limit_s)
            trial.figures[f"all ended with a clock {name}, s"] = round(time.monotonic() - began, 1)
            trial.expect(ended, f"{await lab.open_runs(trial.offers.prefix)} runs wait with a clock two hours {name}")
    await trial.check(limit_s=60, extra=2 * runs)


async def fill_the_disk(trial: Trial, *, runs: int = 10, full_s: float = 30.0, kill: bool = False) -> None:
    """F52: the disk used by all parts fills up under load and is freed again. F51: meanwhile, the API is killed."""
    lines: list[str] = []
    with _small_disk() as folder:
        if folder is None:
            trial.expect(False, "a small disk can't be mounted; run the experiment as root on Linux")
            return
        async with open_lab(folder, report=lines.append) as lab:
            inner = replace(trial, lab=lab, offers=Offers.of(lab, "disk", trial.seed, trial.offers.wire))
            await _on_a_full_disk(inner, lines, folder, runs=runs, full_s=full_s, kill=kill)
    trial.findings, trial.resume_s = inner.findings, inner.resume_s


async def _on_a_full_disk(
    trial: Trial, lines: list[str], folder: Path, *, runs: int, full_s: float, kill: bool
) -> None:
    lab = trial.lab
    await trial.offers.post_all([jobs.quick_then("tokens=100; drip=10")] * runs)
    _fill(folder / "filler")
    if kill:
        lab.api.kill()
    seen, statuses, most_alive = Counter[str](), Counter[str](), 0
    for number in range(int(full_s)):
        answer = await trial.offers.post(f"full-{number}", jobs.one_call("tokens=5"), timeout_s=2)
        statuses[answer.code or str(answer.status)] += 1
        seen[await _health(lab)] += 1
        most_alive = max(most_alive, len(_apis(folder)))
        await asyncio.sleep(1)
    (folder / "filler").unlink()
    freed = time.monotonic()
    await asyncio.wait_for(lab.api.until_ready(), 60)
    for name in {answer.key for answer in trial.offers.answers if answer.status != 202}:
        await trial.offers.post_patiently(name.removeprefix(trial.offers.prefix), jobs.one_call("tokens=5"))
    await lab.all_ended(trial.offers.prefix, 120)
    trial.resume_s = time.monotonic() - freed
    await trial.check(limit_s=60, extra=4 * runs)
    trial.figures |= {
        "POSTs while full": str(dict(statuses)),
        "health while full": str(dict(seen)),
        "most API processes": most_alive,
        "API processes at the end": len(_apis(folder)),
    }
    trial.expect(most_alive <= 1, f"{most_alive} API processes in parallel")
    trial.expect(_apis(folder) == [lab.api.pid], "an unsupervised API process is running")
    trial.expect(
        any("The disk that contains" in line and "is full" in line for line in lines), "the full disk was not reported"
    )
    trial.expect(
        any("has enough free space again" in line for line in lines), "the end of the full disk was not reported"
    )
    if kill:
        reported = any("API can't be started, because the disk that contains" in line for line in lines)
        trial.expect(reported, "the reason the API can't start was not reported")
    else:
        trial.expect(seen["degraded full"] == seen.total(), f"the health document shows {dict(seen)}")
        trial.expect(not {"500", "None"} & set(statuses), f"POSTs returned {dict(statuses)}")


async def _health(lab: Lab) -> str:
    try:
        found = (await lab.http.get("/health/ready", timeout=5)).json()
    except Exception as error:  # noqa: BLE001  (no answer is an answer here)
        return type(error).__name__
    return f"{found['status']} {found['parts'].get('disk', {}).get('state')}"


def _apis(folder: Path) -> list[int]:
    """Return the API processes that work for a folder, supervised or not."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        is_api = (process.info["cmdline"] or [])[-2:] == ["-m", "api"]
        if is_api and processes.data_dir_of(process) == folder:
            found.append(process.pid)
    return found


def _fill(file: Path) -> None:
    block = bytes(1024 * 1024)
    with file.open("wb", buffering=0) as filler:
        for size in (len(block), 4096):
            try:
                while filler.write(block[:size]):
                    pass
            except OSError:
                continue


@contextmanager
def _small_disk(size: str = "900m") -> Iterator[Path | None]:
    with tempfile.TemporaryDirectory(prefix="chimera-disk-") as name:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", name]
        if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
            yield None
            return
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", "-l", name], check=True)


@asynccontextmanager
async def _skewed(lab: Lab, worker: Supervised, skew_s: float) -> AsyncIterator[None]:
    """Run a worker with a different time of day. Its waits and measurements aren't affected."""
    folder = lab.scratch("skew")
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(SKEWED_CLOCK)
    before = worker.service
    path = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    variables = {"PYTHONPATH": path, "SKEW_S": str(skew_s)}
    worker.service = replace(before, environment={**before.environment, **variables})
    await worker.restart()
    try:
        yield
    finally:
        worker.service = before
        await worker.restart()
