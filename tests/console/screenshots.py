"""Take pictures of every page of the console, in both themes: `make screenshots`.

Starts a stack with sample data and writes docs/images/console/<page>-<theme>.png. The answers are the simulator's.
"""

import asyncio
import re
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, ViewportSize, expect

from tests.console import chromium
from tests.console.addresses import Route, address, routes
from tests.console.people import PROXIES, sign_in
from tests.console.sample import Sample, create_sample
from tests.console.work import working_as
from tests.stack import Stack, running_stack

FOLDER = Path(__file__).parents[2] / "docs/images/console"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZE: ViewportSize = {"width": 1280, "height": 800}
VIEWS = {"tasks/:id/:view?": ("result", "transcript", "timeline", "cost", "events")}
"""Views of a page that get a picture of their own."""


def name_of(path: str) -> str:
    """Return a page's name, such as `tasks-id` for the route `tasks/:id/:view?`."""
    return re.sub(r"\W+", "-", re.sub(r"/:\w+\?", "", path)).strip("-") or "home"


def places(route: Route, sample: Sample) -> dict[str, str]:
    """Return the addresses to show, by the names of their pictures."""
    values = sample.values.get(route.path, [{}])
    name = name_of(route.path)
    found = {name: address(route.path, values[0])}
    if not values[0] and len(values) > 1:
        found[f"{name}-one"] = address(route.path, values[1])
    for view in VIEWS.get(route.path, ()):
        found[f"{name}-{view}"] = address(route.path, {**values[0], "view": view})
    return found


async def show(page: Page, place: str) -> None:
    await page.goto(place)
    await expect(page.get_by_role("heading", level=1).first).to_be_visible()
    await expect(page.locator(".MuiSkeleton-root, [aria-busy=true]")).to_have_count(0)
    await page.evaluate("() => document.activeElement?.blur()")
    await page.wait_for_load_state("networkidle")


async def add_showpieces(stack: Stack, sample: Sample) -> None:
    """Put a task and a chat first that read as a user's own would."""
    async with working_as(stack, sample.person) as work:
        goal = "Compare tea and coffee as a daily drink: health, cost and the environment. Give a short recommendation."
        task = await work.post("/tasks", {"goal": goal})
        chat = await work.post("/chat/sessions", {"agent": "writer", "title": "Durable workflows"})
        question = "Explain in three sentences what a durable workflow is, with an example."
        await work.post(f"/chat/sessions/{chat['id']}/messages", {"text": question})
        await work.until(task["id"])
    sample.values["tasks/:id/:view?"].insert(0, {"id": task["id"]})
    sample.values["chat/:id?"].insert(1, {"id": chat["id"]})


async def take(stack: Stack) -> None:
    sample = await create_sample(stack)
    await add_showpieces(stack, sample)
    origin = f"http://127.0.0.1:{stack.settings.api_port}"
    async with chromium.running(chromium.find()) as browser:
        for theme in THEMES:
            options = {"base_url": origin, "viewport": SIZE, "color_scheme": theme, "reduced_motion": "reduce"}
            visitor = await browser.new_context(**options)  # type: ignore[arg-type]
            member = await browser.new_context(**options)  # type: ignore[arg-type]
            await sign_in(await member.new_page(), sample.person)
            for route in routes():
                page = await (visitor if route.is_public else member).new_page()
                for name, place in places(route, sample).items():
                    await show(page, place)
                    await page.screenshot(path=FOLDER / f"{name}-{theme}.png")
                    print(f"{name}-{theme}.png")
                await page.close()


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="chimera-") as folder:
        async with running_stack(Path(folder), registration="open", trusted_proxies=PROXIES) as stack:
            await take(stack)


if __name__ == "__main__":
    asyncio.run(main())
