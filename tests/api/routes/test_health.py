import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from api.app import create_app
from api.routes import health
from api.routes.health import summary_of
from chimera.config import payload_keys
from chimera.config.settings import Settings
from chimera.local.folder import Folder
from chimera.providers import account_of
from chimera.providers.health.accounts import HealthReport, ProviderHealth
from models.errors import Unreachable
from tests.api.conftest import client_of
from tests.parts import short_folder, small_disk
from tests.tls import Authority, tls_proxy
from tests.until import LIMIT_S


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give health checks enough time on a busy machine, so that every part that responds counts as up."""
    monkeypatch.setattr(health, "CHECK_SECONDS", LIMIT_S)


@pytest.mark.usefixtures("patient")
async def test_health_shows_the_state_of_each_part(alice: httpx2.AsyncClient) -> None:
    found = (await alice.get("/health")).json()
    assert found["status"] == "degraded"
    assert {name: part["state"] for name, part in found["parts"].items()} == {
        "database": "up",
        "redis": "up",
        "temporal": "up",
        "disk": "up",
        "workers": "none",
        "providers": "up",
    }
    assert "tasks aren't making progress" in found["parts"]["workers"]["note"]
    assert "python -m worker" in found["parts"]["workers"]["note"]
    assert "simulator" in found["parts"]["providers"]["note"]
    assert (await alice.get("/health/ready")).json()["status"] == "ok"


@pytest.mark.usefixtures("patient")
async def test_health_shows_the_payload_keys_in_use(alice: httpx2.AsyncClient, api_settings: Settings) -> None:
    assert api_settings.payload_keys is not None
    ids = list(payload_keys.parse(api_settings.payload_keys.get_secret_value()))
    assert (await alice.get("/health")).json()["payload_keys"] == ids
    app = create_app(api_settings.model_copy(update={"payload_keys": None}))
    async with app.router.lifespan_context(app), client_of(app) as client:
        client.headers["Authorization"] = alice.headers["Authorization"]
        assert (await client.get("/health")).json()["payload_keys"] == []


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("token", ["", "Bearer forged"])
async def test_unauthenticated_health_shows_only_the_status(anonymous: httpx2.AsyncClient, token: str) -> None:
    for path in ("/health", "/health/ready"):
        answer = await anonymous.get(path, headers={"Authorization": token})
        assert answer.status_code == 200
        assert answer.json().keys() == {"status"}


@pytest.mark.usefixtures("patient")
async def test_an_unavailable_provider_degrades_health_with_its_reason(
    alice: httpx2.AsyncClient, api_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def one(*of: object) -> set[str]:
        return {"1@here"}

    monkeypatch.setattr(health, "workers_seen", one)
    assert (await alice.get("/health")).json()["status"] == "ok"
    providers_health = ProviderHealth(api_settings)
    account = account_of("simulator", api_settings)
    for _ in range(api_settings.breaker_failures):
        error = Unreachable("secret words of its")
        await providers_health.failed(account, ("alice", "task"), error, began_at=providers_health.clock())
    try:
        found = (await alice.get("/health")).json()
        providers = found["parts"]["providers"]
        assert found["status"] == "degraded"
        assert providers["state"] == "away"
        assert re.match(
            r"simulator is unavailable since [\d:]+ UTC: unreachable; .+: not configured\.", providers["note"]
        )
        assert "secret" not in str(providers)
        assert (await alice.get("/health/ready")).json()["status"] == "ok"
    finally:
        providers_health.answered(account)
        await providers_health.close()
    assert (await alice.get("/health")).json()["parts"]["providers"]["state"] == "up"


@pytest.mark.parametrize(
    ("change", "away", "status", "code"),
    [
        ({"redis_url": "redis://127.0.0.1:9/0"}, "redis", "degraded", 200),
        ({"temporal_address": "127.0.0.1:9"}, "temporal", "degraded", 200),
        ({"database_url": "postgresql://nobody@127.0.0.1:9/none"}, "database", "down", 503),
    ],
)
async def test_an_unavailable_part_is_named(
    api_settings: Settings, alice: httpx2.AsyncClient, change: dict[str, str], away: str, status: str, code: int
) -> None:
    """A user with a valid token sees this too, although the database can't confirm who they are."""
    app = create_app(api_settings.model_copy(update=change))
    async with app.router.lifespan_context(app), client_of(app) as client:
        client.headers["Authorization"] = alice.headers["Authorization"]
        ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (code, status)
        assert ready.json()["parts"][away]["state"] == "away"
        assert ready.json()["parts"][away]["note"].startswith(health.MEANING[away])
        assert "127.0.0.1" not in ready.text
        assert (await client.get("/health/live")).json() == {"status": "ok"}


@pytest.mark.usefixtures("patient")
async def test_a_temporal_that_settings_do_not_fit_is_reported_with_the_setting(
    api_settings: Settings, alice: httpx2.AsyncClient, tmp_path: Path
) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    found: dict[str, str] = {}
    async with tls_proxy(api_settings.temporal_address or "", ours.signed("127.0.0.1")) as address:
        for authority, state in ((ours, "up"), (theirs, "away")):
            change = {"temporal_address": address, "temporal_tls_server_ca_cert_path": authority.certificate}
            app = create_app(api_settings.model_copy(update=change))
            async with app.router.lifespan_context(app), client_of(app) as client:
                client.headers["Authorization"] = alice.headers["Authorization"]
                found = (await client.get("/health/ready")).json()["parts"]["temporal"]
            assert found["state"] == state
    assert "Set CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH to" in found["note"]
    assert str(tmp_path) not in found["note"]


async def test_requests_without_a_database_get_503_with_retry_after(
    app: FastAPI, alice: httpx2.AsyncClient, api_settings: Settings
) -> None:
    away = create_app(api_settings.model_copy(update={"database_url": "postgresql://nobody@127.0.0.1:9/none"}))
    async with away.router.lifespan_context(away), client_of(away) as client:
        answer = await client.get("/api/v1/tasks", headers={"Authorization": alice.headers["Authorization"]})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "2"
    assert "127.0.0.1" not in answer.text
    assert "psycopg" not in answer.text


async def test_a_mistake_of_ours_shows_nothing_of_itself(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(task_id: str) -> str:
        raise RuntimeError("CANARY in /some/path.py")

    monkeypatch.setattr(app.state.parts.temporal, "ui_url", fail)
    answer = await alice.post("/api/v1/tasks", json={"goal": "Find out.", "start": False})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.json()["instance"] == answer.headers["X-Request-ID"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "CANARY" not in answer.text


@pytest.mark.parametrize(("size", "state"), [("200m", "low"), ("20m", "full")])
async def test_a_data_folder_without_room_degrades(
    api_settings: Settings, alice: httpx2.AsyncClient, size: str, state: str
) -> None:
    with short_folder() as path, small_disk(path, size):
        Folder.at(path)
        (path / "run" / "lock").touch()
        app = create_app(api_settings.model_copy(update={"data_dir": path}))
        async with app.router.lifespan_context(app), client_of(app) as client:
            client.headers["Authorization"] = alice.headers["Authorization"]
            ready = await client.get("/health/ready")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["parts"]["disk"]["state"] == state
        assert re.search(r"\d [MG]B left on the data folder's disk", ready.json()["parts"]["disk"]["note"])
        assert str(path) not in ready.text


def test_health_separates_away_well_and_unconfigured_providers() -> None:
    away = HealthReport(reason="overloaded", is_away=True)
    summary = summary_of(
        {"openai": away, "simulator": HealthReport()}, ["openai", "simulator"], ["anthropic", "google"]
    )
    assert re.fullmatch(
        r"openai is unavailable since [\d:]+ UTC: overloaded; simulator: no problems seen;"
        r" anthropic, google: not configured",
        summary,
    )
