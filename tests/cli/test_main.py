"""The command line from the outside: fast help, wrong usage, and options that become a request's body."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from chimera import __version__
from cli.http.client import Client
from cli.main import LazyGroup, app
from cli.process.program import NARROW, use_plain_help
from models.ai_calls import AiCallPage
from models.shares import Shared
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
COMMANDS = (
    "demo",
    "up",
    "doctor",
    "login",
    "token",
    "password",
    "account",
    "keys",
    "chat",
    "sessions",
    "run",
    "follow",
    "tasks",
    "show",
    "cost",
    "files",
    "steer",
    "pause",
    "resume",
    "budget",
    "cancel",
    "delete",
    "models",
    "agents",
    "tools",
    "mcp",
    "groups",
    "share",
    "unshare",
    "users",
    "audit",
    "codec",
    "calls",
    "schedules",
)


def chimera(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "TERM": "dumb", **environment}
    return subprocess.run(
        (sys.executable, "-m", "cli", *arguments), env=settings, capture_output=True, text=True, timeout=60, check=False
    )


def test_help_lists_every_command_in_the_order_of_need() -> None:
    printed = CliRunner().invoke(app, ["--help"]).output
    assert re.findall(rf"^\W+({'|'.join(COMMANDS)}) ", printed, re.MULTILINE) == list(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert f"{command} [OPTIONS]" in result.output


@pytest.mark.parametrize("group", ["agents", "calls", "schedules"])
def test_every_group_lists(group: str) -> None:
    result = CliRunner().invoke(app, [group, "list", "--help"])
    assert (result.exit_code, "--json" in result.output) == (0, True)


@pytest.mark.parametrize("arguments", [["agents"], ["agents", "list"], ["calls"], ["calls", "list"]])
def test_a_group_alone_lists_too(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def agents(client: Client, *, shared: Shared | None) -> tuple[()]:
        asked.append("agents")
        return ()

    async def ai_calls(client: Client, *, limit: int) -> AiCallPage:
        asked.append("calls")
        return AiCallPage(items=(), next_cursor=None)

    for method in (agents, ai_calls):
        monkeypatch.setattr(Client, method.__name__, method)
    monkeypatch.setenv("CHIMERA_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CHIMERA_TOKEN", "any")
    assert CliRunner().invoke(app, arguments).exit_code == 0
    assert asked == [arguments[0]]


def test_a_piped_password_fills_only_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, ...]] = []

    async def login(*arguments: str) -> int:
        given.append(arguments)
        return 0

    monkeypatch.setattr("cli.account.sign_in_at", login)
    assert CliRunner().invoke(app, ["login", "--email", "me@example.com"], input="secret\n").exit_code == 0
    assert given == [("http://127.0.0.1:8000", "me@example.com", "secret")]


def loaded_by_help_of(*commands: str) -> set[str]:
    """Return the packages that a process has loaded after showing the help of some commands."""
    script = (
        "import json, sys\nfrom typer.testing import CliRunner\nfrom cli.main import app\n"
        "for command in sys.argv[1:]:\n"
        "    assert CliRunner().invoke(app, [*command.split(), '--help']).exit_code == 0\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run((sys.executable, "-c", script, *commands), cwd=ROOT, capture_output=True, check=True)
    return set(json.loads(done.stdout))


def test_help_loads_nothing_heavy() -> None:
    heavy = {"temporalio", "sqlalchemy", "openai", "httpx2", "psycopg", "fastapi", "redis", "asyncio", "models"}
    # Typer itself uses pydantic to read a command's options.
    assert not loaded_by_help_of("") & {*heavy, "pydantic"}
    assert not loaded_by_help_of(*COMMANDS, "agents create", "calls show", "schedules create") & heavy


def test_the_version_is_printed() -> None:
    assert CliRunner().invoke(app, ["--version"]).output == f"chimera {__version__}\n"


def test_wrong_usage_ends_with_a_code_of_its_own() -> None:
    done = chimera("run")
    assert done.returncode == 3
    assert "Missing argument 'GOAL'" in done.stderr


def test_an_unreachable_api_ends_with_a_remedy(tmp_path: Path) -> None:
    done = chimera("tasks", CHIMERA_DATA_DIR=str(tmp_path), XDG_CONFIG_HOME=str(tmp_path), CHIMERA_API_PORT="9")
    assert done.returncode == 3
    assert "Chimera is not reachable at http://127.0.0.1:9" in done.stderr
    assert "chimera up" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_names_an_unusable_setting(tmp_path: Path) -> None:
    done = chimera("doctor", CHIMERA_DATA_DIR=str(tmp_path), CHIMERA_JWT_SECRET="hush-hush", CHIMERA_API_PORT="many")
    assert done.returncode == 1
    assert "CHIMERA_API_PORT" in done.stdout
    assert "CHIMERA_JWT_SECRET" in done.stdout
    assert "hush-hush" not in done.stdout


def test_the_doctor_is_content_with_this_installation(tmp_path: Path) -> None:
    ports = {f"CHIMERA_{name}_PORT": str(free_port()) for name in ("API", "TEMPORAL", "TEMPORAL_UI", "SIMULATOR")}
    secret = "a-key-that-nobody-should-see"
    done = chimera("doctor", CHIMERA_DATA_DIR=str(tmp_path), CHIMERA_OPENAI_API_KEY=secret, **ports)
    assert "packages: all seven from" in done.stdout
    assert (
        "provider openai (CHIMERA_OPENAI_API_KEY): set up, but its API key was not tested. To test it, run:"
        " chimera doctor --try-keys" in done.stdout
    )
    assert "provider google (CHIMERA_GOOGLE_API_KEY): not set up" in done.stdout
    assert secret not in done.stdout + done.stderr


def all_commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield each command of every group, with the words that a user types for it."""
    main = typer.main.get_command(app)
    assert isinstance(main, LazyGroup)
    for name in main.commands:
        command = main.load(name)
        yield (name,), command
        for below, one in getattr(command, "commands", {}).items():
            yield (name, below), one


def test_the_command_list_matches_each_commands_help() -> None:
    main = typer.main.get_command(app)
    assert isinstance(main, LazyGroup)
    listed = {name: command.help for name, command in main.commands.items()}
    assert listed == {typed[0]: command.help for typed, command in all_commands() if len(typed) == 1}


@pytest.mark.parametrize("columns", [30, 40, 79, NARROW, 120])
def test_help_names_every_option_in_full(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setattr(app, "rich_markup_mode", app.rich_markup_mode)
    monkeypatch.setenv("COLUMNS", str(columns))
    use_plain_help(app)
    for typed, command in all_commands():
        shown = CliRunner().invoke(app, [*typed, "--help"]).output
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert [option for option in options if option not in shown] == [], typed
