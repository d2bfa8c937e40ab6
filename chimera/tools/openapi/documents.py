"""OpenAPI documents: reading one, and resolving its references."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

from chimera.egress.client import EgressClient
from chimera.tools.openapi.file import problem_of_base
from models.base import preview_of
from models.errors import ChimeraError

MAX_BYTES = 5 * 1024 * 1024
FETCH_SECONDS = 15.0

_MAX_HOPS = 20


class BadDocument(ValueError):
    """A document that can't be used, or a part of it."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document, of OpenAPI 3.0 or later."""

    root: Mapping[str, Any]
    url: str | None = None
    """Where it came from, if that was a URL."""

    @property
    def is_3_0(self) -> bool:
        """Whether schemas are those of OpenAPI 3.0, which differ from JSON Schema."""
        return str(self.root.get("openapi")).startswith("3.0")

    def is_of(self, server: str) -> bool:
        """Return whether the document may choose `server`: if it is a file, or came from the same origin."""
        return self.url is None or origin_of(self.url) == origin_of(server)

    def resolved(self, value: object) -> Mapping[str, Any]:
        """Follow the references of an object. Raises BadDocument if it isn't one."""
        for _ in range(_MAX_HOPS):
            if not isinstance(value, Mapping):
                break
            if "$ref" not in value:
                return value
            value = self.target_of(value["$ref"])
        raise BadDocument(f"a reference doesn't lead to an object: {preview_of(str(value), 80)}")

    def target_of(self, reference: object) -> Any:
        """Return what a reference within the document points to. Raises BadDocument."""
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise BadDocument(f"{str(reference)[:100]!r} is in another document. Bundle both into one.")
        found: Any = self.root
        for part in unquote(reference[1:]).split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
                found = found[int(key)]
            else:
                raise BadDocument(f"the reference {reference[:100]!r} leads nowhere")
        return found

    def base_of(self, *places: Mapping[str, Any]) -> str:
        """Return the address in the first place that has servers. Raises BadDocument if there is none."""
        for place in (*places, self.root):
            servers = place.get("servers")
            if isinstance(servers, list) and servers:
                return self._address_of(servers[0])
        return self._checked(urljoin(self.url, "/") if self.url else "/")

    def _address_of(self, server: Any) -> str:
        if not isinstance(server, Mapping) or not isinstance(server.get("url"), str):
            raise BadDocument("the server has no URL. Set base_url.")
        url = server["url"]
        variables = server.get("variables")
        for name, variable in variables.items() if isinstance(variables, Mapping) else ():
            default = variable.get("default") if isinstance(variable, Mapping) else None
            if default is not None:
                url = url.replace(f"{{{name}}}", str(default))
        if "{" in url:
            raise BadDocument(f"the server {url[:100]!r} has a variable without a default. Set base_url.")
        return self._checked(urljoin(self.url, url) if self.url else url)

    def _checked(self, url: str) -> str:
        if not urlsplit(url).scheme:
            raise BadDocument(f"the server {url[:100]!r} isn't a full address. Set base_url.")
        if problem := problem_of_base(url):
            raise BadDocument(f"the server {url[:100]!r} {problem} Set base_url.")
        return url


def origin_of(url: str) -> tuple[str, str, int | None]:
    """Return the scheme, host and port of a URL. Never raises: an invalid port counts as none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url, "", None
    try:
        port = parts.port
    except ValueError:
        port = None
    return parts.scheme, (parts.hostname or "").lower(), port or {"http": 80, "https": 443}.get(parts.scheme)


async def read_document(place: str, folder: Path, egress: EgressClient) -> Document:
    """Read a document from a URL, or from a path relative to `folder`. No credentials are sent.

    Raises BadDocument.
    """
    if place.lower().startswith(("http://", "https://")):
        return Document(_parsed(await _fetched(place, egress)), url=place)
    return Document(_parsed(_read_file(place, folder)))


def _read_file(place: str, folder: Path) -> bytes:
    if "\0" in place:
        raise BadDocument(f"{place!r} is neither a URL nor a path. Correct it.")
    try:
        path = folder / Path(place).expanduser()
        if path.stat().st_size > MAX_BYTES:
            raise BadDocument(f"{place!r} is larger than 5 MB")
        return path.read_bytes()
    except OSError as error:
        raise BadDocument(f"{place!r} can't be read ({error.strerror})") from None


async def _fetched(url: str, egress: EgressClient) -> bytes:
    try:
        response = await egress.request("GET", url, max_bytes=MAX_BYTES, timeout_s=FETCH_SECONDS)
    except ChimeraError as error:
        raise BadDocument(error.message) from None
    if not 200 <= response.status < 300:
        shown = url.partition("?")[0]  # A query may contain a key.
        raise BadDocument(f"{shown!r} answers with status {response.status}. Correct the URL, or save it as a file.")
    return response.body


def _parsed(data: bytes) -> Mapping[str, Any]:
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        raise BadDocument(
            "the document isn't JSON. YAML isn't supported: convert it, or use the API's JSON document."
        ) from None
    if not isinstance(root, dict):
        raise BadDocument("the document isn't a JSON object")
    version = root.get("openapi")
    if not isinstance(version, str) or not version.startswith("3."):
        raise BadDocument(f"its version is {root.get('openapi', root.get('swagger'))!r}. Convert it to OpenAPI 3.")
    return root
