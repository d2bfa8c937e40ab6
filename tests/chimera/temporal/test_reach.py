"""TLS failures on real connections: each problem names the setting that fixes it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from chimera.config.temporal_tls import TemporalTls
from chimera.temporal.reach import AWAY, NOT_TEMPORAL, Problem, problem_of
from tests.ports import free_port
from tests.tls import Authority, tls_proxy

SETTINGS_FRAME = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.fixture
async def temporal() -> AsyncIterator[str]:
    """A server without TLS that greets clients as Temporal does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(33)
        writer.write(SETTINGS_FRAME)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "theirs")


def said(problem: Problem | None) -> str:
    assert problem is not None
    assert not problem.may_pass
    return str(problem)


async def test_the_right_authority_is_trusted(temporal: str, ours: Authority) -> None:
    async with tls_proxy(temporal, ours.signed("127.0.0.1")) as address:
        assert await problem_of(address, TemporalTls(server_ca=ours.certificate)) is None
    assert await problem_of(temporal, TemporalTls()) is None


async def test_another_authority_is_named(temporal: str, ours: Authority, theirs: Authority) -> None:
    async with tls_proxy(temporal, ours.signed("127.0.0.1")) as address:
        wrong = said(await problem_of(address, TemporalTls(server_ca=theirs.certificate)))
        systems = said(await problem_of(address, TemporalTls(switch=True)))
    assert "isn't signed by the authority in CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH" in wrong
    assert "isn't signed by an authority trusted by this system" in systems
    assert all("Set CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH to" in each for each in (wrong, systems))


async def test_another_name_is_named(temporal: str, ours: Authority) -> None:
    async with tls_proxy(temporal, ours.signed("temporal.example")) as address:
        by_address = said(await problem_of(address, TemporalTls(server_ca=ours.certificate)))
        wrong = TemporalTls(server_ca=ours.certificate, server_name="other.example")
        by_name = said(await problem_of(address, wrong))
        right = TemporalTls(server_ca=ours.certificate, server_name="temporal.example")
        assert await problem_of(address, right) is None
    assert "isn't valid for the name in CHIMERA_TEMPORAL_ADDRESS" in by_address
    assert "isn't valid for the name in CHIMERA_TEMPORAL_TLS_SERVER_NAME, 'other.example'" in by_name
    assert "Set CHIMERA_TEMPORAL_TLS_SERVER_NAME to a name" in by_address


async def test_an_expired_certificate_is_reported(temporal: str, ours: Authority) -> None:
    expired = ours.signed("127.0.0.1", ends=timedelta(days=-1))
    async with tls_proxy(temporal, expired) as address:
        assert "has expired" in said(await problem_of(address, TemporalTls(server_ca=ours.certificate)))


async def test_a_client_certificate_is_required(temporal: str, ours: Authority, theirs: Authority) -> None:
    mine, stranger = ours.signed("client"), theirs.signed("client")
    async with tls_proxy(temporal, ours.signed("127.0.0.1"), clients=ours) as address:
        none = said(await problem_of(address, TemporalTls(server_ca=ours.certificate)))
        wrong = TemporalTls(server_ca=ours.certificate, client_cert=stranger.certificate, client_key=stranger.key)
        other = said(await problem_of(address, wrong))
        right = TemporalTls(server_ca=ours.certificate, client_cert=mine.certificate, client_key=mine.key)
        assert await problem_of(address, right) is None
    assert "requires a client certificate (certificate required)" in none
    assert "rejects the client certificate in CHIMERA_TEMPORAL_TLS_CLIENT_CERT_PATH (unknown ca)" in other
    assert "CHIMERA_TEMPORAL_TLS_CLIENT_KEY_PATH" in none


async def test_tls_to_a_server_without_it_is_reported(temporal: str) -> None:
    assert "Set CHIMERA_TEMPORAL_TLS=false" in said(await problem_of(temporal, TemporalTls(switch=True)))


async def test_a_server_that_expects_tls_is_reported() -> None:
    """Servers written in Go, including Temporal, respond with an alert."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(33)
        writer.write(b"\x15\x03\x01\x00\x02\x02\x16")
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert said(await problem_of(address, TemporalTls())) == "Temporal expects TLS. Set CHIMERA_TEMPORAL_TLS=true."


@pytest.mark.parametrize(
    ("answer", "problem"),
    [(b"HTTP/1.1 400 Bad Request\r\n\r\n", NOT_TEMPORAL.reason), (b"", "closes the connection without a response")],
)
async def test_what_may_pass_is_waited_for(answer: bytes, problem: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(33)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        found = await problem_of(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", TemporalTls())
    assert found is not None
    assert (found.reason, found.may_pass) == (problem, True)


@pytest.mark.parametrize(
    ("has_certificate", "remedy"),
    [
        (False, "If the server requires a client certificate, set CHIMERA"),
        (True, "Check that the server accepts the certificate in"),
    ],
)
async def test_a_handshake_that_is_cut_may_be_a_missing_certificate(
    has_certificate: bool, remedy: str, ours: Authority
) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.close()

    pair = ours.signed("client")
    tls = TemporalTls(switch=True)
    if has_certificate:
        tls = replace(tls, client_cert=pair.certificate, client_key=pair.key)
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        found = await problem_of(address, tls)
    assert found is not None
    assert (found.reason, found.may_pass) == ("closes the connection without a response", True)
    assert found.remedy.startswith(remedy)


async def test_a_certificate_for_another_use_is_reported(temporal: str, ours: Authority) -> None:
    async with tls_proxy(temporal, ours.signed("127.0.0.1", usage=ExtendedKeyUsageOID.CLIENT_AUTH)) as address:
        found = said(await problem_of(address, TemporalTls(server_ca=ours.certificate)))
    assert "has an unacceptable certificate (un" in found


async def test_a_server_that_is_away_is_no_setting() -> None:
    assert await problem_of(f"127.0.0.1:{free_port()}", TemporalTls(switch=True)) == AWAY


async def test_a_file_that_went_away_is_named(temporal: str, tmp_path: Path) -> None:
    found = said(await problem_of(temporal, TemporalTls(server_ca=tmp_path / "gone.pem")))
    assert "The file named in CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH can no longer be used" in found
    assert str(tmp_path) not in found
