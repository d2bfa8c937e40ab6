"""The simulator, the API and a worker under supervision."""

import asyncio
import sys
from collections.abc import AsyncIterator

import httpx2
import psutil
import pytest

from chimera.config.settings import Settings
from chimera.local import LocalServices, StartFailed
from chimera.local.folder import Folder
from chimera.local.register import Register
from chimera.local.supervisor import Service, Supervised
from tests.parts import SECRET, settings_in, short_folder
from tests.until import LIMIT_S, until

ADDRESSES = ("database_url", "redis_url", "temporal_address")


@pytest.fixture(scope="module")
async def services(settings: Settings) -> AsyncIterator[tuple[LocalServices, Settings, list[str]]]:
    with short_folder() as path, pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "stray-canary")
        secrets = {"jwt_secret": SECRET, "openai_api_key": "sk-canary"}
        # The development server requires no key and ignores this one.
        secrets |= {"temporal_api_key": "temporal-canary", "temporal_tls": "false"}
        asked = settings_in(path, **secrets, **{name: getattr(settings, name) for name in ADDRESSES})
        asked = asked.model_copy(update={"simulator_url": f"http://127.0.0.1:{asked.simulator_port}"})
        lines: list[str] = []
        async with LocalServices(asked, Register(Folder.at(path)), report=lines.append) as services:
            yield services, asked, lines


async def test_the_api_answers_once_they_are_ready(services: tuple[LocalServices, Settings, list[str]]) -> None:
    _, settings, lines = services
    async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        assert (await client.get(f"http://127.0.0.1:{settings.api_port}/health/ready")).status_code == 200
        assert (await client.get(f"{settings.address_of('simulator')}/health")).status_code == 200
    assert {line.split(" ready")[0] for line in lines} >= {"API", "Worker", "Simulator"}


async def test_a_killed_worker_is_replaced_and_reported(
    services: tuple[LocalServices, Settings, list[str]],
) -> None:
    running, _, lines = services
    killed = running.worker.kill()
    await asyncio.wait_for(running.worker.until_ready(), LIMIT_S)
    assert running.worker.pid not in (None, killed)
    assert running.worker.starts == 2
    assert "Worker stopped unexpectedly (signal SIGKILL) and is being restarted." in lines
    assert killed is not None
    assert not psutil.pid_exists(killed)


def test_only_workers_get_named_secrets_and_the_mcp_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_SECRET_GITHUB_TOKEN", "canary")
    with short_folder() as path:
        services = LocalServices(settings_in(path, mcp_file=path / "mcp.json"), Register(Folder.at(path)))
    for each in (services.worker, services.api, services.simulator):
        environment = each.service.environment if each is not None else {}
        has = ("CHIMERA_SECRET_GITHUB_TOKEN" in environment, "CHIMERA_MCP_FILE" in environment)
        assert has == ((True, True) if each is services.worker else (False, False))


def test_each_process_gets_only_its_own_secrets(services: tuple[LocalServices, Settings, list[str]]) -> None:
    running, settings, _ = services
    assert running.simulator is not None
    found = {each: environment_of(each) for each in (running.api, running.worker, running.simulator)}
    secret = {
        "signs": SECRET,
        "openai": "sk-canary",
        "database": settings.database_url or "",
        "temporal": "temporal-canary",
        "stray": "stray-canary",
    }
    clients = {"openai", "database", "temporal"}
    has = {each.service.name: {what for what, value in secret.items() if value in found[each]} for each in found}
    assert has == {"api": {"signs", *clients}, "worker": clients, "simulator": set()}


def environment_of(part: Supervised) -> str:
    return str(psutil.Process(part.pid).environ())


@pytest.mark.usefixtures("starts_servers")
@pytest.mark.parametrize("printed", ["", "of yesterday\n"])
async def test_a_failed_start_reports_the_last_log_lines(printed: str) -> None:
    with short_folder() as path:
        folder = Folder.at(path)
        folder.output_of("slow").write_text(printed)
        log = folder.logs / "slow.log"

        async def written_and_not_ready(pid: int) -> bool:
            await until(lambda: log.exists() and log.read_text() == "away")
            return False

        service = Service(
            name="slow",
            title="Slow",
            command=(sys.executable, "-c", f"import time; open({str(log)!r}, 'w').write('away'); time.sleep(60)"),
            ready=written_and_not_ready,
            log=log,
            ready_limit_s=0,
        )
        with pytest.raises(
            StartFailed, match=rf"was not ready .*, and its log is in {log}. The last lines are:\n    away"
        ):
            await Supervised(service, folder, Register(folder), print).start()
