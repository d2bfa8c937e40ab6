"""The checker for every experiment: it compares our ledger, rows and events with the provider's journal and Temporal.

The codes such as K1 are those of docs/reference/faults.md. Everything is counted over the tasks whose Idempotency-Key
begins with the experiment's prefix, so that a task counts even if no client received a response.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from chimera.pricing import cost_of, price_of
from models.errors import ModelLoading, Unreachable
from models.events import LAST
from models.ids import NodePath, TaskId, call_id_of, workflow_id_of
from models.runs import CLOSED
from models.usage import Usage
from tests.faults.answers import missing_answers
from tests.faults.clients import Follower, Offers
from tests.faults.journal import Arrival
from tests.faults.lab import Lab, until

AGREE_S = 10.0
LOOKS_AT_ONCE = 10
STUCK_WORKFLOW_TASK = 3
CLOSE_STATUS = {
    WorkflowExecutionStatus.COMPLETED: "completed",
    WorkflowExecutionStatus.FAILED: "failed",
    WorkflowExecutionStatus.CANCELED: "cancelled",
}


@dataclass(frozen=True, slots=True)
class Findings:
    """The results of the count. Except for the first four, the sums and the share, each must be 0 to pass."""

    runs: int
    completed: int
    arrivals: int
    extra: int
    """K4: arrivals at the provider beyond one per call. An experiment sets how many its fault may cause."""
    lost: int
    """K1: accepted tasks that haven't ended in both PostgreSQL and Temporal."""
    duplicates: int
    """K2: keys with more than one task, and tasks with more than one run."""
    repeated: int
    """K4: arrivals of a call after its answer was settled in the ledger."""
    unbooked: int
    """K4: arrivals without a row for their attempt."""
    unasked: int
    """K4: rows of answered attempts for which no arrival ended with an answer."""
    stuck: int
    """K5: executions that are still open, or whose workflow task keeps failing."""
    gaps: int
    """K6: followed tasks with a gap, a duplicate event, no end or two ends; the same for event rows."""
    disagreeing: int
    """K7: tasks on which API, PostgreSQL and Temporal disagree 10 s after the end."""
    misbooked: int
    """K8: tasks whose account isn't the sum of their attempts, or that still have something reserved."""
    booked_micro_usd: int
    """K8: the cost of the finished attempts with reported usage, according to the ledger …"""
    provider_micro_usd: int
    """… and according to the provider's own token counts."""
    missing: int
    """K11: nodes that are recorded as complete, or whose call is, without a stored answer."""
    where: tuple[str, ...]
    """The missing answers, and the disagreements between the API, PostgreSQL and Temporal, which counts don't show."""
    answered_share: float
    """The share of keys accepted or refused with a documented code; at least 95 %, so that nothing passes trivially."""

    def problems(self) -> list[str]:
        """Return everything that no experiment may show."""
        zeros = (
            "lost",
            "duplicates",
            "repeated",
            "unbooked",
            "unasked",
            "stuck",
            "gaps",
            "disagreeing",
            "misbooked",
            "missing",
        )
        found = [f"{name} is {getattr(self, name)}" for name in zeros if getattr(self, name)]
        found += self.where
        if self.booked_micro_usd != self.provider_micro_usd:
            found.append(
                f"booked {self.booked_micro_usd} micro-USD, but the provider counted {self.provider_micro_usd}"
            )
        if self.answered_share < 0.95:
            found.append(f"only {self.answered_share:.0%} of the submitted tasks got a response")
        if self.runs == 0:
            found.append("nothing ran")
        return found


async def examine(lab: Lab, offers: Offers, followers: Sequence[Follower] = ()) -> Findings:
    """Count everything. This waits at most 10 s for the API, PostgreSQL and Temporal to agree."""
    tasks = await lab.rows(
        "SELECT * FROM runs WHERE idempotency_key LIKE :prefix ORDER BY created_at", prefix=f"{offers.prefix}%"
    )
    ids = [TaskId(str(task["id"])) for task in tasks]
    disagreeing = await _disagreeing(lab, ids)
    executions = await _executions(lab, set(ids))
    ledger = await _Ledger.read(lab, ids)
    missing = await missing_answers(lab, ids, executions)
    return Findings(
        runs=len(ids),
        completed=sum(task["status"] == "completed" for task in tasks),
        arrivals=len(ledger.arrivals),
        extra=len(ledger.arrivals) - len({arrival.call_id for arrival in ledger.arrivals}),
        lost=_lost(offers.accepted(), tasks, executions),
        duplicates=_duplicates(tasks, offers, executions),
        repeated=ledger.repeated(),
        unbooked=ledger.unbooked(),
        unasked=ledger.unasked(),
        stuck=await _stuck(lab, executions),
        gaps=sum(bool(follower.problems()) for follower in followers) + await _gaps_in_rows(lab, ids),
        disagreeing=len(disagreeing),
        misbooked=sum(ledger.is_misbooked(task) for task in tasks),
        booked_micro_usd=ledger.booked(),
        provider_micro_usd=ledger.priced_by_provider(),
        missing=len(missing),
        where=(*disagreeing, *missing),
        answered_share=offers.answered_share(),
    )


@dataclass(frozen=True, slots=True)
class _Ledger:
    """Attempts and calls alongside the provider's arrivals. Both are identified by call and attempt."""

    attempts: dict[tuple[str, int], RowMapping]
    settled_at: dict[str, datetime]
    arrivals: list[Arrival]

    @classmethod
    async def read(cls, lab: Lab, ids: Sequence[TaskId]) -> "_Ledger":
        mine = "WHERE run_id = ANY(CAST(:ids AS uuid[]))"
        attempts = await lab.rows(f"SELECT * FROM call_attempts {mine}", ids=list(ids))
        calls = await lab.rows(f"SELECT * FROM calls {mine} AND status = 'finished'", ids=list(ids))
        wanted = set(ids)
        return cls(
            attempts={(_call_id(row), row["attempt"]): row for row in attempts},
            settled_at={_call_id(row): row["ended_at"] for row in calls},
            arrivals=[arrival for arrival in lab.journal() if arrival.task_id in wanted],
        )

    def repeated(self) -> int:
        settled = {call_id: at.timestamp() for call_id, at in self.settled_at.items()}
        return sum(arrival.at > settled.get(arrival.call_id, arrival.at) for arrival in self.arrivals)

    def unbooked(self) -> int:
        """Count arrivals without a row. Each row covers one arrival: a second one under its attempt has none."""
        counted = Counter((arrival.call_id, arrival.attempt) for arrival in self.arrivals)
        return sum(number - (place in self.attempts) for place, number in counted.items())

    def unasked(self) -> int:
        answered = {(a.call_id, a.attempt) for a in self.arrivals if a.phase == "finished" and a.status == 200}
        claimed = {place for place, row in self.attempts.items() if row["status"] in ("finished", "late")}
        return len(claimed - answered)

    def booked(self) -> int:
        return sum(row["cost_micro_usd"] for row in self.attempts.values() if _was_reported(row))

    def priced_by_provider(self) -> int:
        total = 0
        for arrival in self.arrivals:
            row = self.attempts.get((arrival.call_id, arrival.attempt))
            if row is not None and _was_reported(row) and arrival.phase == "finished":
                usage = Usage(input_tokens=arrival.input_tokens, output_tokens=arrival.output_tokens)
                total += cost_of(usage, price_of(f"simulator/{arrival.model}"))
        return total

    def is_misbooked(self, task: RowMapping) -> bool:
        own = [row for row in self.attempts.values() if row["run_id"] == task["id"]]
        spent = sum(row["cost_micro_usd"] for row in own)
        in_doubt = sum(row["reserved_micro_usd"] for row in own if row["status"] == "in_doubt")
        asked = sum(row["error_code"] not in (Unreachable.code, ModelLoading.code) for row in own)
        held = (task["reserved_micro_usd"], task["reserved_tokens"]) if task["status"] in CLOSED else (0, 0)
        account = (task["spent_micro_usd"], task["in_doubt_micro_usd"], task["model_calls"])
        return account != (spent, in_doubt, asked) or held != (0, 0)


def _was_reported(row: RowMapping) -> bool:
    """Return whether the provider answered and reported its usage. Flagged estimates can't be compared."""
    return row["status"] == "finished" and not row["estimated"]


def _call_id(row: RowMapping) -> str:
    return call_id_of(TaskId(str(row["run_id"])), NodePath(row["path"]), row["purpose"], row["step"])


def _lost(accepted: set[TaskId], tasks: Sequence[RowMapping], executions: Sequence[WorkflowExecution]) -> int:
    ended = {TaskId(str(task["id"])) for task in tasks if task["status"] in CLOSED}
    without_run = {TaskId(str(task["id"])) for task in tasks if task["deleted_at"] is not None or _never_started(task)}
    closed = {execution.id for execution in executions if execution.close_time is not None}
    return sum(
        task_id not in ended or (task_id not in without_run and workflow_id_of(task_id) not in closed)
        for task_id in accepted
    )


def _never_started(task: RowMapping) -> bool:
    """Return whether a task was cancelled while it was queued, so that it never had a run in Temporal."""
    return task["status"] == "cancelled" and task["started_at"] is None


def _duplicates(tasks: Sequence[RowMapping], offers: Offers, executions: Sequence[WorkflowExecution]) -> int:
    keys = Counter((task["owner_id"], task["idempotency_key"]) for task in tasks)
    reported = {(answer.key, answer.task_id) for answer in offers.answers if answer.task_id is not None}
    several_ids = Counter(key for key, _ in reported)
    starts = Counter(execution.id for execution in executions if not _is_continued_from(execution))
    return sum(number > 1 for counted in (keys, several_ids, starts) for number in counted.values())


def _is_continued_from(execution: WorkflowExecution) -> bool:
    """Return whether another run with this ID is expected: it continued as new, or is a subtask to be retried."""
    retried = "/" in execution.id and execution.status == WorkflowExecutionStatus.FAILED
    return retried or execution.status == WorkflowExecutionStatus.CONTINUED_AS_NEW


async def _executions(lab: Lab, ids: set[TaskId]) -> list[WorkflowExecution]:
    """Return every execution of these tasks, including subtasks."""
    listed = lab.stack.temporal.list_workflows("WorkflowType IN ('TaskWorkflow', 'SubtaskWorkflow')")
    return [each async for each in listed if each.id.removeprefix("run-").partition("/")[0] in ids]


async def _stuck(lab: Lab, executions: Sequence[WorkflowExecution]) -> int:
    return sum([await _is_stuck(lab, execution) for execution in executions if execution.close_time is None])


async def _is_stuck(lab: Lab, execution: WorkflowExecution) -> bool:
    handle = lab.stack.temporal.get_workflow_handle(execution.id, run_id=execution.run_id)
    described = await handle.describe()
    attempt = described.raw_description.pending_workflow_task.attempt
    return described.close_time is None or attempt >= STUCK_WORKFLOW_TASK


async def _gaps_in_rows(lab: Lab, ids: Sequence[TaskId]) -> int:
    rows = await lab.rows(
        "SELECT t.id, t.status, t.event_seq, count(e.seq) AS n, COALESCE(max(e.seq), 0) AS last,"
        " (array_agg(e.payload ->> 'type' ORDER BY e.seq DESC))[1] AS last_type,"
        " count(*) FILTER (WHERE e.payload ->> 'type' = ANY(CAST(:ends AS text[]))) AS ends"
        " FROM runs t LEFT JOIN events e ON e.run_id = t.id"
        # Deleted tasks no longer have events.
        " WHERE t.id = ANY(CAST(:ids AS uuid[])) AND t.deleted_at IS NULL GROUP BY t.id",
        ids=list(ids),
        ends=list(LAST),
    )
    return sum(
        not row["event_seq"] == row["n"] == row["last"]
        or (row["status"] in CLOSED and (row["last_type"] not in LAST or row["ends"] != 1))
        for row in rows
    )


async def _disagreeing(lab: Lab, ids: Sequence[TaskId]) -> list[str]:
    """Wait for the API, PostgreSQL and Temporal to agree on every task, and return the differences."""
    left = dict.fromkeys(ids, "")
    slots = asyncio.Semaphore(LOOKS_AT_ONCE)

    async def compare(task_id: TaskId) -> None:
        async with slots:
            left[task_id] = await _disagreement(lab, task_id)
            if not left[task_id]:
                del left[task_id]

    async def agree() -> bool:
        await asyncio.gather(*(compare(task_id) for task_id in tuple(left)))
        return not left

    await until(agree, AGREE_S, every_s=0.5)
    return list(left.values())


async def _disagreement(lab: Lab, task_id: TaskId) -> str:
    row = (await lab.rows("SELECT status, deleted_at, started_at FROM runs WHERE id = :id", id=task_id))[0]
    answer = await lab.http.get(f"/api/v1/tasks/{task_id}")
    shown = answer.json().get("status", f"answered {answer.status_code}")
    if row["deleted_at"] is not None and answer.status_code == 404:
        # To a client, a deleted task doesn't exist.
        shown = row["status"]
    closed = await _closed_as(lab, task_id)
    if closed == GONE and (row["deleted_at"] is not None or _never_started(row)):
        # Temporal may need up to a minute to delete a run.
        closed = row["status"]
    if row["status"] == shown == closed:
        return ""
    return f"{task_id} is {shown} in the API, {row['status']} in its row and {closed or 'open'} in Temporal"


GONE = "gone"


async def _closed_as(lab: Lab, task_id: TaskId) -> str | None:
    """Return how the run ended in Temporal: None while it is open, `GONE` if there is none."""
    try:
        described = await lab.stack.temporal.get_workflow_handle(workflow_id_of(task_id)).describe()
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:
            raise
        return GONE
    return CLOSE_STATUS.get(described.status) if described.status is not None else None
