"""Browsers with a page of this server, or of another one."""

from uuid import uuid4

import httpx2
from fastapi import FastAPI

from tests.api.conftest import PASSWORD, client_of

AUTH = "/api/v1/auth"
OWN = "http://chimera.localhost"
COOKIE_MODE = {"Chimera-Session": "cookie"}
"""What a page of this server sends with each request."""
NAMES = {"http": ("chimera_access", "chimera_refresh"), "https": ("__Host-chimera_access", "__Host-chimera_refresh")}


def browser_of(app: FastAPI, scheme: str = "http") -> httpx2.AsyncClient:
    """Return a browser that shows a page of this server; it keeps cookies as browsers do."""
    client = client_of(app)
    origin = OWN.replace("http", scheme)
    client.base_url = httpx2.URL(origin)
    client.headers |= {**COOKIE_MODE, "Origin": origin, "Sec-Fetch-Site": "same-origin"}
    return client


async def registered(client: httpx2.AsyncClient) -> str:
    email = f"{uuid4().hex}@example.com"
    answer = await client.post(f"{AUTH}/register", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 202, answer.text
    return email


async def sign_in(client: httpx2.AsyncClient, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await client.post(f"{AUTH}/login", json={"email": email, "password": password})


async def signed_in(client: httpx2.AsyncClient) -> str:
    """Sign a browser in to a new account, and return its e-mail address."""
    email = await registered(client)
    answer = await sign_in(client, email)
    assert answer.status_code == 200, answer.text
    return email


async def me_status(client: httpx2.AsyncClient, **headers: str) -> int:
    return (await client.get(f"{AUTH}/me", headers=headers)).status_code


def cookies_of(client: httpx2.AsyncClient) -> dict[str, str]:
    return {name: value for name, value in client.cookies.items() if value}


def cookie_header(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
