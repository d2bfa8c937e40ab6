"""Arguments, input and output in unexpected encodings, through the real command."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from models.runs import RunStatus
from tests.cli.api import TinyApi
from tests.cli.builders import TASK, task_view
from tests.parts import serving

ROOT = Path(__file__).parents[3]
ASCII_LOCALE = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
NO_UTF8 = b"caf\xe9"
RESULT = "“Grüße” — 完了 😀…"


def chimera(*arguments: str | bytes, typed: str = "", **environment: str) -> subprocess.CompletedProcess[bytes]:
    settings = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TERM": "dumb", "COLUMNS": "200", **environment}
    command = (sys.executable, "-m", "cli", *arguments)
    return subprocess.run(
        command, env=settings, input=typed.encode("latin-1"), capture_output=True, timeout=60, check=False
    )


def in_shell(line: str, *, before: str = "true", **environment: str) -> subprocess.CompletedProcess[bytes]:
    settings = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TERM": "dumb", "COLUMNS": "200", **environment}
    command = ("bash", "-c", f"{before}; {sys.executable} -m cli {line}")
    return subprocess.run(command, env=settings, stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False)


def refused(done: subprocess.CompletedProcess[bytes]) -> str:
    printed = done.stderr.decode()
    assert done.returncode == 3, printed
    assert "Traceback" not in printed
    assert not done.stdout
    return printed


@pytest.mark.parametrize(
    "arguments",
    [
        (NO_UTF8,),
        ("run", NO_UTF8),
        ("run", "x", b"--model=local/" + NO_UTF8),
        ("run", "x", "--plan", NO_UTF8),
        ("run", b"--" + NO_UTF8),
        ("tasks", "--status", NO_UTF8),
        ("steer", "6c1f", NO_UTF8),
        ("transcribe", NO_UTF8),
        ("up", "--data-dir", NO_UTF8),
        ("schedules", "create", "x", NO_UTF8, "--interval-s", "60"),
    ],
)
@pytest.mark.parametrize("locale", [{}, ASCII_LOCALE], ids=["default", "ascii"])
def test_an_argument_that_is_no_utf8_is_refused(
    arguments: tuple[str | bytes, ...], locale: dict[str, str], tmp_path: Path
) -> None:
    number = next(number for number, each in enumerate(arguments, 1) if isinstance(each, bytes))
    printed = refused(chimera(*arguments, CHIMERA_DATA_DIR=str(tmp_path), **locale))
    assert f"Argument {number}, " in printed
    assert "is not UTF-8. Enter this text in UTF-8. If it is a file name, rename the file." in printed


def test_non_utf8_input_is_refused_and_not_shown() -> None:
    printed = refused(chimera("login", "--api-url", "http://127.0.0.1:9", "--email", "a@b.c", typed="café\n"))
    assert "Password is not UTF-8." in printed
    assert "caf" not in printed


async def test_piped_content_is_refused_and_not_shown(data_dir: str) -> None:
    typed = "first line\nPASSWORD=geheim caf\xe9\n" + "\xff" * 100_000
    done = await asyncio.to_thread(chimera, "chat", "x", typed=typed, CHIMERA_DATA_DIR=data_dir)
    printed = refused(done)
    assert "Standard input is not UTF-8: byte 20 of line 2 is 0xe9. Pipe in text in UTF-8." in printed
    assert "geheim" not in printed
    assert len(printed) < 200


def test_a_long_argument_is_not_shown_whole(tmp_path: Path) -> None:
    printed = refused(chimera("run", b"x" * 61 + NO_UTF8, CHIMERA_DATA_DIR=str(tmp_path)))
    assert f"Argument 2, '{'x' * 60}…', is not UTF-8." in printed


def test_a_token_that_no_header_can_have_is_refused(tmp_path: Path) -> None:
    done = chimera("tasks", CHIMERA_DATA_DIR=str(tmp_path), CHIMERA_TOKEN="ключ", CHIMERA_API_URL="http://127.0.0.1:9")
    assert "The token in CHIMERA_TOKEN is not valid" in refused(done)


def test_an_invalid_address_is_named(tmp_path: Path) -> None:
    done = chimera("tasks", CHIMERA_DATA_DIR=str(tmp_path), CHIMERA_TOKEN="x", CHIMERA_API_URL="http://a b")
    assert "CHIMERA_API_URL=http://a b is not a web address" in refused(done)


def test_a_password_needs_an_open_input() -> None:
    done = in_shell("login --api-url http://127.0.0.1:9 --email a@b.c <&-")
    assert "Chimera is not reachable at http://127.0.0.1:9" in refused(done)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
@pytest.mark.parametrize("command", ["--version", "--help"])
def test_help_reports_a_full_disk_too(command: str) -> None:
    assert "The output can't be written, because the disk is full" in refused(in_shell(f"{command} >/dev/full"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
def test_an_unwritable_error_keeps_its_code() -> None:
    done = in_shell("tasks 2>/dev/full", CHIMERA_TOKEN="x", CHIMERA_API_URL="http://127.0.0.1:9")
    assert (done.returncode, done.stdout) == (3, b"")


def test_a_reader_that_leaves_is_no_failed_task() -> None:
    done = in_shell("--help | true; echo ${PIPESTATUS[0]}")
    assert (done.stdout, done.stderr) == (b"3\n", b"")


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:9", "socks5://127.0.0.1:9", "http://127.0.0.1:port"])
def test_a_proxy_that_cannot_be_used_is_named(proxy: str) -> None:
    done = chimera("tasks", CHIMERA_TOKEN="x", CHIMERA_API_URL="http://chimera.example", ALL_PROXY=proxy)
    assert "HTTP_PROXY, HTTPS_PROXY and ALL_PROXY" in refused(done)


def test_certificates_that_are_not_there_are_named() -> None:
    for address in ("https://chimera.example", "https://127.0.0.1:9"):
        done = chimera("tasks", CHIMERA_TOKEN="x", CHIMERA_API_URL=address, SSL_CERT_FILE="/nowhere/ca.pem")
        assert "SSL_CERT_FILE" in refused(done)


def test_a_folder_outside_the_locale_is_usable(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CHIMERA_DATA_DIR=dàta\n", encoding="utf-8")
    done = in_shell("doctor", before=f"cd {tmp_path}", **ASCII_LOCALE)
    assert b"OK    data folder" in done.stdout, done.stderr


def test_a_folder_that_was_deleted_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    for command in ("up", "doctor"):
        done = in_shell(f"{command} 2>&1", before=f"mkdir {gone} && cd {gone} && rmdir {gone}")
        assert "is inside the current folder, which has been deleted" in done.stdout.decode()
        assert b"Traceback" not in done.stdout


def test_doctor_leaves_nothing_in_a_folder(tmp_path: Path) -> None:
    done = in_shell("doctor", before=f"cd {tmp_path}")
    assert b"data folder" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.fixture
async def data_dir(tmp_path: Path) -> AsyncIterator[str]:
    """Yield a folder with a sign-in to an API whose only task is completed."""
    api = TinyApi(tasks=[task_view(status=RunStatus.COMPLETED, result=RESULT, title=RESULT, goal=RESULT)])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        yield str(tmp_path)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", r"\u201cGr\u00fc\u00dfe\u201d \u2014 \u5b8c\u4e86 \ud83d\ude00\u2026"),
        ("latin-1", r"\u201cGrüße\u201d \u2014 \u5b8c\u4e86 \ud83d\ude00\u2026"),
        ("utf-8", RESULT),
    ],
)
async def test_characters_outside_the_encoding_are_escaped(data_dir: str, encoding: str, shown: str) -> None:
    done = await asyncio.to_thread(chimera, "follow", TASK, CHIMERA_DATA_DIR=data_dir, PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode(encoding) == f"{shown}\n"
    listed = await asyncio.to_thread(chimera, "tasks", CHIMERA_DATA_DIR=data_dir, PYTHONIOENCODING=encoding)
    assert (listed.returncode, shown in listed.stdout.decode(encoding)) == (0, True)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-16", "utf-8"])
async def test_json_stays_json_on_every_stream(data_dir: str, encoding: str) -> None:
    options = {"CHIMERA_DATA_DIR": data_dir, "PYTHONIOENCODING": encoding}
    for command in (("tasks", "--json"), ("follow", TASK, "--json")):
        done = await asyncio.to_thread(chimera, *command, **options)
        assert done.returncode == 0, done.stderr
        printed = json.loads(done.stdout.decode(encoding))
        assert printed.get("items", [printed])[0]["result"] == RESULT
        assert encoding == "utf-8" or done.stdout.decode(encoding).isascii()


async def test_a_closed_output_is_no_trouble(data_dir: str) -> None:
    command = f"{sys.executable} -m cli follow {TASK} >&-"
    closed = await asyncio.create_subprocess_shell(
        command,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "CHIMERA_DATA_DIR": data_dir},
        stderr=asyncio.subprocess.PIPE,
    )
    _, printed = await closed.communicate()
    assert (closed.returncode, b"Traceback" in printed) == (0, False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has /dev/full")
async def test_a_full_disk_is_reported(data_dir: str) -> None:
    command = f"{sys.executable} -m cli tasks >/dev/full"
    full = await asyncio.create_subprocess_shell(
        command,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "CHIMERA_DATA_DIR": data_dir},
        stderr=asyncio.subprocess.PIPE,
    )
    _, printed = await full.communicate()
    assert full.returncode == 3
    assert "The output can't be written, because the disk is full" in printed.decode()


async def test_utf8_is_read_where_the_locale_knows_only_ascii(data_dir: str, tmp_path: Path) -> None:
    plan = tmp_path / "plän.json"
    plan.write_text('[{"key": "a", "instruction": "Grüße"}]', encoding="utf-8")
    command = ("run", "Grüße", "--plan", str(plan), "--no-follow")
    done = await asyncio.to_thread(chimera, *command, CHIMERA_DATA_DIR=data_dir, **ASCII_LOCALE)
    assert (done.returncode, done.stdout.decode().strip()) == (0, TASK), done.stderr


@pytest.mark.parametrize(
    ("settings", "encoded"),
    [
        ({"LC_ALL": "C"}, "…".encode()),
        ({"LC_ALL": "POSIX"}, "…".encode()),
        ({"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}, b"\\u2026"),
    ],
)
def test_the_c_locale_is_utf_8_by_default(settings: dict[str, str], encoded: bytes) -> None:
    code = "from cli.input.encodings import use_utf8; use_utf8(); print('…')"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **settings}
    assert subprocess.run((sys.executable, "-c", code), env=environment, capture_output=True).stdout == encoded + b"\n"
