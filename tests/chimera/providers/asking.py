"""Helpers that create providers from settings, connect them to test servers, and return the results of calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from chimera.config.settings import Settings
from chimera.providers import make
from chimera.providers.base import ChatRequest, Provider
from models.errors import ProviderError
from tests.chimera.simulated import answer_of, ask
from tests.wires.base import Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script

MAX_ANSWER_BYTES = 100_000


@asynccontextmanager
async def provider_at(wire: Wire, url: str, **changes: object) -> AsyncIterator[Provider]:
    """Yield the provider for `wire`, connected to a server at `url`. `changes` override settings."""
    limits = {"call_first_byte_s": 60.0, "call_stall_s": 60.0, "max_answer_bytes": MAX_ANSWER_BYTES, **changes}
    settings = Settings.model_validate({**wire.settings, wire.address_setting: url + wire.path, **limits})
    made = make(wire.name, settings)
    yield made
    await made.close()


def asked(wire: Wire, prompt: str = "Why is tea popular?", **changes: object) -> ChatRequest:
    return ask(prompt, model=wire.model, **changes)


async def raised(provider: Provider, request: ChatRequest, server: Scripted, script: Script) -> ProviderError:
    """Return the error that a call raises when the server answers with `script`. The call must be one request."""
    server.answers(script)
    with pytest.raises(ProviderError) as caught:
        await answer_of(provider, request)
    assert len(server.bodies) == 1, "an attempt is one request"
    return caught.value
