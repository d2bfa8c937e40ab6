"""Errors of requests to the outside. They name the host, but never the private address that it resolved to."""

from models.errors import ChimeraError


class EgressRefused(ChimeraError):
    """A request or a response that the policy doesn't allow. `status` is the response's status, if there was one.

    With a status, the request was sent, so it may have had an effect.
    """

    code, http_status, title = "egress_refused", 422, "The request to another server isn't allowed"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class EgressFailed(ChimeraError):
    """A server that couldn't be reached, or that didn't answer completely. `was_sent` is true if any part of the
    request was sent, so that it may have had an effect.
    """

    code, http_status, title = "egress_failed", 502, "A request to another server failed"

    def __init__(self, message: str, *, was_sent: bool = False) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class UnknownHost(EgressFailed):
    """A host name that doesn't exist."""

    code, title = "unknown_host", "The host doesn't exist"

    def __init__(self, host: str) -> None:
        super().__init__(f"There is no host {host!r}. Check the spelling of the URL.")
