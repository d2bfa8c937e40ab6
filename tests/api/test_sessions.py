"""A token's signature is verified once; its expiry, its session and its user are checked each time."""

from typing import Any

import httpx2
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from api.deps import Parts
from chimera.security import sessions
from chimera.security.sessions import Auth
from models.errors import CodecAddressRefused, TokenRefused
from tests.api.conftest import SECRET, SignUp
from tests.api.routes.test_streams import ending_token, token_of


@pytest.fixture
def auth(app: FastAPI) -> Auth:
    parts: Parts = app.state.parts
    return Auth(parts.database, parts.settings)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the tokens whose signatures are verified."""
    checked: list[str] = []
    decode = jwt.decode

    def noting(token: str, *arguments: Any, **options: Any) -> Any:
        checked.append(token)
        return decode(token, *arguments, **options)

    monkeypatch.setattr(jwt, "decode", noting)
    return checked


async def test_a_known_token_is_not_verified_again(auth: Auth, alice: httpx2.AsyncClient, decoded: list[str]) -> None:
    token = token_of(alice)
    first = await auth.signed_in(token)
    assert await auth.signed_in(token) == first
    assert decoded == [token]


async def test_a_known_token_ends_in_time(
    auth: Auth, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LEEWAY_SECONDS", 600)
    token = ending_token(alice)
    assert not (await auth.signed_in(token)).has_expired
    monkeypatch.setattr(sessions, "LEEWAY_SECONDS", 0)
    with pytest.raises(TokenRefused):
        await auth.signed_in(token)


async def test_a_known_token_of_an_ended_session_is_refused(
    app: FastAPI, auth: Auth, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
    carol = await sign_up()
    await auth.signed_in(token_of(carol))
    await carol.post("/api/v1/auth/logout")
    with pytest.raises(TokenRefused):
        await auth.signed_in(token_of(carol))


async def test_a_known_token_shows_the_present_role(
    app: FastAPI, auth: Auth, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
    carol = await sign_up()
    caller = (await auth.signed_in(token_of(carol))).caller
    parts: Parts = app.state.parts
    async with parts.database.begin() as session:
        await session.execute(text("UPDATE users SET role = 'admin' WHERE id = :id"), {"id": caller.user_id})
    assert (caller.role, (await auth.signed_in(token_of(carol))).caller.role) == ("user", "admin")


async def test_a_known_token_is_of_one_kind(auth: Auth, alice: httpx2.AsyncClient) -> None:
    signed_in = await auth.signed_in(token_of(alice))
    codec_pass, _ = auth.codec_pass(signed_in)
    with pytest.raises(CodecAddressRefused):
        await auth.check_codec_pass(codec_pass)  # the caller isn't an administrator
    with pytest.raises(TokenRefused):
        await auth.signed_in(codec_pass)


async def test_tokens_are_remembered_up_to_a_bound(
    auth: Auth, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_ACCOUNT_STATES", 3)
    claims = jwt.decode(token_of(alice), SECRET, ["HS256"], audience=sessions.AUDIENCE, issuer=sessions.ISSUER)
    for number in range(10):
        await auth.signed_in(jwt.encode(claims | {"jti": str(number)}, SECRET, "HS256"))
    assert len(auth._known_tokens) <= 3
