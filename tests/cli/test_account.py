"""Tokens for programs, and passwords, changed and forgotten."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from api.app import create_app
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.local import elsewhere
from chimera.local.errors import PartsAway, SecretsMissing
from chimera.security.accounts import FIRST_USER
from chimera.security.sessions import Auth
from cli.account import change_password, reset_password, sign_in_at, token
from cli.errors import WrongUsage
from cli.http import sign_in
from cli.http.connect import signed_in_by
from cli.stack.stack import sign_in_here
from cli.users import create_administrator
from models.errors import NotFound, WrongCredentials
from models.users import Credentials
from tests.cli.api import TinyApi
from tests.parts import SECRET, fresh_database, serving
from tests.ports import free_port

NEW = "another battery staple"


@pytest.fixture
async def here(parts: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settings]:
    """An installation that the environment names and whose first user is signed in."""
    async with fresh_database(parts.database_url or "") as url:
        settings = parts.model_copy(
            update={
                "database_url": url,
                "data_dir": tmp_path,
                "jwt_secret": SecretStr(SECRET),
            }
        )
        monkeypatch.setenv("CHIMERA_DATABASE_URL", url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        yield settings


async def may_sign_in(settings: Settings, password: str) -> bool:
    database = Database(settings)
    try:
        await Auth(database, settings).login(Credentials(email=FIRST_USER, password=password))
    except WrongCredentials:
        return False
    finally:
        await database.close()
    return True


@pytest.mark.parametrize("variable", ["CHIMERA_TOKEN", "CHIMERA_API_KEY"])
async def test_a_variable_that_overrides_a_login_is_named(
    real_api: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], variable: str
) -> None:
    kept = sign_in.read(sign_in.in_folder(real_api.data_dir))
    assert kept is not None
    monkeypatch.setenv("XDG_CONFIG_HOME", str(real_api.data_dir / "home"))
    monkeypatch.setenv("CHIMERA_DATABASE_URL", real_api.database_url or "")
    await create_administrator("carol@example.com", NEW)
    assert await sign_in_at(kept.api_url, "carol@example.com", NEW) == 0
    assert "takes precedence" not in capsys.readouterr().err
    monkeypatch.setenv(variable, "x")
    assert await sign_in_at(kept.api_url, "carol@example.com", NEW) == 0
    assert f"{variable} is set and takes precedence" in capsys.readouterr().err


async def test_a_token_is_renewed_before_it_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = TinyApi()
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await token() == 0
    printed = capsys.readouterr()
    assert printed.out.strip() in api.access_tokens
    assert printed.err == "", "no terminal, no warning"


async def test_a_forgotten_password_is_set_without_the_old_one(here: Settings) -> None:
    made = await sign_in_here(here)
    assert made is not None
    assert await reset_password(f" {FIRST_USER.upper()}", NEW) == 0
    assert not await may_sign_in(here, made[1])
    assert await may_sign_in(here, NEW)


async def test_a_change_keeps_this_command_line_signed_in(here: Settings) -> None:
    app = create_app(here)
    async with app.router.lifespan_context(app), serving(app) as api_url:
        made = await sign_in_here(here.model_copy(update={"api_port": int(api_url.rpartition(":")[2])}))
        assert made is not None
        assert await change_password(made[1], NEW) == 0
        async with signed_in_by(sign_in.in_folder(here.data_dir)) as client:
            assert (await client.me()).email == FIRST_USER
        assert await reset_password(FIRST_USER, "a third battery staple") == 0
        async with signed_in_by(sign_in.in_folder(here.data_dir)) as client:
            assert (await client.me()).email == FIRST_USER
    assert not await may_sign_in(here, NEW)


async def test_impossible_password_resets_are_reported(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotFound, match=r"nobody@example\.com"):
        await reset_password("nobody@example.com", NEW)
    with pytest.raises(WrongUsage, match="8 to 256"):
        await reset_password(FIRST_USER, "short")
    monkeypatch.setattr(elsewhere, "WAIT_S", 0.0)
    monkeypatch.setenv("CHIMERA_DATABASE_URL", f"postgresql://127.0.0.1:{free_port()}/none")
    with pytest.raises(PartsAway, match="can't be reached"):
        await reset_password(FIRST_USER, NEW)
    monkeypatch.delenv("CHIMERA_DATABASE_URL")
    for password in (NEW, ""):
        with pytest.raises(WrongUsage, match="chimera up"):
            await reset_password(FIRST_USER, password)
    # A stack of an earlier version, or one with an external database, stored no such password.
    monkeypatch.setattr("cli.stack.passwords.running_stack", lambda settings: 1)
    with pytest.raises(SecretsMissing, match="CHIMERA_DATABASE_URL"):
        await reset_password(FIRST_USER, NEW)
    assert not (here.data_dir / "secrets.json").exists()
