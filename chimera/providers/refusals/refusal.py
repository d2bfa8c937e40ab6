"""Creates the errors for a provider's refusals, with the same wording for every vendor.

A vendor's message may quote the request, and OpenAI's quotes the rejected key. So an unknown key (401) is reported only
in our own words, and every other message is shortened and stripped of anything that looks like a key.
"""

import re
from dataclasses import dataclass

from chimera.config.vendors import VENDORS
from chimera.content.text import clean_text
from chimera.providers.refusals.model_loading import cannot_load
from models.base import preview_of
from models.errors import (
    BadRequest,
    ContentRefused,
    ContextTooLong,
    InternalFailure,
    ModelLoading,
    NoQuota,
    Overloaded,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    Truncated,
    UnknownModel,
    Unreachable,
    WrongKey,
)

MIN_KEY_CHARS = 8
"""A shorter text is a common word in messages, not a secret."""

_AWAY_STATUSES = frozenset({502, 503, 504, 521, 522, 523, 529})
"""Statuses of servers that can't serve any request now. Cloudflare uses 521 to 523 for a server that it can't reach."""

_OVERLOAD = re.compile(
    r"overload|(over|at|out of|insufficient|no) capacity|capacity (is )?(exceeded|reached|limit)|too busy"
    r"|(server|model|system|engine|service|cluster)s? (is |are )?(currently |temporarily |still )?"
    r"(busy|unavailable|overwhelmed)|temporarily unavailable|(server|system)_busy"
    r"|no (available|healthy) (server|backend|worker|instance|upstream|provider|channel|replica|node|deployment)"
    r"|queue is full",
    re.IGNORECASE,
)
_REASON_CHARS = 180
_OWN_CHARS = 440
"""Together with the surrounding text, no more than the ledger stores of an error."""
_KEY = re.compile(
    r"\b(?:(?:sk|pk|rk)[-_]|AIza|AQ\.)[A-Za-z0-9*._-]{6,}"
    # An ordinary word may follow these two, so a key must contain a digit. Looking further ahead would take too long.
    r"|\b(?:key|Bearer)[-_ ](?=[A-Za-z*._-]{0,64}\d)[A-Za-z0-9*._-]{12,}"
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The facts of a refusal. `status` is None in the middle of an answer. Each method returns one kind of error."""

    provider: str
    model: str
    status: int | None
    reason: str
    retry_after_s: float | None = None

    def no_quota(self) -> NoQuota:
        return NoQuota(
            f"The account at {self.provider} has no quota left. Raise the quota there, then retry the task."
            f"{self._reason()}"
        )

    def rate_limited(self) -> RateLimited:
        when = "" if self.retry_after_s is None else f" and a pause of {self.retry_after_s:g} s"
        return RateLimited(
            f"{self.provider} asked for fewer requests{when}.{self._reason()}", retry_after_s=self.retry_after_s
        )

    def loading(self) -> ModelLoading:
        return ModelLoading(
            f"{self.provider} is starting or loading {self.model!r}: {self._why()}",
            retry_after_s=self.retry_after_s,
        )

    def wrong_key(self) -> WrongKey:
        vendor = VENDORS[self.provider]
        # If no key is needed, another server is at the address, or the server was configured to require a key.
        setting = vendor.address_variable if vendor.key == "none" else vendor.key_variable
        if self.status == 403 and self.reason:
            # The key is known but lacks a right, which only the server's message names.
            return WrongKey(
                f"{self.provider} rejected the key (403): {self._why()} Check {setting} and the key's permissions."
            )
        return WrongKey(f"{self.provider} rejected the key ({self.status or 401}). Check {setting}.")

    def content(self) -> ContentRefused:
        return ContentRefused(
            f"{self.provider} rejected the content: {self._why()} Change the request, or use another model."
        )

    def too_long(self) -> ContextTooLong:
        return ContextTooLong(
            f"The conversation is too long for {self.model!r} at {self.provider}: {self._why()} Shorten the"
            " conversation, or use a model with a larger context window."
        )

    def unknown_model(self) -> UnknownModel:
        what = f"the model {self.model!r}" if self.model else "a list of models"
        return UnknownModel(f"{self.provider} doesn't have {what}, or its address is wrong: {self._why()}")

    def request(self) -> BadRequest:
        hint = ""
        if self.status is not None and 300 <= self.status < 400:
            hint = " The server redirects to another address. Check the configured address."
        return BadRequest(f"{self.provider} rejected the request ({self.status or 'mid-answer'}): {self._why()}{hint}")

    def _reason(self) -> str:
        """Return the server's message, to be appended to ours; empty if there is none."""
        return f" Reason: {self._why()}" if self.reason else ""

    def _why(self) -> str:
        """Return the server's message as a sentence."""
        if not self.reason:
            return "no reason given."
        return self.reason if self.reason.endswith((".", "!", "?", "…")) else f"{self.reason}."

    def trouble(self, codes: str = "") -> Overloaded:
        """Return Overloaded if the whole server has a problem, or InternalFailure if it may be this request's alone.

        Only the former counts against the provider.
        """
        is_away = self.status in _AWAY_STATUSES or bool(_OVERLOAD.search(f"{codes} {self.reason}"))
        return (Overloaded if is_away and not cannot_load(self.reason) else InternalFailure)(
            f"{self.provider} had an internal error ({self.status or 'mid-answer'}): {self._why()}",
            retry_after_s=self.retry_after_s,
        )


def disconnected(provider: str, error: BaseException, *, begun: bool) -> ProviderError:
    """Map a failed or broken connection to an error. `error` is HTTPX's, or an SDK's that was raised from it."""
    import httpx2

    cause = error if isinstance(error, httpx2.TransportError) else error.__cause__
    if begun:
        return Truncated(f"{provider} broke the connection mid-answer. The answer was discarded.")
    # Unlike an outage, an untrusted certificate or a rejecting proxy doesn't resolve itself.
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout) and "CERTIFICATE" not in str(cause):
        setting = VENDORS[provider].address_variable
        return Unreachable(
            f"{provider} can't be reached. Check that it is running and that its address ({setting}) is correct, and"
            " check the network connection."
        )
    if isinstance(cause, httpx2.TimeoutException):
        return ProviderTimeout(f"{provider} didn't accept the request in time.")
    if isinstance(cause, httpx2.ConnectError | httpx2.ProxyError):
        return Overloaded(
            f"{provider} can't be reached: its certificate isn't trusted, or a proxy rejects the connection."
        )
    return Overloaded(f"{provider} closed the connection without responding.")


def reason_of(message: str, secret: str, *, is_ours: bool = False) -> str:
    """Make a vendor's message safe to show: short, clean, and without anything that looks like a key.

    `is_ours`: the message is the simulator's, which is already safe.
    """
    if len(secret) >= MIN_KEY_CHARS:
        message = message.replace(secret, "…")
    return preview_of(_KEY.sub("…", " ".join(clean_text(message).split())), _OWN_CHARS if is_ours else _REASON_CHARS)
