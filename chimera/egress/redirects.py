"""Redirects. Each target is checked like a URL of its own."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx2

from chimera.egress.errors import EgressRefused
from chimera.egress.headers import without_secrets
from chimera.egress.policy import EgressPolicy
from chimera.egress.urls import Destination

_STATUSES = frozenset({301, 302, 303, 307, 308})
_WITH_BODY = frozenset({307, 308})


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a chain of redirects."""

    method: str
    where: Destination
    headers: Mapping[str, str]
    body: bytes


class Redirects:
    """The redirects of one request: how many are left, and whether they may lead to other hosts."""

    def __init__(self, most: int, *, leave_host: bool) -> None:
        self._most = self._left = most
        self._leave_host = leave_host

    def following(self, step: Step, response: httpx2.Response, policy: EgressPolicy) -> Step | None:
        """Return the request to which a response redirects; None if it doesn't. Raises EgressRefused."""
        following = next_step(step, response, policy)
        if following is None:
            return None
        if not self._left:
            raise EgressRefused(
                f"{step.where.host!r} redirects more than {self._most} times. Use the final URL.",
                status=response.status_code,
            )
        self._left -= 1
        if self._leave_host or following.where.host == step.where.host:
            return following
        url = str(following.where.url)
        if not policy.is_allowed_after_untrusted(url):
            raise EgressRefused(
                f"{step.where.host!r} redirects to another host, and this task has read content from outside. Use the"
                f" URL {url} itself.",
                status=response.status_code,
            )
        return following


def next_step(step: Step, response: httpx2.Response, policy: EgressPolicy) -> Step | None:
    """Return the request to which a response redirects; None if it doesn't. Raises EgressRefused.

    Headers that may contain secrets, and bodies, aren't sent to another origin. As in browsers, 301, 302 and 303 turn
    any method but HEAD into GET.
    """
    location = str(response.headers.get("location", ""))
    if response.status_code not in _STATUSES or not location:
        return None
    try:
        where = policy.checked(_joined(step.where.url, location))
    except EgressRefused as error:
        raise EgressRefused(
            f"{step.where.host!r} redirects to a URL that can't be used. {error.message}", status=response.status_code
        ) from None
    return _redirected(step, where, response.status_code)


def _redirected(step: Step, where: Destination, status: int) -> Step:
    if step.where.url.scheme == "https" and where.url.scheme == "http":
        raise EgressRefused(f"{step.where.host!r} redirects from https to http. Use an https URL.", status=status)
    is_same = where.origin == step.where.origin
    keeps_method = status in _WITH_BODY or step.method in ("GET", "HEAD")
    if keeps_method and step.method not in ("GET", "HEAD") and not is_same:
        raise EgressRefused(
            f"{step.where.host!r} redirects a {step.method} request to {where.host!r}. Send it there directly.",
            status=status,
        )
    headers = step.headers if is_same else without_secrets(step.headers)
    if keeps_method:
        return Step(step.method, where, headers, step.body if is_same else b"")
    without_body = {name: value for name, value in headers.items() if not name.startswith("content-")}
    return Step("GET", where, without_body, b"")


def _joined(base: httpx2.URL, location: str) -> str:
    """Return the absolute URL of a `Location`. A complete one stays as it was sent, so that it is checked as it is."""
    if location.lower().startswith(("http:", "https:")):
        return location
    if "\\" in location or not location.isprintable():
        return location
    try:
        return str(base.join(location))
    except (httpx2.InvalidURL, ValueError):
        return location
