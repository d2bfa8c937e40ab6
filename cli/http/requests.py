"""Requests to the HTTP API, with automatic token renewal and readable errors."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, TypeVar

import httpx2
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json, to_json

from chimera.config.addresses import is_near
from cli.errors import NoHttpClient, NoSignIn, NotReachable, Problem, Refused
from cli.http.sessions import Session

API = "/api/v1"
TIMEOUT = httpx2.Timeout(15.0, connect=5.0)
STREAM_TIMEOUT = httpx2.Timeout(60.0, connect=5.0)
"""The server sends something at least every 15 s, even if it is only a keep-alive."""

_Item = TypeVar("_Item")


class Requests:
    """Requests of one signed-in caller to one API."""

    def __init__(self, session: Session, http: httpx2.AsyncClient) -> None:
        self.api_url = session.api_url
        self._session = session
        self._http = http
        self._tags: dict[str, str] = {}
        """The ETags of objects that were read, by path."""

    @asynccontextmanager
    async def stream(self, path: str, params: Mapping[str, Any]) -> AsyncIterator[httpx2.EventSource]:
        """Open a stream of server-sent events at a path below /api/v1."""
        try:
            token = await self._session.access_token()
            async with self._stream(path, params, token) as response:
                if response.status_code != HTTPStatus.UNAUTHORIZED:
                    yield await _source_of(response)
                    return
            token = await self._session.access_token(refused=token)
            async with self._stream(path, params, token) as response:
                yield await _source_of(response)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise NotReachable(self.api_url, type(error).__name__) from error

    def _stream(self, path: str, params: Mapping[str, Any], token: str) -> Any:
        return self._http.stream(
            "GET", f"{self.api_url}{API}{path}", params=params, headers=_bearer(token), timeout=STREAM_TIMEOUT
        )

    async def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send a request to a path below /api/v1, and return the response's body."""
        if body is None:
            return await self._send(method, path, params=params, headers=headers)
        headers = {"Content-Type": "application/json", **(headers or {})}
        return await self._send(method, path, content=to_json(body), headers=headers, params=params)

    async def _get(self, path: str, params: Mapping[str, Any] | None = None) -> bytes:
        return await self._send("GET", path, params=params)

    async def _all(
        self, path: str, items: TypeAdapter[tuple[_Item, ...]], params: Mapping[str, Any] | None = None
    ) -> tuple[_Item, ...]:
        """Return a whole list, page by page."""
        found: list[_Item] = []
        cursor: str | None = None
        while True:
            page = {"limit": 100, **(params or {})} | ({} if cursor is None else {"cursor": cursor})
            answer = from_json(await self._get(path, page))
            found += items.validate_python(answer["items"])
            cursor = answer.get("next_cursor")
            if cursor is None:
                return tuple(found)

    async def _post(
        self,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: httpx2.Timeout = TIMEOUT,
    ) -> bytes:
        content = None if body is None else to_json(body)
        headers = {"Content-Type": "application/json", **(headers or {})}
        return await self._send("POST", path, content=content, headers=headers, timeout=timeout)

    async def _put(self, path: str, body: Mapping[str, Any]) -> bytes:
        """Replace an object. If it was read before, the change applies only to the state that was read."""
        headers = {"Content-Type": "application/json"}
        if (tag := self._tags.get(path)) is not None:
            headers["If-Match"] = tag
        return await self._send("PUT", path, content=to_json(body), headers=headers)

    async def _send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **rest: Any) -> bytes:
        url, headers = f"{self.api_url}{API}{path}", headers or {}
        try:
            token = await self._session.access_token()
            response = await self._http.request(method, url, headers={**headers, **_bearer(token)}, **rest)
            if response.status_code == HTTPStatus.UNAUTHORIZED:
                token = await self._session.access_token(refused=token)
                response = await self._http.request(method, url, headers={**headers, **_bearer(token)}, **rest)
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise NotReachable(self.api_url, type(error).__name__) from error
        raise_for(response)
        if "ETag" in response.headers:
            self._tags[path] = response.headers["ETag"]
        return response.content


def new_http(api_url: str) -> httpx2.AsyncClient:
    """Create a client for one API. Proxies in environment variables aren't used for this machine and private networks.

    Raises NoHttpClient if the proxy or the certificates in the environment variables can't be used.
    """
    try:
        # Certificates in environment variables also apply to private networks.
        verify = httpx2.create_ssl_context(trust_env=True) if api_url.lower().startswith("https:") else True
        return httpx2.AsyncClient(timeout=TIMEOUT, trust_env=not is_near(api_url), verify=verify)
    except (ValueError, ImportError, OSError, httpx2.InvalidURL) as error:
        # Only the type, because the library's message may contain a proxy's password.
        raise NoHttpClient(api_url, type(error).__name__) from None


def raise_for(response: httpx2.Response) -> None:
    """Raise NoSignIn or Refused for an error response, whose body must already have been read."""
    if response.is_success:
        return
    try:
        problem = Problem.model_validate_json(response.content)
    except ValidationError:
        # A page from a proxy, or from another program on this port.
        problem = Problem(
            status=response.status_code,
            title=f"{response.url} returned {response.status_code} {response.reason_phrase}",
            detail="The response didn't come from Chimera. Check the Chimera server's address.",
        )
    if problem.status == HTTPStatus.UNAUTHORIZED and problem.code == NoSignIn.code:
        raise NoSignIn(str(response.url.copy_with(path="/", query=None)).rstrip("/"))
    raise Refused(problem, _retry_after_s(response))


def _retry_after_s(response: httpx2.Response) -> float | None:
    """Return the seconds in Retry-After; None if there are none, or for a date, which proxies may send."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() else None


async def _source_of(response: httpx2.Response) -> httpx2.EventSource:
    if not response.is_success:
        await response.aread()
        raise_for(response)
    # No limit: a snapshot of a large task is one event of several megabytes.
    return httpx2.EventSource(response, max_event_size=None)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
