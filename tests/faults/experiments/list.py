"""The experiments, one per entry: the fault, with its full size and the size for a quick run."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.faults.experiments import (
    broken,
    controls,
    deaths,
    decisions,
    effects,
    freezes,
    kills,
    live,
    meaning,
    outages,
    patience,
    providers,
    runaways,
    tool_calls,
)
from tests.faults.lab import staff
from tests.faults.trials import Trial


@dataclass(frozen=True, slots=True)
class Experiment:
    id: str
    title: str
    run: Callable[..., Awaitable[None]]
    quick: Mapping[str, Any] = field(default_factory=dict)
    long: Mapping[str, Any] = field(default_factory=dict)
    """Sizes for a long trial, if the usual size is shorter than what it represents."""
    workers: int = 1
    options: frozenset[str] = frozenset()
    """Arguments of `run` that may be given on the command line."""

    async def on(
        self, trial: Trial, *, quick: bool = False, long: bool = False, options: Mapping[str, Any] | None = None
    ) -> None:
        """Run the experiment at its usual size, unless `quick`, `long` or `options` set another one."""
        await staff(trial.lab, self.workers)
        size = self.quick if quick else self.long if long else {}
        await self.run(trial, **{**size, **(options or {})})


SHORT = {"call_s": 4.0, "kill_s": 3.0}
QUICK_LIMITS = {"limit": 8, "runs": 14, "calm_s": 5.0, "frozen_s": 8.0}

EXPERIMENTS = [
    Experiment(
        "F01", "kill -9 the only worker during a call", deaths.kill_the_only_worker, {"runs": 3, **SHORT, "away_s": 1.0}
    ),
    Experiment("F02", "kill -9 one of two workers", deaths.kill_one_of_two_workers, {"runs": 3, **SHORT}, workers=2),
    Experiment(
        "F03", "crash between answer and settlement", deaths.die_with_answers_in_hand, {"runs": 5, "delay_s": 1.0}
    ),
    Experiment("F05", "crash between a tool's effect and its result", effects.lose_results, {"runs": 3}),
    Experiment("F06", "SIGTERM a worker under load", deaths.deploy_under_load, {"runs": 3, "call_s": 4.0}),
    Experiment("F08", "lose the API after its commit", deaths.lose_the_api_after_its_commit, {"runs": 10}),
    Experiment("F09", "start a run and lose the response", deaths.lose_the_answer, {"keys": 5}),
    Experiment(
        "F10",
        "restart the API under open sockets",
        live.restart_under_sockets,
        {"sockets": 20, "runs": 3, "call_s": 9.0},
        options=frozenset({"sockets"}),
    ),
    Experiment("F12", "kill -9 Temporal", outages.lose_temporal, {"runs": 10, "call_s": 4.0, "away_s": 5.0}),
    Experiment(
        "F21",
        "429 with Retry-After for 30 % of calls",
        patience.limit_the_rate,
        {"runs": 10, "wait_s": 2.0},
        workers=2,
    ),
    Experiment("F22", "three 500s, then an answer", providers.answer_500_three_times, {"runs": 2}),
    Experiment(
        "F23", "sockets without a response", patience.never_answer, {"runs": 3, "silence_s": 2.0, "calm_s": 5.0}
    ),
    Experiment("F24", "a token every 20 s", patience.drip, {"runs": 2, "gap_s": 1.0, "stall_s": 3.0, "total_s": 6.0}),
    Experiment("F25", "interrupted streams", providers.cut_streams, {"runs": 4}),
    Experiment("F26", "interrupted tool calls", tool_calls.cut_tool_calls, {"rounds": 1}),
    Experiment("F27", "invalid answers", providers.answer_nonsense, {"runs": 1}),
    Experiment("F28", "poison text", providers.send_poison, {"runs": 2}),
    Experiment("F29", "answers of 3 MB and 10 MB", providers.send_much),
    Experiment(
        "F30",
        "an unavailable provider while runs queue up",
        patience.lose_the_provider,
        {"runs": 10, "away_s": 8.0, "probe_s": 2.0, "limit_s": 60.0},
        {"away_s": 1800.0},
        workers=2,
    ),
    Experiment("F31", "repeated Idempotency-Keys", meaning.repeat_keys, {"at_once": 20, "keys": 10}),
    Experiment("F34", "plans beyond every limit", runaways.plan_too_much),
    Experiment("F35", "models that never stop", runaways.never_stop, {"nodes": 3, "items": 20_000}),
    Experiment(
        "freeze",
        "SIGSTOP and SIGCONT",
        freezes.freeze,
        {"seconds": 3.0, "runs": 6, "steps": 2, "call_s": (1.0, 4.0), "within_s": (0.0, 0.5)},
        workers=2,
        options=frozenset({"what", "seconds"}),
    ),
    Experiment(
        "controls",
        "a cancel and another control at the same time",
        controls.pair_controls,
        {"pairs": 8},
        options=frozenset({"pairs", "at_once", "kind"}),
    ),
    Experiment(
        "kills",
        "kill -9 any part at any moment",
        kills.kill_at_random,
        {"minutes": 0.5, "every_s": (3.0, 6.0)},
        {"minutes": 60.0},
        options=frozenset({"minutes", "tasks_a_second"}),
    ),
    Experiment(
        "F17",
        "many sockets and a small connection pool",
        live.hold_no_connections,
        {"sockets": 40, "streams": 5, "seconds": 3.0},
        options=frozenset({"sockets"}),
    ),
    Experiment("F18", "FLUSHALL every 5 s", live.empty_redis, {"runs": 4, "every_s": 1.0, "call_s": 3.0}, workers=2),
    Experiment(
        "F19",
        "Redis killed for minutes",
        live.lose_redis,
        {"runs": 3, "away_s": 5.0, "call_s": 3.0},
        workers=2,
        options=frozenset({"away_s"}),
    ),
    Experiment(
        "F20", "Redis frozen and emptied under limits", broken.freeze_redis_under_limits, QUICK_LIMITS, workers=2
    ),
    Experiment(
        "F37",
        "decisions twice, without a worker, and too late",
        decisions.decide_twice,
        {"runs": 3, "flood": 300, "away_s": 1.0, "expires_s": 3},
    ),
    Experiment("F39", "a worker clock two hours off", broken.set_a_clock_wrong, {"runs": 6}, workers=2),
    Experiment("F51", "a full disk, and the API killed", partial(broken.fill_the_disk, kill=True), {"runs": 3}),
    Experiment("F52", "a full disk", broken.fill_the_disk, {"runs": 3}),
]
