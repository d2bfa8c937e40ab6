"""URLs, parsed once. A URL that another parser could read differently is refused, not repaired.

Attacks hide a host in a URL that the check and the client read differently: `http://public.example\\@127.0.0.1/`. Here,
httpx2 parses the URL, the parsed URL is what the client uses, and its authority has to be as plain as people write it.
"""

import re
from dataclasses import dataclass

import httpx2

from chimera.egress.addresses import address_in
from chimera.egress.errors import EgressRefused

MAX_URL_CHARS = 8192

_MAX_HOST_CHARS = 253
_SHOWN_CHARS = 100
_PORTS = {"http": 80, "https": 443}
_START = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::([0-9]{1,5}))?")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that can be requested: parsed, with its host in ASCII and lower case, and its port."""

    url: httpx2.URL
    host: str
    """A name, or an IP address in its shortest form, without brackets."""
    port: int

    @property
    def origin(self) -> tuple[str, str, int]:
        """The scheme, host and port."""
        return self.url.scheme, self.host, self.port


def destination_of(url: str) -> Destination:
    """Parse a URL. Raises EgressRefused, with advice, unless it is an unambiguous http or https URL."""
    _check_characters(url)
    start = _START.match(url)
    if start is None:
        raise EgressRefused(f"{_shown(url)} is not a web address. Use a URL that begins with https:// or http://.")
    if "@" in start[1]:
        raise EgressRefused("The URL contains a user name or an @ before its host. Remove everything up to the @.")
    authority = _AUTHORITY.fullmatch(start[1])
    if authority is None or len(authority[1]) > _MAX_HOST_CHARS:
        raise EgressRefused(f"{_shown(url)} doesn't contain a plain host. Use a URL such as https://example.com/page.")
    try:
        parsed = httpx2.URL(url).copy_with(fragment=None)
        host = parsed.raw_host.decode("ascii")
    except (httpx2.InvalidURL, ValueError):
        raise EgressRefused(f"{_shown(url)} is not a valid URL. Use a URL such as https://example.com/page.") from None
    port = int(authority[2] or _PORTS[parsed.scheme])
    if not 1 <= port <= 65535:
        raise EgressRefused(f"The URL has port {port}. Ports range from 1 to 65535.")
    _check_host(host)
    address = address_in(host)
    if address is not None:
        host = str(address)
        parsed = parsed.copy_with(host=host)
    return Destination(parsed, host, port)


def _check_characters(url: str) -> None:
    if len(url) > MAX_URL_CHARS:
        raise EgressRefused(f"The URL has {len(url)} characters. A URL can have at most {MAX_URL_CHARS}.")
    if "\\" in url or not url.isprintable() or any(character.isspace() for character in url):
        raise EgressRefused(
            "The URL contains a backslash, a space or a control character. Percent-encode these characters, for"
            " example a space as %20."
        )


def _check_host(host: str) -> None:
    if address_in(host) is not None:
        return
    if not _NAME.fullmatch(host):
        raise EgressRefused(f"{_shown(host)} is not a host name. Use a name such as example.com.")
    # Systems read 127.1, 2130706433 and 0x7f.1 as addresses. No real name ends in a number.
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise EgressRefused(f"{_shown(host)} is neither a host name nor an IP address in its usual form.")


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…")
