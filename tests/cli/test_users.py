"""Users, API keys, sessions and the audit log from the command line, with the real API."""

from collections.abc import Coroutine
from typing import Any

import pytest
import typer

from chimera.config.settings import Settings
from chimera.security.accounts import FIRST_USER
from cli.account import change_account, end_session, sessions, show_account
from cli.audit import audit
from cli.errors import NotThere, TokenRefused, WrongUsage
from cli.http import accounts, signed_in
from cli.keys import create, delete, list_keys
from cli.limits import limits
from cli.users import (
    create_administrator,
    create_service,
    disable,
    enable,
    invitations,
    list_users,
    reset_password,
    role,
    show,
)
from models.errors import Conflict

NEW = "another battery staple"

Printed = pytest.CaptureFixture[str]


async def output_of(command: Coroutine[Any, Any, int], printed: Printed) -> str:
    """Run a command that must succeed, and return what it prints to standard output."""
    printed.readouterr()
    assert await command == 0
    return printed.readouterr().out


async def test_a_key_signs_in_the_command_line(
    real_api: Settings, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = (await output_of(create("report", ["read", "admin"], 3), capsys)).strip()
    assert key.startswith("ck_")
    async with signed_in() as client:
        monkeypatch.setenv("CHIMERA_API_URL", client.api_url)
    monkeypatch.setenv("CHIMERA_API_KEY", key)
    assert FIRST_USER in await output_of(list_users(), capsys)
    assert "report" in await output_of(list_keys(), capsys)
    monkeypatch.delenv("CHIMERA_API_KEY")
    assert "was deleted" in await output_of(delete(key[:12]), capsys)
    assert "No API keys" in await output_of(list_keys(), capsys)
    monkeypatch.setenv("CHIMERA_API_KEY", key)
    with pytest.raises(TokenRefused, match="CHIMERA_API_KEY"):
        await list_users()
    monkeypatch.delenv("CHIMERA_API_KEY")
    with pytest.raises(NotThere):
        await delete("ck_0")


async def test_an_administrator_is_created_in_the_database(
    real_api: Settings, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHIMERA_DATABASE_URL", real_api.database_url or "")
    assert "was created" in await output_of(create_administrator(" Second@example.com", NEW), capsys)
    assert "admin" in await output_of(show("second@example.com"), capsys)
    with pytest.raises(Conflict):
        await create_administrator("second@example.com", NEW)
    with pytest.raises(WrongUsage):
        await create_administrator("second", NEW)


async def test_users_are_changed(real_api: Settings, capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_DATABASE_URL", real_api.database_url or "")
    await create_administrator("carol@example.com", NEW)
    assert "role viewer" in await output_of(role("carol@example.com", "viewer"), capsys)
    assert "is disabled" in await output_of(disable("carol@example.com"), capsys)
    assert "disabled" in await output_of(show("carol@example.com"), capsys)
    assert "is enabled" in await output_of(enable("carol@example.com"), capsys)
    token = (await output_of(reset_password("carol@example.com"), capsys)).strip()
    assert len(token) > 40
    printed = await output_of(audit(on="carol@example.com"), capsys)
    for action in ("user.created", "user.changed", "user.disabled", "user.enabled", "password.reset_created"):
        assert action in printed
    assert token not in printed
    with pytest.raises(NotThere):
        await show("dave@example.com")


async def test_a_service_account_gets_a_key(real_api: Settings, capsys: Printed) -> None:
    assert "keys create" in await output_of(create_service("nightly", "viewer"), capsys)
    key = (await output_of(create("report", ["read"], user="nightly"), capsys)).strip()
    assert key[:11] in await output_of(list_keys("nightly"), capsys)
    assert "nightly" in await output_of(list_users(services=True), capsys)
    assert "No invitations" in await output_of(invitations(), capsys)


async def test_limits_are_set_by_name(real_api: Settings, capsys: Printed) -> None:
    assert await create_service("hourly") == 0
    assert "$5.00" in await output_of(limits("hourly", day="5"), capsys)
    assert "$5.00" in await output_of(limits(" Hourly "), capsys)
    async with signed_in() as client:
        user_id = (await accounts.user_named(client, "hourly")).id
    assert "$5.00" in await output_of(limits(user_id), capsys)
    for unknown in ("nobody@example.com", "x" * 36):
        with pytest.raises(NotThere, match="users list"):
            await limits(unknown, day="5")
    with pytest.raises(typer.BadParameter, match=r"1\.5\.5") as caught:
        await limits("hourly", day="1.5.5")
    assert caught.value.param_hint == "--day"


async def test_sessions_are_listed_and_ended(real_api: Settings, capsys: Printed) -> None:
    assert "this one" in await output_of(sessions(), capsys)
    assert "ended: 0" in await output_of(end_session(others=True), capsys)
    with pytest.raises(NotThere):
        await end_session("0" * 36)
    with pytest.raises(WrongUsage):
        await end_session()


async def test_the_account_is_changed(real_api: Settings, capsys: Printed) -> None:
    assert "Root" in await output_of(change_account({"name": "Root"}, "Europe/Berlin"), capsys)
    assert "Europe/Berlin" in await output_of(show_account(as_json=True), capsys)
