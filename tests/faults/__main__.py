"""Break a stack and count what was left: `python -m tests.faults [F01 freeze …] [--wire W] [--quick | --long]`.

Each trial has a stack of its own: Temporal, PostgreSQL, Redis, API, workers, and the simulator with its journal. Ends
with 1 when a trial did not pass. docs/reference/faults.md says what is tested and how it is counted.
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
        options.error(f"no experiment {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    chosen = [known[name] for name in asked.experiments or known]
    given = {name: values for name, values in vars(asked).items() if name in _SIZES and values is not None}
    if idle := set(given) - set().union(*(experiment.options for experiment in chosen)):
        options.error(f"none of these experiments takes --{', --'.join(sorted(idle)).replace('_', '-')}")
    wire = SIMULATED_VENDORS[asked.wire]
    if wire != OPENAI:
        print(f"The simulator answers, behind {wire.title}; no answer comes from the vendor.\n")
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
    options.add_argument("experiments", nargs="*", metavar="F01", help="which ones; all by default")
    options.add_argument(
        "--seeds", "--rounds", type=int, default=1, help="how often each, with other moments and orders"
    )
    options.add_argument("--first-seed", "--seed", type=int, default=1)
    options.add_argument(
        "--wire", choices=SIMULATED_VENDORS, default="openai", help="whose SDK the workers talk through"
    )
    options.add_argument("--out", type=Path, metavar="FILE", help="append each result to this file, as a line of JSON")
    options.add_argument("--show", type=Path, metavar="FILE", help="print the table of such a file and run nothing")
    size = options.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="few runs and short calls")
    size.add_argument("--long", action="store_true", help="as long as it is in life: F30 for half an hour")
    for name, (parse, what) in _SIZES.items():
        options.add_argument(f"--{name.replace('_', '-')}", type=_list_of(parse), metavar=name.upper(), help=what)
    return options


def _one_of(names: Sequence[str]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(names)}")
        return text

    return parse


_SIZES: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "what": (_one_of(tuple(TARGETS)), f"freeze: what is stopped, one or more of {','.join(TARGETS)}"),
    "seconds": (float, "freeze: for how long, one or more: 5,20,60"),
    "pairs": (int, "controls: how many of each kind"),
    "kind": (_one_of(KINDS), f"controls: only one kind, of {','.join(KINDS)}"),
    "at_once": (int, "controls: how many tasks at a time"),
    "minutes": (float, "kills: for how long"),
    "tasks_a_second": (float, "kills: how many are offered"),
}
"""Sizes of single experiments, each with its way to be read. Several values, with commas, are a trial each."""


def _list_of(parse: Callable[[str], Any]) -> Callable[[str], list[Any]]:
    def parse_all(text: str) -> list[Any]:
        return [parse(part) for part in text.split(",")]

    return parse_all


def _sizes(experiment: Experiment, given: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Every combination of what was given for this experiment; one of nothing where nothing was."""
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
    print(f"\n{failed} of {len(results)} trials did not pass" if failed else "\nevery trial passed")
    return 1 if failed else 0


def _progress(line: str) -> None:
    """Report the progress of a long experiment, apart from the table."""
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def _quiet(line: str) -> None:
    """Drop the stack's reports of its starts."""


if __name__ == "__main__":
    status = asyncio.run(main())
    sys.stdout.flush()
    sys.stderr.flush()
    # Temporal's client can abort the interpreter at its exit (sdk-python #300).
    os._exit(status)
