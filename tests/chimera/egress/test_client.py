"""Redirects, limits, headers and failures of requests to other servers."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest

from chimera.config.settings import Settings
from chimera.egress.client import MAX_BYTES, EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused, UnknownHost
from chimera.egress.transport import Ways
from tests.chimera.egress.servers import Answer, Arrived, Internet, Place, pours, redirects, says, serving, zone
from tests.tls import Authority

HOUR_S = 3600.0

SHORT_S = 2.0
"""A limit that a silent server reaches at once."""


def client_for(*places: Place, hosts: Sequence[str] = ()) -> EgressClient:
    allow = tuple(entry for place in places for entry in place.listed(*hosts))
    return EgressClient(Settings(egress_allow=allow), Ways(zone(dict.fromkeys(hosts, ("127.0.0.1",)))))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_to_a_private_address_is_refused(status: int) -> None:
    async with serving(says(b"secret")) as private, serving(redirects(private.url(), status)) as place:
        with pytest.raises(EgressRefused, match="redirects to a URL that can't be used") as raised:
            await client_for(place).request("GET", place.url())
        assert private.connects == 0
        assert raised.value.status == status


@pytest.mark.parametrize("location", ["/\\127.0.0.1:1/", "http:\\\\127.0.0.1:1", "file:///etc/passwd", "http://[::1"])
async def test_a_redirect_is_checked_as_it_was_sent(location: str) -> None:
    async with serving(redirects(location)) as place:
        with pytest.raises(EgressRefused):
            await client_for(place).request("GET", place.url())
        assert place.connects == 1


async def test_at_most_three_redirects_are_followed() -> None:
    async with serving(redirects("/again")) as place:
        with pytest.raises(EgressRefused, match="more than 3 times"):
            await client_for(place).request("GET", place.url())
        assert place.connects == 4


def by_path(**answers: Answer) -> Answer:
    async def answer(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        await answers[arrived.target.strip("/") or "start"](writer, arrived)

    return answer


async def test_the_final_url_and_body_are_returned() -> None:
    async with serving(by_path(start=redirects("next?q=1", 301), **{"next?q=1": says(b"there")})) as place:
        response = await client_for(place).request("GET", place.url("/"))
        assert (response.body, response.url) == (b"there", place.url("/next?q=1"))


async def test_another_origin_does_not_get_secrets() -> None:
    async with serving(says()) as other:
        async with serving(by_path(start=redirects("/same"), same=redirects(other.url()))) as place:
            headers = {"Authorization": "Bearer x", "Cookie": "a=b", "X-Api-Key": "x", "Accept-Language": "de"}
            await client_for(place, other).request("GET", place.url(), headers=headers)
            assert place.arrived[1].headers["x-api-key"] == "x"
        assert other.arrived[0].headers["accept-language"] == "de"
        assert not {"authorization", "cookie", "x-api-key"} & set(other.arrived[0].headers)


@pytest.mark.parametrize(
    ("target", "is_followed"),
    [
        ("/again", True),
        ("http://trusted.example/again", True),
        ("http://first.example/again", True),
        ("http://evil.example/again", False),
        ("http://trusted.example.evil.example/again", False),
        ("//evil.example/again", False),
    ],
)
async def test_untrusted_redirects_can_be_excluded(target: str, is_followed: bool) -> None:
    hosts = ("first.example", "trusted.example", "evil.example", "trusted.example.evil.example")
    async with serving(by_path(start=redirects(target), again=says(b"there"))) as place:
        ways = Ways(zone(dict.fromkeys(hosts, ("93.184.215.14",))), Internet(place))
        client = EgressClient(Settings(egress_trusted=("trusted.example",)), ways)
        assert (await client.request("GET", "http://first.example/")).body == b"there"
        if is_followed:
            assert (await client.request("GET", "http://first.example/", leave_host=False)).body == b"there"
        else:
            with pytest.raises(EgressRefused, match="this task has read content from outside"):
                await client.request("GET", "http://first.example/", leave_host=False)


async def test_a_body_is_not_redirected_to_another_origin() -> None:
    async with serving(says()) as other, serving(redirects(other.url(), 307)) as place:
        with pytest.raises(EgressRefused, match="Send it there directly"):
            await client_for(place, other).request("POST", place.url(), body=b"secret")
        assert other.connects == 0


async def test_see_other_turns_a_post_into_a_get() -> None:
    async with serving(by_path(start=redirects("/done", 303), done=says(b"ok"))) as place:
        await client_for(place).request("POST", place.url(), body=b"x", headers={"Content-Type": "text/plain"})
        second = place.arrived[1]
        assert (second.method, second.body, "content-type" in second.headers) == ("GET", b"", False)


async def test_cookies_are_not_kept() -> None:
    async with serving(says(headers={"Set-Cookie": "a=b"})) as place:
        client = client_for(place)
        for _ in range(2):
            await client.request("GET", place.url())
        async with client.guarded() as guarded:
            for _ in range(2):
                await guarded.get(place.url())
        assert not any("cookie" in arrived.headers for arrived in place.arrived)


async def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(says(b"proxy")) as proxy, serving(says(b"server")) as place:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url())
        client = client_for(place)
        assert (await client.request("GET", place.url())).body == b"server"
        async with client.guarded() as guarded:
            assert (await guarded.get(place.url())).content == b"server"
        assert proxy.connects == 0


def compressed(encoding: str) -> bytes:
    squeeze = zlib.compressobj(9, wbits={"gzip": 31, "deflate": 15, "raw": -15}[encoding])
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(200)) + squeeze.flush()


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw"])
async def test_a_decompression_bomb_stops_at_the_limit(encoding: str) -> None:
    name = encoding.replace("raw", "deflate")
    async with serving(says(compressed(encoding), headers={"Content-Encoding": name})) as place:
        with pytest.raises(EgressRefused, match=f"larger than {MAX_BYTES} bytes"):
            await client_for(place).request("GET", place.url())


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
async def test_encodings_that_were_not_asked_for_are_refused(encoding: str) -> None:
    async with serving(says(b"x" * 100, headers={"Content-Encoding": encoding})) as place:
        with pytest.raises(EgressRefused, match="can't be decompressed"):
            await client_for(place).request("GET", place.url())


async def test_compressed_bodies_are_read() -> None:
    for encoding, body in (("gzip", gzip.compress(b"hello")), ("deflate", zlib.compress(b"hello"))):
        async with serving(says(body, headers={"Content-Encoding": encoding})) as place:
            assert (await client_for(place).request("GET", place.url())).body == b"hello"


async def test_an_endless_body_stops_at_the_limit() -> None:
    async with serving(pours(bytes(1 << 16))) as place:
        with pytest.raises(EgressRefused, match="larger than 100000 bytes"):
            await client_for(place).request("GET", place.url(), max_bytes=100_000)


@pytest.mark.parametrize("chunk", [b"x", b""], ids=["drips", "silent"])
async def test_the_whole_response_has_a_time_limit(chunk: bytes) -> None:
    async with serving(pours(chunk, pause_s=0.01)) as place:
        with pytest.raises(EgressFailed, match=r"within 2 s") as raised:
            await client_for(place).request("GET", place.url(), timeout_s=SHORT_S)
        assert raised.value.was_sent


async def test_other_types_are_refused_by_name() -> None:
    async with serving(says(b"%PDF", kind="application/pdf")) as place:
        with pytest.raises(EgressRefused, match="'application/pdf'"):
            await client_for(place).request("GET", place.url(), accept=("text/*",))


async def test_an_error_of_another_type_has_no_body() -> None:
    async with serving(says(b"GIF", kind="image/gif", status=404)) as place:
        response = await client_for(place).request("GET", place.url(), accept=("text/*",))
        assert (response.status, response.body) == (404, b"")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "evil.example"),
        ("Transfer-Encoding", "chunked"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Key", "a\r\nHost: evil.example"),
        ("X-Key", "\u00fc"),
        ("X Key", "a"),
        ("", "a"),
    ],
)
async def test_headers_that_could_deceive_are_refused(name: str, value: str) -> None:
    async with serving(says()) as place:
        with pytest.raises(EgressRefused) as raised:
            await client_for(place).request("GET", place.url(), headers={name: value})
        assert place.connects == 0
        assert not value or "evil" not in raised.value.message


async def test_a_failure_says_whether_anything_was_sent() -> None:
    async def leaves(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        """Close the connection without an answer."""

    async with serving(leaves) as place:
        client = client_for(place)
        with pytest.raises(EgressFailed) as raised:
            await client.request("POST", place.url(), body=b"x")
        assert raised.value.was_sent
    with pytest.raises(EgressFailed) as raised:
        await client.request("POST", place.url(), body=b"x")
    assert not raised.value.was_sent


async def test_an_unknown_host_is_named() -> None:
    with pytest.raises(UnknownHost, match=r"'nowhere\.example'"):
        await client_for().request("GET", "https://nowhere.example/")


async def test_an_address_that_does_not_answer_is_skipped() -> None:
    async with serving(says(b"second")) as place:
        settings = Settings(egress_allow=place.listed("two.example"))
        client = EgressClient(settings, Ways(zone({"two.example": ("127.0.0.3", "127.0.0.1")})))
        assert (await client.request("GET", place.url(host="two.example"))).body == b"second"


async def test_a_certificate_has_to_be_for_the_name(tmp_path: Path) -> None:
    ours = Authority(tmp_path, "ours")
    there = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    pair = ours.signed("secure.example")
    there.load_cert_chain(pair.certificate, pair.key)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=there)
    port = server.sockets[0].getsockname()[1]
    async with server:
        client = EgressClient(
            Settings(egress_allow=(f"secure.example:{port}", f"other.example:{port}")),
            Ways(
                zone({"secure.example": ("127.0.0.1",), "other.example": ("127.0.0.1",)}),
                context=ssl.create_default_context(cafile=str(ours.certificate)),
            ),
        )
        assert (await client.request("GET", f"https://secure.example:{port}/")).body == b"ok"
        with pytest.raises(EgressFailed, match="ConnectError"):
            await client.request("GET", f"https://other.example:{port}/")
