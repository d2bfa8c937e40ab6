"""Points in a run at which a cancel and another control arrive."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults import jobs


@dataclass(frozen=True, slots=True)
class Phase:
    """The task that reaches a point, the event that shows that it is there, and how long to wait after that."""

    body: Mapping[str, Any]
    event: str | None
    wait_s: tuple[float, float]


_SHORT = "tokens=10; drip=20"

PHASES = {
    "start": Phase(jobs.planned('split=3; sub="tokens=10,drip=20"'), None, (0.0, 0.3)),
    "planning": Phase(jobs.planned("split=2; delay=0.5"), "model_call.started plan", (0.0, 0.7)),
    "starting": Phase(jobs.side_by_side(_SHORT, 6), "run.started", (0.0, 0.4)),
    "deep": Phase(jobs.planned_further("split=2; delay=0.3"), "subtask.started", (0.0, 0.8)),
    "retrying": Phase(
        jobs.one_call("status=400; times=1; tokens=5") | {"on_failure": "retry"}, "model_call.failed turn", (0.0, 1.2)
    ),
    "waiting": Phase(jobs.chain([_SHORT, _SHORT]) | {"budget": {"max_model_calls": 1}}, "budget.reached", (0.0, 0.3)),
    "aggregating": Phase(jobs.side_by_side("tokens=5", 2, _SHORT), "model_call.started aggregate", (0.0, 0.7)),
    "ending": Phase(jobs.one_call("tokens=5"), "subtask.completed", (0.0, 0.05)),
}
"""`retrying`: between two attempts at a subtask. `waiting`: for a budget. `ending`: in a plan with one subtask, between
its answer and the task's end.
"""
