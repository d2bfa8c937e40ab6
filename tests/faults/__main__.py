"""Break a stack and count the losses: `python -m tests.faults [F01 freeze …] [--wire W] [--quick | --long]`.

Each trial starts its own stack: Temporal, PostgreSQL, Redis, API, workers, and the simulator with its journal. The exit
code is 1 if a trial failed. See docs/reference/faults.md for the experiments and the counts.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from tests.faults.experiments.controls import KINDS
from tests.faults.experiments.freezes import TARGETS
from tests.faults.experiments.list import EXPERIMENTS, Experiment
from tests.faults.lab import open_lab
from tests.faults.results import Result, read, result_of, write
from tests.faults.table import HEADINGS, details_of, row_of
from tests.faults.trials import trial
from tests.wires.gateway.service import OPENAI, SIMULATED_VENDORS, SimulatedVendor


async def main() -> int:
    options = _options()
    asked = options.parse_args()
    if asked.show is not None:
        return _shown(read(asked.show))
    known = {experiment.id: experiment for experiment in EXPERIMENTS}
    if unknown := set(asked.experiments) - set(known):
        options.error(f"unknown experiment: {', '.join(sorted(unknown))}. Use one of: {', '.join(known)}")
    chosen = [known[name] for name in asked.experiments or known]
    given = {name: values for name, values in vars(asked).items() if name in _SIZES and values is not None}
    if idle := set(given) - set().union(*(experiment.options for experiment in chosen)):
        options.error(f"these experiments don't support --{', --'.join(sorted(idle)).replace('_', '-')}")
    wire = SIMULATED_VENDORS[asked.wire]
    if wire != OPENAI:
        print(f"The simulator responds as {wire.title}. The vendor itself is not contacted.\n")
    print(HEADINGS, flush=True)
    results = []
    for experiment in chosen:
        for seed in range(asked.first_seed, asked.first_seed + asked.seeds):
            for size in _sizes(experiment, given):
                result = await _one(experiment, seed, wire, size, quick=asked.quick, long=asked.long)
                results.append(result)
                print(f"{row_of(result)}\n{details_of(result)}", flush=True)
                if asked.out is not None:
                    write(asked.out, result)
    return _verdict(results)


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    options.add_argument("experiments", nargs="*", metavar="F01", help="experiments to run (default: all)")
    options.add_argument(
        "--seeds",
        "--rounds",
        type=int,
        default=1,
        help="how often to run each experiment, each time with different timing and order",
    )
    options.add_argument("--first-seed", "--seed", type=int, default=1, help="seed of the first run")
    options.add_argument("--wire", choices=SIMULATED_VENDORS, default="openai", help="vendor whose SDK the workers use")
    options.add_argument("--out", type=Path, metavar="FILE", help="append each result to this file as a line of JSON")
    options.add_argument(
        "--show",
        type=Path,
        metavar="FILE",
        help="print the table for a file written with --out, without running experiments",
    )
    size = options.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="few runs and short calls")
    size.add_argument("--long", action="store_true", help="realistic durations, such as half an hour for F30")
    for name, (parse, what) in _SIZES.items():
        options.add_argument(f"--{name.replace('_', '-')}", type=_list_of(parse), metavar=name.upper(), help=what)
    return options


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is not one of {', '.join(names)}")
        return text

    return parse


_SIZES: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "what": (_one_of(tuple(TARGETS)), f"freeze: the targets to freeze, one or more of {','.join(TARGETS)}"),
    "seconds": (float, "freeze: how long to freeze the target, in seconds; one or more values, such as 5,20,60"),
    "pairs": (int, "controls: number of pairs per kind"),
    "kind": (_one_of(KINDS), f"controls: the only kind to run, one of {','.join(KINDS)}"),
    "at_once": (int, "controls: number of parallel tasks"),
    "sockets": (int, "F10, F17: number of WebSockets"),
    "away_s": (float, "F19: how long Redis is away, in seconds"),
    "minutes": (float, "kills: duration in minutes"),
    "tasks_a_second": (float, "kills: tasks submitted per second"),
}
"""Options of single experiments and how to parse them. Each of several comma-separated values is a trial."""


def _list_of(parse: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def parse_all(text: str) -> list[Any]:
        return [parse(part) for part in text.split(",")]

    return parse_all


def _sizes(experiment: Experiment, given: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Return every combination of the values given for this experiment, or one empty combination if there are none."""
    names = sorted(experiment.options & set(given))
    return [dict(zip(names, values, strict=True)) for values in product(*(given[name] for name in names))]


async def _one(
    experiment: Experiment, seed: int, wire: SimulatedVendor, size: Mapping[str, Any], *, quick: bool, long: bool
) -> Result:
    with tempfile.TemporaryDirectory(prefix="chimera-faults-") as folder:
        async with open_lab(Path(folder), workers=experiment.workers, wires=[wire], report=_quiet) as lab:
            async with trial(lab, experiment.id, seed, wire, report=_progress) as made:
                try:
                    await experiment.on(made, quick=quick, long=long, options=size)
                except Exception as error:  # noqa: BLE001  (after any failure the next trial still has to run)
                    traceback.print_exc()
                    made.problems.append(f"{type(error).__name__}: {error}")
            return result_of(made, experiment.id, experiment.title, wire.vendor or "openai", size)


def _shown(results: Sequence[Result]) -> int:
    print(HEADINGS)
    for result in results:
        print(f"{row_of(result)}\n{details_of(result)}")
    return _verdict(results)


def _verdict(results: Sequence[Result]) -> int:
    failed = sum(bool(result.problems) for result in results)
    print(f"\n{failed} of {len(results)} trials failed" if failed else "\nAll trials passed")
    return 1 if failed else 0


def _progress(line: str) -> None:
    """Report the progress of a long experiment, apart from the table."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def _quiet(line: str) -> None:
    """Drop the stack's messages about its starts."""


if __name__ == "__main__":
    status = asyncio.run(main())
    sys.stdout.flush()
    sys.stderr.flush()
    # Temporal's client can abort the interpreter when it exits (sdk-python #300).
    os._exit(status)
