"""axe finds no violation on any page, in either theme, at the width of a desk or a phone."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Literal

import pytest
from playwright.async_api import Browser, Page, StorageState, ViewportSize, expect

from tests.console import axe
from tests.console.addresses import Route, address, routes
from tests.console.conftest import NewPage
from tests.console.pages import load, views
from tests.console.people import sign_in
from tests.console.sample import Sample, create_sample
from tests.stack import Stack

ROUTES = routes()
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
PHONE: ViewportSize = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
async def sample(stack: Stack) -> Sample:
    return await create_sample(stack)


@pytest.fixture(scope="module")
async def state(browser: Browser, stack: Stack, sample: Sample) -> AsyncIterator[StorageState]:
    """The cookies of a signed-in browser."""
    context = await browser.new_context(base_url=f"http://127.0.0.1:{stack.settings.api_port}")
    await sign_in(await context.new_page(), sample.person)
    yield await context.storage_state()
    await context.close()


@pytest.fixture
async def open_page(new_page: NewPage, state: StorageState) -> Callable[[Route], Awaitable[Page]]:
    async def open_page(route: Route) -> Page:
        if route.is_public:
            return await new_page(reduced_motion="reduce")
        return await new_page(storage_state=state, reduced_motion="reduce")

    return open_page


async def links(page: Page) -> list[str]:
    found: list[str] = await page.locator("a[href^='/']:not([download])").evaluate_all(
        "links => links.map((each) => new URL(each.href).pathname)"
    )
    return found


def leads_somewhere(path: str) -> bool:
    """Tell whether a link leads to a page of the console, or to what the API serves itself."""
    return path.startswith(("/api/", "/docs", "/openapi.json")) or any(route.matches(path) for route in ROUTES)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path or "home")
async def test_every_page_can_be_used_by_everyone(
    route: Route, sample: Sample, open_page: Callable[[Route], Awaitable[Page]]
) -> None:
    if not route.is_built:
        pytest.skip(f"PAGE SKIPPED: {route.path} isn't built yet")
    page = await open_page(route)
    source = axe.script()
    todo = [address(route.path, values) for values in sample.values.get(route.path, [{}])]
    seen: list[str] = []
    found: list[str] = []
    while todo:
        place = todo.pop(0)
        seen.append(place)
        await page.set_viewport_size({"width": 1280, "height": 800})
        await load(page, place)
        if len(seen) == 1:
            todo += [each for each in await views(page) if each not in seen + todo]
        for theme in THEMES:
            await page.emulate_media(color_scheme=theme)
            await expect(page.locator("html")).to_have_attribute("data-theme", theme)
            found += [f"{place}, {theme}: {each}" for each in await axe.violations(page, source)]
        found += [f"{place}: a link leads nowhere: {each}" for each in await links(page) if not leads_somewhere(each)]
        await page.set_viewport_size(PHONE)
        await expect(page.locator(".MuiSkeleton-root, [aria-busy=true]")).to_have_count(0)
        found += [f"{place}, phone: {each}" for each in await axe.violations(page, source)]
        wide = await page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
        if wide > 0:
            found.append(f"{place}: {wide} px wider than a phone")
    print(f"{route.path}: {', '.join(seen)}")
    assert not found, "\n".join(found)


async def test_axe_sees_a_violation(page: Page) -> None:
    await load(page, "/sign-in")
    await page.evaluate("() => document.querySelectorAll('h1')[0].after(document.createElement('button'))")
    assert any(each.startswith("button-name") for each in await axe.violations(page, axe.script()))
