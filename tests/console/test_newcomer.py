"""A newcomer signs in with the password that the first start prints, starts the sample task, and reads its result."""

import re
from uuid import uuid4

from playwright.async_api import Page, expect

from tests.console.people import PASSWORD, Person, sign_in
from tests.console.work import working_as
from tests.stack import Stack


async def start_sample(page: Page) -> None:
    """Start the only thing that home offers to a newcomer, and wait for its result."""
    await page.get_by_role("button", name="Start the sample task").click()
    await expect(page).to_have_url(re.compile("/tasks/[0-9a-f-]{36}"))
    await expect(page.locator("main").get_by_text("Completed", exact=True).first).to_be_visible()
    await page.get_by_role("tab", name="Result").or_(page.get_by_role("link", name="Result", exact=True)).first.click()
    await expect(page.get_by_text("[simulated]").first).to_be_visible()


async def test_from_sign_in_to_a_finished_task(page: Page, person: Person, stack: Stack) -> None:
    await sign_in(page, person)
    await start_sample(page)
    task_id = re.findall("[0-9a-f-]{36}", page.url)[0]
    async with working_as(stack, person) as work:
        stored = (await work.get(f"/tasks/{task_id}"))["result"]
    shown = await page.locator("main").inner_text()
    words = re.findall(r"[A-Za-z]{4,}", stored)
    assert len(words) > 20
    assert [word for word in words if word not in shown] == []


async def test_the_way_works_with_the_keyboard_alone(page: Page, person: Person) -> None:
    await page.goto("/sign-in")
    await page.get_by_label("E-mail address").focus()
    await page.keyboard.type(person.email)
    await page.keyboard.press("Tab")
    await page.keyboard.type(person.password)
    await page.keyboard.press("Enter")
    button = page.get_by_role("button", name="Start the sample task")
    await expect(button).to_be_visible()
    for _ in range(60):
        if await button.evaluate("each => each === document.activeElement"):
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("/tasks/[0-9a-f-]{36}"))


async def test_someone_registers_and_is_a_newcomer(page: Page, stack: Stack) -> None:
    await page.goto("/register")
    await page.get_by_label("E-mail address").fill(f"{uuid4().hex}@example.com")
    await page.get_by_label(re.compile("^Password")).fill(PASSWORD)
    await page.get_by_role("button", name="Create the account").click()
    await expect(page.get_by_role("button", name="Start the sample task")).to_be_visible()
