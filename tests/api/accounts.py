"""Accounts for tests, each with its client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.deps import Parts
from chimera.config.settings import Settings
from chimera.security.accounts import Accounts, create_administrator
from tests.api.conftest import PASSWORD, SignUp, client_of
from tests.parts import fresh_database

LOGIN = "/api/v1/auth/login"
ME = "/api/v1/auth/me"
USERS = "/api/v1/users"


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in user."""

    id: str
    email: str
    client: httpx2.AsyncClient


async def person(sign_up: SignUp) -> Person:
    """Register a user."""
    client = await sign_up()
    me = (await client.get(ME)).json()
    return Person(me["id"], me["email"], client)


async def login(app: FastAPI, email: str, password: str = PASSWORD) -> httpx2.Response:
    """Sign in from a new address."""
    async with client_of(app) as client:
        return await client.post(LOGIN, json={"email": email, "password": password})


async def new_session(app: FastAPI, email: str) -> dict[str, Any]:
    answer = await login(app, email)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def status_with(app: FastAPI, token: str) -> int:
    """Return how a request with this access token or API key is answered."""
    async with client_of(app) as client:
        return (await client.get(ME, headers={"Authorization": f"Bearer {token}"})).status_code


async def register(app: FastAPI, **fields: Any) -> httpx2.Response:
    """Register a new e-mail address, from a new address of the network."""
    body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD, **fields}
    async with client_of(app) as client:
        return await client.post("/api/v1/auth/register", json=body)


def set_registration(app: FastAPI, patch: pytest.MonkeyPatch, mode: Literal["open", "invited", "off"]) -> None:
    """Let the app behave as if the setting had this value."""
    parts: Parts = app.state.parts
    settings = parts.settings.model_copy(update={"registration": mode})
    changed = replace(parts, settings=settings, accounts=Accounts(parts.database, settings, parts.auth))
    patch.setitem(app.state._state, "parts", changed)


@asynccontextmanager
async def installation(
    parts: Settings, api_settings: Settings, *, administrators: int = 0, **settings: Any
) -> AsyncIterator[tuple[FastAPI, list[Person]]]:
    """Run an app on its own database, whose only users are signed-in administrators."""
    async with fresh_database(parts.database_url or "") as url:
        app = create_app(api_settings.model_copy(update={"database_url": url, **settings}))
        async with app.router.lifespan_context(app):
            people = [await _administrator(app, f"admin{number}@example.com") for number in range(administrators)]
            yield app, people
            for each in people:
                await each.client.aclose()


async def _administrator(app: FastAPI, email: str) -> Person:
    parts: Parts = app.state.parts
    user = await create_administrator(parts.database, email, PASSWORD)
    client = client_of(app)
    client.headers["Authorization"] = f"Bearer {(await new_session(app, email))['access_token']}"
    return Person(user.id, email, client)
