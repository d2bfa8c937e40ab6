"""No answer contains a secret, whoever reads it (S18)."""

import re
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text

from api.deps import Parts
from chimera.db.tables import ApiKey, RefreshToken, User
from tests.api.access.world import World, routes_of, send, world_of
from tests.api.conftest import SECRET, SignUp, administrator

SECRET_NAME = re.compile(r"password|secret|token(?!s$)|hash|api_?key|credential|private|cookie")
"""`tokens` are numbers of tokens."""
HARMLESS = {
    "access_token": "returned once, to the user who signs in",
    "refresh_token": "returned once, to the user who signs in",
    "token_type": "a kind, not a token",
    "token": "a client's message",
    "password": "only in requests",
    "current_password": "only in requests",
    "new_password": "only in requests",
    "setup_token": "only in requests",
    "has_password": "yes or no",
    "password_min_chars": "a number",
    "password_max_chars": "a number",
    "first_token": "a duration",
    "first_token_at": "a time",
    "prompt_tokens_details": "numbers of tokens",
    "completion_tokens_details": "numbers of tokens",
    "input_tokens_details": "numbers of tokens",
    "output_tokens_details": "numbers of tokens",
    "temporal_api_key_required": "yes or no",
    "client_key_path": "a path on the administrator's machine",
}
"""Fields that look like secrets, each with the reason why it may be in an answer."""


@pytest.fixture(scope="module")
async def admin(sign_up: SignUp, app: FastAPI) -> httpx2.AsyncClient:
    parts: Parts = app.state.parts
    return await administrator(sign_up, parts.database)


@pytest.fixture(scope="module")
async def alices(app: FastAPI, sign_up: SignUp) -> World:
    return await world_of(app, await sign_up())


def test_every_field_that_looks_secret_has_a_reason(app: FastAPI) -> None:
    schemas = app.openapi()["components"]["schemas"].values()
    fields = {field for schema in schemas for field in schema.get("properties", {})}
    suspicious = {field for field in fields if SECRET_NAME.search(field)}
    assert suspicious <= HARMLESS.keys(), f"explain {sorted(suspicious - HARMLESS.keys())}"
    assert HARMLESS.keys() <= fields


def test_every_body_of_an_answer_has_a_schema(app: FastAPI) -> None:
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                for content in response.get("content", {}).values():
                    assert content.get("schema"), f"{method} {path} {status}"


async def test_no_answer_contains_a_secret(app: FastAPI, alices: World, admin: httpx2.AsyncClient) -> None:
    secrets = await secrets_of(app)
    read = 0
    for route in routes_of(app):
        if route.method != "GET" or route.path.endswith("/events"):
            continue
        for client in (alices.client, admin):
            answer = await send(client, app, route, alices.ids)
            assert not [name for name, secret in secrets.items() if secret in answer.text], route
            read += 1
    print(f"{read} answers, {len(secrets)} secrets, 0 found")
    assert read >= 70


async def secrets_of(app: FastAPI) -> dict[str, str]:
    """Return what no answer may contain: hashes, keys, internal addresses, and a server's headers."""
    parts: Parts = app.state.parts
    async with parts.database.begin() as session:
        # Other tests have users whose password hash is a dash, or who have none.
        real = func.length(User.password_hash) > 20
        hashes: list[Any] = list(await session.scalars(select(User.password_hash).where(real)))
        tokens: list[Any] = list(await session.scalars(select(RefreshToken.token_sha256)))
        keys: list[Any] = list(await session.scalars(select(ApiKey.secret_sha256)))
        version = await session.scalar(text("SHOW server_version"))
    assert hashes
    assert tokens
    assert keys
    found = {f"hash {index}": each for index, each in enumerate(hashes)}
    found |= {f"token {index}": each for index, each in enumerate(tokens)}
    found |= {f"key {index}": each for index, each in enumerate(keys)}
    addresses = {
        "database": parts.settings.database_url or "",
        "redis": parts.settings.redis_url or "",
    }
    return (
        found
        | {name: each for name, each in addresses.items() if each}
        | {"jwt": SECRET, "pg": f"PostgreSQL {version}"}
    )
