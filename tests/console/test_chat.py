"""A chat whose agent wants to call a tool: approved in the flow of the conversation."""

import re

from playwright.async_api import Page, expect

from tests.console.people import Person, sign_in
from tests.console.work import POST, working_as
from tests.stack import Stack


async def test_a_tool_is_approved_in_the_flow(page: Page, person: Person, stack: Stack) -> None:
    async with working_as(stack, person) as work:
        agent = await work.courier()
    await sign_in(page, person)
    await page.goto(f"/chat?agent={agent}&model=simulator%2Ffast")
    field = page.get_by_label("Message", exact=True)
    await field.fill(f"Send an order. {POST}")
    await field.press("Enter")
    await expect(page).to_have_url(re.compile("/chat/[0-9a-f-]{36}"))
    await expect(page.get_by_text('"url": "http://127.0.0.1:9/orders"').first).to_be_visible()
    await page.get_by_role("button", name="Approve", exact=True).click()
    reply = page.get_by_label("Assistant", exact=True).last
    await expect(reply).to_contain_text("[simulated]")
    await expect(page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)
    chat_id = page.url.rpartition("/")[2]
    async with working_as(stack, person) as work:
        stored = (await work.get(f"/chat/sessions/{chat_id}/messages"))["items"]
    assert [each["role"] for each in stored] == ["assistant", "user"]
    words = re.findall(r"[A-Za-z]{4,}", stored[0]["text"])
    await page.reload()
    await expect(reply).to_contain_text("[simulated]")
    shown = await reply.inner_text()
    assert len(words) > 3
    assert [word for word in words if word not in shown] == []
