"""C. What a provider sends us: F22, F25, F27, F28, F29."""

import re
from collections import Counter

from models.ids import TaskId, workflow_id_of
from tests.faults import jobs
from tests.faults.clients import following
from tests.faults.journal import Arrival
from tests.faults.trials import Trial
from tests.history import history_of

MAX_HISTORY_BYTES = 1024 * 1024
TOO_LARGE_FOR_TEMPORAL = re.compile(r"TMPRL1103|PAYLOADS_TOO_LARGE|BlobSizeLimit|exceeds size limit")
UNFIT = re.compile("[\ud800-\udfff\0]")
ANSWER_TOKENS = 120


async def answer_500_three_times(trial: Trial, *, runs: int = 20) -> None:
    """F22: status 500 three times, and then an answer."""
    task_ids = await trial.offers.post_all([jobs.one_call("status=500; times=3; tokens=20")] * runs)
    async with following(trial.lab, task_ids, trial.seed) as trial.followers:
        await trial.lab.all_ended(trial.offers.prefix, 60)
    await trial.check(limit_s=60, extra=3 * runs)
    arrivals = _arrivals(trial, task_ids)
    trial.figures["requests per call"] = _spread(arrivals.values())
    trial.expect(set(arrivals.values()) == {4}, "a call was not requested exactly 4 times")


async def cut_streams(trial: Trial, *, runs: int = 20) -> None:
    """F25: streams that break off, either only once or always."""
    once = [
        jobs.one_call(f"tokens={ANSWER_TOKENS}; cut={how}:{at}; times=1")
        for how, at in zip(("after", "quiet") * runs, _places(trial, runs), strict=False)
    ]
    always = [jobs.one_call(f"tokens={ANSWER_TOKENS}; cut={how}:200") for how in ("after", "quiet")]
    task_ids = await trial.offers.post_all([*once, *always])
    async with following(trial.lab, task_ids, trial.seed) as trial.followers:
        await trial.lab.all_ended(trial.offers.prefix, 90)
    await trial.check(
        limit_s=60,
        # If a stream breaks off at the same place again, there is no third request.
        extra=len(once) + len(always),
        completed=len(once),
    )
    replies = await trial.lab.rows(
        "SELECT t.status, t.error_code, s.result FROM runs t JOIN subtasks s ON s.run_id = t.id"
        " WHERE t.idempotency_key LIKE :prefix",
        prefix=f"{trial.offers.prefix}%",
    )
    whole = sum(row["result"] is not None and len(row["result"].split(" ")) == ANSWER_TOKENS for row in replies)
    codes = Counter(row["error_code"] for row in replies if row["status"] == "failed")
    trial.figures |= {
        "whole answers": whole,
        "interrupted answers stored": sum(row["result"] is not None for row in replies) - whole,
    }
    trial.expect(whole == len(once), f"{whole} of {len(once)} answers are complete")
    trial.expect(trial.figures["interrupted answers stored"] == 0, "an interrupted answer was stored as a success")
    trial.expect(
        codes == {"same_failure_again": len(always)}, f"runs that were always interrupted ended with {dict(codes)}"
    )


async def answer_nonsense(trial: Trial, *, runs: int = 5) -> None:
    """F27: web pages, broken and foreign JSON, empty answers, unknown tools, bad arguments, no usage, bad plans."""
    once = [f"{fault}=1; times=1; tokens=20" for fault in ("html", "null")]
    always = [f"{fault}=1" for fault in ("html", "null")]
    # These occur in the middle of an answer, which remains valid.
    passed_over = [f"{fault}=1; tokens=20" for fault in ("garbage", "shape")]
    tools = ["call=rocket; tokens=20", "badargs=1; tokens=20"]
    task_ids = await trial.offers.post_all(
        [
            *(jobs.one_call(directives) for directives in once * runs),
            *(jobs.one_call(directives) for directives in always),
            *(jobs.one_call(directives) for directives in passed_over * runs),
            *(jobs.one_call(directives, agent="analyst") for directives in tools * runs),
            *[jobs.one_call("nousage=1; tokens=20")] * runs,
            *[jobs.planned("badplan=garbage; times=1; split=2")] * runs,
        ]
    )
    workers = [worker.pid for worker in trial.lab.workers]
    async with following(trial.lab, task_ids, trial.seed) as trial.followers:
        await trial.lab.all_ended(trial.offers.prefix, 120)
    # A call that is malformed in the same way again gets no third request.
    extra = len(once) * runs + len(always)
    await trial.check(limit_s=60, extra=extra, completed=len(task_ids) - len(always))
    rows = await trial.lab.rows(
        "SELECT a.status, a.error_code, a.estimated FROM call_attempts a JOIN runs t ON t.id = a.run_id"
        " WHERE t.idempotency_key LIKE :prefix",
        prefix=f"{trial.offers.prefix}%",
    )
    codes = Counter(row["error_code"] for row in rows if row["status"] == "failed")
    estimated = sum(row["estimated"] for row in rows if row["status"] == "finished")
    trial.figures |= {"failed attempts": str(dict(codes)), "usage estimated": estimated}
    trial.expect(set(codes) == {"malformed"}, f"attempts failed with {dict(codes)}")
    trial.expect(estimated == runs, f"{estimated} answers without usage are marked instead of {runs}")
    trial.expect([worker.pid for worker in trial.lab.workers] == workers, "a worker died")
    _expect_no_exceptions(trial)


async def send_poison(trial: Trial, *, runs: int = 20, marks: int = 500_000) -> None:
    """F28: lone surrogates, NUL, direction overrides, 200 brackets deep; in one run a megabyte of combining marks."""
    bodies = [jobs.one_call("poison=1"), jobs.quick_then("poison=1")] * (runs // 2)
    task_ids = await trial.offers.post_all([*bodies, jobs.one_call(f"poison={marks}")])
    async with following(trial.lab, task_ids, trial.seed) as trial.followers:
        await trial.lab.all_ended(trial.offers.prefix, 60)
    await trial.check(limit_s=60, extra=0)
    arrivals = _arrivals(trial, task_ids)
    shown = [await trial.lab.http.get(f"/api/v1/tasks/{task_id}") for task_id in task_ids]
    results = [response.json()["result"] for response in shown]
    trial.figures |= {
        "requests per call": _spread(arrivals.values()),
        "largest result, characters": max(map(len, results)),
    }
    trial.expect(set(arrivals.values()) == {1}, "a call was requested more than once")
    trial.expect(all(response.status_code == 200 for response in shown), "a poisoned result couldn't be shown")
    trial.expect(
        not any(UNFIT.search(result) for result in results), "a result contains text that can't be stored elsewhere"
    )
    _expect_no_exceptions(trial)


async def send_much(trial: Trial, *, limit_s: float = 60.0) -> None:
    """F29: answers of 3 MB and 10 MB; the limit is 4 MiB."""
    cases = {
        "3 MB": (jobs.one_call("bytes=3e6"), "completed", None),
        "10 MB": (jobs.one_call("bytes=1e7"), "failed", "answer_too_large"),
        "10 MB for a dependent": (jobs.quick_then("bytes=1e7"), "failed", "answer_too_large"),
    }
    task_ids = await trial.offers.post_all([body for body, _, _ in cases.values()])
    async with following(trial.lab, task_ids, trial.seed) as trial.followers:
        await trial.lab.all_ended(trial.offers.prefix, limit_s)
    await trial.check(limit_s=60, extra=0, completed=1)
    arrivals = _arrivals(trial, task_ids)
    trial.expect(set(arrivals.values()) == {1}, "a call was requested more than once")
    for (name, (_, status, code)), task_id in zip(cases.items(), task_ids, strict=True):
        task = (await trial.lab.http.get(f"/api/v1/tasks/{task_id}")).json()
        took = await trial.lab.rows("SELECT ended_at - created_at AS took FROM runs WHERE id = :id", id=task_id)
        history = await history_of(trial.lab.stack.temporal, workflow_id_of(task_id))
        trial.figures |= {
            f"{name}, s": round(took[0]["took"].total_seconds(), 1),
            f"{name}, history": history.largest_bytes,
        }
        trial.expect(
            (task["status"], task["error_code"]) == (status, code), f"{name}: {task['status']}, {task['error_code']}"
        )
        trial.expect_in_time(took[0]["took"].total_seconds() <= limit_s, f"{name} took longer than {limit_s:g} s")
        trial.expect(
            history.largest_bytes < MAX_HISTORY_BYTES, f"{name}: the history has {history.largest_bytes} bytes"
        )
    refused = TOO_LARGE_FOR_TEMPORAL.search(trial.lab.output_of("worker", "temporal"))
    trial.expect(refused is None, f"Temporal rejected a payload: {refused and refused[0]}")


def _arrivals(trial: Trial, task_ids: list[TaskId]) -> Counter[str]:
    """Count how often each call reached the provider."""
    mine = set(task_ids)
    arrived: list[Arrival] = [arrival for arrival in trial.lab.journal() if arrival.task_id in mine]
    return Counter(arrival.call_id for arrival in arrived)


def _spread(numbers: object) -> str:
    counted = sorted(set(numbers))  # type: ignore[call-overload]
    return "-".join(map(str, (counted[0], counted[-1]))) if len(counted) > 1 else str(counted[0])


def _places(trial: Trial, number: int) -> list[int]:
    return [trial.random.randint(1, 600) for _ in range(number)]


def _expect_no_exceptions(trial: Trial) -> None:
    logged = [line for line in trial.lab.output_of("worker", "api").splitlines() if "Traceback" in line]
    last = logged[-1][-1500:] if logged else ""
    trial.expect(not logged, f"worker or API logged {len(logged)} exceptions, most recently: {last}")
