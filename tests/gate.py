"""Holds calls on their way to the provider, so that a test has time for what should happen in between."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from chimera.providers.base import ChatEnd, ChatRequest, TextDelta
from chimera.providers.chat_completions.chat import ChatCompletions


class Gate:
    """Until it is opened, holds requests of workers in this process whose call ID contains `part`."""

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
