"""Opens pages of the console and waits until they have loaded."""

from playwright.async_api import Page, expect


async def load(page: Page, place: str) -> None:
    """Open an address, and wait until everything on it has been loaded."""
    await page.goto(place)
    await expect(page.get_by_role("heading", level=1).first).to_be_visible()
    await expect(page.locator(".MuiSkeleton-root, [aria-busy=true]")).to_have_count(0)
    await expect(page.get_by_text("There is no page at this address.")).to_have_count(0)


async def views(page: Page) -> list[str]:
    """Return the addresses of a page's tabs."""
    found: list[str] = await page.locator("[role=tablist] a[href]").evaluate_all(
        "links => links.map((each) => each.getAttribute('href'))"
    )
    return found
