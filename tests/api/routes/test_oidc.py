"""Sign-in at an identity provider that runs in its own process, and attacks on it."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import func, update

from api.app import create_app
from api.deps import Parts
from chimera.config.settings import Settings
from chimera.db.tables import Invitation
from chimera.local import processes
from chimera.security.accounts import create_administrator
from chimera.security.sign_ins import ADDRESS_TRIES
from tests.api.access.browsers import browser_of
from tests.api.accounts import ME, USERS, new_session
from tests.api.conftest import PASSWORD, client_of
from tests.api.routes.test_invitations import INVITATIONS
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET, REDIRECT_URL
from tests.parts import fresh_database
from tests.ports import free_port
from tests.until import LIMIT_S

OIDC = "/api/v1/auth/oidc"


@pytest.fixture(scope="module")
async def provider(starts_servers: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Run the provider, and yield its address."""
    port, output = free_port(), tmp_path_factory.mktemp("oidc") / "provider.out"
    process = processes.spawn(
        [sys.executable, "-m", "tests.oidc_provider", "--port", str(port)],
        environment=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        output=output,
        death_signal=signal.SIGKILL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
            while not await _is_up(client, url):
                assert process.poll() is None, processes.last_lines(output)
                await asyncio.sleep(0.05)
        yield url
    finally:
        await processes.stop(process, signal.SIGTERM, limit_s=60)


async def _is_up(client: httpx2.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(f"{url}/keys")).is_success
    except httpx2.HTTPError:
        return False


@pytest.fixture(scope="module")
async def here(parts: Settings, api_settings: Settings, provider: str) -> AsyncIterator[FastAPI]:
    """An installation whose users can sign in at the provider."""
    async with fresh_database(parts.database_url or "") as url:
        settings = api_settings.model_copy(
            update={
                "database_url": url,
                "egress_allow": (urlsplit(provider).netloc,),
                "oidc_issuer": provider,
                "oidc_client_id": CLIENT_ID,
                "oidc_client_secret": SecretStr(CLIENT_SECRET),
                "oidc_redirect_url": REDIRECT_URL,
                "oidc_role_claim": "groups",
            }
        )
        app = create_app(settings)
        async with app.router.lifespan_context(app):
            yield app


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that goes to the provider and comes back."""

    app: FastAPI
    provider: str

    async def answer(self, **claims: Any) -> dict[str, str]:
        """Start a sign-in, and return what the page sends to finish it."""
        async with client_of(self.app) as client:
            started = await client.post(f"{OIDC}/start")
        assert started.status_code == 200, started.text
        flow = started.json()
        async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as outside:
            sent_back = await outside.get(f"{flow['authorization_url']}&login_as={json.dumps(claims)}")
        assert sent_back.status_code == 302, sent_back.text
        place = urlsplit(sent_back.headers["location"])
        assert place.geturl().startswith(f"{REDIRECT_URL}?")
        query = parse_qs(place.query)
        assert query["state"] == [flow["state"]]
        return {"code": query["code"][0], "state": flow["state"], "flow": flow["flow"]}

    async def finish(self, answer: dict[str, str], what: str = "finish", token: str = "") -> httpx2.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with client_of(self.app) as client:
            return await client.post(f"{OIDC}/{what}", json=answer, headers=headers)

    async def sign_in(self, **claims: Any) -> httpx2.Response:
        return await self.finish(await self.answer(**claims))

    async def me(self, signed_in: httpx2.Response) -> dict[str, Any]:
        assert signed_in.status_code == 200, signed_in.text
        async with client_of(self.app) as client:
            client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
            found: dict[str, Any] = (await client.get(ME)).json()
            return found

    async def faults(self, **faults: Any) -> None:
        """Give the next ID token these faults."""
        async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as outside:
            await outside.post(f"{self.provider}/faults", json=faults)


@pytest.fixture
def browser(here: FastAPI, provider: str) -> Browser:
    return Browser(here, provider)


async def test_a_user_signs_in_at_the_provider(browser: Browser) -> None:
    subject, email = uuid4().hex, f"{uuid4().hex}@example.com"
    claims = {"sub": subject, "email": email, "email_verified": True, "name": "Carol"}
    first, second = [await browser.me(await browser.sign_in(**claims)) for _ in range(2)]
    assert first == second
    assert (first["email"], first["name"], first["role"]) == (email, "Carol", "user")


async def test_a_browser_keeps_a_sign_in_at_the_provider_in_cookies(browser: Browser) -> None:
    """Our own page finishes the sign-in, so `SameSite=Strict` works, although the provider sent the user."""
    answer = await browser.answer(sub=uuid4().hex)
    async with browser_of(browser.app) as page:
        finished = await page.post(f"{OIDC}/finish", json=answer)
        assert finished.json() == {"token_type": "cookie", "expires_in": 1800}
        assert (await page.get(ME)).status_code == 200
        assert (await page.post("/api/v1/auth/refresh")).status_code == 200


async def test_an_unverified_address_is_not_believed(browser: Browser) -> None:
    email = f"{uuid4().hex}@example.com"
    await create_administrator(_database(browser), email, PASSWORD)
    for verified in (False, None, "true", 1):
        me = await browser.me(await browser.sign_in(sub=uuid4().hex, email=email, email_verified=verified))
        assert me["email"].startswith("oidc-")
        assert me["role"] == "user"


async def test_a_known_address_has_to_be_linked(browser: Browser) -> None:
    email, subject = f"{uuid4().hex}@example.com", uuid4().hex
    user = await create_administrator(_database(browser), email, PASSWORD)
    claims = {"sub": subject, "email": email, "email_verified": True}
    refused = await browser.sign_in(**claims)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    token = (await new_session(browser.app, email))["access_token"]
    assert (await browser.finish(await browser.answer(**claims), "link", token)).status_code == 204
    assert (await browser.me(await browser.sign_in(**claims)))["id"] == user.id
    assert (await browser.finish(await browser.answer(**claims), "link", token)).status_code == 409


async def test_a_disabled_user_is_refused(browser: Browser) -> None:
    subject = uuid4().hex
    user_id = (await browser.me(await browser.sign_in(sub=subject)))["id"]
    email = f"{uuid4().hex}@example.com"
    await create_administrator(_database(browser), email, PASSWORD)
    async with client_of(browser.app) as admin:
        admin.headers["Authorization"] = f"Bearer {(await new_session(browser.app, email))['access_token']}"
        await admin.post(f"{USERS}/{user_id}/disable")
        assert (await browser.sign_in(sub=subject)).status_code == 401
        await admin.delete(f"{USERS}/{user_id}")
    again = await browser.me(await browser.sign_in(sub=subject))
    assert again["id"] != user_id, "a deleted account is not found again"


@pytest.mark.parametrize(
    "faults",
    [
        {"signature": "none"},
        {"signature": "public key"},
        {"signature": "client secret"},
        {"signature": "other key"},
        {"signature": "own header"},
        {"signature": "unknown key"},
        {"claims": {"nonce": "another"}},
        {"claims": {"nonce": None}},
        {"claims": {"aud": "another client"}},
        {"claims": {"aud": ["chimera", "another client"]}},
        {"claims": {"azp": "another client"}},
        {"claims": {"aud": None}},
        {"claims": {"iss": "https://evil.example"}},
        {"claims": {"iss": None}},
        {"claims": {"exp": None}},
        {"claims": {"sub": ""}},
        {"claims": {"sub": None}},
        {"claims": {"sub": "a\0b"}},
        {"expired": True},
    ],
    ids=json.dumps,
)
async def test_a_faulty_token_is_refused(browser: Browser, faults: dict[str, Any]) -> None:
    answer = await browser.answer(sub=uuid4().hex)
    await browser.faults(**faults)
    refused = await browser.finish(answer)
    assert (refused.status_code, refused.json()["code"]) == (401, "sign_in_refused")


async def test_a_code_works_once(browser: Browser) -> None:
    answer = await browser.answer(sub=uuid4().hex)
    answers = [await browser.finish(answer) for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 401, 401]


async def test_a_code_belongs_to_its_browser(browser: Browser) -> None:
    mine, theirs = await browser.answer(sub=uuid4().hex), await browser.answer(sub=uuid4().hex)
    # The attacker's code in the victim's browser, with each combination of what the attacker can choose.
    for forged in (mine | {"code": theirs["code"]}, theirs | {"flow": mine["flow"]}, mine | {"state": theirs["state"]}):
        assert (await browser.finish(forged)).status_code == 401


async def test_a_forged_flow_is_refused(browser: Browser) -> None:
    answer = await browser.answer(sub=uuid4().hex)
    session = await browser.sign_in(sub=uuid4().hex)
    head, body, signature = answer["flow"].split(".")
    for flow in (session.json()["access_token"], f"{head}.{body}.", f"{head}.{body}.{signature[::-1]}", "x" * 40):
        assert (await browser.finish(answer | {"flow": flow})).status_code == 401
    async with client_of(browser.app) as client:
        headers = {"Authorization": f"Bearer {answer['flow']}"}
        assert (await client.get(ME, headers=headers)).status_code == 401, "a flow is no access token"


@pytest.mark.parametrize("field", ["redirect_uri", "redirect_url", "return_to", "next"])
async def test_nobody_chooses_where_the_code_goes(browser: Browser, field: str) -> None:
    async with client_of(browser.app) as client:
        for answer in (
            await client.post(f"{OIDC}/start", params={field: "https://evil.example"}),
            await client.post(f"{OIDC}/start", json={field: "https://evil.example"}),
        ):
            url = answer.json().get("authorization_url", REDIRECT_URL)
            assert "evil" not in url


async def test_roles_come_from_the_claim(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: Parts = browser.app.state.parts
    roles = {"staff": "user", "guests": "viewer", "chiefs": "admin"}
    monkeypatch.setattr(parts.oidc, "_settings", parts.settings.model_copy(update={"oidc_roles": roles}))
    subject = uuid4().hex
    for groups, role in ((["guests"], "viewer"), (["guests", "staff", "x"], "user"), ("guests", "viewer")):
        assert (await browser.me(await browser.sign_in(sub=subject, groups=groups)))["role"] == role
    for nothing in ([], ["x"], None, {"staff": 1}, [["staff"]], 7):
        assert (await browser.sign_in(sub=subject, groups=nothing)).status_code == 403


def set_registration(browser: Browser, patch: pytest.MonkeyPatch, mode: str) -> None:
    parts: Parts = browser.app.state.parts
    patch.setattr(parts.oidc, "_settings", parts.settings.model_copy(update={"registration": mode}))


@asynccontextmanager
async def an_administrator(browser: Browser) -> AsyncIterator[httpx2.AsyncClient]:
    email = f"{uuid4().hex}@example.com"
    await create_administrator(_database(browser), email, PASSWORD)
    async with client_of(browser.app) as client:
        client.headers["Authorization"] = f"Bearer {(await new_session(browser.app, email))['access_token']}"
        yield client


async def test_no_account_while_registration_is_off(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    linked, email = uuid4().hex, f"{uuid4().hex}@example.com"
    before = await browser.me(await browser.sign_in(sub=linked))
    await create_administrator(_database(browser), email, PASSWORD)
    async with an_administrator(browser) as admin:
        new = f"{uuid4().hex}@example.com"
        await admin.post(INVITATIONS, json={"email": new})
        set_registration(browser, monkeypatch, "off")
        for claims in ({}, {"email": new, "email_verified": True}):
            refused = await browser.sign_in(sub=uuid4().hex, **claims)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
            assert "Registration is off" in refused.json()["detail"]
        [invitation] = [each for each in (await admin.get(INVITATIONS)).json()["items"] if each["email"] == new]
        assert invitation["used_at"] is None
        users = (await admin.get(USERS, params={"q": new})).json()["items"]
        assert users == []
    assert await browser.me(await browser.sign_in(sub=linked)) == before
    known = await browser.sign_in(sub=uuid4().hex, email=email, email_verified=True)
    assert (known.status_code, known.json()["code"]) == (409, "conflict")


async def test_an_invited_address_gets_an_account(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    email, expired = f"{uuid4().hex}@example.com", f"{uuid4().hex}@example.com"
    async with an_administrator(browser) as admin:
        for invited in (email, expired, None):
            await admin.post(INVITATIONS, json={"email": invited, "role": "viewer"})
        async with _database(browser).begin() as session:
            end = update(Invitation).where(Invitation.email == expired).values(expires_at=func.now())
            await session.execute(end)
        set_registration(browser, monkeypatch, "invited")
        for claims in (
            {},
            {"email": email, "email_verified": False},
            {"email": expired, "email_verified": True},
            {"email": f"x{email}", "email_verified": True},
        ):
            refused = await browser.sign_in(sub=uuid4().hex, **claims)
            assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), claims
            assert "Only invited users" in refused.json()["detail"]
        subject = uuid4().hex
        made = await browser.me(await browser.sign_in(sub=subject, email=email, email_verified=True))
        assert (made["email"], made["role"]) == (email, "viewer")
        invitations = (await admin.get(INVITATIONS)).json()["items"]
        assert [each["email"] for each in invitations if each["used_at"]] == [email]
    assert await browser.me(await browser.sign_in(sub=subject)) == made


async def test_unfinished_sign_ins_are_limited(browser: Browser) -> None:
    async with client_of(browser.app, "192.0.2.77") as client:
        begun = [await client.post(f"{OIDC}/start") for _ in range(ADDRESS_TRIES)]
        assert {each.status_code for each in begun} == {200}
        refused = await client.post(f"{OIDC}/start")
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_tries")
        assert int(refused.headers["Retry-After"]) > 60
        answer = await browser.answer(sub=uuid4().hex)
        assert (await client.post(f"{OIDC}/finish", json=answer)).status_code == 200
        assert [(await client.post(f"{OIDC}/start")).status_code for _ in range(2)] == [200, 429]


async def test_without_a_provider_there_is_no_sign_in(app: FastAPI) -> None:
    async with client_of(app) as client:
        answer = {"code": "x", "state": "x" * 40, "flow": "x" * 40}
        assert (await client.post(f"{OIDC}/start")).status_code == 404
        assert (await client.post(f"{OIDC}/finish", json=answer)).status_code == 404


async def test_a_provider_that_is_away_is_reported(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: Parts = browser.app.state.parts
    away = f"http://127.0.0.1:{free_port()}"
    settings = parts.settings.model_copy(update={"oidc_issuer": away})
    provider = type(parts.oidc._provider)(settings, parts.oidc._provider._egress)
    monkeypatch.setattr(parts.oidc, "_provider", provider)
    async with client_of(browser.app) as client:
        answer = await client.post(f"{OIDC}/start")
    # The address isn't on the allow-list, so it isn't even tried.
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def _database(browser: Browser) -> Any:
    parts: Parts = browser.app.state.parts
    return parts.database
