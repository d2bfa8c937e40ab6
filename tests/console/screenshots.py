"""Take pictures of every page of the console, in both themes: `make screenshots`.

Starts a stack with a small company's work, writes docs/images/console/<page>-<theme>.webp, and lists the pictures in
docs/console-pages.md. The answers are the simulator's.
"""

import asyncio
import base64
import re
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import Page, ViewportSize

from tests.console import chromium
from tests.console.addresses import Route, address, routes
from tests.console.pages import load, views
from tests.console.people import PROXIES, sign_in
from tests.console.sample import Sample
from tests.console.showcase import create_showcase
from tests.stack import Stack, running_stack

DOCS = Path(__file__).parents[2] / "docs"
FOLDER, LIST = DOCS / "images/console", DOCS / "console-pages.md"
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SIZE: ViewportSize = {"width": 1280, "height": 800}
ABOUT = """# Every page of the console

`make screenshots` takes these pictures and writes this page. The answers are the simulator's.
"""

# A lossy WebP of a screenshot takes less than half of the bytes of a PNG. Playwright can't write it, but Chromium can.
TO_WEBP = """async png => {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height);
  canvas.getContext('2d').drawImage(picture, 0, 0);
  const webp = new Uint8Array(await (await canvas.convertToBlob({ type: 'image/webp', quality: 0.8 })).arrayBuffer());
  return btoa(Array.from(webp, (byte) => String.fromCharCode(byte)).join(''));
}"""


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
    return found


class Album:
    """The pictures of one theme, and a page without a content security policy that converts them."""

    def __init__(self, theme: Literal["light", "dark"], converter: Page) -> None:
        self.theme, self.names, self._converter = theme, list[str](), converter

    async def add(self, page: Page, name: str, place: str) -> None:
        await load(page, place)
        await page.evaluate("() => document.activeElement?.blur()")
        await page.wait_for_load_state("networkidle")
        png = base64.b64encode(await page.screenshot()).decode()
        webp: str = await self._converter.evaluate(TO_WEBP, png)
        (FOLDER / f"{name}-{self.theme}.webp").write_bytes(base64.b64decode(webp))
        self.names.append(name)
        print(f"{name}-{self.theme}.webp", flush=True)

    async def add_all(self, page: Page, name: str, place: str) -> None:
        """Add a page and its other tabs."""
        await self.add(page, name, place)
        for view in await views(page):
            last = view.partition("?")[0].rpartition("/")[2]
            if view.partition("?")[0] != place and not name.endswith(last):
                await self.add(page, f"{name}-{last}", view)


async def take(stack: Stack) -> None:
    sample = await create_showcase(stack)
    origin = f"http://127.0.0.1:{stack.settings.api_port}"
    async with chromium.running(chromium.find()) as browser:
        converter = await browser.new_page()
        albums = [Album(theme, converter) for theme in THEMES]
        for album in albums:
            options = {"base_url": origin, "viewport": SIZE, "color_scheme": album.theme, "reduced_motion": "reduce"}
            visitor = await browser.new_context(**options)  # type: ignore[arg-type]
            member = await browser.new_context(**options)  # type: ignore[arg-type]
            await sign_in(await member.new_page(), sample.person)
            for route in routes():
                page = await (visitor if route.is_public else member).new_page()
                for name, place in places(route, sample).items():
                    await album.add_all(page, name, place)
                await page.close()
    LIST.write_text(listed(albums[0].names))


def listed(names: list[str]) -> str:
    """Return the page that shows the pictures with these names."""
    rows = (
        f"| ![{name}, light](images/console/{name}-light.webp) | ![{name}, dark](images/console/{name}-dark.webp) |"
        for name in names
    )
    parts = (
        f"\n## {name.replace('-', ' ').capitalize()}\n\n| light | dark |\n|---|---|\n{row}\n"
        for name, row in zip(names, rows, strict=True)
    )
    return ABOUT + "".join(parts)


async def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for each in FOLDER.iterdir():
        each.unlink()
    with tempfile.TemporaryDirectory(prefix="chimera-") as folder:
        async with running_stack(Path(folder), registration="open", trusted_proxies=PROXIES) as stack:
            await take(stack)


if __name__ == "__main__":
    asyncio.run(main())
