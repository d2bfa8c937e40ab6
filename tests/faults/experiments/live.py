"""D. Live progress under faults: F10, F17, F18, F19."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from statistics import quantiles
from uuid import uuid4

import httpx2
from redis.asyncio import Redis

from models.ids import TaskId
from tests.faults import jobs
from tests.faults.clients import following
from tests.faults.lab import Lab, configured, crash, reconfigured, revive, terminate
from tests.faults.sockets import SocketFollower, all_subscribed, connected
from tests.faults.trials import Trial

UNLIMITED = {"max_sockets": "0", "max_streams": "0", "max_open_tasks": "0", "max_connections": "6000"}
PASSWORD = "an unusual password of 2026"
SLOW_S = 1.0
"""An API request should take less, also while 200 clients reconnect."""


async def restart_under_sockets(
    trial: Trial, *, sockets: int = 200, runs: int = 20, call_s: float = 12.0, calm_s: float = 2.0
) -> None:
    """F10: restart the API with open sockets, by SIGTERM or SIGKILL, and let all clients reconnect."""
    lab = trial.lab
    async with configured(lab.api, **UNLIMITED), reconfigured(lab, max_running_tasks=f"{runs}"):
        task_ids = await trial.offers.post_all([jobs.six_calls(call_s / 3)] * runs)
        topics = [task_ids[number % len(task_ids)] for number in range(sockets)]
        async with connected(lab, topics, trial.seed, limit_s=180) as followers:
            trial.expect(await all_subscribed(followers, 60), "not every socket was subscribed before the restart")
            await asyncio.sleep(calm_s)
            # Every second seed loses the API without a warning.
            await (crash(lab.api) if trial.seed % 2 == 0 else terminate(lab.api, 30.0))
            came_down = time.monotonic()
            await revive(lab.api)
            down_s = time.monotonic() - came_down
            requests = asyncio.create_task(_requests(lab, task_ids, 10.0, a_second=10))
            trial.expect(await all_subscribed(followers, 60), "not every socket was subscribed again after 60 s")
            answers = await requests
        await trial.check(limit_s=120)
    _note_sockets(trial, followers, down_s)
    _note_requests(trial, answers, SLOW_S)


def _note_sockets(trial: Trial, followers: Sequence[SocketFollower], down_s: float) -> None:
    for follower in followers:
        trial.problems += follower.problems()
    took = sorted(max(0.0, each - down_s) for follower in followers for each in follower.reconnected_s)
    trial.expect(bool(took), "no socket lost its connection")
    if took:
        within = sum(each <= 10 for each in took) / len(took)
        p99 = took[min(len(took) - 1, int(len(took) * 0.99))]
        trial.figures |= {
            "sockets": len(followers),
            "reconnects": len(took),
            "within 10 s, %": round(100 * within, 1),
            "p99 of reconnects, s": round(p99, 1),
            "events received": sum(len(follower.seen) for follower in followers),
        }
        trial.expect_in_time(within >= 0.95, f"{within:.0%} of the sockets were back within 10 s, not 95 %")
        trial.expect_in_time(p99 <= 30, f"the p99 of reconnects was {p99:.1f} s, not 30")


async def hold_no_connections(
    trial: Trial, *, sockets: int = 500, streams: int = 50, seconds: float = 20.0, a_second: int = 50
) -> None:
    """F17: many sockets and streams beside plain requests, with a small connection pool."""
    lab = trial.lab
    small = {"database_pool_size": "5", "database_pool_overflow": "10"}
    async with configured(lab.api, **UNLIMITED, **small):
        drafts = [await _draft(lab) for _ in range(20)]
        ids = [drafts[number % len(drafts)] for number in range(sockets)]
        async with connected(lab, ids, trial.seed, limit_s=0) as followers, _streams(lab, drafts, streams) as opened:
            trial.expect(await all_subscribed(followers, 120), "not every socket was subscribed")
            # Without requests, so that only the sockets and streams can hold connections.
            held = await _held(lab, seconds / 2)
            answers = await _requests(lab, drafts, seconds, a_second=a_second)
            trial.figures |= {"sockets": len(followers), "streams": opened[0], "held connections": held}
            trial.expect(held == 0, f"streams held {held} connections")
            trial.expect(opened[0] == streams, f"{opened[0]} of {streams} streams were open")
            lost = sum(follower.connections > 1 for follower in followers)
            trial.expect(lost == 0, f"{lost} sockets lost their connections")
    for follower in followers:
        seen = follower.seen
        trial.expect(seen == list(range(1, len(seen) + 1)) != [], f"{follower.task_id}: sequence {seen}")
    _note_requests(trial, answers, 0.5)
    timeouts = lab.output_of("api").count("QueuePool limit")
    trial.figures["pool timeouts"] = timeouts
    trial.expect(timeouts == 0, f"{timeouts} requests found no connection")


async def empty_redis(
    trial: Trial, *, runs: int = 100, every_s: float = 5.0, call_s: float = 6.0, followed: int = 100
) -> None:
    """F18: `FLUSHALL` again and again while runs stream."""
    lab = trial.lab
    async with (
        configured(lab.api, **UNLIMITED, registration="open"),
        reconfigured(lab, max_running_tasks=f"{runs}"),
    ):
        revoked = await _signed_out(lab)
        task_ids = await trial.offers.post_all([jobs.six_calls(call_s / 3)] * runs)
        flushes = 0
        async with following(lab, task_ids[:followed], trial.seed) as trial.followers:
            while await lab.open_runs(trial.offers.prefix):
                await _flush(lab)
                flushes += 1
                status = (await _me(lab, revoked)).status_code
                trial.expect(status == 401, f"a revoked token was answered {status} after a flush")
                await asyncio.sleep(every_s)
                if flushes > 60 * 10 / every_s:
                    break
        await trial.check(limit_s=60)
        trial.figures |= {"flushes": flushes, "runs": runs, **await _guess(trial, flush=True)}


async def lose_redis(
    trial: Trial, *, runs: int = 20, away_s: float = 300.0, call_s: float = 6.0, a_second: float = 4.0
) -> None:
    """F19: `kill -9` Redis for minutes, while runs, POSTs and requests continue."""
    lab, redis = trial.lab, trial.lab.stack.parts["redis"]
    async with (
        configured(lab.api, **UNLIMITED, registration="open"),
        reconfigured(lab, max_running_tasks=f"{runs}"),
    ):
        revoked = await _signed_out(lab)
        task_ids = await trial.offers.post_all([jobs.six_calls(call_s / 3)] * runs)
        async with following(lab, task_ids, trial.seed) as trial.followers:
            await crash(redis)
            posting = asyncio.create_task(_post_for(trial, away_s))
            answers = await _requests(lab, task_ids, away_s, a_second=a_second)
            posted = await posting
            trial.figures |= await _guess(trial)
            status = (await _me(lab, revoked)).status_code
            trial.expect(status == 401, f"a revoked token was answered {status} without Redis")
            newest = await _newest(lab, task_ids)
            await revive(redis)
            back = time.monotonic()
            while behind := [f for f in trial.followers if (f.seen or [0])[-1] < newest[f.task_id]]:
                if time.monotonic() - back > 30:
                    break
                await asyncio.sleep(0.05)
            caught_up_s = time.monotonic() - back
            await lab.all_ended(trial.offers.prefix, 180)
        trial.figures |= {"away, s": away_s, "POSTs": posted, "caught up, s": round(caught_up_s, 1)}
        trial.expect(not behind, f"{len(behind)} clients hadn't caught up 30 s after Redis's return")
        trial.expect_in_time(caught_up_s <= 5, f"clients caught up after {caught_up_s:.1f} s, not 5")
        _note_requests(trial, answers, SLOW_S, most_errors=0.01)
        await trial.check(limit_s=60)


Answers = list[tuple[int, float]]
"""The status of each request (0: no answer), and how long it took, in seconds."""


async def _requests(lab: Lab, task_ids: Sequence[TaskId], seconds: float, *, a_second: float) -> Answers:
    """Send plain requests at a steady rate, whether or not earlier ones have been answered."""

    async def one(path: str) -> tuple[int, float]:
        began = time.monotonic()
        try:
            status = (await lab.http.get(path, timeout=30)).status_code
        except httpx2.HTTPError:
            status = 0
        return status, time.monotonic() - began

    sent = []
    for number in range(int(seconds * a_second)):
        path = f"/api/v1/tasks/{task_ids[number % len(task_ids)]}" if number % 2 else "/api/v1/tasks?limit=20"
        sent.append(asyncio.create_task(one(path)))
        await asyncio.sleep(1 / a_second)
    return list(await asyncio.gather(*sent))


def _note_requests(trial: Trial, answers: Answers, limit_s: float, most_errors: float = 0.0) -> None:
    errors = sum(status != 200 for status, _ in answers)
    p99 = quantiles((took for _, took in answers), n=100)[98]
    trial.figures |= {"requests": len(answers), "failed requests": errors, "p99 of requests, ms": round(p99 * 1000)}
    trial.expect(errors <= most_errors * len(answers), f"{errors} of {len(answers)} requests failed")
    trial.expect_in_time(p99 <= limit_s, f"the p99 of requests was {p99:.2f} s, not {limit_s:g}")


async def _draft(lab: Lab) -> TaskId:
    answer = await lab.http.post("/api/v1/tasks", json={"goal": "Wait.", "start": False})
    answer.raise_for_status()
    return TaskId(answer.json()["id"])


@asynccontextmanager
async def _streams(lab: Lab, task_ids: Sequence[TaskId], number: int) -> AsyncIterator[list[int]]:
    """Open streams of server-sent events; yield a list with the number of those that have begun."""
    opened = [0]

    async def one(task_id: TaskId) -> None:
        async with lab.http.stream("GET", f"/api/v1/tasks/{task_id}/events", timeout=None) as response:
            opened[0] += response.status_code == 200
            async for _ in response.aiter_lines():
                pass

    tasks = [asyncio.create_task(one(task_ids[each % len(task_ids)])) for each in range(number)]
    try:
        yield opened
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _held(lab: Lab, seconds: float) -> int:
    """Return the most connections that were kept in a transaction without working, in any look."""
    most, until = 0, time.monotonic() + seconds
    while time.monotonic() < until:
        held = await lab.count(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE 'idle in transaction%' AND clock_timestamp() - state_change > interval '0.5 s'"
        )
        most = max(most, held)
        await asyncio.sleep(0.25)
    return most


async def _flush(lab: Lab) -> None:
    async with Redis.from_url(lab.stack.redis_admin_url) as redis:
        await redis.flushall()


async def _signed_out(lab: Lab) -> str:
    """Return the access token of a session that has been signed out."""
    email = f"{uuid4().hex}@example.com"
    await _register(lab, email)
    token = (await _log_in(lab, email, PASSWORD)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    (await lab.http.post("/api/v1/auth/logout", headers=headers)).raise_for_status()
    await asyncio.sleep(4)
    return str(token)


async def _me(lab: Lab, token: str) -> httpx2.Response:
    return await lab.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})


async def _register(lab: Lab, email: str) -> None:
    (await lab.http.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})).raise_for_status()


async def _log_in(lab: Lab, email: str, password: str) -> httpx2.Response:
    return await lab.http.post("/api/v1/auth/login", json={"email": email, "password": password}, timeout=60)


async def _guess(trial: Trial, *, flush: bool = False, guesses: int = 30) -> dict[str, int]:
    """Guess at a password, and flush Redis in between; the account's limit must hold."""
    lab, email = trial.lab, f"{uuid4().hex}@example.com"
    await _register(lab, email)
    statuses: list[int] = []
    for number in range(guesses):
        statuses.append((await _log_in(lab, email, f"wrong password {number}")).status_code)
        if flush and number % 5 == 0:
            await _flush(lab)
    allowed = statuses.count(401)
    trial.expect(0 < allowed <= 10, f"{allowed} of {guesses} guesses were checked, not at most 10")
    trial.expect(set(statuses) <= {401, 429}, f"guesses were answered {sorted(set(statuses))}")
    return {"guesses": guesses, "guesses checked": allowed}


async def _post_for(trial: Trial, seconds: float) -> int:
    """Offer a short task every few seconds."""
    number = min(60, int(seconds))
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        for each in range(number):
            group.create_task(trial.offers.post_patiently(f"away-{each}", jobs.one_call("tokens=20")))
            await asyncio.sleep(seconds / number)
    return number


async def _newest(lab: Lab, task_ids: Sequence[TaskId]) -> dict[TaskId, int]:
    rows = await lab.rows("SELECT id, event_seq FROM runs WHERE id = ANY(CAST(:ids AS uuid[]))", ids=list(task_ids))
    return {TaskId(str(row["id"])): row["event_seq"] for row in rows}
