"""G. Stops that hold: a cancel and another control at once, at every point of a run."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import product
from random import Random
from typing import Any

import httpx2

from models.ids import TaskId
from models.runs import CLOSED
from tests.faults.attempts import by_status
from tests.faults.experiments.phases import PHASES
from tests.faults.lab import until
from tests.faults.trials import Trial

KINDS = ("pause", "resume", "budget", "steer", "interrupt", "cancel", "delete")
"""Controls sent at the same time as a cancel."""

ENDS_S = 60.0
"""The time that a cancelled task may take to end after the cancel's response."""
APART_S = 0.01
LOOK_S = 0.03


@dataclass(slots=True)
class Pair:
    """A cancel and another control, with the responses to both."""

    kind: str
    phase: str
    task_id: TaskId
    statuses: list[int] = field(default_factory=list)
    accepted_at: datetime | None = None
    """The time at which the cancel's response (202) arrived."""

    def __str__(self) -> str:
        return f"{self.task_id} ({self.kind}, {self.phase})"


async def pair_controls(
    trial: Trial,
    *,
    pairs: int = 100,
    at_once: int = 20,
    kind: str | None = None,
    ends_s: float = ENDS_S,
    least: float = 0.5,
) -> None:
    """Cancel tasks, each with another control at the same moment. Every accepted cancel must end its task.

    `least` is the share of cancels that must be accepted for the trial to mean anything: on a busy machine, tasks may
    end first.
    """
    kinds = (kind,) if kind else KINDS
    plan = [(a_kind, tuple(PHASES)[number % len(PHASES)]) for a_kind, number in product(kinds, range(pairs))]
    trial.random.shuffle(plan)
    watch = _Watch(trial)
    slots = asyncio.Semaphore(at_once)
    made: list[Pair] = []

    async def one(number: int, a_kind: str, phase: str) -> None:
        async with slots:
            pair = await _pair(trial, watch, number, a_kind, phase)
            if pair is None:
                return
            made.append(pair)
            if len(made) % 50 == 0:
                trial.report(f"{len(made)} of {len(plan)} pairs")
            # Whether the task has ended is checked by `judge`.
            await until(lambda: watch.has_ended(pair.task_id), ends_s, LOOK_S)
            watch.forget(pair.task_id)

    watching = asyncio.create_task(watch.look())
    try:
        await asyncio.gather(*(one(number, *what) for number, what in enumerate(plan)))
    finally:
        watching.cancel()
    await judge(trial, made)
    ends = await by_status(trial)
    accepted = [pair for pair in made if pair.accepted_at is not None]
    # A call that guidance cuts, or that failed, is made again.
    await trial.check(limit_s=1, extra=ends.total() - ends["finished"], completed=len(made) - len(accepted))
    trial.expect(len(made) == len(plan), f"{len(made)} of {len(plan)} tasks were accepted")
    trial.expect(len(accepted) >= least * len(made), f"only {len(accepted)} of {len(made)} cancels were accepted")


async def _pair(trial: Trial, watch: "_Watch", number: int, kind: str, phase_name: str) -> Pair | None:
    """Offer a task, wait until it reaches the phase, and send both controls."""
    lab, phase, random = trial.lab, PHASES[phase_name], Random(f"{trial.seed}/{number}")
    answer = await trial.offers.post_patiently(str(number), dict(phase.body))
    if answer.task_id is None:
        return None
    pair = Pair(kind, phase_name, answer.task_id)
    watch.add(pair.task_id)
    if phase.event is not None:
        await until(lambda: watch.has_seen(pair.task_id, phase.event), ENDS_S, LOOK_S)
    await asyncio.sleep(random.uniform(*phase.wait_s))
    if kind == "resume":
        pair.statuses.append(await _send(lab.http, pair.task_id, "pause"))

    async def cancel() -> None:
        status = await _send(lab.http, pair.task_id, "cancel")
        pair.statuses.append(status)
        if status == 202 and pair.accepted_at is None:
            pair.accepted_at = datetime.now(UTC)

    async def other() -> None:
        if kind == "cancel":
            await cancel()
        else:
            pair.statuses.append(await _send(lab.http, pair.task_id, kind))

    await asyncio.gather(*(_later(control(), random.uniform(0, APART_S)) for control in (cancel, other)))
    if kind == "delete":
        await until(lambda: _is_deleted(trial, pair), ENDS_S, 0.1)
    return pair


async def _later(control: Any, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await control


async def _is_deleted(trial: Trial, pair: Pair) -> bool:
    """Try again to delete the task, which is refused until it has ended. Return whether it is deleted."""
    status = await _send(trial.lab.http, pair.task_id, "delete")
    if status != 409:
        pair.statuses.append(status)
    return status in (204, 404)


async def _send(http: httpx2.AsyncClient, task_id: TaskId, kind: str) -> int:
    """Send a control, and return the status, or 0 if no response arrived."""
    path = f"/api/v1/tasks/{task_id}"
    bodies: dict[str, dict[str, Any]] = {
        "budget": {"max_model_calls": 1000},
        "steer": {"text": "Be brief."},
        "interrupt": {"text": "Be brief.", "interrupt": True},
    }
    try:
        if kind == "delete":
            return (await http.delete(path)).status_code
        place = "steer" if kind == "interrupt" else kind
        return (await http.post(f"{path}/{place}", json=bodies.get(kind))).status_code
    except httpx2.HTTPError:
        return 0


async def judge(trial: Trial, pairs: Sequence[Pair]) -> None:
    """Count how the tasks with an accepted cancel ended, and the calls begun or sent after the response."""
    rows = await trial.lab.rows(
        "SELECT t.id, t.status, max(a.started_at) AS began FROM runs t"
        " LEFT JOIN call_attempts a ON a.run_id = t.id WHERE t.idempotency_key LIKE :prefix GROUP BY t.id",
        prefix=f"{trial.offers.prefix}%",
    )
    ended = {str(row["id"]): row for row in rows}
    wrong = Counter[str]()
    arrived = {arrival.task_id: arrival.at for arrival in trial.lab.journal()}
    for kind in KINDS:
        mine = [pair for pair in pairs if pair.kind == kind]
        accepted = [pair for pair in mine if pair.accepted_at is not None]
        ends = Counter(ended[pair.task_id]["status"] for pair in accepted)
        trial.figures[kind] = f"{len(accepted)} of {len(mine)} accepted: " + ", ".join(
            f"{number} {status}" for status, number in sorted(ends.items())
        )
    sent_after = 0
    for pair in pairs:
        odd = [status for status in pair.statuses if status not in (200, 202, 204, 404, 409)]
        trial.expect(not odd, f"{pair}: returned {odd}")
        if pair.accepted_at is None:
            continue
        row = ended[pair.task_id]
        if row["status"] != "cancelled":
            wrong[f"{row['status']} ({pair.phase})"] += 1
            trial.problems.append(f"{pair}: the cancel was accepted, but the task is {row['status']}")
        begun_after = row["began"] is not None and row["began"] > pair.accepted_at
        trial.expect(not begun_after, f"{pair}: a call started after the response to the cancel")
        sent_after += arrived.get(pair.task_id, 0.0) > pair.accepted_at.timestamp()
    trial.figures |= {
        # `cancelling` means that the task hangs.
        "not cancelled": ", ".join(f"{number} {how}" for how, number in sorted(wrong.items())) or 0,
        # These calls had begun and were already sent, so they couldn't be recalled.
        "requests that arrived after the answer": sent_after,
    }


class _Watch:
    """The events and rows of the tasks in progress, read with one query for all of them."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._seen: dict[TaskId, set[str]] = {}
        self._ended: set[TaskId] = set()

    def add(self, task_id: TaskId) -> None:
        self._seen[task_id] = set()

    def forget(self, task_id: TaskId) -> None:
        self._seen.pop(task_id, None)

    async def has_seen(self, task_id: TaskId, event: str | None) -> bool:
        return event in self._seen[task_id] or task_id in self._ended

    async def has_ended(self, task_id: TaskId) -> bool:
        return task_id in self._ended

    async def look(self) -> None:
        waited_for = [phase.event for phase in PHASES.values() if phase.event is not None]
        while True:
            rows = await self._trial.lab.rows(
                "SELECT t.id, t.status, array_agg(e.name) AS names FROM runs t LEFT JOIN LATERAL ("
                "  SELECT concat_ws(' ', payload ->> 'type', payload ->> 'purpose') AS name FROM events"
                "  WHERE run_id = t.id) e ON e.name = ANY(CAST(:waited_for AS text[]))"
                " WHERE t.id = ANY(CAST(:ids AS uuid[])) GROUP BY t.id",
                ids=list(self._seen),
                waited_for=waited_for,
            )
            for row in rows:
                task_id = TaskId(str(row["id"]))
                self._seen.get(task_id, set()).update(name for name in row["names"] if name)
                if row["status"] in CLOSED:
                    self._ended.add(task_id)
            await asyncio.sleep(LOOK_S)
