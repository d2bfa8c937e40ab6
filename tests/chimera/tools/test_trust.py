"""Which calls may send data after a run has read untrusted content."""

import json

import pytest

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.tools.built_in import built_in
from chimera.tools.catalog import Catalog


@pytest.mark.parametrize(
    ("tool", "arguments", "is_trusted"),
    [
        ("fetch_page", {"url": "https://api.example.com/x"}, True),
        ("fetch_page", {"url": "https://evil.example/?secret"}, False),
        ("fetch_page", {"url": 5}, False),
        ("fetch_page", {}, False),
        ("http_request", {"url": "https://api.example.com/x", "method": "POST"}, True),
        ("http_request", {"url": "https://api.example.com.evil.example/"}, False),
        ("web_search", {"query": "x"}, True),
        ("calculator", {"url": "https://api.example.com/"}, False),
    ],
)
def test_only_listed_hosts_are_trusted(tool: str, arguments: dict[str, object], is_trusted: bool) -> None:
    settings = Settings(egress_trusted=("api.example.com",))
    catalog = Catalog(built_in(settings, EgressClient(settings)))
    assert catalog.is_trusted_destination(catalog.tools[tool], json.dumps(arguments)) is is_trusted
    assert not catalog.is_trusted_destination(catalog.tools["fetch_page"], '{"url": ')
