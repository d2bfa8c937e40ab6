"""Servers named in the settings: whether they respond, reported without users and passwords."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from chimera.config.settings import Settings
from chimera.local import LocalStack, PartsAway, elsewhere
from tests.keyed_temporal import keyed_temporal
from tests.parts import settings_in, short_folder
from tests.ports import free_port
from tests.tls import Authority, tls_proxy


@pytest.fixture(autouse=True)
def _no_long_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "WAIT_S", 0.2)
    monkeypatch.setattr(elsewhere, "PAUSE_S", 0.1)


async def test_servers_that_answer_are_not_mentioned(parts: Settings) -> None:
    lines: list[str] = []
    await elsewhere.check(parts, lines.append)
    assert lines == []


async def test_all_unresponsive_servers_are_named_before_starting() -> None:
    port, lines = free_port(), list[str]()
    with short_folder() as path:
        settings = settings_in(
            path / "data",
            database_url=f"postgresql://someone:hidden@127.0.0.1:{port}/x",
            temporal_address=f"127.0.0.1:{port}",
            redis_url=f"redis://someone:hidden@127.0.0.1:{port}/0",
        )
        stack = LocalStack(settings, report=lines.append)
        with pytest.raises(PartsAway) as raised:
            async with stack:
                pass
    database, temporal = raised.value.message.splitlines()
    assert database.startswith(
        f"PostgreSQL at 127.0.0.1:{port} (CHIMERA_DATABASE_URL) can't be reached. Start this server"
    )
    assert temporal.startswith(
        f"Temporal at 127.0.0.1:{port} (CHIMERA_TEMPORAL_ADDRESS) can't be reached. Start this server"
    )
    assert f"Waiting for Temporal at 127.0.0.1:{port} (CHIMERA_TEMPORAL_ADDRESS), which can't be reached" in lines
    assert not any(word in raised.value.message + str(lines) for word in ("someone", "hidden"))
    assert stack.parts == {}


async def test_a_start_without_redis_continues_with_a_warning(parts: Settings) -> None:
    lines: list[str] = []
    await elsewhere.check(parts.model_copy(update={"redis_url": "redis://:hidden@127.0.0.1:9/0"}), lines.append)
    assert lines[-1].startswith("Warning: Redis at 127.0.0.1:9 (CHIMERA_REDIS_URL) can't be reached.")


async def test_a_missing_database_differs_from_a_missing_server(parts: Settings) -> None:
    url = (parts.database_url or "").replace("/chimera?", "/nowhere?")
    with pytest.raises(PartsAway, match="has no such database"):
        await elsewhere.check(Settings(database_url=url), print)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:hid/den@host/x",
        "postgresql://u:hid@den@host/x",
        "postgresql://u:hidden@host:port/x",
        "redis://host:6379/0?password=hid@den",
        "unix://:hid/den@/tmp/redis.sock",
        "postgresql://u:%ffhidden@host/x",
        "redis://u:hid@den@host:6379/0",
    ],
)
def test_an_unquoted_password_is_not_shown(url: str) -> None:
    name = "redis_url" if url.startswith(("redis", "unix")) else "database_url"
    (server,) = elsewhere.servers_of(Settings.model_validate({name: url}))
    assert "hid" not in server.where
    assert "den" not in server.where


async def test_a_web_page_is_no_temporal() -> None:
    async with answering(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as address:
        with pytest.raises(PartsAway, match=r"CHIMERA_TEMPORAL_ADDRESS\) responds, but not with Temporal's protocol"):
            await elsewhere.check(Settings(temporal_address=address), print)


async def test_a_certificate_of_another_authority_ends_a_start_at_once(parts: Settings, tmp_path: Path) -> None:
    ours, theirs, said = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs"), list[str]()
    async with tls_proxy(parts.temporal_address or "", ours.signed("127.0.0.1")) as address:
        right = Settings(temporal_address=address, temporal_tls_server_ca_cert_path=ours.certificate)
        await elsewhere.check(right, said.append)
        wrong = right.model_copy(update={"temporal_tls_server_ca_cert_path": theirs.certificate})
        with pytest.raises(PartsAway) as raised:
            await elsewhere.check(wrong, said.append)
    assert raised.value.message == (
        f"Temporal at {address} (CHIMERA_TEMPORAL_ADDRESS) has a certificate that isn't signed by the authority in"
        " CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH. Set CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH to a file that"
        " contains the server's CA certificate."
    )
    # Waiting wouldn't help, so no wait is announced.
    assert said == []


async def test_a_rejected_api_key_is_named_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    async with keyed_temporal("secretcat") as address:
        key = {"temporal_address": address, "temporal_tls": False}
        await elsewhere.check(Settings.model_validate(key | {"temporal_api_key": "secretcat"}), print)
        with pytest.raises(PartsAway) as raised:
            await elsewhere.check(Settings.model_validate(key | {"temporal_api_key": "hidden"}), print)
    assert "rejects the API key for the namespace 'default'. Correct CHIMERA_TEMPORAL_API_KEY" in raised.value.message
    assert "hidden" not in raised.value.message + caplog.text


async def test_a_silent_server_is_given_up() -> None:
    with patch.object(elsewhere, "ASK_S", 0.1):
        async with answering(b"") as address:
            with pytest.raises(PartsAway, match="didn't respond within"):
                await elsewhere.check(Settings(temporal_address=address), print)


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[str]:
    """A server that sends the same bytes to every client and keeps the connection open."""
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await over.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        over.set()
        server.close()
        await server.wait_closed()
