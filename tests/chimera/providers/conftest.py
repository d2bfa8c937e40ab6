"""Fixtures that run each test once per wire, with the wire's provider at a scripted server."""

from collections.abc import AsyncIterator, Iterator

import pytest

from chimera.providers.base import Provider
from tests.chimera.providers.asking import provider_at
from tests.wires.base import Wire
from tests.wires.scripted import Scripted, running_script
from tests.wires.vendors import WIRES


@pytest.fixture(scope="module", autouse=True)
def no_proxy() -> Iterator[None]:
    """Bypass proxies: the providers respect a company's proxy, which can't reach a test server."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NO_PROXY", "127.0.0.1")
        yield


@pytest.fixture(scope="module", params=WIRES, ids=lambda wire: wire.name)
def wire(request: pytest.FixtureRequest) -> Wire:
    found: Wire = request.param
    return found


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[Scripted]:
    async with running_script() as running:
        yield running


@pytest.fixture(scope="module")
async def provider(wire: Wire, server: Scripted) -> AsyncIterator[Provider]:
    async with provider_at(wire, server.url) as made:
        yield made
