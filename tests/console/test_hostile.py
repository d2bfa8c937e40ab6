"""Hostile texts stay texts, wherever they come from: models, tools, files, titles, errors, other users (S37).

The watch of each page fails its test on a dialog, a request to another server, or a violation of the policy, which
would mean that only the policy has saved us.
"""

import json
from dataclasses import dataclass
from uuid import uuid4

import pytest
from playwright.async_api import Page, expect

from tests.console.conftest import NewPage
from tests.console.payloads import BLOCKS, HTML, LINKS, PAYLOADS, SVG
from tests.console.people import Person, create_person, sign_in
from tests.console.work import Work, a_subtask, working_as
from tests.stack import Stack

DANGEROUS = r"""() => [
  ...[...document.querySelectorAll('a[href], area[href], form[action], use')].map((each) => each.href ?? each.action)
    .filter((each) => !/^(https?|mailto|blob):/.test(each)),
  ...[...document.querySelectorAll('iframe, object, embed, main script, main style, base')].map((each) => each.tagName),
  ...[...document.querySelectorAll('img')].map((each) => each.getAttribute('src'))
   .filter((src) => !/^(blob:|data:|\/console\/)/.test(src)),
  ...[...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames()).filter((each) => /^on/.test(each)),
]"""


@dataclass(frozen=True, slots=True)
class Attacked:
    person: Person
    task_id: str
    asking_id: str
    chat_id: str
    group_id: str
    file_ids: list[str]


def say(payload: str) -> str:
    return f"[[sim: say={{{payload}}}]]"


async def ask(work: Work) -> str:
    """Start a task with a question and a call whose arguments are payloads."""
    agent = await work.courier()
    question = {"question": "\n".join(PAYLOADS[:40]), "options": list(PAYLOADS[40:46])}
    order = {"method": "POST", "url": "http://127.0.0.1:9/", "body": "\n".join(PAYLOADS)}
    steps = [("ask_person", question), ("http_request", order)]
    plan = [
        a_subtask(name.replace("_", "-"), f"[[sim: call={name}; args={json.dumps(arguments)}]]", agent=agent)
        for name, arguments in steps
    ]
    task_id = await work.task(PAYLOADS[0], *plan, title=PAYLOADS[4])
    await work.approval(task_id)
    return task_id


@pytest.fixture(scope="module")
async def attacked(stack: Stack) -> Attacked:
    """Someone whose models, tools, colleagues and files are all hostile."""
    person = await create_person(stack)
    async with working_as(stack, person) as work:
        plan = [a_subtask(f"p{n}", say(text), title=text) for n, text in enumerate(PAYLOADS)]
        # A tool's error repeats its arguments.
        wrong = json.dumps({"expression": PAYLOADS[4]})
        plan.append(a_subtask("tool", f"[[sim: call=calculator; args={wrong}]]", agent="analyst"))
        task_id = await work.task("\n\n".join(PAYLOADS), *plan, title=PAYLOADS[4])
        for text in PAYLOADS:
            await work.post("/tasks", {"goal": text, "title": text, "start": False})
        files = [
            await work.file(f"{text}.txt".replace("\n", " ").replace("\t", " ").replace("\x01", ""))
            for text in PAYLOADS
        ]
        chat = await work.post("/chat/sessions", {"model": "simulator/fast", "title": PAYLOADS[4]})
        description = {"description": "\n".join(PAYLOADS[:9]), "prompt": "\n".join(PAYLOADS), "name": "hostile"}
        await work.post("/agents", description)
        schedule = {"cron": "0 7 * * 1", "paused": True, "task": {"goal": "\n".join(PAYLOADS)}, "name": PAYLOADS[4]}
        await work.post("/schedules", schedule)
        group = await work.post("/groups", {"name": f"{PAYLOADS[4]} {uuid4().hex[:6]}"})
        asking = await ask(work)
        await work.until(task_id)
    return Attacked(person, task_id, asking, chat["id"], group["id"], files)


async def show(page: Page, place: str) -> None:
    await page.goto(place)
    await expect(page.get_by_role("heading", level=1).first).to_be_visible()
    await expect(page.locator(".MuiSkeleton-root, [aria-busy=true]")).to_have_count(0)


async def is_harmless(page: Page) -> None:
    """Check the page's elements, after the browser had time to run and load what it would."""
    for _ in range(3):
        await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    assert await page.evaluate(DANGEROUS) == []


async def test_what_models_and_tools_wrote(page: Page, attacked: Attacked) -> None:
    await sign_in(page, attacked.person)
    for view in ("", "?as=list", "/result", "/transcript", "/timeline", "/cost", "/files", "/events"):
        await show(page, f"/tasks/{attacked.task_id}{view}")
        await is_harmless(page)
    await show(page, f"/tasks/{attacked.task_id}?as=list")
    for number in range(0, len(PAYLOADS), 4):
        await page.goto(f"/tasks/{attacked.task_id}?as=list&node=p{number}")
        await expect(page.get_by_role("region", name="Details of")).to_be_visible()
        await is_harmless(page)


async def test_titles_names_and_arguments(page: Page, attacked: Attacked) -> None:
    await sign_in(page, attacked.person)
    task, asking = (f"/tasks/{each}" for each in (attacked.task_id, attacked.asking_id))
    shown = ""
    for place in (
        "/", "/tasks", "/inbox", asking, f"{asking}/transcript", "/chat", "/schedules", "/agents", "/agents/hostile",
        "/files", f"/files/{attacked.file_ids[4]}", f"/groups/{attacked.group_id}", "/analytics", task,
        "/profile", "/sign-in/finish?error=<img src=x onerror=alert(1)>", "/tasks?q=<img src=x onerror=alert(1)>",
    ):  # fmt: skip
        await show(page, place)
        await is_harmless(page)
        shown += await page.locator("body").inner_text()
    assert shown.count(PAYLOADS[4]) >= 8
    await page.keyboard.press("Control+k")
    await page.get_by_placeholder("Search or jump to…").fill("alert(1)")
    await expect(page.get_by_role("option").filter(has_text="alert(1)").first).to_be_visible()
    await is_harmless(page)


@pytest.mark.parametrize("payloads", [HTML, SVG, LINKS, BLOCKS], ids=["html", "svg", "links", "blocks"])
async def test_a_reply_while_it_is_written(
    new_page: NewPage, stack: Stack, attacked: Attacked, payloads: tuple[str, ...]
) -> None:
    """Each token is shown as it comes, so every payload is also seen cut in two at each of its tokens."""
    page = await new_page()
    await sign_in(page, attacked.person)
    async with working_as(stack, attacked.person) as work:
        chat = await work.post("/chat/sessions", {"model": "simulator/fast"})
    await page.goto(f"/chat/{chat['id']}")
    text = "\n\n".join(payloads)
    await page.get_by_label("Message", exact=True).fill(f"[[sim: drip=150; say={{{text}}}]]")
    await page.get_by_role("button", name="Send", exact=True).click()
    reply = page.get_by_label("Assistant", exact=True).last
    await expect(reply).to_be_visible()
    await expect(page.get_by_text("The reply is complete.")).to_be_attached()
    await is_harmless(page)
    await page.reload()
    await expect(reply).to_be_visible()
    await is_harmless(page)
