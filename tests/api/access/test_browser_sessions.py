"""Sessions whose tokens are in cookies: what is set, what counts, and how such a session ends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import select, text, update
from structlog.testing import capture_logs

from api.deps import Parts
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.security import sessions
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
from tests.api.accounts import installation
from tests.api.conftest import PASSWORD, client_of

NEW_PASSWORD = "another battery staple"
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}


@pytest.fixture(autouse=True)
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read account states at each request, as after 3 s."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)


@pytest.fixture
async def browser(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with browser_of(app) as client:
        yield client


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookies_have_the_strictest_attributes(app: FastAPI, scheme: str) -> None:
    async with browser_of(app, scheme) as client:
        answer = await sign_in(client, await registered(client))
        access, refresh = [value.split("; ") for value in answer.headers.get_list("set-cookie")]
        secure = {"Secure"} if scheme == "https" else set()
        assert (access[0].partition("=")[0], refresh[0].partition("=")[0]) == NAMES[scheme]
        assert set(access[1:]) == {"Path=/", "Max-Age=1800", "HttpOnly", "SameSite=Strict"} | secure
        assert set(refresh[1:]) == {"Path=/", "Max-Age=2592000", "HttpOnly", "SameSite=Strict"} | secure
        assert await me_status(client) == 200


async def test_the_origin_tells_https_behind_a_proxy(app: FastAPI) -> None:
    async with client_of(app) as client:
        email = await registered(client)
        client.headers |= {**COOKIE_MODE, "Origin": "https://chimera.localhost"}
        answer = await sign_in(client, email)
    assert all(value.startswith("__Host-") for value in answer.headers.get_list("set-cookie"))


async def test_cookies_are_named_by_port(browser: httpx2.AsyncClient) -> None:
    email = await registered(browser)
    names = []
    for port in (8000, 8001):
        host = f"127.0.0.1:{port}"
        browser.headers |= {"Host": host, "Origin": f"http://{host}"}
        names += [value.partition("=")[0] for value in (await sign_in(browser, email)).headers.get_list("set-cookie")]
    assert names == [f"chimera_{kind}_{port}" for port in (8000, 8001) for kind in ("access", "refresh")]


async def test_a_browser_receives_no_tokens_in_bodies(app: FastAPI, browser: httpx2.AsyncClient) -> None:
    email = await registered(browser)
    answers = [
        await sign_in(browser, email),
        await browser.post(f"{AUTH}/refresh"),
        await browser.post(f"{AUTH}/refresh", json={}),
        await browser.post(f"{AUTH}/password", json=CHANGE),
    ]
    assert [answer.json() for answer in answers] == [{"token_type": "cookie", "expires_in": 1800}] * 4
    assert len({value for answer in answers for value in answer.headers.get_list("set-cookie")}) == 8


async def test_a_program_receives_no_cookies(app: FastAPI) -> None:
    async with client_of(app) as client:
        first = await sign_in(client, await registered(client))
        second = await client.post(f"{AUTH}/refresh", json={"refresh_token": first.json()["refresh_token"]})
        headers = {"Authorization": f"Bearer {second.json()['access_token']}"}
        third = await client.post(f"{AUTH}/password", json=CHANGE, headers=headers)
    for answer in (first, second, third):
        assert answer.json().keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
        assert "set-cookie" not in answer.headers


async def test_a_refresh_needs_one_token(browser: httpx2.AsyncClient, anonymous: httpx2.AsyncClient) -> None:
    await signed_in(browser)
    for client, body in ((browser, {"refresh_token": "x" * 43}), (anonymous, {}), (anonymous, None)):
        answer = await client.post(f"{AUTH}/refresh", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "refresh_token")
    # None of them has used the token in the cookie.
    assert (await browser.post(f"{AUTH}/refresh")).status_code == 200


async def test_an_unknown_mode_is_rejected(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.post(
        f"{AUTH}/login", json={"email": "a@example.com", "password": "x"}, headers={"Chimera-Session": "cookies"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Chimera-Session")


async def test_a_token_in_a_header_goes_first(app: FastAPI, browser: httpx2.AsyncClient) -> None:
    await signed_in(browser)
    assert await me_status(browser, Authorization="Bearer forged") == 401
    async with client_of(app) as other:
        email = await registered(other)
        token = (await sign_in(other, email)).json()["access_token"]
    me = await browser.get(f"{AUTH}/me", headers={"Authorization": f"Bearer {token}"})
    assert me.json()["email"] == email


async def test_reusing_a_refresh_cookie_ends_the_session(
    app: FastAPI, browser: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "SHARED_SECONDS", 0)
    await signed_in(browser)
    old = cookies_of(browser)
    assert (await browser.post(f"{AUTH}/refresh")).status_code == 200
    assert cookies_of(browser).keys() == old.keys()
    assert await me_status(browser) == 200
    async with browser_of(app) as thief:
        again = await thief.post(f"{AUTH}/refresh", headers=cookie_header(old))
    assert again.status_code == 401
    assert await me_status(browser) == 401


async def test_a_failed_refresh_deletes_the_cookies(browser: httpx2.AsyncClient) -> None:
    await signed_in(browser)
    before = cookies_of(browser)
    await browser.post(f"{AUTH}/logout", headers=COOKIE_MODE)
    failed = await browser.post(f"{AUTH}/refresh", headers=cookie_header(before))
    assert failed.status_code == 401
    assert failed.json()["code"] == "not_signed_in"
    deleted = failed.headers.get_list("set-cookie")
    assert [value.partition(";")[0] for value in deleted] == [f"{name}=" for name in NAMES["http"]]
    assert all("Max-Age=0" in value for value in deleted)


async def test_of_tabs_at_once_one_receives_tokens(
    app: FastAPI, browser: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await signed_in(browser)
    old = cookie_header(cookies_of(browser))
    async with browser_of(app) as one, browser_of(app) as two, browser_of(app) as three:
        tabs = (one, two, three)
        answers = await asyncio.gather(*(tab.post(f"{AUTH}/refresh", headers=old) for tab in tabs))
        assert [answer.json() for answer in answers] == [{"token_type": "cookie", "expires_in": 1800}] * 3
        (winner,) = [tab for tab in tabs if cookies_of(tab)]
        # The others share its cookies, as tabs do, and go on.
        new = cookie_header(cookies_of(winner))
        assert await me_status(browser, **new) == 200
        monkeypatch.setattr(sessions, "SHARED_SECONDS", 0)
        assert (await one.post(f"{AUTH}/refresh", headers=old)).status_code == 401
        assert await me_status(browser, **new) == 401


async def test_tabs_share_nothing_with_programs(app: FastAPI, anonymous: httpx2.AsyncClient) -> None:
    token = (await sign_in(anonymous, await registered(anonymous))).json()["refresh_token"]
    answers = [await anonymous.post(f"{AUTH}/refresh", json={"refresh_token": token}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 401]
    async with browser_of(app) as thief:
        # Its session has ended, so a moment doesn't matter either.
        again = await thief.post(f"{AUTH}/refresh", headers=cookie_header({NAMES["http"][1]: token}))
        assert again.status_code == 401


async def test_signing_out_ends_the_session_and_deletes_the_cookies(app: FastAPI, browser: httpx2.AsyncClient) -> None:
    await signed_in(browser)
    jar = cookie_header(cookies_of(browser))
    answer = await browser.post(f"{AUTH}/logout")
    assert (answer.status_code, cookies_of(browser)) == (204, {})
    async with browser_of(app) as thief:
        assert await me_status(thief, **jar) == 401
        assert (await thief.post(f"{AUTH}/refresh", headers=jar)).status_code == 401


async def test_signing_out_works_without_an_access_token(
    app: FastAPI, browser: httpx2.AsyncClient, database: Database
) -> None:
    await signed_in(browser)
    access, refresh = NAMES["http"]
    jar = cookies_of(browser)
    del browser.cookies[access]
    answer = await browser.post(f"{AUTH}/logout")
    assert (answer.status_code, cookies_of(browser)) == (204, {})
    async with browser_of(app) as thief:
        assert await me_status(thief, **cookie_header({access: jar[access]})) == 401
        assert (await thief.post(f"{AUTH}/refresh", headers=cookie_header({refresh: jar[refresh]}))).status_code == 401
    # Once more, when nothing is left.
    assert (await browser.post(f"{AUTH}/logout")).status_code == 204


async def test_a_program_cannot_sign_out_without_a_token(browser: httpx2.AsyncClient) -> None:
    await signed_in(browser)
    for headers in ({"Chimera-Session": "x"}, {"Authorization": "Bearer forged"}):
        answer = await browser.post(f"{AUTH}/logout", headers=headers)
        assert (answer.status_code, "set-cookie" in answer.headers) == (401, False)
    assert await me_status(browser) == 200


async def test_a_new_password_keeps_this_browser_signed_in(app: FastAPI, browser: httpx2.AsyncClient) -> None:
    async with browser_of(app) as elsewhere:
        email = await signed_in(browser)
        await sign_in(elsewhere, email)
        old = cookie_header(cookies_of(browser))
        assert (await browser.post(f"{AUTH}/password", json=CHANGE)).status_code == 200
        assert (await me_status(browser), await me_status(elsewhere)) == (200, 401)
        assert (await browser.post(f"{AUTH}/refresh")).status_code == 200
        assert (await elsewhere.post(f"{AUTH}/refresh")).status_code == 401
    async with browser_of(app) as thief:
        assert await me_status(thief, **old) == 401


async def test_a_wrong_password_changes_no_cookie(browser: httpx2.AsyncClient) -> None:
    await signed_in(browser)
    answer = await browser.post(f"{AUTH}/password", json=CHANGE | {"current_password": "not this one"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (422, False)
    assert await me_status(browser) == 200


async def test_a_disabled_user_is_out(browser: httpx2.AsyncClient, database: Database) -> None:
    email = await signed_in(browser)
    async with database.begin() as session:
        await session.execute(update(User).where(User.email == email).values(disabled_at=User.created_at))
    assert await me_status(browser) == 401
    assert (await browser.post(f"{AUTH}/refresh")).status_code == 401
    assert cookies_of(browser) == {}
    assert (await sign_in(browser, email)).status_code == 401


async def test_the_list_of_sessions_knows_this_one(browser: httpx2.AsyncClient) -> None:
    await sign_in(browser, await signed_in(browser))
    found = (await browser.get(f"{AUTH}/sessions")).json()["items"]
    assert [each["current"] for each in found] == [True, False]


async def test_requests_with_a_cookie_count_toward_their_user(app: FastAPI, browser: httpx2.AsyncClient) -> None:
    await signed_in(browser)
    answer = await browser.get(f"{AUTH}/me")
    assert answer.headers["RateLimit-Policy"].startswith('"user"')
    async with client_of(app) as other:
        anonymous = await other.get(f"{AUTH}/me", headers=cookie_header(cookies_of(browser)))
    assert (anonymous.status_code, anonymous.headers["RateLimit-Policy"][:9]) == (401, '"address"')


async def test_no_token_is_logged_or_recorded(browser: httpx2.AsyncClient, database: Database) -> None:
    with capture_logs() as logged:
        email = await signed_in(browser)
        seen = list(cookies_of(browser).values())
        await browser.post(f"{AUTH}/refresh")
        seen += cookies_of(browser).values()
        await browser.post(f"{AUTH}/logout")
    async with database.begin() as session:
        user_id = await session.scalar(select(User.id).where(User.email == email))
        rows = await session.execute(text("SELECT a::text FROM audit_log a WHERE actor_id = :id"), {"id": user_id})
        recorded = "\n".join(rows.scalars())
    assert len(set(seen)) == 4
    assert "sign_out" in recorded
    assert "request_answered" in str(logged)
    assert not [token for token in seen if token in f"{logged}{recorded}"]


@pytest.mark.parametrize("mode", ["open", "invited", "off"])
async def test_a_sign_in_page_learns_its_options(parts: Settings, api_settings: Settings, mode: str) -> None:
    oidc = {
        "oidc_issuer": "https://id.example.com/realm",
        "oidc_client_id": "chimera",
        "oidc_redirect_url": "https://chimera.example/sign-in",
        "oidc_client_secret": SecretStr("a secret of the provider"),
    }
    more: dict[str, Any] = (
        {"setup_token": SecretStr("a token for setting up this installation"), **oidc} if mode == "off" else {}
    )
    async with installation(parts, api_settings, registration=mode, **more) as (app, _), browser_of(app) as client:
        assert (await client.get(f"{AUTH}/options")).json() == {
            "registration": mode,
            "first_administrator": mode == "off",
            "identity_provider": "id.example.com" if mode == "off" else None,
            "password_min_chars": 8,
            "password_max_chars": 256,
            "has_session": False,
        }


async def test_an_installation_with_an_administrator_needs_no_first(parts: Settings, api_settings: Settings) -> None:
    token = SecretStr("a token for setting up this installation")
    async with installation(parts, api_settings, administrators=1, setup_token=token) as (_, (admin,)):
        assert (await admin.client.get(f"{AUTH}/options")).json()["first_administrator"] is False


async def test_a_page_learns_whether_a_session_is_worth_a_try(app: FastAPI, browser: httpx2.AsyncClient) -> None:
    async def has_session() -> bool:
        return (await browser.get(f"{AUTH}/options")).json()["has_session"] is True

    parts: Parts = app.state.parts
    assert parts.settings.access_token_minutes == 30
    found = [await has_session()]
    await signed_in(browser)
    found.append(await has_session())
    del browser.cookies[NAMES["http"][0]]
    found.append(await has_session())
    await browser.post(f"{AUTH}/logout")
    found.append(await has_session())
    assert found == [False, True, True, False]
