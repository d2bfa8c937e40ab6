"""`python -m benchmarks fuzz`: requests that schemathesis generates from the OpenAPI document, with all its checks.

It runs against a stack of its own, whose only provider is the simulator, as a user who isn't an administrator. Nothing
that it deletes belongs to others, and the request that ends its session is sent with another session. The exit code is
1 if a check fails.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2

from benchmarks.security.finding import PASSWORD, client_of, new_account, try_password
from tests.stack import Stack, running_stack

HERE = Path(__file__).parent
LOGOUT = "/api/v1/auth/logout"
NO_LIMITS: dict[str, Any] = {"max_open_tasks": 0, "max_open_ai_calls": 0, "max_schedules": 0, "max_agents": 0}
"""With limits, most requests would soon be told only that the user has too much already."""
SHOWN = 40
EXAMPLES = 75
"""Examples per operation and phase in each round."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks fuzz")
    parser.add_argument("--cases", type=int, default=10_000, help="rounds are repeated until so many cases were sent")
    parser.add_argument("--seed", type=int, default=14)
    parser.add_argument("--only", help="only operations whose path matches this regular expression")
    parser.add_argument("--report", type=Path, help="folder for schemathesis's own output")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chimera-fuzz-") as folder:
        return asyncio.run(_measure(Path(folder), asked))


async def _measure(folder: Path, asked: argparse.Namespace) -> int:
    failures: Counter[str] = Counter()
    cut_short: list[str] = []
    cases = rounds = 0
    async with running_stack(folder / "data", **NO_LIMITS) as stack:
        while cases < asked.cases:
            options = ["--exclude-path", LOGOUT]
            if asked.only:
                options += ["--include-path-regex", asked.only]
            reports = [await _run(stack, folder / f"{rounds}", asked, asked.seed + rounds, options)]
            if not asked.only:
                reports.append(await _run(stack, folder / "logout", asked, asked.seed, ["--include-path", LOGOUT]))
            for report in reports:
                cases += report["test_cases"]["generated"]
                failures.update(_failures_in(report))
                cut_short += [str(error.get("title", error))[:200] for error in report["errors"]]
            rounds += 1
        bugs = await _bugs_logged(stack)
    print(f"fuzz: {cases:,} cases in {rounds} rounds, {failures.total()} failed checks, {bugs} bugs in the API's log")
    for error in cut_short:
        print(f"  schemathesis itself failed, and went on with the next operation: {error}")
    for what, times in failures.most_common(SHOWN):
        print(f"  {times} x {what}")
    return 1 if failures or bugs else 0


async def _run(stack: Stack, place: Path, asked: argparse.Namespace, seed: int, options: list[str]) -> dict[str, Any]:
    """Run schemathesis once with a session of its own; return its report."""
    report = place.with_suffix(".json")
    async with client_of(stack, address="127.0.9.1") as client:
        token = await _session(stack, client)
    command = [
        str(Path(sys.executable).with_name("st")),
        *("--no-color", "--config-file", str(HERE / "schemathesis.toml")),
        *("run", f"{stack.api.base_url}/openapi.json", "--header", f"Authorization: Bearer {token}"),
        *("--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure"),
        *("--max-examples", str(EXAMPLES), "--seed", str(seed), "--no-shrink", "--workers", "2"),
        *("--request-timeout", "70", "--suppress-health-check", "all", "--generation-database", "none"),
        *("--report", "json", "--report-json-path", str(report)),
        *options,
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "benchmarks.fuzz.checks"}
    running = await asyncio.create_subprocess_exec(
        *command, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await running.communicate()
    if asked.report:
        asked.report.mkdir(parents=True, exist_ok=True)
        (asked.report / f"{place.name}.txt").write_bytes(output)
    if not report.exists():
        raise RuntimeError(f"schemathesis failed:\n{output.decode()[-2000:]}")
    found: dict[str, Any] = json.loads(report.read_text())
    return found


async def _session(stack: Stack, client: httpx2.AsyncClient) -> str:
    tokens = (await try_password(client, await new_account(stack), PASSWORD)).json()
    return str(tokens["access_token"])


def _failures_in(report: dict[str, Any]) -> Counter[str]:
    found: Counter[str] = Counter()
    for failure in report["failures"]:
        for operation in failure.get("operations", ["?"]):
            found[f"{failure.get('code', '')} {failure.get('title', failure)}: {operation}"] += 1
    return found


async def _bugs_logged(stack: Stack) -> int:
    """Count the unexpected errors in the logs, because some answers to them can't be seen by a client."""
    logs = [path for path in (stack.settings.data_dir / "logs").rglob("*") if path.is_file()]
    texts = [await asyncio.to_thread(path.read_text, "utf-8", "replace") for path in logs]
    return sum(text.count('"request_failed"') + text.count("request_failed  ") for text in texts)


if __name__ == "__main__":
    sys.exit(main())
