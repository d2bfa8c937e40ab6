"""The console is served, runs under its policy, and asks who is there. The watch itself is tested as well."""

import pytest
from playwright.async_api import Page, expect

from tests.console.people import Person, sign_in
from tests.console.watch import Watch


async def test_a_visitor_is_asked_to_sign_in(page: Page) -> None:
    response = await page.goto("/tasks")
    assert response is not None
    headers = await response.all_headers()
    assert "script-src 'self';" in headers["content-security-policy"]
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert page.url.endswith("/sign-in?next=%2Ftasks")


async def test_styles_are_applied_with_the_nonce(page: Page) -> None:
    await page.goto("/sign-in")
    button = page.get_by_role("button", name="Sign in", exact=True)
    assert await button.evaluate("each => getComputedStyle(each).borderRadius") != "0px"


async def test_a_person_signs_in_and_stays_signed_in(page: Page, person: Person) -> None:
    await sign_in(page, person)
    await page.reload()
    await expect(page.get_by_role("navigation").first).to_be_visible()


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("fetch('http://127.0.0.1:9/stolen').catch(() => {})", "connect-src"),
        ("document.body.append(Object.assign(new Image(), { src: 'http://example.invalid/pixel' }))", "img-src"),
        ("document.body.innerHTML = '<p style=\"color: red\">'", "style-src"),
        ("document.body.append(Object.assign(document.createElement('script'), { text: '1' }))", "script-src"),
        ("setTimeout(() => { throw new Error('a bug') })", "uncaught error: .*a bug"),
        ("setTimeout(() => alert(1))", "dialog: 1"),
        ("console.error('something failed')", "logged error: something failed"),
    ],
)
async def test_the_watch_sees_what_a_page_must_not_do(page: Page, watch: Watch, script: str, fault: str) -> None:
    await page.goto("/sign-in")
    await expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()
    assert watch.faults == []
    await page.evaluate(f"() => {{ {script} }}")
    await page.wait_for_function("() => new Promise((done) => setTimeout(() => done(true), 200))")
    assert any(fault.partition(".*")[0] in each for each in watch.faults), watch.faults
    watch.tolerate("")
