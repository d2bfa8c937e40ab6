"""`python -m benchmarks cases [--only B01,B05] [--kind tool-calls] [--wire google] [--json]`."""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cases.case import Case
from benchmarks.cases.judge import words_of
from benchmarks.cases.lists import CASES
from benchmarks.cases.table import table_of, total_of
from benchmarks.cases.trial import Verdict, try_all

ODD_FOLDER = "dàta ü (1) & a long name for a folder that a user has made on a desktop"
"""The name of the stack's folder, which is itself a case: finding B31."""


async def main() -> int:
    options = argparse.ArgumentParser(
        prog="python -m benchmarks cases", description="Run the known cases and check the results."
    )
    options.add_argument(
        "--only", default="", metavar="IDS", help="case IDs, such as B01,B05.null (B05 selects every case B05.…)"
    )
    options.add_argument("--kind", default="", help="run only cases of this kind")
    options.add_argument("--wire", default="", help="run only cases for this vendor: openai, anthropic or google")
    options.add_argument("--json", action="store_true", help="print a JSON list instead of the table")
    asked = options.parse_args()
    chosen = choice_of(CASES, only=asked.only, kind=asked.kind, wire=asked.wire)
    if not chosen:
        kinds = ", ".join(dict.fromkeys(case.kind for case in CASES))
        options.error(f"no case matches these options. Valid kinds: {kinds}")
    with tempfile.TemporaryDirectory(prefix="chimera-cases-") as folder:
        verdicts = await try_all(chosen, Path(folder, ODD_FOLDER), _print)
    print(json.dumps(list(map(_as_data, verdicts)), ensure_ascii=False, indent=1) if asked.json else table_of(verdicts))
    print(total_of(verdicts), file=sys.stderr if asked.json else sys.stdout)
    return 1 if any(verdict.problems for verdict in verdicts) else 0


def choice_of(cases: Sequence[Case], *, only: str = "", kind: str = "", wire: str = "") -> list[Case]:
    """Choose cases by id, kind and wire. A finding's number, such as B05, selects all of its samples."""
    names = [name for name in only.split(",") if name]
    return [
        case
        for case in cases
        if (not names or any(case.id == name or case.id.startswith(f"{name}.") for name in names))
        and kind in ("", case.kind)
        and wire in ("", case.wire)
    ]


def _print(verdict: Verdict) -> None:
    """Print one character per case to show progress."""
    print({"ok": ".", "wrong": "!"}.get(verdict.word, "-"), end="", flush=True, file=sys.stderr)


def _as_data(verdict: Verdict) -> dict[str, object]:
    case = verdict.case
    return {
        "id": case.id,
        "kind": case.kind,
        "wire": case.wire,
        "source": case.source,
        "input": case.what,
        "right": words_of(case.right),
        "now": verdict.now,
        "requests": verdict.requests,
        "verdict": verdict.word,
        "problems": verdict.problems,
        "note": case.note,
    }


if __name__ == "__main__":
    status = asyncio.run(main())
    sys.stdout.flush()
    sys.stderr.flush()
    # Temporal's client can abort the interpreter at exit (sdk-python #300).
    os._exit(status)
