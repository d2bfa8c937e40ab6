"""E. Decisions of people: each counts once, and none is lost: F37."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Sequence
from datetime import datetime
from typing import Any

from temporalio.api.enums.v1 import EventType

from models.ids import TaskId, workflow_id_of
from tests.faults import jobs
from tests.faults.lab import crash, revive, until
from tests.faults.trials import Trial

AGENT = "f37-clerk"
QUESTION = 'ask="Which color?"; tokens=5'
SHORT_QUESTION = 'ask="Which color?"; wait={}; tokens=5'
REQUEST = 'call=http_request; args={"method": "GET", "url": "http://127.0.0.1:9/"}; tokens=5'
AT_ONCE = 50
RESUME_S = 30.0

Approval = dict[str, Any]


async def decide_twice(
    trial: Trial, *, runs: int = 20, flood: int = 12_000, away_s: float = 5.0, expires_s: int = 5
) -> None:
    """F37: two clicks, approve and reject at once, and decisions without a worker, without Temporal, and too late.

    One run gets `flood` decisions.
    """
    await trial.lab.http.post("/api/v1/agents", json=_agent())
    await _double(trial, runs)
    await _contradict(trial, runs)
    await _flood(trial, flood)
    await _without(trial, "worker", runs, away_s)
    await _without(trial, "Temporal", runs, away_s)
    await _too_late(trial, runs, expires_s)
    await trial.check(limit_s=120)


async def _double(trial: Trial, runs: int) -> None:
    """Click twice, from two tabs that show the same question."""
    asked = await _asked(trial, "double", QUESTION, runs)
    statuses = await asyncio.gather(
        *(_both(_answer(trial, each, "red"), _answer(trial, each, "blue")) for each in asked)
    )
    await _one_each(trial, "two clicks", asked, statuses)


async def _contradict(trial: Trial, runs: int) -> None:
    """Approve and reject a call at the same moment."""
    asked = await _asked(trial, "contradict", REQUEST, runs)
    pairs = [[_decide(trial, each, "approve"), _decide(trial, each, "reject")] for each in asked]
    for pair in pairs:
        trial.random.shuffle(pair)
    statuses = await asyncio.gather(*(_both(*pair) for pair in pairs))
    await _one_each(trial, "approve and reject", asked, statuses)


async def _flood(trial: Trial, flood: int) -> None:
    """Send many decisions to one run."""
    asked = await _asked(trial, "flood", QUESTION, 1)
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> int:
        async with room:
            return await _answer(trial, asked[0], f"answer {number}")

    statuses = Counter(await asyncio.gather(*(one(number) for number in range(flood))))
    trial.figures |= {
        f"decisions to one run that returned {status}": times for status, times in sorted(statuses.items())
    }
    trial.expect(statuses == {200: 1, 409: flood - 1}, f"{flood} decisions to one run returned {dict(statuses)}")
    await _ended(trial, asked)
    signals = await _signals(trial, asked[0]["task_id"])
    trial.figures["signals after them"] = signals
    trial.expect(signals == 1, f"the run got {signals} signals for {flood} decisions")


async def _without(trial: Trial, part: str, runs: int, away_s: float) -> None:
    """Decide twice while a part is down. The decision is kept, and the run continues once the part is back."""
    asked = await _asked(trial, f"without-{part}", QUESTION, runs)
    service = trial.lab.workers[0] if part == "worker" else trial.lab.temporal
    await crash(service)
    statuses = [[await _answer(trial, each, "red"), await _answer(trial, each, "blue")] for each in asked]
    await asyncio.sleep(away_s)
    back = await revive(service)
    await _one_each(trial, f"without {part}", asked, statuses)
    latest = max(await asyncio.gather(*(_ended_at(trial, each) for each in asked)))
    resume_s = max(0.0, (latest - back).total_seconds())
    trial.resume_s = max(trial.resume_s or 0.0, resume_s)
    trial.figures[f"last run ended after the {part} was back, s"] = round(resume_s, 1)
    trial.expect_in_time(resume_s <= RESUME_S, f"a run ended {resume_s:.1f} s after the {part} was back")


async def _too_late(trial: Trial, runs: int, expires_s: int) -> None:
    """Decide after the expiry, before the worker has noticed it."""
    asked = await _asked(trial, "late", SHORT_QUESTION.format(expires_s), runs)
    await crash(trial.lab.workers[0])
    await asyncio.sleep(expires_s + 1)
    statuses = Counter([await _answer(trial, each, "red") for each in asked])
    await revive(trial.lab.workers[0])
    trial.figures["late decisions rejected"] = statuses[409]
    trial.expect(statuses == {409: runs}, f"late decisions returned {dict(statuses)}")
    await _ended(trial, asked)
    answers = await _results(trial, asked)
    trial.expect(all("No answer arrived in time" in text for text in answers), "a late answer reached an agent")


async def _asked(trial: Trial, name: str, directives: str, runs: int) -> list[Approval]:
    """Start runs and return their pending approvals, once each of them waits."""
    body = jobs.one_call(directives, agent=AGENT)
    answers = await asyncio.gather(*(trial.offers.post_patiently(f"{name}-{n}", body) for n in range(runs)))
    task_ids = [answer.task_id for answer in answers if answer.task_id is not None]

    async def all_wait() -> bool:
        waiting = "SELECT count(*) FROM runs WHERE id = ANY(CAST(:ids AS uuid[])) AND approvals_pending = 1"
        return await trial.lab.count(waiting, ids=task_ids) == runs

    trial.expect(await until(all_wait, 90), f"{name}: some of {runs} runs don't wait for a person")
    rows = await trial.lab.rows(
        "SELECT id::text AS id, run_id::text AS task_id FROM approvals WHERE run_id = ANY(CAST(:ids AS uuid[]))",
        ids=task_ids,
    )
    return [dict(row) for row in rows]


async def _answer(trial: Trial, approval: Approval, text: str) -> int:
    address = f"/api/v1/tasks/{approval['task_id']}/answers/{approval['id']}"
    return (await trial.lab.http.post(address, json={"answer": text})).status_code


async def _decide(trial: Trial, approval: Approval, decision: str) -> int:
    address = f"/api/v1/tasks/{approval['task_id']}/approvals/{approval['id']}"
    return (await trial.lab.http.post(address, json={"decision": decision})).status_code


async def _both(*decisions: Awaitable[int]) -> list[int]:
    return list(await asyncio.gather(*decisions))


async def _one_each(trial: Trial, what: str, asked: Sequence[Approval], statuses: Sequence[Sequence[int]]) -> None:
    """Check that of the decisions about each approval, one counted, and that it took effect once."""
    wrong = [each for each in statuses if sorted(each) != [200, 409]]
    trial.expect(not wrong, f"{what}: decisions returned {wrong[:5]}")
    await _ended(trial, asked)
    votes = await _counts(trial, asked, "SELECT count(*) FROM approval_votes WHERE approval_id::text = :id")
    decided = await _counts(
        trial,
        asked,
        "SELECT count(*) FROM events WHERE run_id::text = :task_id AND payload ->> 'type' = 'approval.decided'",
    )
    results = await _counts(
        trial, asked, "SELECT count(*) FROM messages WHERE run_id::text = :task_id AND role = 'tool'"
    )
    signals = [await _signals(trial, each["task_id"]) for each in asked]
    for name, found in (("votes", votes), ("events", decided), ("results", results), ("signals", signals)):
        trial.expect(set(found) == {1}, f"{what}: the numbers of {name} are {dict(Counter(found))}")
    trial.figures[what] = f"{len(asked)} runs, 1 decision each"


async def _ended(trial: Trial, asked: Sequence[Approval]) -> None:
    ids = [each["task_id"] for each in asked]

    async def all_ended() -> bool:
        done = "SELECT count(*) FROM runs WHERE id = ANY(CAST(:ids AS uuid[])) AND ended_at IS NOT NULL"
        return await trial.lab.count(done, ids=ids) == len(ids)

    trial.expect(await until(all_ended, 120), "some runs didn't go on after the decision")


async def _ended_at(trial: Trial, approval: Approval) -> datetime:
    rows = await trial.lab.rows(
        "SELECT COALESCE(ended_at, now()) AS at FROM runs WHERE id::text = :id", id=approval["task_id"]
    )
    at: datetime = rows[0]["at"]
    return at


async def _results(trial: Trial, asked: Sequence[Approval]) -> list[str]:
    rows = await trial.lab.rows(
        "SELECT content FROM messages WHERE role = 'tool' AND run_id = ANY(CAST(:ids AS uuid[]))",
        ids=[each["task_id"] for each in asked],
    )
    return [row["content"] for row in rows]


async def _counts(trial: Trial, asked: Sequence[Approval], query: str) -> list[int]:
    return [
        await trial.lab.count(query, **{name: each[name] for name in ("id", "task_id") if f":{name}" in query})
        for each in asked
    ]


async def _signals(trial: Trial, task_id: str) -> int:
    """Return how many decisions a run was told of, according to its history."""
    handle = trial.lab.stack.temporal.get_workflow_handle(workflow_id_of(TaskId(task_id)))
    history = await handle.fetch_history()
    return sum(
        event.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED
        and event.workflow_execution_signaled_event_attributes.signal_name == "decided"
        for event in history.events
    )


def _agent() -> dict[str, Any]:
    return {"name": AGENT, "prompt": "Work.", "tools": ["ask_person", "http_request"]}
