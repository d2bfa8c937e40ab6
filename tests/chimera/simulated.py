"""A simulator in the test's own event loop, and requests for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from itertools import count

from chimera.providers.base import ChatEnd, ChatMessage, ChatRequest, Provider, TextDelta, ToolSpec
from chimera.providers.chat_completions.chat import ChatCompletions
from chimera.simulator.app import create_app
from chimera.simulator.journal import Journal
from tests.chimera.provider_limits import limits
from tests.parts import serving

_calls = count(1)

CALCULATOR = ToolSpec("calculator", "Works out arithmetic.", {"type": "object", "properties": {}})


@dataclass
class Running:
    """A simulator, and a provider connected to it."""

    url: str
    journal: Journal
    provider: Provider

    def arrivals(self, call_id: str) -> int:
        return self._counted(call_id, "arrivals")

    def cut(self, call_id: str) -> int:
        return self._counted(call_id, "cut")

    def _counted(self, call_id: str, what: str) -> int:
        calls = self.journal.counts(call_id)["calls"]
        assert isinstance(calls, dict)
        return int(calls[call_id][what])


@dataclass
class SimulatedReply:
    """A complete answer, with its pieces."""

    text: str = ""
    pieces: list[str] = field(default_factory=list)
    end: ChatEnd = field(default_factory=lambda: ChatEnd("stop", None))


@asynccontextmanager
async def running_simulator(
    *, first_byte_s: float = 60, stall_s: float = 60, max_answer_bytes: int = 1_000_000, api_key: str = "simulated"
) -> AsyncIterator[Running]:
    """Run a simulator on a free port while the block runs."""
    journal = Journal()
    async with serving(create_app(journal)) as url:
        provider = ChatCompletions(
            name="simulator",
            base_url=f"{url}/v1",
            api_key=api_key,
            limits=limits(first_byte_s=first_byte_s, stall_s=stall_s, max_answer_bytes=max_answer_bytes),
            simulated=True,
            schema_with_tools=True,
            trust_env=False,
        )
        try:
            yield Running(url, journal, provider)
        finally:
            await provider.close()


def ask(prompt: str, *, model: str = "fast", **changes: object) -> ChatRequest:
    """Return a request with one user message and its own call ID."""
    request = ChatRequest(
        model=model,
        messages=(ChatMessage("system", "You are helpful."), ChatMessage("user", prompt)),
        call_id=f"test-{next(_calls)}",
        attempt=1,
        max_output_tokens=2048,
    )
    return replace(request, **changes)  # type: ignore[arg-type]


async def answer_of(provider: Provider, request: ChatRequest) -> SimulatedReply:
    """Read an answer to its end, which must come exactly once and last."""
    reply, ends = SimulatedReply(), 0
    async for item in provider.stream(request):
        assert ends == 0, "nothing may come after the end"
        if isinstance(item, TextDelta):
            reply.pieces.append(item.text)
        else:
            reply.end = item
            ends += 1
    assert ends == 1
    reply.text = "".join(reply.pieces) if reply.end.answer is None else reply.end.answer
    return reply
