"""A journal of the requests that arrived, which tests compare with Chimera's ledger.

A JSON line is written when a request arrives, and another when its last byte has been sent or its connection has ended
before. Each line is a single `write` to a file opened for appending, so lines of several processes don't mix.
"""

import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Phase = Literal["arrived", "finished", "cut"]

MAX_CALLS_KEPT = 200_000
"""The number of calls whose counts are kept in memory. Beyond it, the oldest are dropped; the file keeps them all."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One request."""

    call_id: str
    attempt: str
    model: str
    input_tokens: int
    number: int
    """Its number among the arrivals of this call, from 1."""


class Journal:
    """Counts in memory and, if a path is given, lines in a file, which a restarted server reads again."""

    def __init__(self, path: Path | None = None, *, fsync: bool = False) -> None:
        self._calls: dict[str, Counter[Phase]] = {}
        self._totals: Counter[Phase] = Counter()
        self._fsync = fsync
        self._file: int | None = None
        if path is not None:
            self._read(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def arrive(self, call_id: str, attempt: str, model: str, input_tokens: int) -> Arrival:
        """Record that a request has arrived, before it is processed."""
        number = self._count(call_id, "arrived")
        arrival = Arrival(call_id, attempt, model, input_tokens, number)
        self._write(arrival, "arrived", 0, None)
        return arrival

    def end(self, arrival: Arrival, phase: Phase, output_tokens: int = 0, status: int = 200) -> None:
        """Record how a request ended: `finished` after the last byte (also of an error), `cut` before."""
        self._count(arrival.call_id, phase)
        self._write(arrival, phase, output_tokens, status)

    def counts(self, call_id: str | None = None) -> dict[str, object]:
        """Return the totals, and the counts of every call or of one."""
        calls = self._calls if call_id is None else {call_id: self._calls.get(call_id, Counter())}
        return {
            "arrivals": self._totals["arrived"],
            "finished": self._totals["finished"],
            "cut": self._totals["cut"],
            "calls": {
                name: {"arrivals": seen["arrived"], "finished": seen["finished"], "cut": seen["cut"]}
                for name, seen in calls.items()
            },
        }

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _count(self, call_id: str, phase: Phase) -> int:
        seen = self._calls.get(call_id)
        if seen is None:
            if len(self._calls) >= MAX_CALLS_KEPT:
                del self._calls[next(iter(self._calls))]
            seen = self._calls[call_id] = Counter()
        seen[phase] += 1
        self._totals[phase] += 1
        return seen[phase]

    def _write(self, arrival: Arrival, phase: Phase, output_tokens: int, status: int | None) -> None:
        if self._file is None:
            return
        line = {
            "t": round(time.time(), 6),
            "call_id": arrival.call_id,
            "attempt": arrival.attempt,
            "phase": phase,
            "model": arrival.model,
            "input_tokens": arrival.input_tokens,
            "output_tokens": output_tokens,
            "status": status,
        }
        os.write(self._file, json.dumps(line).encode() + b"\n")
        if self._fsync:
            os.fsync(self._file)

    def _read(self, path: Path) -> None:
        if not path.exists():
            return
        with path.open() as lines:
            for line in lines:
                # Skip a line that a killed process left incomplete.
                if line.endswith("}\n"):
                    entry = json.loads(line)
                    self._count(entry["call_id"], entry["phase"])
