"""Servers that are processes: good ones, hostile ones, and ones that die."""

import asyncio
import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from chimera.tools.base import OutcomeUnknown, ToolError, ToolUnavailable
from chimera.tools.mcp import connection as module
from chimera.tools.mcp import pool as pools
from chimera.tools.mcp import processes
from chimera.tools.mcp import stdio as transport
from chimera.tools.mcp.calls import call
from chimera.tools.mcp.codes import MAX_MESSAGE_BYTES
from chimera.tools.mcp.pool import connected_once
from chimera.tools.mcp.servers import ServerSettings, StdioServer
from models.tools import ToolKind
from tests.chimera.tools.mcp.builders import SCRIPT, connections, context, stdio
from tests.chimera.tools.mcp.servers import PNG
from tests.until import until, until_true


async def test_a_server_is_called() -> None:
    async with connected_once(stdio("good")) as connection:
        output = await call(connection, "add", {"a": 2, "b": 3}, context())
        assert (output.text, output.failed) == ("5", False)
        assert (await call(connection, "key", {}, context("abc.0"))).text == "abc.0"
        failed = await call(connection, "fail", {}, context())
        assert failed.failed
        assert "no such file" in failed.text
        picture = await call(connection, "picture", {}, context())
        assert (picture.text, picture.images[0].data) == ("Here it is:\n[Image 1]", PNG)


async def test_annotations_become_kinds_and_flags() -> None:
    async with connected_once(stdio("good")) as connection:
        found = connection.listing.definitions
    assert (found["files__add"].kind, found["files__add"].reads_only) == (ToolKind.PURE, True)
    assert (found["files__add"].untrusted, found["files__add"].egress) == (False, False)
    assert (found["files__store"].kind, found["files__store"].reads_only) == (ToolKind.IDEMPOTENT, False)
    assert (found["files__fail"].kind, found["files__fail"].untrusted) == (ToolKind.ONCE, True)


async def test_a_server_gets_a_clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("CHIMERA_SECRET_OTHER", "hidden")
    async with connected_once(stdio("good", TOKEN="its own")) as connection:
        found = json.loads((await call(connection, "environment", {}, context())).text)
    assert found["TOKEN"] == "its own"
    allowed = {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ", "TOKEN"}
    assert set(found) <= allowed


async def test_progress_is_reported() -> None:
    reports: list[str] = []
    async with connected_once(stdio("good")) as connection:
        await call(connection, "slow", {"seconds": 0.2}, context(report=reports.append))
    assert reports == ["halfway (1 of 2)"]


async def test_a_cancel_reaches_the_server(tmp_path: Path) -> None:
    marker = tmp_path / "cancelled"
    started = asyncio.Event()
    async with connected_once(stdio("good", CANCELLED=str(marker))) as connection:
        running = asyncio.create_task(call(connection, "slow", {}, context(report=lambda message: started.set())))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await until(marker.exists)
        # The connection goes on.
        assert (await call(connection, "add", {"a": 1, "b": 1}, context())).text == "2"


async def test_a_late_answer_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    marker = tmp_path / "cancelled"
    async with connected_once(stdio("good", CANCELLED=str(marker))) as connection:
        with pytest.raises(OutcomeUnknown, match="didn't answer in time and was cancelled"):
            await call(connection, "slow", {}, context(seconds=1.5))
        await until(marker.exists)


async def test_long_texts_are_cut_and_longer_ones_refused() -> None:
    async with connected_once(stdio("good")) as connection:
        cut = await call(connection, "large", {"size": 1_000_000}, context())
        assert len(cut.text) == 256 * 1024
        assert cut.text.endswith("[The rest of the answer was cut.]")
        with pytest.raises(ToolError, match="its answer is too large"):
            await call(connection, "large", {"size": 10_000_000}, context())
        assert (await call(connection, "add", {"a": 1, "b": 1}, context())).text == "2"


@pytest.mark.parametrize(
    ("begin", "end", "id"),
    [
        ('{"jsonrpc":"2.0","id":7,"result":{"a":"', '"}}', 7),
        ('{"id": 7, "jsonrpc": "2.0", "error": {"message": "', '"}}', 7),
        ('{"result":{"structuredContent":{"id":3,"a":"', '"}},"jsonrpc":"2.0","id":7}', 7),
        ('{"result":{"a":"', '"},"id":7,"jsonrpc":"2.0"}\r', 7),
        ('{"result":{"id":3,"a":"', '","b":{"id":4}},"jsonrpc":"2.0"}', None),
        ('{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{"a":"', '"}}', None),
        ('{"method":"sampling/createMessage","params":{"a":"', '"},"jsonrpc":"2.0","id":7}', None),
        ('{"jsonrpc":"2.0","method":"notifications/message","params":{"id":3,"a":"', '"}}', None),
    ],
)
def test_an_overlong_answer_ends_only_its_own_request(begin: str, end: str, id: int | None) -> None:
    line = transport._Line()
    for part in (begin, "x" * (MAX_MESSAGE_BYTES + 1), end):
        line.add(part.encode())
    found = transport._parsed(line.content)
    assert (None if found is None else getattr(found.message, "id", None)) == id


async def test_an_endless_line_ends_in_bounded_memory() -> None:
    before = psutil.Process().memory_info().rss
    async with connected_once(stdio("endless_line")) as connection:
        with pytest.raises(OutcomeUnknown, match="The connection broke"):
            await call(connection, "call", {}, context())
    assert psutil.Process().memory_info().rss - before < 100_000_000


async def test_endless_reports_end_the_connection() -> None:
    reports: list[str] = []
    async with connected_once(stdio("endless_reports")) as connection:
        with pytest.raises(OutcomeUnknown, match="The connection broke"):
            await call(connection, "call", {}, context(report=reports.append))
    assert len(reports) <= 200


async def test_an_invalid_result_is_an_error() -> None:
    async with connected_once(stdio("no_result")) as connection:
        with pytest.raises(ToolError, match="something that isn't a valid result"):
            await call(connection, "call", {}, context())


async def test_a_servers_error_is_an_error() -> None:
    async with connected_once(stdio("refuse")) as connection:
        with pytest.raises(ToolError, match="Unknown tool: call"):
            await call(connection, "call", {}, context())


async def test_no_secret_is_handed_to_a_server_that_asks() -> None:
    async with connected_once(stdio("good")) as connection:
        with pytest.raises(ToolError, match="ask failed"):
            await call(connection, "ask", {}, context())
        assert (await call(connection, "add", {"a": 1, "b": 1}, context())).text == "2"


async def test_requests_of_a_server_are_refused() -> None:
    async with connected_once(stdio("curious")) as connection:
        assert (await call(connection, "call", {}, context())).text == "refused refused refused"


async def test_garbage_on_stdout_is_skipped() -> None:
    async with connected_once(stdio("garbage")) as connection:
        assert (await call(connection, "add", {"a": 1, "b": 1}, context())).text == "2"


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("only_garbage", "closed the connection"),
        ("many", "offers more than 200 tools"),
        ("huge", "longer than 256 KB"),
        ("crash", "closed the connection"),
    ],
)
async def test_unusable_servers_are_explained(mode: str, reason: str) -> None:
    with pytest.raises(ToolUnavailable, match=reason) as caught:
        async with connected_once(stdio(mode, GITHUB_TOKEN="ghp_abcdefgh123")):
            pass
    assert "'files'" in caught.value.message
    assert "ghp_" not in caught.value.message


@pytest.mark.parametrize("mode", ["silent", "deaf"])
async def test_a_server_that_never_answers_is_given_up(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "START_S", 1.0)
    with pytest.raises(ToolUnavailable, match="didn't answer within 1 s"):
        async with connected_once(stdio(mode)):
            pass
    assert not [each for each in psutil.Process().children(recursive=True) if mode in each.cmdline()]


async def test_unusable_schemas_are_left_out() -> None:
    async with connected_once(stdio("bad_schemas")) as connection:
        assert list(connection.listing.definitions) == ["files__fine", "files__untyped"]
        assert connection.watch.unreadable == {"list"}
        assert len(connection.listing.problems) == 2


@pytest.mark.parametrize(
    ("server", "reason"),
    [
        (StdioServer("a", "no-such-command"), "'no-such-command' was not found"),
        (StdioServer("a", sys.executable, cwd="/nowhere"), "the folder in its 'cwd' doesn't exist"),
        (StdioServer("a", sys.executable, settings=ServerSettings(user="no-such-user")), "user"),
    ],
    ids=["command", "cwd", "user"],
)
async def test_a_server_that_cannot_start_is_explained(server: StdioServer, reason: str) -> None:
    with pytest.raises(ToolUnavailable, match=reason):
        async with connected_once(server):
            pass


async def test_a_dead_server_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pools, "FIRST_DELAY_S", 30.0)
    async with connections() as pool:
        with pytest.raises(OutcomeUnknown, match="die"):
            await call(await pool.connected(stdio("good")), "die", {}, context())
        again = await pool.connected(stdio("good"))
        assert (await call(again, "add", {"a": 1, "b": 1}, context())).text == "2"
        with pytest.raises(OutcomeUnknown, match="die"):
            await call(again, "die", {}, context())
        # It dies again and again, so it is left alone for a while.
        with pytest.raises(ToolUnavailable, match=r"It is tried again in \d+ s") as caught:
            await pool.connected(stdio("good"))
        assert caught.value.retry_after_s is not None


async def test_a_call_that_was_not_sent_is_repeatable() -> None:
    async with connected_once(stdio("good")) as connection:
        with pytest.raises(OutcomeUnknown):
            await call(connection, "die", {}, context("first"))
        with pytest.raises(ToolUnavailable):
            await call(connection, "add", {"a": 1, "b": 1}, context("second"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a process with its parent")
async def test_servers_die_with_a_killed_worker(tmp_path: Path) -> None:
    program = tmp_path / "worker.py"
    program.write_text(
        textwrap.dedent(f"""
            import asyncio, sys
            from chimera.tools.mcp.pool import Connections
            from chimera.tools.mcp.servers import StdioServer
            async def main():
                connection = await Connections().connected(StdioServer("a", sys.executable, ({str(SCRIPT)!r}, "good")))
                print(connection._process._process.pid, flush=True)
                await asyncio.sleep(60)
            asyncio.run(main())
        """)
    )
    worker = await asyncio.create_subprocess_exec(sys.executable, str(program), stdout=subprocess.PIPE)
    assert worker.stdout is not None
    while not (line := await worker.stdout.readline()).strip().isdigit():
        assert line
    assert is_alive(int(line))
    worker.kill()
    await worker.wait()
    await until(lambda: not is_alive(int(line)))


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can run it as another user")
async def test_a_server_runs_as_its_user() -> None:
    import pwd

    server = StdioServer("a", "id", ("-u",), settings=ServerSettings(user="nobody"))
    process = await processes.start(server)
    try:
        assert int(await process.stdout.readline()) == pwd.getpwnam("nobody").pw_uid
    finally:
        await process.stop()


async def test_a_closed_pool_leaves_no_process() -> None:
    async with connections() as pool:
        await pool.connected(stdio("good"))
        assert [each for each in psutil.Process().children(recursive=True) if "good" in each.cmdline()]
    assert not [each for each in psutil.Process().children(recursive=True) if "good" in each.cmdline()]


async def test_an_announced_change_is_seen() -> None:
    async with connected_once(stdio("swapping")) as connection:
        before = connection.listing.hashes["files__victim"]
        await call(connection, "grow", {}, context())

        async def is_seen() -> bool:
            return (await connection.current()).hashes["files__victim"] != before

        await until_true(is_seen)
