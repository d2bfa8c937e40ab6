"""Attack every known weakness: `python -m benchmarks security [B1a B12 …]`.

The attacks run one after another on a local stack. Each reports its number of trials and what failed. If anything
failed, the exit code is 1. B rows test weaknesses that were found in the past, and S rows test attacks from a list.
Each attack is a function in a module, listed in that module's FINDINGS. The stack's provider keys are canaries.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path

from benchmarks.security import (
    api_keys,
    approvals,
    at_rest,
    bodies,
    bombs,
    canaries,
    code,
    connections,
    controls,
    data_only,
    deletion,
    egress,
    egress_answers,
    enumeration,
    exposure,
    folders,
    foreign_pages,
    guesses,
    histories,
    limits,
    log_lines,
    mcp_hostile,
    mcp_stdio,
    modes,
    one_time,
    pages,
    pairs,
    passwords,
    patterns,
    processes,
    providers,
    rates,
    revocation,
    rights,
    schedules,
    settings,
    sign_in,
    sockets,
    spending,
    supply,
    surface,
    terminals,
    tokens,
    uploads,
    versions,
    volume,
)
from benchmarks.security.finding import Finding, Seen
from benchmarks.security.hijacked import exfiltration, injections, privilege
from tests.ports import free_port
from tests.stack import Stack, running_stack

MODULES = (
    uploads,
    log_lines,
    data_only,
    code,
    api_keys,
    approvals,
    at_rest,
    bodies,
    bombs,
    connections,
    controls,
    deletion,
    egress,
    egress_answers,
    enumeration,
    exfiltration,
    exposure,
    folders,
    foreign_pages,
    guesses,
    histories,
    injections,
    limits,
    mcp_hostile,
    mcp_stdio,
    modes,
    one_time,
    pages,
    pairs,
    passwords,
    patterns,
    privilege,
    processes,
    providers,
    rates,
    revocation,
    rights,
    schedules,
    settings,
    sign_in,
    spending,
    sockets,
    supply,
    surface,
    terminals,
    tokens,
    versions,
    volume,
)
FINDINGS: tuple[Finding, ...] = tuple(
    sorted((finding for module in MODULES for finding in module.FINDINGS), key=lambda finding: finding.place)
)


async def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks security", description=__doc__)
    options.add_argument("findings", nargs="*", metavar="B1a", help="experiments to run (default: all)")
    known = {finding.id: finding for finding in FINDINGS}
    asked = options.parse_args().findings
    if unknown := set(asked) - set(known):
        options.error(f"unknown finding: {', '.join(sorted(unknown))}. Use one of: {', '.join(known)}")
    broken = 0
    with tempfile.TemporaryDirectory(prefix="chimera-security-") as folder:
        os.environ |= canaries.variables()
        changes = canaries.settings(free_port())
        async with running_stack(Path(folder), wires=canaries.WIRES, report=lambda line: None, **changes) as stack:
            print("| finding | what must hold | N | result | s |\n|---|---|---|---|---|", flush=True)
            for name in asked or known:
                began = time.monotonic()
                seen = await tried(known[name], stack)
                broken += _result(seen).startswith("**")
                print(f"{row_of(known[name], seen)} {time.monotonic() - began:.0f} |", flush=True)
    return 1 if broken else 0


async def tried(finding: Finding, stack: Stack) -> Seen:
    try:
        return await finding.attack(stack)
    except Exception as error:  # noqa: BLE001  an attack that fails must not prevent the others
        traceback.print_exc()
        return Seen(problems=[f"couldn't be tried: {type(error).__name__}"])


def row_of(finding: Finding, seen: Seen) -> str:
    figures = ", ".join(f"{name} {value}" for name, value in seen.figures.items())
    result = f"{_result(seen)}{f' ({figures})' if figures else ''}"
    words = "; ".join([result, *(f"by decision: {each}" for each in seen.decisions)])
    return f"| {finding.id} | {finding.what} | {seen.trials} | {words} |"


def _result(seen: Seen) -> str:
    if seen.problems:
        return f"**broken**: {'; '.join(dict.fromkeys(seen.problems))}"
    if seen.not_tried:
        return f"not tried: {seen.not_tried}"
    return "holds" if seen.trials else "**broken**: nothing was tried"


if __name__ == "__main__":
    status = asyncio.run(main())
    sys.stdout.flush()
    sys.stderr.flush()
    # Temporal's client can abort the interpreter at exit (sdk-python #300).
    os._exit(status)
