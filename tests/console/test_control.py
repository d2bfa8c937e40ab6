"""People control a task: guidance, approvals with exact arguments, answers, budgets, pause, cancel."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.console.people import Person, sign_in
from tests.console.work import POST, Work, a_subtask, working_as
from tests.stack import Stack

SLOW = "Write slowly. [[sim: tokens=4000; drip=20]]"


@pytest.fixture
async def work(stack: Stack, person: Person) -> AsyncIterator[Work]:
    async with working_as(stack, person) as work:
        yield work


async def test_a_call_is_approved_with_its_exact_arguments(page: Page, person: Person, work: Work) -> None:
    agent = await work.courier()
    task_id = await work.task("Order tea.", a_subtask("send", f"Send it. {POST}", agent=agent))
    approval = await work.approval(task_id)
    await sign_in(page, person)
    await page.goto(f"/tasks/{task_id}")
    await page.get_by_role("link", name="Decide", exact=True).first.click()
    await expect(page).to_have_url(re.compile(f"/inbox/{approval['id']}"))
    shown = page.get_by_label("Complete arguments of the call").first
    await expect(shown).to_contain_text('"method": "POST"')
    await expect(shown).to_contain_text('"url": "http://127.0.0.1:9/orders"')
    await page.get_by_role("button", name="Approve", exact=True).click()
    await work.until(task_id, "completed")
    decided = await work.get(f"/approvals/{approval['id']}")
    assert decided["status"] == "approved"
    assert decided["changed_arguments"] is None


async def test_an_agent_is_answered(page: Page, person: Person, work: Work) -> None:
    agent = await work.courier()
    ask = '[[sim: ask="Which color?"; options=red,green]]'
    task_id = await work.task("Paint.", a_subtask("paint", ask, agent=agent))
    approval = await work.approval(task_id)
    await sign_in(page, person)
    await page.goto(f"/inbox/{approval['id']}")
    await expect(page.get_by_text("Which color?").first).to_be_visible()
    await page.get_by_label("Your answer").fill("Turquoise, please")
    await page.get_by_role("button", name="Send the answer").click()
    task = await work.until(task_id, "completed")
    assert "Turquoise, please" in (await work.get(f"/approvals/{approval['id']}"))["answer"]
    await page.goto(f"/tasks/{task_id}")
    await expect(page.locator("main").get_by_text("Completed", exact=True).first).to_be_visible()
    assert task["approvals_pending"] == 0


async def test_a_budget_is_raised(page: Page, person: Person, work: Work) -> None:
    task_id = await work.task("Write.", a_subtask("long", "[[sim: tokens=40]]"), budget={"max_cost_micro_usd": 1})
    await work.until(task_id, "waiting")
    await sign_in(page, person)
    await page.goto(f"/tasks/{task_id}")
    await page.get_by_role("button", name="Raise the budget").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Most it may cost, in US dollars").fill("0.50")
    await dialog.get_by_role("button", name="Set budget").click()
    await expect(page.locator("main").get_by_text("Completed", exact=True).first).to_be_visible()
    assert (await work.until(task_id, "completed"))["budget"]["max_cost_micro_usd"] == 500_000


async def test_a_task_is_paused_steered_resumed_and_cancelled(page: Page, person: Person, work: Work) -> None:
    task_id = await work.task("Write.", a_subtask("one", SLOW), a_subtask("two", SLOW, depends_on=["one"]))
    await work.until(task_id, "running")
    await sign_in(page, person)
    await page.goto(f"/tasks/{task_id}")
    header = page.locator("main")
    await header.get_by_role("button", name="Pause").click()
    await work.until(task_id, "paused")
    await header.get_by_role("button", name="Resume").click()
    await work.until(task_id, "running")
    await header.get_by_role("button", name="Steer").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Guidance").fill("Use short words only.")
    await dialog.get_by_label("Interrupt calls in flight").check()
    await dialog.get_by_role("button", name="Send").click()
    await expect(page.get_by_text(re.compile("^Sent[.]"))).to_be_visible()
    await expect(dialog).to_have_count(0)
    await header.get_by_role("button", name="Cancel task").click()
    await expect(dialog).to_contain_text("1 subtask is interrupted")
    await expect(dialog).to_contain_text("1 subtask never starts")
    await dialog.get_by_role("button", name="Cancel task").click()
    await work.until(task_id, "cancelled")
    await expect(header.get_by_text("Cancelled", exact=True).first).to_be_visible()
