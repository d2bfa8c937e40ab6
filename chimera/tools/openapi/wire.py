"""What these tools need of the client for requests to the outside: its shape, and what its errors mean."""

from collections.abc import Collection, Mapping
from typing import Protocol

from models.errors import ChimeraError


class Response(Protocol):
    """A response that was read completely."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def url(self) -> str: ...
    @property
    def media_type(self) -> str:
        """Such as `application/json`, in lower case and without parameters."""
        ...

    @property
    def body(self) -> bytes: ...


class Requests(Protocol):
    """Sends requests that are checked first."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        accept: Collection[str] = ("*/*",),
        max_bytes: int = ...,
        timeout_s: float = ...,
        follow: bool = True,
    ) -> Response:
        """Send a request. Raises an error with the code `egress_refused` or `egress_failed`."""
        ...


def is_refusal(error: ChimeraError) -> bool:
    """Return whether the request or its response isn't allowed."""
    return error.code == "egress_refused"


def is_failure(error: ChimeraError) -> bool:
    """Return whether the server couldn't be reached, or didn't answer completely."""
    return error.code in ("egress_failed", "unknown_host")


def was_sent(error: ChimeraError) -> bool:
    """Return whether the request may have had an effect before the error."""
    if is_refusal(error):
        return getattr(error, "status", None) is not None
    return bool(getattr(error, "was_sent", True))
