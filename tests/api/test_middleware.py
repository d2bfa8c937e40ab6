import httpx2
import pytest
from fastapi import FastAPI
from httpx2.websockets import ASGIWebSocketTransport, WebSocketDisconnect

from api.middleware import QUIET_PATHS, OwnHosts
from tests.api.conftest import client_of


@pytest.mark.parametrize(
    "host", ["evil.example", "chimera.localhost.evil.example", "127.0.0.1.evil.example", "a:b:c", "", None]
)
async def test_a_name_that_is_not_ours_is_refused(anonymous: httpx2.AsyncClient, host: str | None) -> None:
    answer = await _asked_for(anonymous, "/api/v1/tasks", host)
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong_host")
    assert ("names another server" in answer.json()["detail"]) == bool(host)
    assert ("doesn't contain a Host header" in answer.json()["detail"]) == (not host)
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
async def test_names_of_ours_and_addresses_are_answered(anonymous: httpx2.AsyncClient, host: str) -> None:
    assert (await anonymous.get("/docs", headers={"Host": host})).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "", None])
@pytest.mark.parametrize("path", sorted(QUIET_PATHS))
async def test_probes_of_health_need_no_host(anonymous: httpx2.AsyncClient, path: str, host: str | None) -> None:
    assert (await _asked_for(anonymous, path, host)).status_code == 200


async def _asked_for(client: httpx2.AsyncClient, path: str, host: str | None) -> httpx2.Response:
    request = client.build_request("GET", path, headers={"Host": host or ""})
    if host is None:
        del request.headers["Host"]
    return await client.send(request)


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
