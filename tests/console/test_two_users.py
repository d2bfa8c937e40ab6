"""Two users can't see each other's tasks, chats, files, agents and schedules by lists, deep links or the palette."""

import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, expect

from tests.console.people import Person, create_person, sign_in
from tests.console.work import working_as
from tests.stack import Stack

SECRET = "zanzibar"


@dataclass(frozen=True, slots=True)
class Owned:
    owner: Person
    links: list[str]
    """Addresses of what the owner has, each of which contains the secret."""


@pytest.fixture(scope="module")
async def owned(stack: Stack) -> Owned:
    owner = await create_person(stack)
    async with working_as(stack, owner) as work:
        task = await work.task(f"Find {SECRET}.", title=f"The {SECRET} task")
        chat = await work.post("/chat/sessions", {"model": "simulator/fast", "title": f"The {SECRET} chat"})
        agent = f"{SECRET}-agent"
        await work.post("/agents", {"name": agent, "prompt": f"You know {SECRET}."})
        file = await work.file(f"{SECRET}.txt")
        body = {"name": f"The {SECRET} schedule", "cron": "0 7 * * 1", "paused": True, "task": {"goal": "Report."}}
        schedule = await work.post("/schedules", body)
        await work.until(task, "completed")
    links = [
        f"/tasks/{task}",
        f"/chat/{chat['id']}",
        f"/agents/{agent}",
        f"/files/{file}",
        f"/schedules/{schedule['id']}",
    ]
    return Owned(owner, links)


async def text_of(page: Page, place: str) -> str:
    """Return what a page shows once it has loaded."""
    await page.goto(place)
    await expect(page.locator("main")).to_be_visible()
    await expect(page.locator(".MuiSkeleton-root, [aria-busy=true]")).to_have_count(0)
    await page.wait_for_load_state("networkidle")
    return (await page.locator("body").inner_text()).lower()


async def test_the_owner_sees_what_others_must_not_see(page: Page, owned: Owned) -> None:
    """Without this test, the others would pass on empty pages."""
    await sign_in(page, owned.owner)
    assert SECRET in await text_of(page, "/tasks")
    assert SECRET in await text_of(page, owned.links[0])
    assert SECRET in await text_of(page, "/files")
    assert SECRET in await text_of(page, "/chat")


async def test_nobody_else_sees_it(page: Page, person: Person, owned: Owned) -> None:
    await sign_in(page, person)
    for place in ("/", "/tasks", "/chat", "/files", "/agents", "/schedules", "/inbox", *owned.links):
        shown = await text_of(page, place)
        # The address may name an agent, and the page may repeat the address.
        assert f"the {SECRET}" not in shown, place
        assert f"know {SECRET}" not in shown, place
        assert f"{SECRET}.txt" not in shown, place
    await page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog")
    await palette.get_by_role("combobox").fill(SECRET)
    await expect(palette.get_by_text("Nothing matches.")).to_be_visible()
    assert SECRET not in (await palette.inner_text()).lower()


async def test_a_foreign_link_looks_like_one_that_never_existed(page: Page, person: Person, owned: Owned) -> None:
    await sign_in(page, person)
    for link in (each for each in owned.links if re.search("[0-9a-f-]{36}", each)):
        never = re.sub("[0-9a-f-]{36}", "00000000-0000-4000-8000-000000000000", link)
        shown = [await text_of(page, place) for place in (link, never)]
        # The address is repeated, and each request has an ID of its own.
        one, other = (re.sub("[0-9a-f-]{32,36}", "ID", each) for each in shown)
        assert one == other, link


async def test_the_next_user_of_a_browser_sees_nothing_of_the_one_before(
    page: Page, person: Person, owned: Owned
) -> None:
    await sign_in(page, owned.owner)
    assert SECRET in await text_of(page, "/tasks")
    await page.get_by_role("button", name="Account").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    await sign_in(page, person)
    assert SECRET not in (await page.locator("body").inner_text()).lower()
    assert SECRET not in await text_of(page, "/tasks")
