"""Calls held on their way to the provider, so that a test does what comes between in its own time."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chimera.providers.base import ChatEnd, ChatRequest, TextDelta
from chimera.providers.chat_completions.chat import ChatCompletions


class Gate:
    """Holds the requests of a worker in this process whose call id has `part` in it, until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, part: str = "") -> None:
        self._opened = asyncio.Event()
        real, opened = ChatCompletions.stream, self._opened

        async def stream(provider: ChatCompletions, request: ChatRequest) -> AsyncGenerator[TextDelta | ChatEnd]:
            if part in request.call_id:
                await opened.wait()
            async for item in real(provider, request):
                yield item

        monkeypatch.setattr(ChatCompletions, "stream", stream)

    def open(self) -> None:
        self._opened.set()
