"""The demonstration's proof: a comparison of Chimera's ledger with the provider's own journal."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from models.base import Contract
from models.costs import CostView
from models.errors import Unreachable
from models.ids import TaskId, call_id_of
from models.model_calls import AttemptStatus
from models.runs import RunStatus
from models.tasks import TaskView

OK = 200


class Entry(Contract):
    """A line of the simulator's journal."""

    call_id: str
    phase: Literal["arrived", "finished", "cut"]
    status: int | None = None


@dataclass(slots=True)
class Count:
    """One side's count of a task's model calls."""

    calls: set[str] = field(default_factory=set)
    requests: int = 0
    finished: int = 0
    cut_made_again: int = 0
    finished_made_again: int = 0


@dataclass(frozen=True, slots=True)
class Proof:
    """Both counts, and the problems that were found. Without problems, the proof succeeded."""

    ledger: Count
    journal: Count
    spent_micro_usd: int
    in_doubt_micro_usd: int
    problems: tuple[str, ...]


def read_journal(path: Path, task_id: TaskId) -> list[Entry]:
    """Return the entries of the simulator's journal for one task, in order."""
    lines = path.read_text().splitlines() if path.exists() else []
    entries = (Entry.model_validate(json.loads(line)) for line in lines if task_id in line)
    return [entry for entry in entries if entry.call_id.startswith(task_id)]


def prove(task: TaskView, cost: CostView, journal: Sequence[Entry], *, killed: bool) -> Proof:
    """Compare both sides. `killed` tells whether a worker was killed while a call was in flight."""
    ours, theirs = count_ledger(task, cost), count_journal(journal)
    again = max(ours.finished_made_again, theirs.finished_made_again)
    checks = (
        (task.status == RunStatus.COMPLETED, f"the task's status is {task.status} instead of completed"),
        (killed, "the worker was not killed, because no model call was seen in flight"),
        (theirs.requests > 0, "the provider's journal has no entries for this task"),
        (ours.calls == theirs.calls, "Chimera's ledger and the provider's journal list different model calls"),
        (
            ours.requests == theirs.requests,
            "Chimera's ledger and the provider's journal show different numbers of requests",
        ),
        (
            ours.finished == theirs.finished,
            "Chimera's ledger and the provider's journal show different numbers of finished calls",
        ),
        (again == 0, f"{again} finished calls were repeated"),
        (theirs.cut_made_again > 0 or not killed, "no call was interrupted by the kill and repeated later"),
    )
    return Proof(
        ledger=ours,
        journal=theirs,
        spent_micro_usd=cost.spent_micro_usd,
        in_doubt_micro_usd=cost.in_doubt_micro_usd,
        problems=tuple(problem for holds, problem in checks if not holds),
    )


def count_journal(journal: Iterable[Entry]) -> Count:
    """Count the provider's side. A call is repeated if it arrives after it was finished or interrupted."""
    count, finished, cut = Count(), set[str](), set[str]()
    for entry in journal:
        call = entry.call_id
        count.calls.add(call)
        match entry.phase:
            case "arrived":
                count.requests += 1
                count.finished_made_again += call in finished
                count.cut_made_again += call in cut and call not in finished
            case "finished" if entry.status == OK:
                count.finished += 1
                finished.add(call)
            case "cut":
                cut.add(call)
    return count


def count_ledger(task: TaskView, cost: CostView) -> Count:
    """Count Chimera's side, where an interrupted attempt is in doubt."""
    count, finished, cut = Count(), set[str](), set[str]()
    for attempt in cost.attempts:
        call = call_id_of(task.id, attempt.path, attempt.purpose, attempt.step)
        count.calls.add(call)
        count.requests += attempt.error_code != Unreachable.code
        count.finished_made_again += call in finished
        count.cut_made_again += call in cut and call not in finished
        if attempt.status is AttemptStatus.FINISHED:
            count.finished += 1
            finished.add(call)
        elif attempt.status is AttemptStatus.IN_DOUBT:
            cut.add(call)
    return count
