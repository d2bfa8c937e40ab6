"""The caller's own account and sessions."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from chimera.security import sessions
from tests.api.accounts import LOGIN, ME, login, new_session, person, status_with
from tests.api.conftest import PASSWORD, SignUp, client_of

SESSIONS = "/api/v1/auth/sessions"


@pytest.fixture(autouse=True)
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read account states at each request, as after 3 s."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)


async def test_sessions_show_where_they_began(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    async with client_of(app, "192.0.2.7") as client:
        agent = f"Browser/1.0 {'x' * 500}\x1b[31m"
        body = {"email": carol.email, "password": PASSWORD}
        await client.post(LOGIN, json=body, headers={"User-Agent": agent.replace("\x1b", "")})
    newest, first = (await carol.client.get(SESSIONS)).json()["items"]
    assert (newest["address"], newest["current"], first["current"]) == ("192.0.2.7", False, True)
    assert newest["client"].startswith("Browser/1.0")
    assert len(newest["client"]) == 200
    assert newest["began_at"] <= newest["last_used_at"] <= newest["expires_at"]


async def test_a_refresh_keeps_the_session(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    tokens = await new_session(app, carol.email)
    before = (await carol.client.get(SESSIONS)).json()["items"]
    async with client_of(app) as client:
        answer = await client.post("/api/v1/auth/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert answer.status_code == 200
    after = (await carol.client.get(SESSIONS)).json()["items"]
    assert [(each["id"], each["client"], each["began_at"]) for each in after] == [
        (each["id"], each["client"], each["began_at"]) for each in before
    ]


async def test_one_session_is_ended(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    token = (await new_session(app, carol.email))["access_token"]
    other = (await carol.client.get(SESSIONS)).json()["items"][0]["id"]
    assert (await carol.client.delete(f"{SESSIONS}/{other}")).status_code == 204
    assert await status_with(app, token) == 401
    assert [each["current"] for each in (await carol.client.get(SESSIONS)).json()["items"]] == [True]
    assert (await carol.client.delete(f"{SESSIONS}/{other}")).status_code == 404


async def test_all_other_sessions_are_ended(app: FastAPI, sign_up: SignUp) -> None:
    carol = await person(sign_up)
    tokens = [(await new_session(app, carol.email))["access_token"] for _ in range(2)]
    assert (await carol.client.delete(SESSIONS)).json() == {"ended": 2}
    assert [await status_with(app, token) for token in tokens] == [401, 401]
    assert (await carol.client.get(ME)).status_code == 200


async def test_a_foreign_session_looks_like_none(
    app: FastAPI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    theirs = (await alice.get(SESSIONS)).json()["items"][0]["id"]
    answers = [await bob.delete(f"{SESSIONS}/{id}") for id in (theirs, str(uuid4()))]
    assert [each.status_code for each in answers] == [404, 404]
    assert (await alice.get(ME)).status_code == 200


async def test_name_and_preferences_are_changed(sign_up: SignUp) -> None:
    carol = await person(sign_up)
    wishes = {"name": "Carol", "preferences": {"time_zone": "Europe/Berlin", "theme": "dark"}}
    changed = await carol.client.put(ME, json=wishes)
    assert changed.status_code == 200, changed.text
    me = (await carol.client.get(ME)).json()
    assert (me["name"], me["preferences"], me["email"]) == ("Carol", wishes["preferences"], carol.email)
    assert (await carol.client.put(ME, json={"name": ""})).json()["preferences"] == wishes["preferences"]


async def test_a_new_address_needs_the_password(app: FastAPI, sign_up: SignUp) -> None:
    carol, dave = await person(sign_up), await person(sign_up)
    email = f"{uuid4().hex}@example.com"
    refusals = [
        await carol.client.put(ME, json=body)
        for body in ({"email": email}, {"email": email, "current_password": "not this one"})
    ]
    assert [each.status_code for each in refusals] == [422, 422]
    taken = await carol.client.put(ME, json={"email": dave.email, "current_password": PASSWORD})
    assert (taken.status_code, taken.json()["code"]) == (409, "conflict")
    assert (await carol.client.put(ME, json={"email": email, "current_password": PASSWORD})).status_code == 200
    assert [(await login(app, each)).status_code for each in (carol.email, email)] == [401, 200]


@pytest.mark.parametrize(
    "body",
    [
        {"role": "admin"},
        {"id": str(uuid4())},
        {"preferences": {"time_zone": "Moon/Sea"}},
        {"preferences": {"theme": "pink"}},
        {"preferences": {"is_admin": True}},
        {"name": "x" * 121},
    ],
)
async def test_odd_changes_are_refused(alice: httpx2.AsyncClient, body: dict[str, Any]) -> None:
    assert (await alice.put(ME, json=body)).status_code == 422
