import httpx2
import pytest
from fastapi import FastAPI
from httpx2.websockets import ASGIWebSocketTransport, WebSocketDisconnect

from api.middleware import OwnHosts
from tests.api.conftest import client_of


@pytest.mark.parametrize(
    "host", ["evil.example", "chimera.localhost.evil.example", "", "127.0.0.1.evil.example", "a:b:c"]
)
async def test_a_name_that_is_not_ours_is_refused(anybody: httpx2.AsyncClient, host: str) -> None:
    answer = await anybody.get("/health/live", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")
    assert "CHIMERA_ALLOWED_HOSTS" in answer.json()["detail"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "host",
    [
        "chimera.localhost",
        "CHIMERA.Localhost:8000",
        "localhost:8000",
        "app.localhost",
        "127.0.0.1",
        "[::1]:8000",
        "10.1.2.3",
    ],
)
async def test_names_of_ours_and_addresses_are_answered(anybody: httpx2.AsyncClient, host: str) -> None:
    assert (await anybody.get("/health/live", headers={"Host": host})).status_code == 200


async def test_a_socket_for_another_name_is_refused(app: FastAPI) -> None:
    transport = ASGIWebSocketTransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://evil.example") as client:
        with pytest.raises(WebSocketDisconnect):
            async with client.websocket("http://evil.example/ws"):
                pass


async def test_no_redirect_adds_or_takes_a_slash(app: FastAPI) -> None:
    async with client_of(app) as client:
        for path in ("/health/", "/docs/", "/ws/"):
            assert (await client.get(path)).status_code == 404


def test_names_of_the_settings_are_ours() -> None:
    hosts = OwnHosts(FastAPI(), ["Chimera.Example"])
    assert hosts._is_ours(["chimera.example:8443"])
    assert not hosts._is_ours(["other.chimera.example"])
    assert not hosts._is_ours(["chimera.example", "chimera.example"])
    assert not hosts._is_ours([])
