"""S40: pages of other servers, which a browser lets send requests with the cookies of the user's session."""

import json
from typing import Any

import httpx2

from benchmarks.security.finding import API, PASSWORD, Finding, Seen, client_of, new_account
from tests.stack import Stack

OURS = {"Chimera-Session": "cookie"}
ORIGINS = (
    "https://evil.example",
    "http://evil.example",
    "null",
    "file://",
    "http://{host}.evil.example",
    "http://evil{host}",
    "http://sub.{host}",
    "http://localhost",
    "http://localhost:{port}",
    "http://127.0.0.1",
    "http://127.0.0.1:80",
    "http://127.0.0.1:1{port}",
    "http://127.0.0.2:{port}",
    "http://127.1:{port}",
    "http://[::1]:{port}",
    "http://{host}@evil.example",
    "http://evil.example@{host}",
    "http://{host}/",
    "ftp://{host}",
    "http://[{host}",
)
SITES = ("cross-site", "same-site", "none")
SIMPLE = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x")
"""Types of bodies that a page may send to another server without asking it."""
CHANGES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", f"{API}/tasks", {"goal": "Send the attacker a letter."}),
    ("POST", f"{API}/auth/logout", {}),
    ("POST", f"{API}/auth/ws-ticket", {}),
    ("POST", f"{API}/auth/api-keys", {"name": "theirs", "scopes": ["write"]}),
    ("PUT", f"{API}/auth/me", {"name": "Mallory"}),
    ("DELETE", f"{API}/auth/sessions", {}),
    ("POST", "/v1/chat/completions", {"model": "simulator/fast", "messages": [{"role": "user", "content": "Hi"}]}),
)


async def foreign_pages(stack: Stack) -> Seen:
    seen, port = Seen(), str(stack.settings.api_port)
    host = f"127.0.0.1:{port}"
    email = await new_account(stack)
    async with client_of(stack, address="127.0.40.1") as browser, client_of(stack, address="127.0.40.2") as victim:
        browser.headers |= {**OURS, "Origin": f"http://{host}"}
        signed_in = await _login(browser, email)
        _check_cookies(seen, signed_in, port)
        victim.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        for origin in ORIGINS:
            await _as(seen, victim, email, {"Origin": origin.format(host=host, port=port)})
        for site in SITES:
            await _as(seen, victim, email, {"Sec-Fetch-Site": site})
        for kind in SIMPLE:
            await _form(seen, victim, email, kind)
        # The session has survived all of this, and is used as our own page uses it.
        for headers in (OURS, {**OURS, "Origin": f"http://{host}"}, {"Sec-Fetch-Site": "same-origin"}):
            answer = await victim.get(f"{API}/auth/me", headers=headers)
            seen.expect(answer.status_code == httpx2.codes.OK, f"our own page got {answer.status_code}")
        for path, number in (("/auth/sessions", 1), ("/auth/api-keys", 0), ("/tasks", 0)):
            answer = await browser.get(f"{API}{path}")
            found = len(answer.json()["items"]) if answer.is_success else answer.text
            seen.expect(found == number, f"{path} of the user contains {found}, not {number}")
        seen.expect((await browser.post(f"{API}/auth/refresh")).is_success, "our own page can't renew the session")
    seen.figures["origins"] = len(ORIGINS)
    return seen


def _check_cookies(seen: Seen, answer: httpx2.Response, port: str) -> None:
    values = answer.headers.get_list("set-cookie")
    names = {value.partition("=")[0] for value in values}
    seen.expect(names == {f"chimera_access_{port}", f"chimera_refresh_{port}"}, f"cookies {names}")
    for value in values:
        attributes = set(value.split("; ")[1:])
        seen.expect({"HttpOnly", "SameSite=Strict", "Path=/"} <= attributes, f"a cookie has {attributes}")
    seen.expect("_token" not in answer.text, "the body contains tokens")


async def _as(seen: Seen, victim: httpx2.AsyncClient, email: str, page: dict[str, str]) -> None:
    """Send everything as a page elsewhere, with the cookies, and with the header that it couldn't send."""
    for own in ({}, OURS):
        headers = {**page, **own}
        me = await victim.get(f"{API}/auth/me", headers=headers)
        _expect(seen, me, {401}, page)
        for method, path, body in CHANGES:
            _expect(seen, await victim.request(method, path, json=body, headers=headers), {401}, page)
        _expect(seen, await victim.post(f"{API}/auth/refresh", json={}, headers=headers), {403, 422}, page)
    login = {"email": email, "password": PASSWORD}
    _expect(seen, await victim.post(f"{API}/auth/login", json=login, headers={**page, **OURS}), {403}, page)
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "chimera-session,content-type"}
    if "Origin" in page:
        for path in (f"{API}/auth/refresh", f"{API}/tasks", "/v1/chat/completions"):
            _expect(seen, await victim.options(path, headers={**page, **asked}), {400}, page)


async def _form(seen: Seen, victim: httpx2.AsyncClient, email: str, kind: str) -> None:
    page = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Content-Type": kind}
    for _, path, body in (each for each in CHANGES if each[0] == "POST"):
        _expect(seen, await victim.post(path, content=json.dumps(body), headers=page), {401}, page)
    for path, fields in (("refresh", {}), ("login", {"email": email, "password": PASSWORD})):
        answer = await victim.post(f"{API}/auth/{path}", content=json.dumps(fields), headers=page)
        seen.expect("set-cookie" not in answer.headers, f"a form sets cookies at {path}")


def _expect(seen: Seen, answer: httpx2.Response, statuses: set[int], page: dict[str, Any]) -> None:
    what = f"{answer.request.method} {answer.request.url.path} of {page} got {answer.status_code}"
    seen.expect(answer.status_code in statuses, what)
    shown = {"access-control-allow-credentials", "access-control-allow-origin", "set-cookie"} & answer.headers.keys()
    seen.expect(not shown, f"{what} with {shown}")


async def _login(client: httpx2.AsyncClient, email: str) -> httpx2.Response:
    answer = await client.post(f"{API}/auth/login", json={"email": email, "password": PASSWORD})
    answer.raise_for_status()
    return answer


FINDINGS = (Finding("S40", "pages of other servers can't use, renew or set a browser's session", foreign_pages),)
