"""Try all cases on one stack: cases that don't delay others at once, the rest one after another."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from benchmarks.cases.calls import try_calls, try_socket, try_timing
from benchmarks.cases.case import (
    PROVIDERS,
    USD_PER_MILLION,
    ApiCalls,
    Case,
    Command,
    Ends,
    NotRun,
    Scheduled,
    SocketCase,
    TaskCase,
)
from benchmarks.cases.commands import try_command
from benchmarks.cases.judge import now_of, problems_of
from benchmarks.cases.seen import Seen, Task
from benchmarks.cases.tasks import model_of, try_task
from chimera.local import Supervised
from tests.ports import free_port
from tests.stack import Stack, running_stack
from tests.wires.model_server import ModelServer
from tests.wires.server import listening

AT_ONCE = 32
COMMANDS_AT_ONCE = 3
"""The number of parallel commands. Each uses a second or more of one core."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one case."""

    case: Case
    now: str
    requests: int | None
    problems: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        if isinstance(self.case.act, NotRun):
            return "not run"
        return "wrong" if self.problems else "ok"


async def try_all(cases: Sequence[Case], folder: Path, on_verdict: Callable[[Verdict], None]) -> list[Verdict]:
    """Start a stack and a model server, try every case, and report each verdict as it comes; return them in order."""
    server, port = ModelServer(), free_port()
    async with listening(server.respond, port), _stack(folder, port, cases) as stack:
        trials = _Trials(stack, server, on_verdict)
        await trials.together([case for case in cases if not case.alone and not case.environment])
        for environment in dict.fromkeys(case.environment for case in cases if case.environment):
            filled = [(name, value.replace("{port}", str(port))) for name, value in environment]
            async with _worker_with(stack.services.worker, filled):
                await trials.in_turns([case for case in cases if case.environment == environment])
        # These run last, because the last of them blocks its provider for an hour.
        await trials.provider_by_provider([case for case in cases if case.alone and not case.environment])
    by_id = {verdict.case.id: verdict for verdict in trials.verdicts}
    return [by_id[case.id] for case in cases]


class _Trials:
    def __init__(self, stack: Stack, server: ModelServer, on_verdict: Callable[[Verdict], None]) -> None:
        self._stack = stack
        self._server = server
        self._on_verdict = on_verdict
        self._commands = asyncio.Semaphore(COMMANDS_AT_ONCE)
        self.verdicts: list[Verdict] = []

    async def together(self, cases: Sequence[Case]) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(case: Case) -> None:
            # Commands have their own semaphore, so that waiting commands don't take the tasks' places.
            async with self._commands if isinstance(case.act, Command) else places:
                await self._try(case)

        await asyncio.gather(*map(one, cases))

    async def provider_by_provider(self, cases: Sequence[Case]) -> None:
        """Try the providers in parallel, and the cases of each one after another."""
        wires = dict.fromkeys(case.wire for case in cases)
        await asyncio.gather(*(self.in_turns([case for case in cases if case.wire == wire]) for wire in wires))

    async def in_turns(self, cases: Sequence[Case]) -> None:
        """Try the cases one after another, in the given order."""
        for case in cases:
            await self._try(case)

    async def _try(self, case: Case) -> None:
        try:
            seen = await self._seen(case)
        except Exception as error:  # noqa: BLE001  (whatever broke, the next case still has to run)
            verdict = Verdict(case, f"{type(error).__name__}: {error}", None, ("the trial was aborted",))
        else:
            verdict = self._judged(case, seen)
        self.verdicts.append(verdict)
        self._on_verdict(verdict)

    def _judged(self, case: Case, seen: Seen | None) -> Verdict:
        if seen is None or case.right is None:
            return Verdict(case, "-", None)
        requests = len(seen.arrivals) if isinstance(seen, Task) else None
        return Verdict(case, now_of(seen), requests, tuple(problems_of(case.right, seen)))

    async def _seen(self, case: Case) -> Seen | None:
        api = self._stack.api
        match case.act:
            case TaskCase() as asked:
                assert isinstance(case.right, Ends), case.id
                return await try_task(api, self._server, case, asked, case.right)
            case ApiCalls() as called:
                return await try_calls(api, called)
            case SocketCase() as messages:
                return await try_socket(api, messages)
            case Scheduled() as scheduled:
                return await try_timing(api, scheduled)
            case Command() as command:
                token = api.headers["Authorization"].removeprefix("Bearer ")
                return await try_command(command, str(api.base_url).rstrip("/"), token)
            case NotRun():
                return None


@asynccontextmanager
async def _stack(folder: Path, port: int, cases: Sequence[Case]) -> AsyncIterator[Stack]:
    address = f"http://127.0.0.1:{port}"
    settings: dict[str, Any] = {
        "local_base_url": f"{address}/v1",
        "openai_base_url": f"{address}/v1",
        "openai_api_key": SecretStr("unneeded"),
        "anthropic_base_url": address,
        "anthropic_api_key": SecretStr("unneeded"),
        "google_base_url": address,
        "google_api_key": SecretStr("unneeded"),
        # Otherwise, the failures of some cases would block the others.
        "breaker_failures": 1000,
        # One user follows all tasks.
        "max_streams": 2 * AT_ONCE,
        "prices": dict.fromkeys(_priced(cases), (USD_PER_MILLION, USD_PER_MILLION)),
        "context_windows": dict.fromkeys(_priced(cases), 128_000),
    }
    async with running_stack(folder, report=lambda line: None, **settings) as stack:
        yield stack


def _priced(cases: Sequence[Case]) -> list[str]:
    """Return the models that have prices. A local model with its own name costs nothing, like all local models."""
    asked = [(case, case.act) for case in cases if isinstance(case.act, TaskCase)]
    asked = [(case, act) for case, act in asked if not act.model or act.wire != "openai"]
    return [f"{act.provider or PROVIDERS[act.wire]}/{model_of(case, act)}" for case, act in asked]


@asynccontextmanager
async def _worker_with(worker: Supervised, environment: Sequence[tuple[str, str]]) -> AsyncIterator[None]:
    """Restart the worker with these variables, and restore it afterward."""
    before = worker.service
    worker.service = replace(before, environment={**before.environment, **dict(environment)})
    await worker.restart()
    try:
        yield
    finally:
        worker.service = before
        await worker.restart()
