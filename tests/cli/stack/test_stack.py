"""The sign-in that a start creates for later commands."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.security.accounts import FIRST_USER
from chimera.security.sessions import Auth
from cli.http import sign_in
from cli.stack.stack import sign_in_here
from models.users import Credentials
from tests.parts import SECRET, fresh_database


@pytest.fixture
async def fresh(parts: Settings, tmp_path: Path) -> AsyncIterator[Settings]:
    """Settings for a stack that hasn't been used before."""
    async with fresh_database(parts.database_url or "") as url:
        yield parts.model_copy(
            update={
                "database_url": url,
                "data_dir": tmp_path,
                "jwt_secret": SecretStr(SECRET),
            }
        )


async def test_the_first_start_makes_a_user_and_signs_in(fresh: Settings) -> None:
    first_user = await sign_in_here(fresh)
    kept = sign_in.read(sign_in.in_folder(fresh.data_dir))
    assert first_user is not None
    assert kept is not None
    database = Database(fresh)
    try:
        auth = Auth(database, fresh)
        me = await auth.signed_in(kept.access_token)
        email, password = first_user
        with_password = await auth.login(Credentials(email=email, password=password))
        assert (await auth.signed_in(with_password.access_token)).caller == me.caller
    finally:
        await database.close()
    assert me.caller.role == "admin"


async def test_a_later_start_signs_in_without_showing_passwords(fresh: Settings) -> None:
    await sign_in_here(fresh)
    path = sign_in.in_folder(fresh.data_dir)
    path.unlink()
    assert await sign_in_here(fresh) is None
    kept = sign_in.read(path)
    assert kept is not None
    assert kept.email == FIRST_USER
