"""Temporal with TLS and an API key: the development server behind a proxy, and a server that checks keys."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from temporalio.service import RPCError, RPCStatusCode

from chimera.config.settings import Settings
from chimera.temporal import client, connections, probe
from chimera.temporal.client import Temporal
from chimera.temporal.connections import TemporalUnusable
from tests.conftest import SimulatorServer
from tests.keyed_temporal import PERMISSION_DENIED, UNAUTHENTICATED, keyed_temporal
from tests.ports import free_port
from tests.runs import runs_with_worker
from tests.tls import Authority, huffman, tls_proxy
from tests.until import LIMIT_S, until

KEY = "secretcat"


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "theirs")


@pytest.fixture
async def keyed() -> AsyncIterator[Settings]:
    """Settings with the API key that the server requires."""
    async with keyed_temporal(KEY) as address:
        yield with_key(address, KEY)


def with_key(address: str, key: str | None) -> Settings:
    return Settings.model_validate({"temporal_address": address, "temporal_api_key": key, "temporal_tls": False})


async def problem_with(settings: Settings) -> str:
    """Return the problem that `/health` reports."""
    with pytest.raises(TemporalUnusable) as raised:
        await Temporal(settings).check()
    return str(raised.value)


async def test_a_task_runs_through_mutual_tls(settings: Settings, simulator: SimulatorServer, ours: Authority) -> None:
    mine = ours.signed("client")
    async with tls_proxy(settings.temporal_address or "", ours.signed("temporal.example"), clients=ours) as address:
        behind_tls = settings.model_copy(
            update={
                "temporal_address": address,
                "temporal_tls_server_ca_cert_path": ours.certificate,
                "temporal_tls_server_name": "temporal.example",
                "temporal_tls_client_cert_path": mine.certificate,
                "temporal_tls_client_key_path": mine.key,
                "simulator_url": simulator.url,
                "graceful_shutdown_s": 1.0,
            }
        )
        async with runs_with_worker(behind_tls) as runs:
            await runs.temporal.check()
            task_id = await runs.start("Say one word. [[sim: tokens=5]]")
            assert (await runs.ended(task_id))["status"] == "completed"


async def test_a_worker_names_a_wrong_authority_and_goes_on_once_it_is_replaced(
    parts: Settings, ours: Authority, theirs: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "UNUSABLE_SECONDS", 0.05)
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(theirs.certificate.read_bytes())
    async with tls_proxy(parts.temporal_address or "", ours.signed("127.0.0.1")) as address:
        named = {"temporal_address": address, "temporal_tls_server_ca_cert_path": trusted}
        with capture_logs() as logs:
            connecting = asyncio.create_task(Temporal(parts.model_copy(update=named)).connected())
            await until(lambda: bool(logs))
            trusted.write_bytes(ours.certificate.read_bytes())
            async with asyncio.timeout(LIMIT_S):
                await connecting
    assert {(each["event"], each["log_level"], each["address"]) for each in logs} == {
        ("temporal_unusable", "error", address)
    }
    assert "Set CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH to" in logs[0]["problem"]


async def test_a_missing_client_certificate_is_named(parts: Settings, ours: Authority) -> None:
    server = ours.signed("127.0.0.1")
    async with tls_proxy(parts.temporal_address or "", server, clients=ours) as address:
        named = {"temporal_address": address, "temporal_tls_server_ca_cert_path": ours.certificate}
        said = await problem_with(parts.model_copy(update=named))
    assert "Set CHIMERA_TEMPORAL_TLS_CLIENT_CERT_PATH and CHIMERA_TEMPORAL_TLS_CLIENT_KEY_PATH." in said


async def test_a_file_that_went_away_is_named_where_it_is_read(parts: Settings, tmp_path: Path) -> None:
    gone = parts.model_copy(update={"temporal_tls_server_ca_cert_path": tmp_path / "gone.pem"})
    said = await problem_with(gone)
    assert "The file named in CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH can no longer be used" in said
    assert str(tmp_path) not in said


async def test_the_api_key_and_the_namespace_travel_inside_tls(parts: Settings, ours: Authority) -> None:
    seen: list[bytes] = []

    def look(data: bytes) -> bytes:
        seen.append(data)
        return data

    async with tls_proxy(parts.temporal_address or "", ours.signed("127.0.0.1"), edit=look) as address:
        named = {
            "temporal_address": address,
            "temporal_tls_server_ca_cert_path": ours.certificate,
            "temporal_api_key": SecretStr(KEY),
        }
        settings = parts.model_copy(update=named)
        await Temporal(settings).check()
        connected = await connections.connect(settings, lazy=True)
    sent = b"".join(seen)
    assert huffman(f"Bearer {KEY}") in sent
    assert connected.rpc_metadata == {"temporal-namespace": parts.temporal_namespace}


async def test_the_right_api_key_is_let_in(keyed: Settings) -> None:
    await Temporal(keyed).check()
    assert await probe.problem_of(keyed) is None


@pytest.mark.parametrize("unchecked", [0, 1])
@pytest.mark.parametrize("rejection", [UNAUTHENTICATED, PERMISSION_DENIED])
@pytest.mark.parametrize(
    ("key", "remedy"),
    [
        ("hidden", "rejects the API key for the namespace 'default'. Correct CHIMERA_TEMPORAL_API_KEY or"),
        (None, "denies this client access to the namespace 'default'. Set CHIMERA_TEMPORAL_API_KEY, or"),
    ],
)
async def test_a_rejected_sign_in_names_the_setting(
    rejection: int, key: str | None, remedy: str, unchecked: int
) -> None:
    async with keyed_temporal(KEY, rejection, unchecked) as address:
        said = await problem_with(with_key(address, key))
        assert str(await probe.problem_of(with_key(address, key))) == said
    assert remedy in said
    assert "hidden" not in said


async def test_a_worker_logs_a_rejected_key_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "UNUSABLE_SECONDS", 0.05)
    async with keyed_temporal(KEY) as address:
        with capture_logs() as logs:
            connecting = asyncio.create_task(Temporal(with_key(address, "hidden")).connected())
            await until(lambda: len(logs) > 2)
            connecting.cancel()
            await asyncio.gather(connecting, return_exceptions=True)
    told = [each for each in logs if each["event"] == "temporal_unusable"]
    assert "Correct CHIMERA_TEMPORAL_API_KEY" in told[0]["problem"]
    assert "hidden" not in str(logs)


async def test_a_namespace_that_is_missing_is_named(parts: Settings) -> None:
    said = await problem_with(parts.model_copy(update={"temporal_namespace": "nowhere"}))
    assert (
        said
        == "Temporal doesn't have the namespace 'nowhere'. Create the namespace, or correct CHIMERA_TEMPORAL_NAMESPACE."
    )


async def test_a_server_that_is_away_is_no_setting() -> None:
    with pytest.raises(RuntimeError) as raised:
        await Temporal(Settings(temporal_address=f"127.0.0.1:{free_port()}")).check()
    assert not isinstance(raised.value, TemporalUnusable)


async def test_other_errors_are_no_setting(parts: Settings) -> None:
    error = RPCError("later", RPCStatusCode.UNAVAILABLE, b"")
    assert await connections.problem_of(error, parts) is None
