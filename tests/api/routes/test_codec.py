"""The codec server for Temporal's own tools: who gets an address, what it allows, and when it expires."""

import json
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import text
from structlog.testing import capture_logs
from temporalio.api.common.v1 import Payload

from api.app import create_app
from api.deps import Parts
from api.middleware import origins_of
from chimera.config.settings import Settings
from chimera.security import sessions
from chimera.temporal.payloads import converter_of
from tests.api.conftest import SignUp, client_of
from tests.tls import Authority

CANARY = "a canary that sings at dawn"
UNKNOWN = Payload(metadata={"encoding": b"binary/encrypted", "encryption-key-id": b"gone"}, data=b"x" * 40)
MakeAdmin = Callable[[], Awaitable[httpx2.AsyncClient]]


@pytest.fixture
def parts_of_app(app: FastAPI) -> Parts:
    parts: Parts = app.state.parts
    return parts


@pytest.fixture
def new_admin(parts_of_app: Parts, sign_up: SignUp) -> MakeAdmin:
    async def made() -> httpx2.AsyncClient:
        client = await sign_up()
        await _run(parts_of_app, "UPDATE users SET role = 'admin' WHERE id = :id", client)
        return client

    return made


async def test_only_an_administrator_gets_an_address(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post("/api/v1/codec")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_an_address_describes_its_tls(
    api_settings: Settings, parts_of_app: Parts, new_admin: MakeAdmin, tmp_path: Path
) -> None:
    admin, ours = await new_admin(), Authority(tmp_path, "ours")
    plain = (await admin.post("/api/v1/codec")).json()
    assert (plain["temporal_tls"], plain["temporal_api_key_required"]) == (None, False)
    change = {"temporal_tls_server_ca_cert_path": ours.certificate, "temporal_api_key": SecretStr("hidden")}
    app = create_app(api_settings.model_copy(update=change))
    async with app.router.lifespan_context(app), client_of(app) as client:
        client.headers["Authorization"] = admin.headers["Authorization"]
        answer = await client.post("/api/v1/codec")
    assert answer.json()["temporal_tls"]["server_ca_cert_path"] == str(ours.certificate)
    assert answer.json()["temporal_api_key_required"]
    assert "hidden" not in answer.text


async def test_encrypted_payloads_are_decoded(app: FastAPI, parts_of_app: Parts, new_admin: MakeAdmin) -> None:
    url = (await (await new_admin()).post("/api/v1/codec")).json()["url"]
    [payload] = await converter_of(parts_of_app.temporal.encryption).encode([CANARY])
    assert b"canary" not in payload.data
    # The Web UI sends its requests like this: without a sign-in, from its own page.
    async with client_of(app) as anonymous:
        answer = await anonymous.post(
            f"{url}/decode", json=_asked(payload, Payload()), headers={"X-Namespace": "default"}
        )
    assert answer.status_code == 200, answer.text
    [decoded, empty] = answer.json()["payloads"]
    assert decoded["metadata"] == {"encoding": b64encode(b"json/plain").decode()}
    assert json.loads(b64decode(decoded["data"])) == CANARY
    assert empty == {}


async def test_an_unknown_key_is_named(app: FastAPI, new_admin: MakeAdmin) -> None:
    url = (await (await new_admin()).post("/api/v1/codec")).json()["url"]
    async with client_of(app) as anonymous:
        answer = await anonymous.post(f"{url}/decode", json=_asked(UNKNOWN))
    assert answer.status_code == 422
    assert "'gone'" in answer.json()["detail"]
    assert "CHIMERA_PAYLOAD_KEYS" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"payloads": [{"data": "***"}]}, "payloads.0.data"),
        ({"payloads": [{"metadata": {"encoding": 7}}]}, "payloads.0.metadata.encoding"),
        ({"payloads": [{}] * 1001}, "payloads"),
        ([], "body"),
    ],
)
async def test_an_invalid_payload_is_reported(app: FastAPI, new_admin: MakeAdmin, body: Any, field: str) -> None:
    url = (await (await new_admin()).post("/api/v1/codec")).json()["url"]
    async with client_of(app) as anonymous:
        answer = await anonymous.post(f"{url}/decode", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field)


async def test_nothing_is_encoded(app: FastAPI, new_admin: MakeAdmin) -> None:
    url = (await (await new_admin()).post("/api/v1/codec")).json()["url"]
    async with client_of(app) as anonymous:
        assert (await anonymous.post(f"{url}/encode", json=_asked(Payload()))).status_code == 404
        assert (await anonymous.get(f"{url}/decode")).status_code == 405


async def test_an_access_token_is_no_pass(anonymous: httpx2.AsyncClient, new_admin: MakeAdmin) -> None:
    token = (await new_admin()).headers["Authorization"].removeprefix("Bearer ")
    answer = await anonymous.post(f"/api/v1/codec/{token}/decode", content=b"{not json")
    assert (answer.status_code, answer.json()["code"]) == (403, "codec_address_refused")


async def test_a_pass_is_no_access_token(app: FastAPI, new_admin: MakeAdmin) -> None:
    codec_pass = await _pass_of(await new_admin())
    async with client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {codec_pass}"
        assert (await client.get("/api/v1/auth/me")).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE users SET role = 'user' WHERE id = :id",
        "UPDATE users SET disabled_at = now() WHERE id = :id",
        "UPDATE refresh_tokens SET revoked_at = now() WHERE user_id = :id",
        "DELETE FROM users WHERE id = :id",
    ],
    ids=["demoted", "disabled", "signed out", "deleted"],
)
async def test_a_pass_ends_with_the_rights(
    app: FastAPI, parts_of_app: Parts, new_admin: MakeAdmin, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0.0)
    admin = await new_admin()
    codec_pass = await _pass_of(admin)
    async with client_of(app) as anonymous:
        address = f"/api/v1/codec/{codec_pass}/decode"
        answer = await anonymous.post(address, json=_asked())
        assert (answer.status_code, answer.json()) == (200, {})
        await _run(parts_of_app, change, admin)
        assert (await anonymous.post(address, json=_asked())).status_code == 403


async def test_a_pass_ends_after_twelve_hours(
    anonymous: httpx2.AsyncClient, new_admin: MakeAdmin, parts_of_app: Parts
) -> None:
    codec_pass = await _pass_of(await new_admin())
    claims = jwt.decode(codec_pass, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 12 * 3600
    old = jwt.encode(claims | {"exp": claims["iat"] - 60}, sessions.secret_of(parts_of_app.settings), algorithm="HS256")
    assert (await anonymous.post(f"/api/v1/codec/{old}/decode", json=_asked())).status_code == 403


async def test_only_the_web_ui_may_ask_from_a_page(app: FastAPI, new_admin: MakeAdmin) -> None:
    answer = (await (await new_admin()).post("/api/v1/codec")).json()
    address, [web_ui, other_name] = f"{answer['url']}/decode", origins_of(answer["web_ui_url"])
    assert other_name.startswith("http://localhost:")
    other_port = other_name + "1"
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type,x-namespace"}
    async with client_of(app) as page:
        foreign = ("https://evil.example", "https://console.example", "http://localhost", other_port)
        for origin, may in ((web_ui, True), (other_name, True), *((each, False) for each in foreign)):
            preflight = await page.options(address, headers={"Origin": origin, **asked})
            decoded = await page.post(address, json=_asked(), headers={"Origin": origin})
            assert [each.headers.get("Access-Control-Allow-Origin") for each in (preflight, decoded)] == (
                [origin] * 2 if may else [None] * 2
            )
            assert preflight.is_success == may
        elsewhere = await page.get("/health/live", headers={"Origin": web_ui})
        assert "Access-Control-Allow-Origin" not in elsewhere.headers


def test_origins_are_normalised_as_browsers_send_them() -> None:
    assert origins_of("https://Temporal.example:443/ui/") == ["https://temporal.example"]
    assert origins_of("http://127.0.0.1:8233") == ["http://127.0.0.1:8233", "http://localhost:8233"]
    assert origins_of("http://LOCALHOST") == ["http://localhost", "http://127.0.0.1"]
    assert origins_of("http://127.0.0.1.example:8233") == ["http://127.0.0.1.example:8233"]


@pytest.mark.parametrize(
    "before",
    [
        "//api/v1/codec",
        "/api//v1/codec",
        "/api/v1//codec",
        "/api/v1/codec/",
        "/API/v1/Codec",
        "/api/v1/codec%2F",
        "/x/codec%252F",
    ],
)
async def test_no_pass_of_a_mistyped_address_is_logged(app: FastAPI, new_admin: MakeAdmin, before: str) -> None:
    codec_pass = await _pass_of(await new_admin())
    path = f"{before}/{codec_pass}/decode"
    async with client_of(app) as anonymous:
        with capture_logs() as logged:
            answer = await anonymous.post(f"http://chimera.localhost{path}", json=_asked())
    visible = repr(logged) + answer.text
    assert "[redacted]" in visible
    assert not any(part in visible for part in codec_pass.split("."))


async def test_no_pass_reaches_a_log(app: FastAPI, new_admin: MakeAdmin) -> None:
    codec_pass = await _pass_of(await new_admin())
    async with client_of(app) as anonymous:
        with capture_logs() as logged:
            answers = [
                await anonymous.post(f"/api/v1/codec/{codec_pass}/decode", json=_asked(UNKNOWN)),
                await anonymous.post(f"/api/v1/codec/{codec_pass}/other", json=_asked()),
                await anonymous.post(f"/api/v1/codec/{codec_pass}x/decode", json=_asked()),
            ]
    visible = repr(logged) + "".join(answer.text for answer in answers)
    assert len([entry for entry in logged if entry["event"] == "request_answered"]) == 3
    assert not any(part in visible for part in codec_pass.split("."))


def _asked(*payloads: Payload) -> dict[str, Any]:
    return {
        "payloads": [
            {
                "metadata": {name: b64encode(value).decode() for name, value in payload.metadata.items()},
                "data": b64encode(payload.data).decode(),
            }
            for payload in payloads
        ]
    }


async def _pass_of(client: httpx2.AsyncClient) -> str:
    url: str = (await client.post("/api/v1/codec")).json()["url"]
    return url.rpartition("/")[2]


async def _run(parts: Parts, statement: str, client: httpx2.AsyncClient) -> None:
    claims = jwt.decode(client.headers["Authorization"].removeprefix("Bearer "), options={"verify_signature": False})
    async with parts.database.begin() as session:
        await session.execute(text(statement), {"id": claims["sub"]})
