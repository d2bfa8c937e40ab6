"""Break a stack and count what was left: `python -m benchmarks.faults [F01 …] [--wire W] [--quick | --long]`.

Each trial has a stack of its own: Temporal, PostgreSQL, Redis, API, workers, and the simulator with its journal. Ends
with 1 when a trial did not pass. docs/reference/faults.md says what is tested and how it is counted.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import traceback
from pathlib import Path

from benchmarks.faults.experiments import EXPERIMENTS, Experiment
from benchmarks.faults.lab import open_lab
from benchmarks.faults.report import Trial, trial
from benchmarks.faults.table import HEADINGS, details_of, row_of
from benchmarks.wires.wire import OPENAI, WIRES, Wire


async def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    options.add_argument("experiments", nargs="*", metavar="F01", help="which ones; all by default")
    options.add_argument("--seeds", type=int, default=1, help="how often each, with other moments and orders")
    options.add_argument("--first-seed", type=int, default=1)
    options.add_argument("--wire", choices=WIRES, default="openai", help="whose SDK the workers talk through")
    size = options.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="few runs and short calls")
    size.add_argument("--long", action="store_true", help="an outage as long as it is in life: F30 for half an hour")
    asked = options.parse_args()
    known = {experiment.id: experiment for experiment in EXPERIMENTS}
    if unknown := set(asked.experiments) - set(known):
        options.error(f"no experiment {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    chosen = [known[name] for name in asked.experiments or known]
    failed = 0
    wire = WIRES[asked.wire]
    if wire != OPENAI:
        print(f"The simulator answers, behind {wire.title}; no answer comes from the vendor.\n")
    print(HEADINGS, flush=True)
    for experiment in chosen:
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            made = await _one(experiment, seed, wire, quick=asked.quick, long=asked.long)
            failed += bool(made.problems or made.late)
            print(f"{row_of(experiment.id, made)}\n{details_of(experiment, made)}", flush=True)
    print(f"\n{failed} of {len(chosen) * asked.seeds} trials did not pass" if failed else "\nevery trial passed")
    return 1 if failed else 0


async def _one(experiment: Experiment, seed: int, wire: Wire, *, quick: bool, long: bool) -> Trial:
    with tempfile.TemporaryDirectory(prefix="chimera-faults-") as folder:
        async with open_lab(Path(folder), workers=experiment.workers, wires=[wire], say=_quiet) as lab:
            async with trial(lab, experiment.id, seed, wire) as made:
                try:
                    await experiment.on(made, quick=quick, long=long)
                except Exception as error:  # noqa: BLE001  (whatever broke, the next trial still has to run)
                    traceback.print_exc()
                    made.problems.append(f"{type(error).__name__}: {error}")
            return made


def _quiet(line: str) -> None:
    """What the stack says of its starts is of no interest here."""


if __name__ == "__main__":
    status = asyncio.run(main())
    sys.stdout.flush()
    sys.stderr.flush()
    # Temporal's client can abort the interpreter at its exit (sdk-python #300).
    os._exit(status)
