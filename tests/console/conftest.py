"""The console in a real browser, against a real stack: the built files, the API, a worker and the simulator.

Each test fails if one of its pages violated the content security policy, requested anything from another server, or
logged an error.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Browser, Page, expect

from tests.console import chromium
from tests.console.people import PROXIES, Person, create_person
from tests.console.watch import Watch
from tests.stack import Stack, running_stack
from tests.until import LIMIT_S

expect.set_options(timeout=LIMIT_S * 1000)

NewPage = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
async def browser(starts_servers: None) -> AsyncIterator[Browser]:
    async with chromium.running(chromium.find()) as browser:
        yield browser


# The browser comes first, so that without one, nothing else is started.
@pytest.fixture(scope="session")
async def stack(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Run Chimera with the built console; its models are the simulator's."""
    folder = tmp_path_factory.mktemp("console")
    async with running_stack(folder, registration="open", trusted_proxies=PROXIES) as stack:
        yield stack


@pytest.fixture
def origin(stack: Stack) -> str:
    return f"http://127.0.0.1:{stack.settings.api_port}"


@pytest.fixture
def watch(origin: str) -> Watch:
    return Watch(origin)


@pytest.fixture
async def new_page(browser: Browser, origin: str, watch: Watch) -> AsyncIterator[NewPage]:
    """Return a function that opens a page for another visitor, with Playwright's options for a context."""
    async with AsyncExitStack() as contexts:

        async def new_page(**options: object) -> Page:
            context = await browser.new_context(base_url=origin, **options)  # type: ignore[arg-type]
            contexts.push_async_callback(context.close)
            context.set_default_timeout(LIMIT_S * 1000)
            await watch.start(context)
            return await context.new_page()

        yield new_page
    assert watch.faults == []


@pytest.fixture
async def page(new_page: NewPage) -> Page:
    """Return the only page of most tests."""
    return await new_page()


@pytest.fixture
async def person(stack: Stack) -> Person:
    return await create_person(stack)
