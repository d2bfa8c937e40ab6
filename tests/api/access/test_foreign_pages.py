"""A page of another server can't use the cookies of a browser's session, or set them (S39, S40)."""

from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from tests.api.access.browsers import (
    AUTH,
    COOKIE_MODE,
    NAMES,
    browser_of,
    cookie_header,
    cookies_of,
    me_status,
    registered,
    sign_in,
    signed_in,
)
from tests.api.conftest import PASSWORD, client_of
from tests.api.routes.test_streams import close_code, opened

FOREIGN = (
    "https://evil.example",
    "http://evil.example",
    "null",
    "file://",
    "",
    "http://chimera.localhost.evil.example",
    "http://evilchimera.localhost",
    "http://sub.chimera.localhost",
    "http://localhost",
    "http://127.0.0.1",
    "http://chimera.localhost:81",
    "https://chimera.localhost:8443",
    "http://chimera.localhost:80",
    "http://chimera.localhost@evil.example",
    "http://user@chimera.localhost",
    "http://chimera.localhost.",
    "ftp://chimera.localhost",
    "chrome-extension://chimera.localhost",
    "http://[chimera.localhost",
    "http://chimera.localhost/",
    "https://console.example",  # may read responses, but signs in with tokens
)
SITES = ("cross-site", "same-site", "none", "same-origin, cross-site", "")
"""What a browser says of a request of another page, or of an address that a user opens."""


@pytest.fixture(scope="module")
async def cookies(app: FastAPI) -> AsyncIterator[dict[str, str]]:
    """The cookies of a signed-in browser, which it may send with the requests of any page."""
    async with browser_of(app) as browser:
        await signed_in(browser)
        yield cookies_of(browser)


@pytest.fixture
async def victim(app: FastAPI, cookies: dict[str, str]) -> AsyncIterator[httpx2.AsyncClient]:
    """The same browser, which shows a page of another server."""
    async with client_of(app) as client:
        client.headers |= cookie_header(cookies)
        yield client


def of_a_page(**headers: str) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@pytest.mark.parametrize("origin", FOREIGN)
async def test_a_foreign_origin_has_no_caller(victim: httpx2.AsyncClient, origin: str) -> None:
    headers = {"Origin": origin, **COOKIE_MODE}
    for method, path in (("GET", f"{AUTH}/me"), ("POST", f"{AUTH}/logout"), ("POST", "/api/v1/tasks")):
        answer = await victim.request(method, path, headers=headers)
        assert answer.status_code == 401, path
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "set-cookie" not in answer.headers
    refreshed = await victim.post(f"{AUTH}/refresh", headers=headers)
    assert (refreshed.status_code, "set-cookie" in refreshed.headers) == (403, False)
    assert await me_status(victim, **COOKIE_MODE) == 200


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_foreign_origin_may_send_the_header(victim: httpx2.AsyncClient, origin: str) -> None:
    for path in (f"{AUTH}/refresh", f"{AUTH}/login", "/api/v1/tasks"):
        asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "chimera-session"}
        answer = await victim.options(path, headers={"Origin": origin, **asked})
        assert answer.status_code == 400, path


@pytest.mark.parametrize("site", SITES)
async def test_a_foreign_site_has_no_caller(victim: httpx2.AsyncClient, site: str) -> None:
    assert await me_status(victim, **COOKIE_MODE, **of_a_page(Sec_Fetch_Site=site)) == 401
    assert await me_status(victim, **of_a_page(Sec_Fetch_Site=site)) == 401
    refreshed = await victim.post(f"{AUTH}/refresh", headers={**COOKIE_MODE, "Sec-Fetch-Site": site})
    assert (refreshed.status_code, "set-cookie" in refreshed.headers) == (403, False)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
async def test_a_form_has_no_caller(app: FastAPI, victim: httpx2.AsyncClient, kind: str) -> None:
    """Even one that our own page sends, because nobody sees who has written it."""
    for site in ("cross-site", "same-origin"):
        headers = {"Content-Type": kind, "Sec-Fetch-Site": site}
        for path in ("/api/v1/tasks", f"{AUTH}/logout", f"{AUTH}/password", "/api/v1/files", f"{AUTH}/ws-ticket"):
            answer = await victim.post(path, content=b'{"goal": "Find out.", "x": "="}', headers=headers)
            assert answer.status_code == 401, path
        refreshed = await victim.post(f"{AUTH}/refresh", content=b"{}", headers=headers)
        assert (refreshed.status_code, "set-cookie" in refreshed.headers) == (422, False)
    assert await me_status(victim, **COOKIE_MODE) == 200


@pytest.mark.parametrize("headers", [{}, {"Chimera-Session": ""}, {"Chimera-Session": "Cookie"}, {"Chimera": "cookie"}])
async def test_cookies_alone_sign_no_one_in(victim: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    assert await me_status(victim, **headers) == 401


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}])
async def test_a_foreign_page_cannot_sign_a_browser_in(app: FastAPI, headers: dict[str, str]) -> None:
    async with client_of(app) as client:
        email = await registered(client)
        body = f'{{"email": "{email}", "password": "{PASSWORD}"}}'
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/json"):
            answer = await client.post(f"{AUTH}/login", content=body, headers={"Content-Type": kind, **headers})
            assert "set-cookie" not in answer.headers
        if headers:
            answer = await client.post(
                f"{AUTH}/login", json={"email": email, "password": PASSWORD}, headers={**headers, **COOKIE_MODE}
            )
            assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
            assert answer.json()["errors"][0]["field"] == "Chimera-Session"


async def test_a_link_of_our_page_downloads(victim: httpx2.AsyncClient) -> None:
    link = {"Sec-Fetch-Site": "same-origin"}
    assert await me_status(victim, **link) == 200
    assert (await victim.get(f"{AUTH}/me/export", headers=link)).status_code == 200
    assert (await victim.delete(f"{AUTH}/sessions", headers=link)).status_code == 401
    assert (await victim.put(f"{AUTH}/me", json={"name": "x"}, headers=link)).status_code == 401


async def test_another_host_cannot_plant_a_session(app: FastAPI, cookies: dict[str, str]) -> None:
    """A sibling host could set a cookie without the prefix, and sign the user in to somebody else's account."""
    async with browser_of(app, "https") as client:
        client.headers |= cookie_header(cookies)
        assert await me_status(client) == 401
        assert (await client.post(f"{AUTH}/refresh")).status_code == 401
        own = dict(zip(NAMES["https"], cookies.values(), strict=True))
        client.headers |= cookie_header({**dict.fromkeys(NAMES["http"], "planted"), **own})
        assert await me_status(client) == 200


@pytest.mark.parametrize("path", ["/ws", "/ws/test"])
async def test_a_cookie_opens_no_socket(app: FastAPI, cookies: dict[str, str], path: str) -> None:
    for more in ({}, COOKIE_MODE, {**COOKIE_MODE, "Sec-Fetch-Site": "same-origin"}):
        headers = {**cookie_header(cookies), "Origin": "http://chimera.localhost", **more}
        async with opened(app, headers, path) as socket:
            await socket.send_json({"type": "ping"})
            assert await close_code(socket) == 4401


async def test_a_cookie_buys_a_ticket(app: FastAPI) -> None:
    async with browser_of(app) as browser:
        await signed_in(browser)
        ticket = (await browser.post(f"{AUTH}/ws-ticket")).json()["ticket"]
        headers = {**cookie_header(cookies_of(browser)), "Origin": "http://chimera.localhost"}
    async with opened(app, headers) as socket:
        await socket.send_json({"type": "authenticate", "ticket": ticket})
        message: dict[str, Any] = await socket.receive_json()
    assert message == {"type": "authenticated"}


async def test_another_users_cookie_is_another_user(app: FastAPI) -> None:
    async with browser_of(app) as one, browser_of(app) as other:
        emails = [await signed_in(client) for client in (one, other)]
        found = [(await client.get(f"{AUTH}/me")).json()["email"] for client in (one, other)]
        assert found == emails
        assert (await sign_in(one, emails[1])).status_code == 200
        assert (await one.get(f"{AUTH}/me")).json()["email"] == emails[1]
