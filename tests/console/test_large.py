"""A plan of 200 subtasks is drawn completely, stays readable, and every subtask can be reached."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.console.people import Person, create_person, sign_in
from tests.console.work import Work, a_subtask, working_as
from tests.stack import Stack

SIZE = 200
WIDTH = 20
"""Subtasks side by side. Each depends on the one before it in its row."""

BOXES = """cards => cards.map((each) => each.getBoundingClientRect())
  .map(({ left, top, right, bottom }) => [left, top, right, bottom])"""


@pytest.fixture(scope="module")
async def owner(stack: Stack) -> Person:
    return await create_person(stack)


@pytest.fixture(scope="module")
async def task_id(stack: Stack, owner: Person) -> AsyncIterator[str]:
    plan = [
        a_subtask(f"n{n}", "[[sim: tokens=1]]", title=f"Node {n}", depends_on=[f"n{n - WIDTH}"] if n >= WIDTH else [])
        for n in range(SIZE)
    ]
    async with working_as(stack, owner) as work:
        yield await work.task("Count.", *plan, subtasks="inline")


async def test_every_node_is_drawn_and_apart_from_the_others(page: Page, owner: Person, task_id: str) -> None:
    await sign_in(page, owner)
    await page.goto(f"/tasks/{task_id}?as=graph")
    await expect(page.locator("button[id^='node:n']")).to_have_count(SIZE)
    boxes: list[list[float]] = await page.locator(".card:not([data-frame=true])").evaluate_all(BOXES)
    assert len(boxes) >= SIZE
    overlapping = [
        (one, other)
        for place, one in enumerate(boxes)
        for other in boxes[:place]
        if one[0] < other[2] - 1 and other[0] < one[2] - 1 and one[1] < other[3] - 1 and other[1] < one[3] - 1
    ]
    assert overlapping == []


async def test_every_node_is_in_the_list(page: Page, owner: Person, task_id: str, stack: Stack) -> None:
    await sign_in(page, owner)
    await page.goto(f"/tasks/{task_id}?as=list")
    rows = page.get_by_role("list", name="List of subtasks").get_by_role("button")
    await expect(rows).to_have_count(SIZE + 1)
    await rows.filter(has_text=f"Node {SIZE - 1}").click()
    panel = page.get_by_role("region", name=f"Details of Node {SIZE - 1}")
    await expect(panel).to_be_visible()
    async with working_as(stack, owner) as work:
        assert await ends(work, task_id)
    await expect(panel.get_by_text("Completed", exact=True).first).to_be_visible()
    await expect(rows.filter(has_text="Completed")).to_have_count(SIZE + 1)


async def ends(work: Work, task_id: str) -> bool:
    """Wait for the task as long as 200 subtasks may take."""
    for _ in range(5):
        try:
            return bool(await work.until(task_id, "completed"))
        except TimeoutError:
            continue
    return False
