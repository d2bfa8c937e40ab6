"""Sessions that begin or are refreshed at the moment at which the account's sessions end."""

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.security import sessions
from chimera.store import users
from tests.api.accounts import new_session, person, status_with
from tests.api.conftest import PASSWORD, SignUp, client_of
from tests.chimera.ledger.test_calls import until_it_waits

AUTH = "/api/v1/auth"
NEW_PASSWORD = "another battery staple"
CHANGE = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}


@pytest.fixture(autouse=True)
def _fresh_states(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read account states at each request, as after 3 s."""
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)


@pytest.mark.parametrize("act", ["sign out", "end the session", "end the others", "change the password"])
async def test_a_session_ends_during_its_refresh(
    app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    carol = await person(sign_up)
    tokens = await new_session(app, carol.email)
    session_id = (await carol.client.get(f"{AUTH}/sessions")).json()["items"][0]["id"]
    add, endings = users.add_refresh_token, list[asyncio.Task[httpx2.Response]]()

    async def end() -> httpx2.Response:
        match act:
            case "sign out":
                headers = {"Authorization": f"Bearer {tokens['access_token']}"}
                return await carol.client.post(f"{AUTH}/logout", headers=headers)
            case "end the session":
                return await carol.client.delete(f"{AUTH}/sessions/{session_id}")
            case "end the others":
                return await carol.client.delete(f"{AUTH}/sessions")
            case _:
                return await carol.client.post(f"{AUTH}/password", json=CHANGE)

    async def add_while_it_ends(session: AsyncSession, *values: Any, **more: Any) -> None:
        if not endings:
            endings.append(asyncio.create_task(end()))
            await until_it_waits(session)
        await add(session, *values, **more)

    monkeypatch.setattr(users, "add_refresh_token", add_while_it_ends)
    async with client_of(app) as client:
        refreshed = await client.post(f"{AUTH}/refresh", json={"refresh_token": tokens["refresh_token"]})
        assert (await endings[0]).is_success
        assert await status_with(app, refreshed.json()["access_token"]) == 401
        again = await client.post(f"{AUTH}/refresh", json={"refresh_token": refreshed.json()["refresh_token"]})
        assert again.status_code == 401
