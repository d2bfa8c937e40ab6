"""A. Processes that die: F01, F02, F03, F06, F08, F09."""

import asyncio
from datetime import UTC, datetime

from sqlalchemy import RowMapping

from chimera.local import Supervised
from tests.faults import jobs
from tests.faults.clients import following
from tests.faults.lab import configure, configured, crash, revive, terminate, until
from tests.faults.resumption import resumption_times, retried
from tests.faults.trials import Trial

FOLLOWED = 20
"""The number of runs that are followed over SSE. A user watches a few, not all of them."""


async def kill_the_only_worker(
    trial: Trial, *, runs: int = 20, call_s: float = 30.0, kill_s: float = 10.0, away_s: float = 5.0
) -> None:
    """F01: `kill -9` during a call, and a restart after `away_s`."""
    lab, prefix = trial.lab, trial.offers.prefix
    tokens = int(call_s * 20)
    task_ids = await trial.offers.post_all([jobs.quick_then(f"tokens={tokens}; drip=20")] * runs)
    async with following(lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
        await _all_in_flight(trial, runs)
        await asyncio.sleep(kill_s + trial.random.uniform(-1, 1) * kill_s / 5)
        killed = await crash(lab.workers[0])
        cut = await lab.calls_in_flight(prefix)
        await asyncio.sleep(away_s)
        restarted = datetime.now(UTC)
        await revive(lab.workers[0])
        await lab.all_ended(prefix, 60 + 2 * call_s)
    await trial.check(limit_s=60, extra=cut)
    again = await retried(lab, prefix, killed)
    limit = max(16.0, (restarted - killed).total_seconds() + 5.0)
    trial.resume_s = max(again, default=None)
    trial.figures |= {"calls interrupted": cut, "restarted after, s": round((restarted - killed).total_seconds(), 1)}
    trial.expect(len(again) == cut, f"{cut} calls were interrupted, but {len(again)} were retried")
    trial.expect_in_time(
        max(again, default=0) <= limit, f"the last new attempt began after {max(again):.1f} s, not {limit:g}"
    )


async def kill_one_of_two_workers(
    trial: Trial, *, runs: int = 20, call_s: float = 6.0, kill_s: float = 8.0, limit_s: float = 30.0
) -> None:
    """F02: `kill -9` one of two workers without starting another."""
    lab, prefix = trial.lab, trial.offers.prefix
    task_ids = await trial.offers.post_all([jobs.six_calls(call_s)] * runs)
    async with following(lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
        await asyncio.sleep(kill_s * trial.random.uniform(0.8, 1.2))
        busiest = await _busiest(trial)
        pid = busiest.pid
        killed = await crash(busiest)
        cut = await _calls_by(trial, pid, "started")
        await lab.all_ended(prefix, 90 + 8 * call_s)
    await trial.check(limit_s=60, extra=cut)
    again = await retried(lab, prefix, killed)
    resumed = await resumption_times(lab, task_ids, killed)
    slowest = max(resumed.values(), default=0)
    trial.resume_s = slowest
    trial.figures |= {"calls interrupted": cut, "retried after, s": round(max(again, default=0), 1)}
    trial.expect(cut > 0, "the killed worker had no calls in flight")
    trial.expect_in_time(
        max(again, default=0) <= limit_s, f"the last new attempt began after {max(again, default=0):.1f} s"
    )
    trial.expect_in_time(slowest <= limit_s, f"a run continued after {slowest:.1f} s, not {limit_s:g}")


async def die_with_answers_in_hand(trial: Trial, *, runs: int = 50, delay_s: float = 3.0) -> None:
    """F03: the worker dies when the first answer has arrived but isn't settled; all other calls are in flight."""
    lab, prefix = trial.lab, trial.offers.prefix
    once = lab.scratch(f"after-provider-{trial.seed}-{prefix[-9:-1]}")
    async with configured(lab.workers[0], failpoints=f"after_provider=exit:{once}"):
        starts = lab.workers[0].starts
        task_ids = await trial.offers.post_all([jobs.one_call(f"delay={delay_s:g}; tokens=20")] * runs)
        async with following(lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
            await lab.all_ended(prefix, 90)
        died = lab.workers[0].starts - starts
    found = await trial.check(limit_s=60, extra=runs)
    attempts = await lab.rows(
        "SELECT c.attempt AS last, count(*) AS n, bool_or(a.status IN ('in_doubt', 'late')) AS doubted"
        " FROM calls c JOIN call_attempts a USING (run_id, path, purpose, step)"
        " JOIN runs t ON t.id = c.run_id WHERE t.idempotency_key LIKE :prefix"
        " GROUP BY c.run_id, c.path, c.purpose, c.step, c.attempt",
        prefix=f"{prefix}%",
    )
    trial.figures |= {"worker died": died, "calls in doubt": sum(row["doubted"] for row in attempts)}
    trial.expect(died == 1, f"the failpoint ended {died} workers instead of 1")
    trial.expect(all(row["n"] == row["last"] <= 2 for row in attempts), "a call has more than two attempts")
    again = sum(row["n"] == 2 for row in attempts)
    trial.expect(found.extra <= again, "an extra call is not in the ledger as a second attempt")
    trial.expect(sum(row["doubted"] for row in attempts) == again, "a first attempt is not marked in doubt")


async def deploy_under_load(trial: Trial, *, runs: int = 20, call_s: float = 20.0, limit_s: float = 40.0) -> None:
    """F06: SIGTERM while calls run. The worker finishes them and exits, and another one takes over."""
    lab, prefix = trial.lab, trial.offers.prefix
    worker = lab.workers[0]
    async with configured(worker, graceful_shutdown_s="30"):
        task_ids = await trial.offers.post_all([jobs.one_call(f"tokens={int(call_s * 20)}; drip=20")] * runs)
        async with following(lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
            await _all_in_flight(trial, runs)
            await asyncio.sleep(trial.random.uniform(0.5, 3))
            pid = worker.pid
            left_s = await terminate(worker, limit_s + 20)
            await revive(worker)
            await lab.all_ended(prefix, 60)
    await trial.check(limit_s=60, extra=0)
    by_it = await _calls_by(trial, pid, "finished")
    trial.figures |= {"stopped after, s": round(left_s, 1), "calls finished by the stopped worker": by_it}
    trial.expect_in_time(left_s <= limit_s, f"the worker stopped after {left_s:.1f} s, not {limit_s:g}")
    trial.expect(by_it == runs, f"{by_it} of {runs} calls were finished by the stopped worker")


async def lose_the_api_after_its_commit(trial: Trial, *, runs: int = 100, limit_s: float = 15.0) -> None:
    """F08: the API hangs between its commit and the start of the run, and is killed; the sweeper starts the runs."""
    lab, prefix = trial.lab, trial.offers.prefix
    body = jobs.one_call("tokens=20")
    async with configured(lab.api, failpoints="after_insert=hang"):
        posting = asyncio.create_task(trial.offers.post_all([body] * runs))
        kept = await until(lambda: _has_tasks(trial, runs), 30)
        started_before = await _started(trial)
        await crash(lab.api)
        await posting
    back = await revive(lab.api)
    trial.expect(kept, f"fewer than {runs} tasks were committed")
    unanswered = sum(answer.kind == "unknown" for answer in trial.offers.answers)
    # Each client then sends the same request again.
    task_ids = await trial.offers.post_all([body] * runs)
    async with following(lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
        await lab.all_ended(prefix, 60)
    await trial.check(limit_s=60)
    slowest = max((await _start_times(trial, back)), default=0)
    trial.resume_s = slowest
    trial.figures |= {"unanswered": unanswered, "started before the API died": started_before}
    trial.expect(unanswered == runs, f"{unanswered} of {runs} POSTs got no response")
    trial.expect_in_time(slowest <= limit_s, f"the last run was started {slowest:.1f} s after the API's return")


async def lose_the_answer(trial: Trial, *, keys: int = 50) -> None:
    """F09: the run is started but the client gets no response, so it sends the same key again."""
    lab, prefix = trial.lab, trial.offers.prefix
    bodies = [jobs.one_call("tokens=20")] * keys
    once = lab.scratch(f"after-start-{prefix[-9:-1]}")
    # First, none of the clients gets a response. Then the process dies right after it has started a run.
    async with configured(lab.api, failpoints="before_response=hang"):
        posting = asyncio.create_task(trial.offers.post_all(bodies))
        trial.expect(await until(lambda: _has_tasks(trial, keys), 30), "some tasks weren't committed")
        trial.expect(await until(lambda: _has_started(trial, keys), 30), "some runs weren't started")
        await crash(lab.api)
        await posting
        configure(lab.api, failpoints=f"before_response=hang,after_start=exit:{once}")
        await revive(lab.api)
        dying = await trial.offers.post("dying", bodies[0])
        trial.expect(dying.kind == "unknown", "the API responded although it should have died")
    await lab.api.restart()
    by_key = {row["idempotency_key"]: str(row["id"]) for row in await _tasks(trial)}
    again = await trial.offers.post_all(bodies)
    last = await trial.offers.post("dying", bodies[0])
    async with following(lab, again[:FOLLOWED], trial.seed) as trial.followers:
        await lab.all_ended(prefix, 60)
    await trial.check(limit_s=60)
    answers = trial.offers.last()
    same = sum(answers[key].task_id == task_id for key, task_id in by_key.items())
    trial.figures |= {"keys": len(by_key), "same id again": same, "status again": str(last.status)}
    trial.expect(same == len(by_key) == keys + 1, f"{same} of {keys + 1} keys returned the id of the stored task")
    trial.expect(
        {answer.status for answer in answers.values()} <= {200, 202}, "a repeated POST returned neither 200 nor 202"
    )
    trial.expect(all(answer.replayed for answer in answers.values()), "a repeated POST isn't marked as repeated")


async def _all_in_flight(trial: Trial, runs: int) -> None:
    """Wait until the scripted call of every run has reached the provider."""

    async def asked() -> bool:
        at_work = await trial.lab.count(
            "SELECT count(*) FROM call_attempts a JOIN runs t ON t.id = a.run_id WHERE a.status = 'started'"
            " AND t.idempotency_key LIKE :prefix AND a.path IN ('only', 'scripted')",
            prefix=f"{trial.offers.prefix}%",
        )
        return at_work == runs

    trial.expect(await until(asked, 30), "some runs had no call in flight")


async def _busiest(trial: Trial) -> Supervised:
    """Return the worker with the most calls in flight, as soon as one of them has any."""
    loads: list[int] = []

    async def is_busy() -> bool:
        loads[:] = [await _calls_by(trial, worker.pid, "started") for worker in trial.lab.workers]
        return any(loads)

    await until(is_busy, 30)
    return trial.lab.workers[loads.index(max(loads))]


async def _calls_by(trial: Trial, pid: int | None, status: str) -> int:
    """Count a worker's attempts with this status."""
    return await trial.lab.count(
        "SELECT count(*) FROM call_attempts a JOIN runs t ON t.id = a.run_id"
        " WHERE t.idempotency_key LIKE :prefix AND a.status = :status AND a.worker LIKE :worker",
        prefix=f"{trial.offers.prefix}%",
        status=status,
        worker=f"{pid}@%",
    )


async def _has_tasks(trial: Trial, number: int) -> bool:
    return len(await _tasks(trial)) == number


async def _has_started(trial: Trial, number: int) -> bool:
    return await _started(trial) == number


async def _started(trial: Trial) -> int:
    return sum(task["started_at"] is not None for task in await _tasks(trial))


async def _tasks(trial: Trial) -> list[RowMapping]:
    return await trial.lab.rows(
        "SELECT id, idempotency_key, started_at FROM runs WHERE idempotency_key LIKE :prefix",
        prefix=f"{trial.offers.prefix}%",
    )


async def _start_times(trial: Trial, since: datetime) -> list[float]:
    return [(task["started_at"] - since).total_seconds() for task in await _tasks(trial) if task["started_at"]]
