"""The servers named in the settings are checked."""

from pathlib import Path

from starlette.responses import PlainTextResponse

from chimera.config.settings import Settings
from cli.checks.findings import Level
from cli.checks.servers import programs, servers
from tests.cli.checks.servers import model_server
from tests.parts import serving
from tests.ports import free_port
from tests.tls import Authority, tls_proxy


async def test_server_checks_show_no_password() -> None:
    port = free_port()
    settings = Settings(
        database_url=f"postgresql://someone:hidden@127.0.0.1:{port}/x",
        temporal_address=f"127.0.0.1:{port}",
        redis_url=f"redis://:hidden@127.0.0.1:{port}/0",
        simulator_url=f"http://someone:hidden@127.0.0.1:{port}",
    )
    found = await servers(settings)
    assert [(finding.what, finding.level) for finding in found] == [
        ("PostgreSQL (CHIMERA_DATABASE_URL)", Level.FAIL),
        ("Temporal (CHIMERA_TEMPORAL_ADDRESS)", Level.FAIL),
        ("Redis (CHIMERA_REDIS_URL)", Level.WARN),
        ("simulator (CHIMERA_SIMULATOR_URL)", Level.WARN),
    ]
    assert all(f"127.0.0.1:{port}" in finding.message for finding in found)
    assert not any(word in str(found) for word in ("someone", "hidden"))
    assert list(programs(settings)) == []


async def test_working_servers_are_listed_with_their_addresses(parts: Settings) -> None:
    found = await servers(parts.model_copy(update={"simulator_url": None}))
    assert {finding.level for finding in found} == {Level.OK}
    assert f"responds at {parts.temporal_address}" in [finding.message for finding in found]


async def test_a_certificate_that_is_not_trusted_fails_and_names_the_setting(parts: Settings, tmp_path: Path) -> None:
    ours, theirs = Authority(tmp_path, "ours"), Authority(tmp_path, "theirs")
    async with tls_proxy(parts.temporal_address or "", ours.signed("127.0.0.1")) as address:
        settings = Settings(temporal_address=address, temporal_tls_server_ca_cert_path=theirs.certificate)
        (found,) = await servers(settings)
    assert (found.level, found.what) == (Level.FAIL, "Temporal (CHIMERA_TEMPORAL_ADDRESS)")
    assert "Set CHIMERA_TEMPORAL_TLS_SERVER_CA_CERT_PATH to" in found.message
    assert "leave that empty" not in found.message


async def test_a_foreign_server_as_simulator_is_reported() -> None:
    async with serving(model_server(PlainTextResponse("hello"))) as url:
        (found,) = await servers(Settings(simulator_url=url))
    assert (found.level, "failed a health check with status 404" in found.message) == (Level.WARN, True)
