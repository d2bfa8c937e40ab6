import asyncio
import base64
import hmac
import json
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

import bcrypt
import httpx2
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from api.app import create_app
from api.deps import Parts
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import RefreshToken, User
from chimera.security import sessions
from chimera.security.accounts import Accounts, ensure_first_user
from chimera.security.passwords import Passwords
from chimera.security.sessions import AUDIENCE, ISSUER
from chimera.security.sign_ins import REGISTRATIONS
from tests.api.conftest import PASSWORD, SECRET, SignUp, client_of
from tests.parts import fresh_database

BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "expired": {"exp": time.time() - 60},
    "not yet issued": {"iat": time.time() + 86_400},
    "wrong audience": {"aud": "somebody"},
    "wrong issuer": {"iss": "somebody"},
    "no end": {"exp": None},
    "no session": {"sid": None},
    "another session": {"sid": str(uuid4())},
    "refresh as access": {"typ": "refresh"},
    "no type": {"typ": None},
    "nobody": {"sub": str(uuid4())},
    "not a user": {"sub": "x' OR 1=1 --"},
    "a number": {"sub": 7},
}


@pytest.mark.parametrize("change", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
async def test_a_token_with_bad_claims_is_refused(alice: httpx2.AsyncClient, change: dict[str, Any]) -> None:
    claims = {name: value for name, value in (_claims_of(alice) | change).items() if value is not None}
    assert await _status_with(alice, _signed(claims)) == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "HS384", "HS512", "RS256", ""])
async def test_a_token_of_another_algorithm_is_refused(alice: httpx2.AsyncClient, algorithm: str) -> None:
    claims = _claims_of(alice)
    assert await _status_with(alice, _signed(claims, algorithm)) == 401
    assert await _status_with(alice, _signed(claims, algorithm).rpartition(".")[0] + ".") == 401


async def test_a_token_with_another_signature_is_refused(alice: httpx2.AsyncClient) -> None:
    good = _token_of(alice)
    head, body, signature = good.split(".")
    for forged in (
        _signed(_claims_of(alice), secret="another secret that is just as long as it must be"),
        _signed(_claims_of(alice), secret="", kid="../../dev/null", jku="http://127.0.0.1:9/"),
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{good}.{signature}",
        f"{head}.{body}.{signature[:-2]}",
        "a" * 65_536,
        "",
        "é",
    ):
        assert await _status_with(alice, forged) == 401
    answer = await alice.get("/api/v1/auth/me", headers={"Authorization": "Bearer forged"})
    assert (answer.json()["code"], answer.json()["title"]) == (
        "not_signed_in",
        "The access or refresh token is invalid",
    )
    assert "invalid or has expired. Use the refresh token" in answer.json()["detail"]
    assert await _status_with(alice, good) == 200


async def test_a_token_is_taken_from_the_header_only(anonymous: httpx2.AsyncClient, alice: httpx2.AsyncClient) -> None:
    token = _token_of(alice)
    for answer in (
        await anonymous.get("/api/v1/auth/me", params={"access_token": token, "token": token}),
        await anonymous.get("/api/v1/auth/me", headers={"Cookie": f"access_token={token}"}),
        await anonymous.get("/api/v1/auth/me", headers={"X-API-Key": token}),
    ):
        assert answer.status_code == 401


async def test_reusing_a_refresh_token_ends_the_session(
    anonymous: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await _sign_in(anonymous)
    second = (await _refresh(anonymous, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert (await _refresh(anonymous, first["refresh_token"])).status_code == 401
    assert (await _refresh(anonymous, second["refresh_token"])).status_code == 401
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
    assert await _status_with(anonymous, second["access_token"]) == 401


async def test_of_two_refreshes_at_once_at_most_one_succeeds(anonymous: httpx2.AsyncClient) -> None:
    for _ in range(5):
        token = (await _sign_in(anonymous))["refresh_token"]
        answers = await asyncio.gather(*(_refresh(anonymous, token) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]


async def test_an_access_token_is_no_refresh_token(anonymous: httpx2.AsyncClient) -> None:
    tokens = await _sign_in(anonymous)
    assert (await _refresh(anonymous, tokens["access_token"])).status_code in (401, 422)


async def test_signing_out_ends_the_session_and_no_other(app: FastAPI) -> None:
    async with client_of(app) as client:
        email = await _register(client)
        here, there = await _login(client, email), await _login(client, email)
        answer = await client.post("/api/v1/auth/logout", headers={"Authorization": f"Bearer {here['access_token']}"})
        assert answer.status_code == 204
        assert await _status_with(client, here["access_token"]) == 401
        assert (await _refresh(client, here["refresh_token"])).status_code == 401
        assert await _status_with(client, there["access_token"]) == 200


async def test_a_new_password_ends_every_session_and_begins_one(app: FastAPI) -> None:
    async with client_of(app) as client:
        email = await _register(client)
        here, there = await _login(client, email), await _login(client, email)
        client.headers["Authorization"] = f"Bearer {here['access_token']}"
        change = {"current_password": PASSWORD, "new_password": "another battery staple"}
        answer = await client.post("/api/v1/auth/password", json=change)
        assert answer.status_code == 200, answer.text
        del client.headers["Authorization"]
        assert [await _status_with(client, each["access_token"]) for each in (here, there, answer.json())] == [
            401,
            401,
            200,
        ]
        assert (await _refresh(client, there["refresh_token"])).status_code == 401
        old, new = [(await _try_login(client, email, each)).status_code for each in change.values()]
        assert (old, new) == (401, 200)


async def test_a_password_change_needs_the_current_one(alice: httpx2.AsyncClient) -> None:
    change = {"current_password": "not this one", "new_password": "another battery staple"}
    answer = await alice.post("/api/v1/auth/password", json=change)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["current_password"]
    assert (await alice.get("/api/v1/auth/me")).status_code == 200


async def test_a_disabled_user_is_out_within_five_seconds(
    sign_up: SignUp, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sessions.ACCOUNT_STATE_SECONDS <= 5
    alice = await sign_up()
    me = (await alice.get("/api/v1/auth/me")).json()
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == me["id"]).values(disabled_at=User.created_at))
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
    assert (await alice.get("/api/v1/auth/me")).status_code == 401
    answer = await alice.post("/api/v1/auth/login", json={"email": me["email"], "password": PASSWORD})
    assert answer.status_code == 401


async def test_passwords_and_refresh_tokens_are_stored_as_hashes(
    anonymous: httpx2.AsyncClient, database: Database
) -> None:
    email = await _register(anonymous)
    tokens = await _login(anonymous, email)
    async with database.begin() as session:
        user = await session.scalar(select(User).where(User.email == email))
        assert user is not None
        kept = await session.scalar(select(RefreshToken).where(RefreshToken.user_id == user.id))
    assert (user.password_hash or "").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert kept is not None
    assert tokens["refresh_token"] not in kept.token_sha256


async def test_a_bcrypt_hash_signs_in_and_becomes_argon2(anonymous: httpx2.AsyncClient, database: Database) -> None:
    email = await _register(anonymous)
    old = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(rounds=4)).decode()
    async with database.begin() as session:
        await session.execute(update(User).where(User.email == email).values(password_hash=old))
    await _login(anonymous, email)
    async with database.begin() as session:
        new = await session.scalar(select(User.password_hash).where(User.email == email))
    assert new is not None
    assert new.startswith("$argon2id$")
    await _login(anonymous, email)


async def test_wrong_passwords_and_unknown_users_look_alike(
    anonymous: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Response times don't differ either: both sign-ins compute the same hash at the same cost."""
    check, worked_out = Passwords._check, list[str]()

    def noting(passwords: Passwords, password: str, stored: str) -> tuple[bool, str | None]:
        worked_out.append(stored.rsplit("$", 2)[0])
        return check(passwords, password, stored)

    email = await _register(anonymous)
    monkeypatch.setattr(Passwords, "_check", noting)
    wrong = await _try_login(anonymous, email, "not the password")
    unknown = await _try_login(anonymous, f"{uuid4().hex}@example.com", PASSWORD)
    assert len(worked_out) == 2
    assert worked_out[0] == worked_out[1]
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() | {"instance": ""} == unknown.json() | {"instance": ""}


@pytest.mark.parametrize("password", ["short", "", "x" * 257, "x" * 15_000], ids=["short", "none", "257", "15 KB"])
async def test_a_password_out_of_bounds_is_refused(anonymous: httpx2.AsyncClient, password: str) -> None:
    answer = await anonymous.post("/api/v1/auth/register", json={"email": "a@example.com", "password": password})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "password"
    assert len(answer.content) < 2000


@pytest.mark.parametrize("password", ["p" * 64, "пароль из слов", "  spaces stay  "])
async def test_a_password_is_taken_as_it_is(anonymous: httpx2.AsyncClient, password: str) -> None:
    email = await _register(anonymous, password)
    assert (await _try_login(anonymous, email, password)).status_code == 200
    assert (await _try_login(anonymous, email, password.strip() + "x")).status_code == 401


async def test_guesses_end_in_429_and_the_owner_gets_in(app: FastAPI, anonymous: httpx2.AsyncClient) -> None:
    async with client_of(app, "198.51.100.1") as owner, client_of(app, "2001:db8::1") as elsewhere:
        email = await _register(owner)
        await _login(owner, email)
        answers = [await _try_login(elsewhere, email, f"guess {index}") for index in range(12)]
        assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2
        assert int(answers[-1].headers["Retry-After"]) in range(1, 901)
        assert answers[-1].json()["code"] == "too_many_tries"
        assert (await _try_login(elsewhere, email, PASSWORD)).status_code == 429
        assert (await _try_login(owner, email, PASSWORD)).status_code == 200


async def test_a_missing_account_is_limited_alike(app: FastAPI) -> None:
    async with client_of(app, "198.51.100.2") as client:
        answers = [await _try_login(client, "nobody-here@example.com", f"guess {index}") for index in range(11)]
        known = await _register(client)
        others = [await _try_login(client, known, f"guess {index}") for index in range(11)]
    assert [each.status_code for each in answers] == [each.status_code for each in others] == [401] * 10 + [429]
    assert answers[-1].json()["detail"] == others[-1].json()["detail"]


async def test_guesses_at_the_password_of_a_session_are_limited(app: FastAPI) -> None:
    async with client_of(app, "198.51.100.3") as client:
        tokens = await _sign_in(client)
        client.headers["Authorization"] = f"Bearer {tokens['access_token']}"
        statuses = []
        for index in range(11):
            change = {"current_password": f"guess {index}", "new_password": "another battery staple"}
            statuses.append((await client.post("/api/v1/auth/password", json=change)).status_code)
    assert statuses == [422] * 10 + [429]


async def test_registrations_from_one_address_are_limited(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Passwords, "hash", _no_hash)
    async with client_of(app, "198.51.100.4") as client:
        answers = [
            await client.post(
                "/api/v1/auth/register", json={"email": f"{uuid4().hex}@example.com", "password": PASSWORD}
            )
            for _ in range(REGISTRATIONS + 1)
        ]
    assert [answer.status_code for answer in answers] == [202] * REGISTRATIONS + [429]


async def _no_hash(passwords: Passwords, password: str, *, sender: str, is_known: bool = False) -> str:
    return "none"


async def test_a_role_cannot_be_asked_for(anonymous: httpx2.AsyncClient) -> None:
    body = {"email": f"{uuid4().hex}@example.com", "password": PASSWORD, "role": "admin"}
    assert (await anonymous.post("/api/v1/auth/register", json=body)).status_code == 422


async def test_registering_twice_reveals_and_changes_nothing(anonymous: httpx2.AsyncClient) -> None:
    email = await _register(anonymous)
    body = {"email": email.upper(), "password": "another battery staple"}
    again = await anonymous.post("/api/v1/auth/register", json=body)
    other = await anonymous.post("/api/v1/auth/register", json=body | {"email": f"other-{email}"})
    assert (again.status_code, again.json()["detail"]) == (other.status_code, other.json()["detail"])
    assert again.json().keys() == other.json().keys()
    assert (await _try_login(anonymous, email, "another battery staple")).status_code == 401
    assert (await _try_login(anonymous, email, PASSWORD)).status_code == 200


async def test_registration_is_closed_unless_it_was_opened(
    app: FastAPI, anonymous: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts: Parts = app.state.parts
    closed = parts.settings.model_copy(update={"registration": "off"})
    accounts = Accounts(parts.database, closed, parts.auth)
    monkeypatch.setattr(app.state, "parts", replace(parts, settings=closed, accounts=accounts))
    answer = await anonymous.post("/api/v1/auth/register", json={"email": "a@example.com", "password": PASSWORD})
    assert answer.status_code == 403
    assert "CHIMERA_REGISTRATION" in answer.json()["detail"]


def test_the_api_does_not_start_without_a_secret(api_settings: Settings) -> None:
    with pytest.raises(ValueError, match="CHIMERA_JWT_SECRET"):
        create_app(api_settings.model_copy(update={"jwt_secret": None}))


async def test_of_twenty_first_starts_one_makes_the_first_user(parts: Settings) -> None:
    async with fresh_database(parts.database_url or "") as url:
        empty = Database(parts.model_copy(update={"database_url": url}))
        try:
            made = [one for one in await asyncio.gather(*(ensure_first_user(empty) for _ in range(20))) if one]
            assert len(made) == 1
            async with empty.begin() as session:
                (user,) = (await session.scalars(select(User))).all()
        finally:
            await empty.close()
    assert (user.email, user.role) == (made[0][0], "admin")


def _signed(claims: dict[str, Any], algorithm: str = "HS256", secret: str = SECRET, **header: str) -> str:
    """Sign a token by hand, as an attacker could, including tokens that a library would refuse to sign."""
    signed = b".".join(
        _base64(json.dumps(part).encode()) for part in ({"alg": algorithm, "typ": "JWT"} | header, claims)
    )
    digest = {"HS384": "sha384", "HS512": "sha512"}.get(algorithm, "sha256")
    return (signed + b"." + _base64(hmac.digest(secret.encode(), signed, digest))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _token_of(client: httpx2.AsyncClient) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def _claims_of(client: httpx2.AsyncClient) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(_token_of(client), SECRET, ["HS256"], audience=AUDIENCE, issuer=ISSUER)
    return claims


async def _status_with(client: httpx2.AsyncClient, token: str) -> int:
    headers = [(b"Authorization", f"Bearer {token}".encode())]
    return (await client.get("/api/v1/auth/me", headers=headers)).status_code


async def _register(client: httpx2.AsyncClient, password: str = PASSWORD) -> str:
    email = f"{uuid4().hex}@example.com"
    answer = await client.post("/api/v1/auth/register", json={"email": email, "password": password})
    assert answer.status_code == 202, answer.text
    return email


async def _login(client: httpx2.AsyncClient, email: str) -> dict[str, Any]:
    answer = await _try_login(client, email, PASSWORD)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


async def _sign_in(client: httpx2.AsyncClient) -> dict[str, Any]:
    return await _login(client, await _register(client))


async def _try_login(client: httpx2.AsyncClient, email: str, password: str) -> httpx2.Response:
    return await client.post("/api/v1/auth/login", json={"email": email, "password": password})


async def _refresh(client: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})
