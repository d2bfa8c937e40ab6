"""An internet on loopback: names resolve to public addresses, and one server stands in for all of them.

What arrives for a name of the attacker is counted, and so are lookups of such names, because a name can carry data.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from chimera.egress.transport import Ways
from tests.chimera.egress.servers import Answer, Arrived, Internet, Place, redirects, says, serving

PUBLIC = "93.184.215.14"
EVIL = "evil.example"
PAGES = "page.example"
TRUSTED = "trusted.example"
PARTNER = "partner.example"
HOSTS = (EVIL, PAGES, TRUSTED, PARTNER)


@dataclass
class Network:
    """The attacker's pages, and what reached the attacker."""

    place: Place
    pages: dict[str, Answer] = field(default_factory=dict)
    """Answers by path, for any host but the attacker's collector."""
    looked_up: list[str] = field(default_factory=list)

    @property
    def ways(self) -> Ways:
        return Ways(self._resolve, Internet(self.place))

    @property
    def collected(self) -> list[str]:
        """Return what the attacker's collector got: requests, and names that were looked up."""
        requests = [written(each) for each in self.place.arrived if _is_evil(host_of(each))]
        return [*requests, *self.looked_up]

    @property
    def sent(self) -> list[str]:
        """Return every request to any host."""
        return [written(each) for each in self.place.arrived]

    def add_page(self, name: str, body: str, kind: str = "text/html; charset=utf-8") -> str:
        """Publish a page and return its URL."""
        self.pages[f"/{name}"] = says(body.encode(), kind=kind)
        return f"http://{PAGES}/{name}"

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        if _is_evil(host):
            self.looked_up.append(f"lookup of {host}")
        if not any(host == known or host.endswith(f".{known}") for known in HOSTS):
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        return [PUBLIC]


@asynccontextmanager
async def open_network() -> AsyncIterator[Network]:
    pages: dict[str, Answer] = {}

    async def answer(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
        path, _, query = arrived.target.partition("?")
        if host_of(arrived) == TRUSTED and path == "/to":
            # An open redirect, as many trusted hosts have one.
            await redirects(query)(writer, arrived)
        else:
            await pages.get(path, says(b"ok"))(writer, arrived)

    async with serving(answer) as place:
        yield Network(place, pages)


def host_of(arrived: Arrived) -> str:
    return arrived.headers.get("host", "").partition(":")[0]


def written(arrived: Arrived) -> str:
    """Return a request as one text to search in."""
    headers: Mapping[str, str] = arrived.headers
    return f"{arrived.method} {arrived.target} {dict(headers)} {arrived.body.decode('latin-1')}"


def _is_evil(host: str) -> bool:
    return host == EVIL or host.endswith(f".{EVIL}")
