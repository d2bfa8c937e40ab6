"""Check whether requests of several kinds get the same answer and cause the same work."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from statistics import median
from time import perf_counter
from typing import Any

import httpx2

from benchmarks.security.finding import Seen, client_of, processor_s
from tests.stack import Stack

FROM_ONE_ADDRESS = 18
"""Requests per address, fewer than an address's limits. The 19th request comes from another address."""
SAME_WORK = 0.1
"""By what share the processor times may differ. Elapsed time isn't a criterion, because the machine may be busy."""


@dataclass(slots=True)
class Sample:
    answers: set[tuple[int, str]] = field(default_factory=set)
    times_ms: list[float] = field(default_factory=list)
    work_ms: list[float] = field(default_factory=list)


Ask = Callable[[httpx2.AsyncClient], Awaitable[httpx2.Response]]


async def compare(stack: Stack, samples: int, asks: dict[str, Ask], *, second: int, same_work: bool = True) -> Seen:
    """Send requests of each kind in turn, one at a time, and compare their answers and their work."""
    found = {what: Sample() for what in asks}
    addresses = _addresses(second)
    for _ in range(samples):
        for what, ask in asks.items():
            async with client_of(stack, address=next(addresses)) as client:
                used_s, began = processor_s(stack.services.api), perf_counter()
                answer = await ask(client)
                found[what].times_ms.append((perf_counter() - began) * 1000)
                found[what].work_ms.append((processor_s(stack.services.api) - used_s) * 1000)
            found[what].answers.add((answer.status_code, _text(answer)))
    seen = Seen(trials=samples * len(asks))
    distinct = set.union(*(each.answers for each in found.values()))
    seen.problems += [f"answers differ: {sorted(distinct)}"] if len(distinct) != 1 else []
    seen.figures |= {f"{what}, median ms": round(median(each.times_ms), 1) for what, each in found.items()}
    medians = [median(each.times_ms) for each in found.values()]
    seen.figures["largest median divided by the smallest"] = round(max(medians) / min(medians), 2)
    work = [median(each.work_ms) for each in found.values()]
    seen.figures["processor time, ms"] = round(median(work), 1)
    # Processor time is counted in hundredths of a second, which is too coarse for requests that take less.
    if same_work:
        seen.decisions.append(
            f"work within {SAME_WORK:.0%} of processor time counts as equal; median times are only reported"
        )
        seen.figures["most work divided by the least"] = round(max(work) / max(min(work), 1), 2)
        if max(work) > min(work) * (1 + SAME_WORK):
            seen.problems.append("one kind uses more processor time than another")
    return seen


def _addresses(second: int) -> Iterator[str]:
    """Yield addresses of this machine, none of them so often that it reaches a limit."""
    for number in count():
        place = number // FROM_ONE_ADDRESS
        yield f"127.{second}.{place // 250}.{place % 250 + 1}"


def _text(answer: httpx2.Response) -> str:
    """Return the body without the fields that differ by request: its id, and the e-mail that was sent."""
    body: dict[str, Any] = answer.json()
    return str(sorted((name, value) for name, value in body.items() if name not in ("instance", "email")))
