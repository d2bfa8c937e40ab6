"""Results in a file, one line of JSON per trial, so that a long run can be divided."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.trials import Trial


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a trial: its options, counts, measurements and problems."""

    experiment: str
    title: str
    seed: int
    wire: str = "openai"
    options: Mapping[str, Any] = field(default_factory=dict)
    findings: Mapping[str, Any] | None = None
    """The fields of `Findings`; None if the experiment broke off before anything was counted."""
    figures: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    resume_s: float | None = None
    took_s: float = 0.0


def result_of(made: Trial, experiment: str, title: str, wire: str, options: Mapping[str, Any]) -> Result:
    """Return a trial's results, without the stack that they were found on."""
    return Result(
        experiment=experiment,
        title=title,
        seed=made.seed,
        wire=wire,
        options=options,
        findings=None if made.findings is None else asdict(made.findings),
        figures=made.figures,
        problems=(*made.problems, *made.late),
        resume_s=made.resume_s,
        took_s=round(made.took_s, 1),
    )


def write(path: Path, result: Result) -> None:
    """Append a result."""
    with path.open("a") as file:
        file.write(json.dumps(asdict(result)) + "\n")


def read(path: Path) -> list[Result]:
    """Return the results written by one run or several."""
    entries = (json.loads(line) for line in path.read_text().splitlines() if line)
    return [Result(**{**entry, "problems": tuple(entry["problems"])}) for entry in entries]
