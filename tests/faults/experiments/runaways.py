"""F. Work without end: plans beyond every limit (F34), and models that never stop (F35)."""

import asyncio
from contextlib import suppress
from typing import Any

from models.ids import TaskId, workflow_id_of
from models.plans import MAX_DEPTH, MAX_IN_FLIGHT, MAX_NODES
from tests.faults import jobs
from tests.faults.lab import Lab
from tests.faults.trials import Trial

TOO_MANY_CHILDREN = "PENDING_CHILD_WORKFLOWS_LIMIT_EXCEEDED"
"""The cause with which Temporal fails a workflow task whose workflow has more than 2,000 open children."""
IDENTICAL_TURNS = 4
"""Three turns with the same tool calls, and the last turn."""
MAX_TURNS = 50


async def plan_too_much(trial: Trial, *, subtasks: int = 2500, limit_s: float = 600.0) -> None:
    """F34: a caller's plan beyond the limit, a model's plan beyond it, and a plan of exactly the limit."""
    lab = trial.lab
    most = _Most(lab, trial.offers.prefix)
    refused = {number: await _refusal_of(trial, number) for number in (subtasks, MAX_NODES + 1)}
    trial.expect(all(refused.values()), f"plans beyond the limit returned {refused}")
    trial.expect(f"at most {MAX_NODES}" in refused[MAX_NODES + 1], f"{refused[MAX_NODES + 1]!r} doesn't name the limit")
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(most.watch())
        planned = await trial.offers.post("planned", jobs.planned(f"split={subtasks}"))
        full = await trial.offers.post("full", _plan_of(MAX_NODES, trial))
        await lab.all_ended(trial.offers.prefix, limit_s)
        watching.cancel()
    await trial.check(limit_s=60, completed=1)
    [row] = await _rows_of(lab, planned.task_id)
    trial.expect(row["error_code"] == "plan_invalid", f"the model's plan ended with {row['error_code']}")
    trial.expect(str(MAX_NODES) in (row["error"] or "") or "longer than" in (row["error"] or ""), f"{row['error']!r}")
    trial.expect(0 < most.running <= MAX_IN_FLIGHT, f"{most.running} subtasks in flight")
    too_many = await _count_in_history(lab, full.task_id, TOO_MANY_CHILDREN)
    trial.expect(too_many == 0, f"{too_many} workflow tasks failed because of too many children")
    trial.figures |= {
        **{f"a caller's plan of {number}": f"422 {said!r}" for number, said in refused.items()},
        "a model's plan": f"{row['error_code']}",
        "most subtasks in flight": most.running,
        "most calls in flight": most.calls,
        TOO_MANY_CHILDREN: too_many,
    }


async def never_stop(trial: Trial, *, nodes: int = 20, items: int = 1_000_000, limit_s: float = 600.0) -> None:
    """F35: plans without end, the same tool call without end, other tool calls without end, an answer without end, and
    a budget that stops all of this.
    """
    lab, offers = trial.lab, trial.offers
    cases: dict[str, dict[str, Any]] = {
        "split": {**jobs.planned("split=5; nest=9; sub={turns=99; same=1}"), "on_failure": "skip"},
        "nested": jobs.planned("split=5; nest=3; sub={turns=99; same=1}"),
        "same": _loops("turns=99; same=1", nodes),
        "other": {**_loops("turns=99", nodes), "limits": {"max_turns": MAX_TURNS}},
        "items": jobs.one_call(f"tokens={items}", f"List {items} items.") | {"on_truncated": "accept"},
        "budget": {**_loops("turns=99", nodes), "budget": {"max_model_calls": 2 * nodes}},
    }
    answers = {name: await offers.post(name, body) for name, body in cases.items()}
    ids = {name: answer.task_id for name, answer in answers.items()}
    await _until_waiting(lab, ids["budget"], limit_s)
    [waiting] = await _rows_of(lab, ids["budget"])
    if waiting["status"] == "waiting":
        await lab.http.post(f"/api/v1/tasks/{ids['budget']}/cancel")
    await trial.check(limit_s=limit_s, completed=len(cases) - 1 - await _failed(lab, ids["items"]))
    trial.expect(waiting["status"] == "waiting", f"the task with a budget is {waiting['status']}")
    trial.expect(waiting["model_calls"] <= 2 * nodes, f"{waiting['model_calls']} calls with a budget of {2 * nodes}")
    for name in ("split", "nested", "same", "other"):
        await _check_tree(trial, name, ids[name])
    turns = await _turns(lab, ids["same"])
    trial.expect(set(turns) == {IDENTICAL_TURNS}, f"identical calls ended after {sorted(set(turns))} turns")
    [large] = await _rows_of(lab, ids["items"])
    trial.expect(large["error_code"] in (None, "answer_too_large"), f"items: {large['error_code']}")
    trial.figures["items"] = f"{large['status']} {large['error_code'] or ''}, {large['model_calls']} calls"
    trial.figures["calls with a budget"] = f"{waiting['model_calls']} of {2 * nodes}"


async def _check_tree(trial: Trial, name: str, task_id: TaskId | None) -> None:
    """Check the size of a task, and that each parent of a stopped node has a result."""
    rows = await trial.lab.rows("SELECT path, status, turns, result FROM subtasks WHERE run_id = :id", id=task_id)
    depth, turns = max(row["path"].count("/") + 1 for row in rows), max(row["turns"] for row in rows)
    trial.expect(depth <= MAX_DEPTH, f"{name}: depth {depth}")
    trial.expect(len(rows) <= MAX_NODES, f"{name}: {len(rows)} nodes")
    trial.expect(turns <= MAX_TURNS, f"{name}: {turns} turns in one node")
    [task] = await _rows_of(trial.lab, task_id)
    trial.expect(task["status"] == "completed" and bool(task["result"]), f"{name}: {task['status']} without a result")
    unanswered = [row["path"] for row in rows if row["status"] == "completed" and row["result"] is None]
    trial.expect(not unanswered, f"{name}: no partial result of {unanswered[:5]}")
    trial.figures[name] = f"depth {depth}, {len(rows)} nodes, at most {turns} turns, {task['model_calls']} calls"


def _loops(directives: str, number: int) -> dict[str, Any]:
    """Return a task whose subtasks all have an agent with a tool, and the same script."""
    body = jobs.side_by_side(directives, number)
    return {**body, "plan": [{**subtask, "agent": "analyst"} for subtask in body["plan"]]}


async def _refusal_of(trial: Trial, subtasks: int) -> str:
    """Return the message with which a plan is refused; empty if it isn't."""
    answer = await trial.lab.http.post("/api/v1/tasks", json=_plan_of(subtasks, trial))
    return str(answer.json()["errors"][0]["message"]) if answer.status_code == 422 else ""


def _plan_of(number: int, trial: Trial) -> dict[str, Any]:
    return {"model": trial.offers.wire.model, **jobs.side_by_side("tokens=5", number)}


async def _rows_of(lab: Lab, task_id: TaskId | None) -> Any:
    return await lab.rows("SELECT * FROM runs WHERE id = :id", id=task_id)


async def _turns(lab: Lab, task_id: TaskId | None) -> list[int]:
    return [row["turns"] for row in await lab.rows("SELECT turns FROM subtasks WHERE run_id = :id", id=task_id)]


async def _failed(lab: Lab, task_id: TaskId | None) -> bool:
    """Return whether a task fails, after waiting for its end. An answer without end may be too large to be stored."""
    while (status := (await _rows_of(lab, task_id))[0]["status"]) not in ("completed", "failed"):
        await asyncio.sleep(0.2)
    return bool(status == "failed")


async def _until_waiting(lab: Lab, task_id: TaskId | None, limit_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            while (await _rows_of(lab, task_id))[0]["status"] in ("queued", "running"):
                await asyncio.sleep(0.2)


async def _count_in_history(lab: Lab, task_id: TaskId | None, words: str) -> int:
    if task_id is None:
        return 0
    handle = lab.stack.temporal.get_workflow_handle(workflow_id_of(task_id))
    return (await handle.fetch_history()).to_json().count(words)


class _Most:
    """The highest numbers of subtasks and calls in flight that were seen."""

    def __init__(self, lab: Lab, prefix: str) -> None:
        self._lab, self._prefix = lab, prefix
        self.running = self.calls = 0

    async def watch(self) -> None:
        query = (
            "SELECT count(*) FROM subtasks s JOIN runs t ON t.id = s.run_id"
            " WHERE t.idempotency_key LIKE :prefix AND s.status = 'running'"
        )
        while True:
            self.running = max(self.running, await self._lab.count(query, prefix=f"{self._prefix}%"))
            self.calls = max(self.calls, await self._lab.calls_in_flight(self._prefix))
            await asyncio.sleep(0.05)
