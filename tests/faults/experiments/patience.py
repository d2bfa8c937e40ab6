"""C. Providers that calls have to wait for: F21, F23, F24, F30."""

import asyncio
import time
from collections.abc import Sequence
from itertools import pairwise
from statistics import quantiles

from sqlalchemy import RowMapping

from models.ids import TaskId
from tests.faults import jobs
from tests.faults.clients import following
from tests.faults.journal import Arrival
from tests.faults.lab import Lab, bring_back, lose, reconfigured
from tests.faults.trials import Trial

FOLLOWED = 20
ON_THEIR_WAY_S = 0.5
"""Requests within this time had passed every check before the provider's refusal arrived, and can't be recalled."""
PULSE_S = 5.0
LOADING = 8


async def limit_the_rate(trial: Trial, *, runs: int = 50, wait_s: float = 7.0, limit_s: float = 600.0) -> None:
    """F21: 429 with `Retry-After` for the first request of three calls in ten."""
    fault = f"status=429; retry_after={wait_s:g}; times=1; tokens=20"
    bodies = [jobs.one_call(fault if number % 10 < 3 else "tokens=20") for number in range(runs)]
    trial.random.shuffle(bodies)
    await _load(trial)
    task_ids = await trial.offers.post_all(bodies)
    async with following(trial.lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
        await trial.lab.all_ended(trial.offers.prefix, limit_s)
    await trial.check(limit_s=limit_s, extra=runs)
    arrivals = _arrivals(trial, task_ids)
    refused = [arrival.ended_at for arrival in arrivals if arrival.status == 429 and arrival.ended_at is not None]
    after = [(arrival.at - at) for at in refused for arrival in arrivals if 0 < arrival.at - at < wait_s]
    early = [seconds for seconds in after if seconds > ON_THEIR_WAY_S]
    trial.figures |= {
        "429s": len(refused),
        "requests per call": round(len(arrivals) / runs, 2),
        "requests in flight at a 429": len(after) - len(early),
        "latest request after a 429, s": round(max((s for s in after if s <= ON_THEIR_WAY_S), default=0.0), 3),
        "too early": len(early),
    }
    trial.expect(bool(refused), "nothing was rejected")
    trial.expect_in_time(not early, f"{len(early)} requests arrived within {wait_s:g} s of a 429")
    trial.expect(len(arrivals) <= 1.6 * runs, f"{len(arrivals)} requests for {runs} calls")


async def never_answer(
    trial: Trial, *, runs: int = 10, silence_s: float = 30.0, calm_s: float = 30.0, call_s: float = PULSE_S
) -> None:
    """F23: sockets that are accepted but never answered, alongside calls that are answered."""
    lab = trial.lab
    async with reconfigured(lab, call_first_byte_s=f"{silence_s:g}"):
        await _load(trial)
        calm = await _pulse(trial, "calm", call_s, calm_s)
        hanging = await trial.offers.post_all([jobs.one_call("hang=1")] * runs)
        busy: list[TaskId] = []
        while await _open_among(lab, hanging):
            busy += await _pulse(trial, f"busy-{len(busy)}", call_s, call_s)
        await trial.check(limit_s=60, extra=4 * runs, completed=LOADING + len(calm) + len(busy))
    attempts = await _attempts(lab, hanging)
    took = [_seconds(row) for row in attempts]
    allowed = lab.stack.settings.call_max_attempts
    totals = await lab.rows(
        "SELECT extract(epoch FROM max(a.ended_at) - min(a.started_at)) AS s FROM call_attempts a"
        " WHERE a.run_id = ANY(CAST(:ids AS uuid[])) GROUP BY a.run_id",
        ids=hanging,
    )
    backoff = 2.0 ** (allowed - 1) - 1
    slowest_total = max(float(row["s"]) for row in totals)
    before = _p99([_seconds(row) for row in await _attempts(lab, calm)])
    beside = _p99([_seconds(row) for row in await _attempts(lab, busy)])
    trial.figures |= {
        "longest silence, s": round(max(took), 1),
        "longest call, s": round(slowest_total, 1),
        "p99 of other calls before, s": round(before, 2),
        "p99 of other calls meanwhile, s": round(beside, 2),
    }
    codes = {row["error_code"] for row in attempts}
    trial.expect(codes == {"provider_timeout"}, f"attempts ended with {codes}")
    trial.expect_in_time(max(took) <= silence_s + 2, f"an attempt took {max(took):.1f} s")
    bound = allowed * (silence_s + 1) + backoff
    trial.expect_in_time(slowest_total <= bound, f"a call took {slowest_total:.1f} s, more than {bound:g} s")
    trial.expect_in_time(beside <= 1.1 * before, f"the p99 of other calls rose from {before:.2f} s to {beside:.2f} s")


async def drip(
    trial: Trial, *, runs: int = 10, gap_s: float = 20.0, stall_s: float = 60.0, total_s: float = 300.0
) -> None:
    """F24: a token every 20 s. Only the limit for the whole call ends that, twice."""
    lab, attempts_each = trial.lab, 2
    limits = {"call_stall_s": f"{stall_s:g}", "call_total_s": f"{total_s:g}", "call_max_attempts": f"{attempts_each}"}
    async with reconfigured(lab, **limits):
        task_ids = await trial.offers.post_all([jobs.one_call(f"drip={1 / gap_s:g}; tokens=1000")] * runs)
        async with following(lab, task_ids, trial.seed) as trial.followers:
            await lab.all_ended(trial.offers.prefix, attempts_each * total_s + 60)
        await trial.check(limit_s=60, extra=(attempts_each - 1) * runs, completed=0)
    attempts = await _attempts(lab, task_ids)
    took = [_seconds(row) for row in attempts]
    codes = {row["error_code"] for row in attempts}
    trial.figures |= {
        "attempts": len(attempts),
        "shortest, s": round(min(took), 1),
        "longest, s": round(max(took), 1),
        "in parallel": _in_parallel(attempts),
    }
    trial.expect(len(attempts) == attempts_each * runs, f"{len(attempts)} attempts instead of {attempts_each * runs}")
    trial.expect(codes == {"took_too_long"}, f"attempts ended with {codes}: stalled, or without a heartbeat")
    trial.expect(total_s <= min(took), "an attempt ended before the limit")
    trial.expect_in_time(max(took) <= total_s + 5, "an attempt ended long after the limit")
    trial.expect(_in_parallel(attempts) == 0, "two attempts of one call ran at the same time")


async def lose_the_provider(
    trial: Trial, *, runs: int = 200, away_s: float = 180.0, probe_s: float = 10.0, limit_s: float = 300.0
) -> None:
    """F30: the provider is unavailable while runs queue up, then back. Three minutes represent an outage of thirty."""
    lab, provider = trial.lab, trial.lab.stack.provider
    async with reconfigured(lab, breaker_probe_s=f"{probe_s:g}"):
        await _load(trial)
        await lose(provider)
        gone = time.monotonic()
        task_ids = await trial.offers.post_all([jobs.one_call("tokens=20")] * runs)
        async with following(lab, task_ids[:FOLLOWED], trial.seed) as trial.followers:
            await asyncio.sleep(max(0.0, away_s - (time.monotonic() - gone)))
            open_runs = await lab.open_runs(trial.offers.prefix)
            back = await bring_back(provider)
            returned = time.monotonic()
            await lab.all_ended(trial.offers.prefix, limit_s)
            trial.resume_s = time.monotonic() - returned
        await trial.check(limit_s=limit_s)
    failures = sorted(
        (row for row in await _attempts(lab, task_ids) if row["status"] == "failed"), key=lambda row: row["ended_at"]
    )
    threshold = lab.stack.settings.breaker_failures
    opened = failures[min(threshold, len(failures)) - 1]["ended_at"]
    later = sorted(row["started_at"] for row in failures if row["started_at"] > opened)
    probes = [at for at in later if (at - opened).total_seconds() > ON_THEIR_WAY_S]
    gaps = [(second - first).total_seconds() for first, second in pairwise(probes)]
    arrivals = [arrival for arrival in _arrivals(trial, task_ids) if arrival.at >= back.timestamp() - 1]
    at_once = _at_once(arrivals)
    trial.figures |= {
        "unavailable, s": away_s,
        "runs open when it returned": open_runs,
        "failures before the breaker opened": threshold,
        "failures of calls in flight": len(failures) - threshold - len(probes),
        "probes": len(probes),
        "shortest time between two probes, s": round(min(gaps), 1) if gaps else "-",
        "most requests at once afterwards": at_once,
        "most in one second": _most_in_a_second(arrivals),
    }
    trial.expect(open_runs == runs, f"{runs - open_runs} runs ended during the provider's outage")
    trial.expect(threshold <= 10, "the breaker is set to more than 10 failures")
    trial.expect(bool(probes), "no probe was sent to the provider")
    # The database records a probe a moment after the probe was admitted.
    trial.expect_in_time(
        all(gap >= probe_s - ON_THEIR_WAY_S for gap in gaps), f"two probes came {min(gaps, default=0):.1f} s apart"
    )
    trial.expect(
        at_once <= len(lab.workers) * lab.stack.settings.max_concurrent_activities, f"{at_once} at the same time"
    )


async def _load(trial: Trial) -> None:
    """Make a few calls first: a worker's first one loads the vendor's SDK between the last check and the request."""
    for number in range(LOADING):
        await trial.offers.post_patiently(f"loading-{number}", jobs.one_call("delay=1; tokens=5"))
    await trial.lab.all_ended(trial.offers.prefix, 60)


async def _pulse(trial: Trial, name: str, call_s: float, seconds: float) -> list[TaskId]:
    """Offer two calls per second, each answered within `call_s`, and return once the last one has been offered."""
    task_ids = []
    for number in range(max(2, int(2 * seconds))):
        body = jobs.one_call(f"tokens=20; drip={20 / call_s:g}")
        answer = await trial.offers.post_patiently(f"{name}-{number}", body)
        if answer.task_id is not None:
            task_ids.append(answer.task_id)
        await asyncio.sleep(0.5)
    return task_ids


async def _open_among(lab: Lab, task_ids: Sequence[TaskId]) -> bool:
    return bool(
        await lab.count(
            "SELECT count(*) FROM runs WHERE id = ANY(CAST(:ids AS uuid[])) AND ended_at IS NULL", ids=list(task_ids)
        )
    )


async def _attempts(lab: Lab, task_ids: Sequence[TaskId]) -> list[RowMapping]:
    return await lab.rows(
        "SELECT * FROM call_attempts WHERE run_id = ANY(CAST(:ids AS uuid[])) ORDER BY run_id, started_at",
        ids=list(task_ids),
    )


def _seconds(attempt: RowMapping) -> float:
    return float((attempt["ended_at"] - attempt["started_at"]).total_seconds())


def _p99(numbers: Sequence[float]) -> float:
    return quantiles(numbers, n=100)[-1]


def _in_parallel(attempts: Sequence[RowMapping]) -> int:
    """Count the attempts that began before the previous attempt at the same call had ended."""
    return sum(
        one["run_id"] == other["run_id"] and other["started_at"] < one["ended_at"] for one, other in pairwise(attempts)
    )


def _arrivals(trial: Trial, task_ids: Sequence[TaskId]) -> list[Arrival]:
    mine = set(task_ids)
    return [arrival for arrival in trial.lab.journal() if arrival.task_id in mine]


def _at_once(arrivals: Sequence[Arrival]) -> int:
    """Return the largest number of requests that were open at the same moment."""
    moves = sorted(
        [(arrival.at, 1) for arrival in arrivals] + [(arrival.ended_at or arrival.at, -1) for arrival in arrivals]
    )
    now = most = 0
    for _, change in moves:
        now += change
        most = max(most, now)
    return most


def _most_in_a_second(arrivals: Sequence[Arrival]) -> int:
    times = sorted(arrival.at for arrival in arrivals)
    return max((sum(at <= other < at + 1 for other in times) for at in times), default=0)
