"""The provider's side of the count: what the simulator recorded for each arrival."""

import json
from dataclasses import dataclass
from pathlib import Path

from models.ids import TaskId


@dataclass(slots=True)
class Arrival:
    """One request at the provider, and how it ended there."""

    call_id: str
    attempt: int
    at: float
    model: str
    input_tokens: int
    phase: str = "arrived"
    """`arrived` while the request is open, then `finished` or `cut`."""
    status: int | None = None
    ended_at: float | None = None
    output_tokens: int = 0

    @property
    def task_id(self) -> TaskId:
        return TaskId(self.call_id.partition("#")[0].partition("/")[0])


def read_journal(path: Path) -> list[Arrival]:
    """Return all arrivals of calls, in order. An end belongs to the oldest open arrival of its call and attempt.

    Requests that name no call aren't Chimera's.
    """
    arrivals: list[Arrival] = []
    still_open: dict[tuple[str, str], list[Arrival]] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        entry = json.loads(line)
        if not entry["call_id"]:
            continue
        place = (entry["call_id"], entry["attempt"])
        if entry["phase"] == "arrived":
            arrival = Arrival(
                call_id=entry["call_id"],
                attempt=int(entry["attempt"]),
                at=entry["t"],
                model=entry["model"],
                input_tokens=entry["input_tokens"],
            )
            arrivals.append(arrival)
            still_open.setdefault(place, []).append(arrival)
        else:
            ended = still_open[place].pop(0)
            ended.phase, ended.status, ended.output_tokens = entry["phase"], entry["status"], entry["output_tokens"]
            ended.ended_at = entry["t"]
    return arrivals
