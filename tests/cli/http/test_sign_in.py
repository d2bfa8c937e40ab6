"""A refresh token works only once, so commands that run at the same time must share it."""

import asyncio
import json
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.errors import NoSignIn, NotReachable
from cli.http import sign_in
from cli.http.connect import signed_in_by
from tests.cli.api import TinyApi, problem
from tests.cli.builders import TASK
from tests.parts import serving
from tests.until import until


@pytest.fixture
async def api() -> TinyApi:
    return TinyApi()


@pytest.fixture
async def kept(api: TinyApi, tmp_path: Path) -> AsyncIterator[Path]:
    async with serving(api.app()) as api_url:
        yield api.kept_in(tmp_path / "cli.json", api_url)


async def ask(path: Path) -> str:
    async with signed_in_by(path) as client:
        return (await client.task(TASK)).id


async def test_commands_share_an_access_token(api: TinyApi, kept: Path) -> None:
    assert await ask(kept) == TASK
    assert await ask(kept) == TASK
    assert api.refreshes == 1


async def test_simultaneous_commands_refresh_once(api: TinyApi, kept: Path) -> None:
    api.refresh_takes_s = 0.2
    assert await asyncio.gather(*(ask(kept) for _ in range(8))) == [TASK] * 8
    assert (api.refreshes, api.session_ended) == (1, False)


async def test_simultaneous_processes_refresh_once(api: TinyApi, kept: Path) -> None:
    api.refresh_takes_s = 0.5
    script = (
        "import asyncio, pathlib, sys; from cli.http.connect import signed_in_by\n"
        "async def main():\n"
        "    async with signed_in_by(pathlib.Path(sys.argv[1])) as client:\n"
        "        print((await client.task(sys.argv[2])).id)\n"
        "asyncio.run(main())"
    )
    command = (sys.executable, "-c", script, str(kept), TASK)
    processes = [
        await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3])
        for _ in range(3)
    ]
    printed = await asyncio.gather(*(process.communicate() for process in processes))
    assert [out.decode().strip() for out, _ in printed] == [TASK] * 3
    assert (api.refreshes, api.session_ended) == (1, False)


async def test_an_access_token_that_is_refused_is_replaced(api: TinyApi, kept: Path) -> None:
    await ask(kept)
    api.expire_access_tokens()
    assert await ask(kept) == TASK
    assert (api.refreshes, api.session_ended) == (2, False)


async def test_an_interrupt_keeps_the_refreshed_token(api: TinyApi, kept: Path) -> None:
    api.refresh_held = asyncio.Event()
    asking = asyncio.create_task(ask(kept))
    await until(lambda: api.refreshes == 1)
    asking.cancel()
    # The cancellation has arrived by the end of this wait.
    await asyncio.sleep(0.1)
    api.refresh_held.set()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert api.refreshes == 1
    assert await ask(kept) == TASK
    assert not api.session_ended


async def test_an_ended_session_names_its_remedy(api: TinyApi, kept: Path) -> None:
    api.session_ended = True
    with pytest.raises(NoSignIn, match=r"chimera login"):
        await ask(kept)


async def test_a_limit_ends_no_sign_in(api: TinyApi, kept: Path) -> None:
    api.refuse_refreshes = [problem(429, "too_many_requests", "Too many requests")]
    with pytest.raises(NotReachable, match="429"):
        await ask(kept)
    assert await ask(kept) == TASK


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
async def test_only_the_owner_may_read_a_sign_in(api: TinyApi, kept: Path) -> None:
    await ask(kept)
    mode, kept_now = await asyncio.to_thread(lambda: (kept.stat().st_mode, json.loads(kept.read_text())))
    assert stat.S_IMODE(mode) == 0o600
    assert kept_now["refresh_token"] == api.refresh_token


def test_tokens_are_not_shown_when_a_sign_in_is(kept: Path) -> None:
    shown = repr(sign_in.read(kept))
    assert "me@example.com" in shown
    assert "refresh" not in shown
