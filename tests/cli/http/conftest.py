"""Fixtures for a client that is signed in to a tiny API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.http.client import Client
from cli.http.connect import signed_in_by
from tests.cli.api import TinyApi
from tests.parts import serving


@pytest.fixture
async def api() -> TinyApi:
    return TinyApi()


@pytest.fixture
async def client(api: TinyApi, tmp_path: Path) -> AsyncIterator[Client]:
    async with serving(api.app()) as api_url, signed_in_by(api.kept_in(tmp_path / "cli.json", api_url)) as client:
        yield client
