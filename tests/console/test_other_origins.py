"""Pages of other origins can neither read nor do anything with the session of a browser (S39, S40).

The attacker's page has the host of Chimera and another port. That is the strongest position: browsers share cookies
among the ports of a host, and count such requests as same-site.
"""

import json
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Response

from tests.console.people import Person, sign_in
from tests.console.work import Work, working_as
from tests.ports import free_port
from tests.stack import Stack

ATTEMPTS = """async (api) => {
  const tried = {};
  const attempt = async (name, path, options) => {
    const answer = fetch(api + path, { credentials: 'include', ...options });
    tried[name] = await answer.then(async (got) => `${got.type}: ${await got.text()}`, () => 'blocked');
  };
  const task = JSON.stringify({ goal: 'Forged.' });
  const session = { 'Chimera-Session': 'cookie' };
  await attempt('read', '/api/v1/auth/me');
  await attempt('read with the header', '/api/v1/auth/me', { headers: session });
  await attempt('write', '/api/v1/tasks',
    { method: 'POST', body: task, headers: { 'Content-Type': 'application/json' } });
  await attempt('write with the header', '/api/v1/tasks',
    { method: 'POST', body: task, headers: { ...session, 'Content-Type': 'application/json' } });
  await attempt('write unseen', '/api/v1/tasks', { method: 'POST', body: task, mode: 'no-cors' });
  await attempt('refresh unseen', '/api/v1/auth/refresh', { method: 'POST', body: '{}', mode: 'no-cors' });
  await attempt('sign out unseen', '/api/v1/auth/logout', { method: 'POST', body: '', mode: 'no-cors' });
  tried.socket = await new Promise((done) => {
    const socket = new WebSocket(api.replace('http', 'ws') + '/ws');
    socket.onopen = () => done('open');
    socket.onerror = () => done('blocked');
  });
  return tried;
}"""

FORM = """([action, body]) => {
  const form = document.body.appendChild(document.createElement('form'));
  const field = form.appendChild(document.createElement('input'));
  Object.assign(form, { action, method: 'POST', enctype: 'text/plain' });
  // As plain text, the form's body is JSON.
  [field.name, field.value] = [body.slice(0, -2) + ', "ignored": "', '"}'];
  form.submit();
}"""


@pytest.fixture
async def visitor(browser: Browser, origin: str, person: Person) -> AsyncIterator[BrowserContext]:
    """A browser in which someone is signed in to Chimera, and which visits the attacker's page."""
    context = await browser.new_context(base_url=origin)
    await sign_in(await context.new_page(), person)
    yield context
    await context.close()


@pytest.fixture
async def foreign(visitor: BrowserContext) -> Page:
    address = f"http://127.0.0.1:{free_port()}/"
    await visitor.route(f"{address}**", lambda route: route.fulfill(content_type="text/html", body="<h1>Prizes</h1>"))
    page = await visitor.new_page()
    await page.goto(address)
    return page


@pytest.fixture
async def work(stack: Stack, person: Person) -> AsyncIterator[Work]:
    async with working_as(stack, person) as work:
        yield work


async def is_signed_in(visitor: BrowserContext) -> bool:
    page = await visitor.new_page()
    answer = await page.goto("/")
    assert answer is not None
    script = "() => fetch('/api/v1/auth/me', { headers: { 'Chimera-Session': 'cookie' } }).then((got) => got.ok)"
    return bool(await page.evaluate(script))


async def test_scripts_of_other_origins(visitor: BrowserContext, foreign: Page, origin: str, work: Work) -> None:
    tried = await foreign.evaluate(ATTEMPTS, origin)
    unseen = {name for name in tried if name.endswith("unseen")}
    assert {name: tried[name] for name in tried if name not in unseen} == dict.fromkeys(set(tried) - unseen, "blocked")
    assert {tried[name] for name in unseen} <= {"opaque: ", "blocked"}
    assert (await work.get("/tasks"))["items"] == []
    assert await is_signed_in(visitor)


@pytest.mark.parametrize("path", ["/api/v1/tasks", "/api/v1/auth/refresh", "/api/v1/auth/logout", "/api/v1/auth/login"])
async def test_forms_of_other_origins(
    visitor: BrowserContext, foreign: Page, origin: str, work: Work, person: Person, path: str
) -> None:
    body = json.dumps({"goal": "Forged.", "email": person.email, "password": person.password})
    async with foreign.expect_navigation() as navigation:
        await foreign.evaluate(FORM, [f"{origin}{path}", body])
    answer: Response = await navigation.value
    assert answer.status in (401, 403, 415, 422)
    assert "set-cookie" not in await answer.all_headers()
    assert (await work.get("/tasks"))["items"] == []
    assert await is_signed_in(visitor)


async def test_a_link_of_another_origin_reads_nothing(foreign: Page, origin: str) -> None:
    async with foreign.expect_navigation() as navigation:
        await foreign.evaluate("(address) => { location.href = address; }", f"{origin}/api/v1/auth/me")
    assert (await navigation.value).status == 401
