"""B. Unavailable parts: F12."""

import asyncio
from datetime import datetime

from models.ids import TaskId
from tests.faults import jobs
from tests.faults.clients import following
from tests.faults.experiments.deaths import FOLLOWED
from tests.faults.lab import crash, reconfigured, revive, until
from tests.faults.resumption import resumption_times
from tests.faults.trials import Trial

POSTS_A_SECOND = 2


async def lose_temporal(
    trial: Trial, *, runs: int = 100, call_s: float = 8.0, away_s: float = 20.0, limit_s: float = 30.0
) -> None:
    """F12: `kill -9` Temporal with all runs in progress, while POSTs continue."""
    lab, prefix = trial.lab, trial.offers.prefix
    # Otherwise, half of the runs would wait in the queue.
    async with reconfigured(lab, max_running_tasks=f"{runs}"):
        task_ids = await trial.offers.post_all([jobs.six_calls(call_s)] * runs)
        async with following(lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
            started = await until(lambda: _all_asked(trial, runs), 60)
            trial.expect(started, "some runs hadn't made their first call")
            await crash(lab.temporal)
            during, open_at_kill = await asyncio.gather(_post_for(trial, away_s), lab.open_runs(prefix))
            back = await revive(lab.temporal)
            await lab.all_ended(prefix, 180 + 8 * call_s)
        await trial.check(limit_s=60, extra=runs)
    answers = [trial.offers.last()[prefix + name] for name in during]
    resumed = await resumption_times(lab, task_ids, back)
    accepted = [answer.task_id for answer in answers if answer.task_id is not None]
    slowest, slowest_new = max(resumed.values(), default=0), await _latest_start(trial, accepted, back)
    trial.resume_s = slowest
    trial.figures |= {
        "runs open at the kill": open_at_kill,
        "continued": len(resumed),
        "POSTs during the outage": len(answers),
        "accepted": len(accepted),
        "last accepted run started after, s": round(max(0.0, slowest_new), 1),
    }
    trial.expect_in_time(
        slowest <= limit_s, f"a run continued {slowest:.1f} s after Temporal's return, not {limit_s:g}"
    )
    trial.expect(
        len(resumed) == open_at_kill == runs, f"{len(resumed)} runs continued; {open_at_kill} of {runs} were open"
    )
    for answer in answers:
        refused_well = answer.status == 503 and answer.retry_after is not None
        trial.expect(answer.status == 202 or refused_well, f"a POST during the outage returned {answer.status}")


async def _all_asked(trial: Trial, runs: int) -> bool:
    asked = await trial.lab.count(
        "SELECT count(DISTINCT a.run_id) FROM call_attempts a JOIN runs t ON t.id = a.run_id"
        " WHERE t.idempotency_key LIKE :prefix",
        prefix=f"{trial.offers.prefix}%",
    )
    return asked == runs


async def _post_for(trial: Trial, seconds: float) -> list[str]:
    names = [f"gap-{number}" for number in range(int(seconds * POSTS_A_SECOND))]
    posts = []
    for name in names:
        posts.append(asyncio.create_task(trial.offers.post(name, jobs.one_call("tokens=20"))))
        await asyncio.sleep(1 / POSTS_A_SECOND)
    await asyncio.gather(*posts)
    return names


async def _latest_start(trial: Trial, task_ids: list[TaskId], since: datetime) -> float:
    rows = await trial.lab.rows(
        "SELECT max(started_at) AS at FROM runs WHERE id = ANY(CAST(:ids AS uuid[]))", ids=task_ids
    )
    return (rows[0]["at"] - since).total_seconds() if rows[0]["at"] is not None else 0.0
