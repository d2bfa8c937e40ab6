"""Which destinations can be reached, whatever their spelling."""

import asyncio
from ipaddress import ip_address

import pytest

from chimera.config.settings import Settings
from chimera.egress.addresses import is_public
from chimera.egress.client import EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.egress.policy import EgressPolicy
from chimera.egress.transport import Ways
from chimera.egress.urls import MAX_URL_CHARS, destination_of
from tests.chimera.egress.servers import says, serving, zone
from tests.destinations import ADDRESSES, OTHERS, spellings

SHORT_S = 0.05
"""A limit that a silent resolver reaches at once."""
LOCAL = {"localhost": ("127.0.0.1", "::1")}


def policy_of(**settings: object) -> EgressPolicy:
    return EgressPolicy(Settings.model_validate(settings))


async def test_no_spelling_of_a_private_destination_connects() -> None:
    async with serving(says(b"secret")) as place:
        client = EgressClient(Settings(), Ways(zone({**ADDRESSES, **LOCAL})))
        urls = list(spellings(place.port))
        assert len(urls) >= 60
        for url in urls:
            with pytest.raises((EgressRefused, EgressFailed)):
                await client.request("GET", url, timeout_s=60)
        assert place.connects == 0


async def test_a_listed_destination_is_reached() -> None:
    async with serving(says(b"open")) as place:
        allow = place.listed("intranet.example")
        client = EgressClient(Settings(egress_allow=allow), Ways(zone({"intranet.example": ("127.0.0.1",), **LOCAL})))
        for url in (place.url(), place.url(host="intranet.example"), place.url(host="[::ffff:127.0.0.1]")):
            assert (await client.request("GET", url)).body == b"open"
        with pytest.raises(EgressRefused, match="localhost:"):
            await client.request("GET", place.url(host="localhost"))


async def test_a_listed_name_of_this_machine_may_also_have_ipv6() -> None:
    async with serving(says(b"open")) as place:
        client = EgressClient(Settings(egress_allow=place.listed("localhost")), Ways(zone(LOCAL)))
        assert (await client.request("GET", place.url(host="localhost"))).body == b"open"


async def test_the_hosts_name_is_sent_not_its_address() -> None:
    async with serving(says()) as place:
        allow = place.listed("intranet.example")
        client = EgressClient(Settings(egress_allow=allow), Ways(zone({"intranet.example": ("127.0.0.1",)})))
        await client.request("GET", place.url(host="INTRANET.example"))
        assert place.arrived[0].headers["host"] == f"intranet.example:{place.port}"


async def test_a_listed_name_does_not_lead_to_our_servers() -> None:
    async with serving(says()) as place:
        settings = Settings(api_port=place.port, egress_allow=place.listed("intranet.example"))
        client = EgressClient(settings, Ways(zone({"intranet.example": ("127.0.0.1",)})))
        with pytest.raises(EgressRefused, match="a server of this installation"):
            await client.request("GET", place.url(host="intranet.example"))
        assert place.connects == 0
        # The entry for the address itself is a decision.
        assert (await client.request("GET", place.url())).status == 200


@pytest.mark.parametrize("address", ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "::ffff:169.254.169.254"])
async def test_a_listed_name_does_not_lead_to_metadata(address: str) -> None:
    client = EgressClient(Settings(egress_allow=("wiki.example:80",)), Ways(zone({"wiki.example": (address,)})))
    with pytest.raises(EgressRefused, match=r"'wiki\.example' isn't a public host") as raised:
        await client.request("GET", "http://wiki.example/")
    assert "169.254" not in raised.value.message


@pytest.mark.parametrize(
    ("setting", "url", "place"),
    [
        ("database_url", "postgresql://user:secret@db.example:443/chimera", "db.example"),
        ("database_url", "postgresql:///chimera?host=db.example&port=443", "db.example"),
        ("redis_url", "rediss://:secret@redis.example:443/0", "redis.example"),
        ("temporal_address", "temporal.example:443", "temporal.example"),
    ],
)
def test_our_own_servers_elsewhere_are_refused(setting: str, url: str, place: str) -> None:
    with pytest.raises(EgressRefused, match="Port 443") as raised:
        policy_of(**{setting: url}).checked(f"https://{place}/")
    assert "secret" not in raised.value.message


@pytest.mark.parametrize("host", OTHERS)
def test_no_special_address_counts_as_public(host: str) -> None:
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07::1", "64:ff9b::5db8:d70e", "1.1.1.1"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://Example.COM/a?b=c#d", "example.com", 443),
        ("http://example.com:443/", "example.com", 443),
        ("https://medium.example/@name/post", "medium.example", 443),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example", 443),
        ("https://[2606:2800:21f:CB07:0::1]/", "2606:2800:21f:cb07::1", 443),
        ("http://1.1.1.1", "1.1.1.1", 80),
        ("https://_dmarc.example.com/", "_dmarc.example.com", 443),
    ],
)
def test_ordinary_urls_are_read(url: str, host: str, port: int) -> None:
    where = policy_of().checked(url)
    assert (where.host, where.port) == (host, port)
    assert where.url.fragment == ""


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("https://example.com:8443/", "CHIMERA_EGRESS_ALLOW"),
        ("http://127.0.0.1/", r"127\.0\.0\.1:80 to CHIMERA_EGRESS_ALLOW"),
        ("http://[::1]/", r"\[::1\]:80 to CHIMERA_EGRESS_ALLOW"),
        ("example.com", "begins with https://"),
        ("https://key@example.com/", "Remove everything up to the @"),
        ("https://example.com/a b", "Percent-encode"),
        ("https://example.com:0/", "1 to 65535"),
        ("https://2130706433/", "neither a host name nor an IP address"),
        (f"https://example.com/{'a' * MAX_URL_CHARS}", f"at most {MAX_URL_CHARS}"),
    ],
    ids=["port", "loopback", "ipv6", "no scheme", "user", "space", "port 0", "number", "long"],
)
def test_a_refusal_explains_what_to_do(url: str, advice: str) -> None:
    with pytest.raises(EgressRefused, match=advice) as raised:
        policy_of().checked(url)
    assert len(raised.value.message) <= 400


@pytest.mark.parametrize("user", ["secret", "user:secret"])
def test_credentials_in_a_url_are_not_repeated(user: str) -> None:
    with pytest.raises(EgressRefused) as raised:
        destination_of(f"https://{user}@example.com/")
    assert "secret" not in raised.value.message


@pytest.mark.parametrize(
    ("url", "is_allowed"),
    [
        ("https://api.example.com/x", True),
        ("http://API.example.com/", True),
        ("https://api.example.com:8443/", False),
        ("https://a.b.example.org/", True),
        ("https://example.org/", False),
        ("https://evil-example.org/", False),
        ("http://searxng:8080/search", True),
        ("http://searxng/search", False),
        ("https://api.example.com@evil.example/", False),
        ("https://api.example.com.evil.example/", False),
        ("ftp://api.example.com/", False),
    ],
)
def test_trust_after_untrusted_content_is_literal(url: str, is_allowed: bool) -> None:
    settings = Settings(egress_allow=("SearXNG:8080",), egress_trusted=("api.example.com", "*.example.org"))
    assert EgressClient(settings).is_allowed_after_untrusted(url) is is_allowed


async def test_a_slow_resolver_is_not_waited_for() -> None:
    stopped = asyncio.Event()

    async def never(host: str, port: int) -> list[str]:
        try:
            await asyncio.sleep(600)
        finally:
            stopped.set()
        return []

    with pytest.raises(EgressFailed, match=r"within 0\.05 s") as raised:
        await EgressClient(Settings(), Ways(never)).request("GET", "https://slow.example/", timeout_s=SHORT_S)
    assert stopped.is_set()
    assert not raised.value.was_sent
