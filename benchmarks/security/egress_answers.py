"""S29: hostile servers and resolvers: redirects, rebinding, endless and compressed bodies, and slow answers."""

import asyncio
import time
import zlib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from itertools import cycle
from typing import Any

import psutil

from benchmarks.security.finding import Finding, Seen
from chimera.config.settings import Settings
from chimera.egress.client import MAX_BYTES, EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.egress.resolving import Resolver
from chimera.egress.transport import Ways
from chimera.tools.fetch_page import FetchPage
from tests.chimera.egress.servers import Answer, Arrived, Internet, Place, pours, redirects, says, serving, zone
from tests.chimera.tools.calls import context
from tests.stack import Stack

STATUSES = (301, 302, 303, 307, 308)
LIMIT_S = 1.0
"""The time limit of the slow trials. The default is 30 s."""
PATIENCE_S = 20.0
"""The longest that a trial may take, on a machine that is busy with other work."""
GROWN_MB = 64

PUBLIC, PRIVATE = "93.184.215.14", "127.0.0.1"
"""A server on loopback stands in for the public address: no trial leaves the machine."""
REFUSED = (EgressRefused, EgressFailed)


async def answers(stack: Stack) -> Seen:
    seen = Seen()
    async with serving(says(b"secret")) as private:
        for trial in (_redirects, _loops, _refreshes, _rebinding, _slow_names, _slow_answers, _large_bodies):
            await trial(seen, private)
        seen.figures["private connects"] = private.connects
        seen.expect(private.connects == 0, f"{private.connects} connections to a private server")
    return seen


async def _redirects(seen: Seen, private: Place) -> None:
    for status in STATUSES:
        for target in _targets(private):
            async with serving(redirects(target, status)) as place:
                for method in ("GET", "POST"):
                    what = f"{status} to {target!r} after {method}"
                    await _refused(seen, what, lambda m=method, p=place: _client(p).request(m, p.url(), body=b""))


def _targets(private: Place) -> Sequence[str]:
    port = private.port
    return (
        private.url(),
        f"//127.0.0.1:{port}/",
        f"http://localhost:{port}/",
        f"http://2130706433:{port}/",
        f"http://[::ffff:127.0.0.1]:{port}/",
        f"http://public.example@127.0.0.1:{port}/",
        f"http://public.example\\@127.0.0.1:{port}/",
        f"/\\127.0.0.1:{port}/",
        f"http:\\\\127.0.0.1:{port}/",
        f"http://127.0.0.1:{port}\\@public.example/",
        f"http://rebound.example:{port}/",
        f"\thttp://127.0.0.1:{port}/",
        f"ht\ttp://127.0.0.1:{port}/",
        f"gopher://127.0.0.1:{port}/_x",
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
    )


async def _loops(seen: Seen, private: Place) -> None:
    hops = {f"/{number}": f"/{number + 1}" for number in range(20)}

    async def chain(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        await redirects(hops.get(arrived.target, "/0"))(writer, arrived)

    async with serving(chain) as place:
        await _refused(seen, "a loop of 20 redirects", lambda: _client(place).request("GET", place.url("/0")))
        seen.expect(place.connects <= 4, f"{place.connects} redirects were followed")


async def _refreshes(seen: Seen, private: Place) -> None:
    for target in _targets(private):
        page = f"<meta http-equiv='refresh' content='0; url={target}'><script>location='{target}'</script><p>x"
        headers = {"Refresh": f"0; url={private.url()}", "Link": f"<{private.url()}>; rel=preload"}
        async with serving(says(page.encode(), kind="text/html", headers=headers)) as place:
            output = await FetchPage(_client(place)).run({"url": place.url()}, context())
            seen.expect("secret" not in output.text, f"a refresh to {target!r} was followed")


async def _rebinding(seen: Seen, private: Place) -> None:
    """Answer first with a public address, then with a private one, as a resolver with a TTL of 0 does."""
    flips = ([[PUBLIC], [PRIVATE]], [[PRIVATE], [PUBLIC]], [[PUBLIC, PRIVATE]], [[PRIVATE, PUBLIC]])
    for flip in flips:
        zone_answers, asked = cycle(flip), list[Sequence[str]]()

        async def rebinds(
            host: str, port: int, given: Iterator[Sequence[str]] = zone_answers, asked: list[Sequence[str]] = asked
        ) -> Sequence[str]:
            asked.append(next(given))
            return asked[-1]

        async with serving(says(b"public")) as public:
            network = Internet(public)
            client = EgressClient(Settings(_env_file=None), Ways(rebinds, network))
            for number in range(6):
                with suppress(EgressRefused):
                    await client.request("GET", "http://rebound.example/")
                seen.expect(len(asked) == number + 1, "a name was resolved twice for one request")
            seen.expect(set(network.connected) <= {PUBLIC}, f"connections to {network.connected}")
            seen.expect(len(network.connected) == asked.count([PUBLIC]), "another answer was used than the checked one")


async def _slow_names(seen: Seen, private: Place) -> None:
    async def never(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(3600)
        return ["127.0.0.1"]

    client = EgressClient(Settings(_env_file=None), Ways(never))
    await _refused(seen, "slow DNS", lambda: client.request("GET", "https://slow.example/", timeout_s=LIMIT_S))


async def _slow_answers(seen: Seen, private: Place) -> None:
    async def drips_a_head(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            writer.write(b"X: y\r\n")
            await writer.drain()
            await asyncio.sleep(0.05)

    async def says_nothing(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        await asyncio.sleep(3600)

    async def continues(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    slow: dict[str, Answer] = {
        "a silent server": says_nothing,
        "headers in drops": drips_a_head,
        "endless early hints": continues,
        "a body in drops": pours(b"x", pause_s=0.05),
        "a chunked body in drops": pours(b"1\r\nx\r\n", "Transfer-Encoding: chunked\r\n", pause_s=0.05),
    }
    for what, answer in slow.items():
        async with serving(answer) as place:
            await _refused(seen, what, lambda p=place: _client(p).request("GET", p.url(), timeout_s=LIMIT_S))


async def _large_bodies(seen: Seen, private: Place) -> None:
    megabyte = bytes(1 << 20)
    bombs = {encoding: _bomb(wbits) for encoding, wbits in (("gzip", 31), ("deflate", 15), ("deflate raw", -15))}
    large: dict[str, Answer] = {
        "an endless body": pours(megabyte),
        "10 GB by its length": pours(megabyte, f"Content-Length: {10 * 1024**3}\r\n"),
        "an endless chunked body": pours(b"100000\r\n" + megabyte + b"\r\n", "Transfer-Encoding: chunked\r\n"),
        "an endless gzip": pours(bombs["gzip"][: 1 << 16], "Content-Encoding: gzip\r\n"),
        **{
            f"a bomb in {name}": says(bomb, headers={"Content-Encoding": name.partition(" ")[0]})
            for name, bomb in bombs.items()
        },
        "gzip in gzip": says(_squeeze(bombs["gzip"], 31), headers={"Content-Encoding": "gzip, gzip"}),
        "br": pours(megabyte, "Content-Encoding: br\r\n"),
        "zstd": pours(megabyte, "Content-Encoding: zstd\r\n"),
        "headers of 10 MB": says(headers={f"X-{number}": "x" * 10_000 for number in range(1000)}),
    }
    worst = 0.0
    for what, answer in large.items():
        async with serving(answer) as place:
            before = psutil.Process().memory_info().rss
            await _refused(seen, what, lambda p=place: _client(p).request("GET", p.url()))
            grown = (psutil.Process().memory_info().rss - before) / 1024 / 1024
            worst = max(worst, grown)
            seen.expect(grown <= GROWN_MB, f"{what}: the process grew by {grown:.0f} MB")
    seen.figures |= {"most MB grown": round(worst), "limit in bytes": MAX_BYTES}


def _bomb(wbits: int) -> bytes:
    """Return 1 GB of zeros, in about 1 MB."""
    squeeze = zlib.compressobj(9, wbits=wbits)
    return b"".join(squeeze.compress(bytes(1 << 20)) for _ in range(1024)) + squeeze.flush()


def _squeeze(data: bytes, wbits: int) -> bytes:
    squeeze = zlib.compressobj(9, wbits=wbits)
    return squeeze.compress(data) + squeeze.flush()


def _client(place: Place) -> EgressClient:
    names: Resolver = zone({"rebound.example": ("127.0.0.1",), "localhost": ("127.0.0.1",)})
    return EgressClient(Settings(_env_file=None, egress_allow=place.listed()), Ways(names))


async def _refused(seen: Seen, what: str, ask: Callable[..., Awaitable[Any]]) -> None:
    began = time.monotonic()
    try:
        answer = await ask()
    except REFUSED:
        seen.expect(True, "")
    else:
        seen.expect(False, f"{what} was answered with {answer.status}")
    took_s = time.monotonic() - began
    seen.figures["longest trial, s"] = max(seen.figures.get("longest trial, s", 0.0), round(took_s, 1))
    seen.expect(took_s <= PATIENCE_S, f"{what} took {took_s:.0f} s")


FINDINGS = (
    Finding("S29", "redirects, rebinding, slow and large answers reach nothing private and stay in bounds", answers),
)
