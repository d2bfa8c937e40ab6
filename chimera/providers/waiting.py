"""Waits for a provider: how long for its first byte, how long between two chunks, and what too long is called."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TypeVar

from models.errors import ProviderError, ProviderTimeout, Stalled

CONNECT_S = 10.0
MAX_CONNECTIONS = 1000
"""How many calls run at once is the worker's and the rate limiter's business; the pool must not be a second limit."""

Chunk = TypeVar("Chunk")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a provider may be silent. Keep-alive comments are no progress: what counts is the next chunk."""

    first_byte_s: float
    stall_s: float

    def first_deadline(self) -> float:
        """The loop's time by which the first chunk has to be there, counted from now."""
        return asyncio.get_running_loop().time() + self.first_byte_s

    async def next_of(self, chunks: AsyncIterator[Chunk], first_deadline: float | None) -> Chunk | None:
        """Wait for the next chunk; None at the end. Only the first one has a deadline of its own.

        Raises TimeoutError, and whatever `chunks` raises.
        """
        deadline = first_deadline or asyncio.get_running_loop().time() + self.stall_s
        async with asyncio.timeout_at(deadline):
            return await anext(chunks, None)

    def run_out(self, provider: str, *, begun: bool) -> ProviderError:
        """Say what a TimeoutError is, before and within an answer."""
        if begun:
            return Stalled(f"{provider} sent nothing for {self.stall_s:g} s; the call is given up.")
        # Connecting has a shorter limit of its own, so the prompt is there.
        return ProviderTimeout(f"{provider} sent nothing in the first {self.first_byte_s:g} s.", may_be_billed=True)
