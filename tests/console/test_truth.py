"""What the page shows is what is stored: after a worker's death in mid-stream, a reload, and a lost connection."""

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, WebSocketRoute, expect

from tests.console.conftest import NewPage
from tests.console.people import Person, sign_in
from tests.console.work import Work, a_subtask, working_as
from tests.stack import Stack

LONG = "Write. [[sim: tokens=400; drip=25]]"


@pytest.fixture
async def work(stack: Stack, person: Person) -> AsyncIterator[Work]:
    async with working_as(stack, person) as work:
        yield work


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


async def is_writing(page: Page, least: int = 20) -> str:
    """Wait until a node's text has that many words, and return it."""
    text = page.get_by_role("region", name="Text", exact=True)
    await expect(text).to_have_text(re.compile(rf"(\w+\W+){{{least}}}"))
    return await text.inner_text()


async def stored_text(work: Work, task_id: str, path: str) -> str:
    messages = (await work.get(f"/tasks/{task_id}/messages", path=path))["items"]
    return str([each for each in messages if each["role"] == "assistant"][-1]["content"])


async def is_stored_text(page: Page, work: Work, task_id: str, path: str) -> None:
    """Check that the panel of an ended node shows the stored text, whole and once."""
    panel = page.get_by_role("region", name=re.compile("^Details of"))
    await expect(panel.get_by_text("Completed", exact=True).first).to_be_visible()
    stored = words(await stored_text(work, task_id, path))
    assert len(stored) > 100
    shown = " ".join(words(await panel.inner_text()))
    assert " ".join(stored) in shown


async def tree(page: Page, task_id: str) -> list[str]:
    """Return what the list says of each node, without its times."""
    await page.goto(f"/tasks/{task_id}?as=list")
    rows = page.get_by_role("list", name="List of subtasks").get_by_role("button")
    await expect(rows.filter(has_text="Completed").nth(2)).to_be_visible()
    return [re.sub(r"[\d.]+ ?(ms|s|min)\b", "", each) for each in await rows.all_inner_texts()]


async def test_a_worker_dies_in_mid_stream(page: Page, person: Person, work: Work, stack: Stack) -> None:
    task_id = await work.task("Write.", a_subtask("one", LONG))
    await sign_in(page, person)
    await page.goto(f"/tasks/{task_id}?node=one")
    before = await is_writing(page)
    stack.services.worker.kill()
    await expect(page.get_by_text(re.compile("text of attempt 1 was taken back"))).to_be_visible()
    await work.until(task_id, "completed")
    await is_stored_text(page, work, task_id, "one")
    attempts = (await work.get(f"/tasks/{task_id}/cost"))["attempts"]
    assert len([each for each in attempts if each["path"] == "one"]) >= 2
    assert len(words(before)) >= 20
    await page.goto(f"/tasks/{task_id}/timeline")
    await expect(page.locator("main")).to_contain_text("Attempt 2")


async def test_a_reload_and_a_lost_connection_change_nothing(new_page: NewPage, person: Person, work: Work) -> None:
    page = await new_page()
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    await page.route_web_socket(re.compile("/ws"), pass_on)
    await sign_in(page, person)
    task_id = await work.task("Write.", a_subtask("one", LONG), a_subtask("two", LONG))
    await page.goto(f"/tasks/{task_id}?node=one")
    before = await is_writing(page)
    await page.reload()
    after = await is_writing(page, len(words(before)))
    assert words(after)[: len(words(before)) - 1] == words(before)[:-1]
    count = len(sockets)
    await sockets[-1].close()
    again = await is_writing(page, len(words(after)) + 20)
    assert words(again)[: len(words(after)) - 1] == words(after)[:-1]
    assert len(sockets) > count
    await work.until(task_id, "completed")
    await is_stored_text(page, work, task_id, "one")
    fresh = await new_page()
    await sign_in(fresh, person)
    assert await tree(page, task_id) == await tree(fresh, task_id)
