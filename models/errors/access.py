"""Errors of authentication, permissions and limits."""

import math

from models.errors.base import ChimeraError
from models.remedies import Action, Remedy


class NotSignedIn(ChimeraError):
    code, http_status, title = "not_signed_in", 401, "Sign in first"

    def __init__(self) -> None:
        super().__init__(
            "The request has no access token or API key. Sign in, and send the token in the header 'Authorization:"
            " Bearer <access token>'.",
            remedy=Remedy(action=Action.SIGN_IN),
        )


class TokenRefused(NotSignedIn):
    """The token is invalid. The message is the same for every cause, so that it reveals nothing about how tokens are
    made.
    """

    title = "The access or refresh token is invalid"

    def __init__(self, kind: str = "access") -> None:
        is_access = kind == "access"
        words = "Use the refresh token to get new tokens, or sign in again." if is_access else "Sign in again."
        ChimeraError.__init__(
            self,
            f"This {kind} token is invalid or has expired. {words}",
            remedy=Remedy(action=Action.REFRESH_TOKEN if is_access else Action.SIGN_IN),
        )


class JustRefreshed(TokenRefused):
    """Another tab of the same browser has used the refresh token a moment ago, and received the new tokens."""

    def __init__(self) -> None:
        super().__init__("refresh")


class ApiKeyRefused(TokenRefused):
    """The API key is invalid. The message is the same for every cause."""

    title = "The API key is invalid"

    def __init__(self) -> None:
        ChimeraError.__init__(
            self,
            "This API key is invalid, has expired or was deleted. Create a new API key.",
            remedy=Remedy(action=Action.CREATE_API_KEY),
        )


class TicketRefused(TokenRefused):
    """The one-time ticket of a socket is invalid. The message is the same for every cause."""

    title = "The ticket is invalid"

    def __init__(self) -> None:
        ChimeraError.__init__(self, "This ticket is invalid, has expired or was used before. Create a new ticket.")


class KeyCannotRead(TokenRefused):
    """An API key without the scope that a socket needs."""

    title = "The API key lacks a scope"

    def __init__(self) -> None:
        ChimeraError.__init__(self, "WebSockets require an API key with the scope 'read'. Create one with this scope.")


class MetricsTokenRefused(TokenRefused):
    """A request for metrics has no valid token."""

    title = "The token for metrics is missing or invalid"

    def __init__(self) -> None:
        ChimeraError.__init__(
            self,
            "Metrics require the token in CHIMERA_METRICS_TOKEN or a valid access token of an administrator. Send one"
            " of them in the header 'Authorization: Bearer <token>'.",
        )


class TwoCredentials(NotSignedIn):
    """The request has different tokens or keys."""

    code, http_status, title = "two_credentials", 400, "The request has two different credentials"

    def __init__(self) -> None:
        ChimeraError.__init__(
            self,
            "The headers contain different access tokens or API keys. Send only one, in 'Authorization' or in"
            " 'X-Api-Key'.",
            field="Authorization",
        )


class CodecAddressRefused(ChimeraError):
    """The secret in a codec address is invalid. The message is the same for every cause."""

    code, http_status, title = "codec_address_refused", 403, "The Temporal codec address is invalid"

    def __init__(self) -> None:
        super().__init__(
            "This codec address is invalid or has expired, or the user who created it has signed out or is no longer an"
            " administrator. Create a new address.",
            remedy=Remedy(action=Action.CREATE_CODEC_ADDRESS),
        )


class WrongCredentials(ChimeraError):
    code, http_status, title = "wrong_credentials", 401, "Wrong e-mail or password"

    def __init__(self) -> None:
        super().__init__("The e-mail address or password is wrong.")


class TooManyTries(ChimeraError):
    """Too many passwords were tried for one account or from one address. The same for accounts that don't exist."""

    code, http_status, title, retryable = "too_many_tries", 429, "Too many sign-in attempts", True

    def __init__(self, wait_s: float) -> None:
        wait = f"{math.ceil(wait_s / 60)} minutes" if wait_s > 60 else f"{math.ceil(wait_s)} s"
        super().__init__(
            f"Too many sign-in attempts have failed or are in progress. Retry in {wait}, or sign in from an IP address"
            " that you have signed in from before.",
            retry_after_s=math.ceil(wait_s),
        )


class TooBusy(ChimeraError):
    """The queue is full: another waiting request would only make all of them wait longer."""

    code, http_status, title, retryable = "too_busy", 503, "Too many requests at once", True

    def __init__(self, what: str, retry_after_s: float = 2.0) -> None:
        super().__init__(f"Too many {what} are waiting. Retry in {retry_after_s:g} s.", retry_after_s=retry_after_s)


class TooManyRequests(ChimeraError):
    """Requests come faster than a limit allows. `setting` is the name of the setting that defines the limit."""

    code, http_status, title, retryable = "too_many_requests", 429, "Too many requests", True

    def __init__(self, limit: int, setting: str, wait_s: float) -> None:
        wait = math.ceil(wait_s)
        super().__init__(
            f"The limit of {limit:,} requests per minute has been reached. Retry in {wait} s, or ask an administrator"
            f" to raise CHIMERA_{setting.upper()}.",
            retry_after_s=wait,
        )
        self.setting = setting


class LimitReached(ChimeraError):
    """A user has reached a limit. `setting` is the name of the setting that defines the limit."""

    code, http_status, title = "limit_reached", 429, "The user has reached a limit"

    def __init__(
        self,
        what: str,
        there: int,
        most: int,
        setting: str,
        advice: str,
        retry_after_s: float | None = None,
        *,
        added: int = 1,
    ) -> None:
        """Create the error from the existing (`there`) and additional (`added`) amounts, in the same unit as `most`."""
        adds = f" and would add {added:,}" if added > 1 else ""
        super().__init__(
            f"This user has {there:,} {what}{adds}, but CHIMERA_{setting.upper()} allows at most {most:,}. To continue,"
            f" {advice}, or ask an administrator to raise this limit.",
            retry_after_s=retry_after_s,
        )
        self.setting = setting


class Forbidden(ChimeraError):
    code, http_status, title = "forbidden", 403, "Not allowed"


class ForeignPage(Forbidden):
    """A page of another server asks for a session in cookies."""

    def __init__(self) -> None:
        super().__init__(
            "Only pages of this server can sign in with the header 'Chimera-Session'. Leave it out, and send the access"
            " token in the header 'Authorization'. If this is a page of this server, its proxy must pass on the header"
            " 'Host'.",
            field="Chimera-Session",
        )


class MissingScope(Forbidden):
    """The caller's API key lacks a scope."""

    code, title = "missing_scope", "The API key lacks a scope"

    def __init__(self, scope: str) -> None:
        super().__init__(
            f"This request requires an API key with the scope {scope!r}. Create another API key with this scope.",
            remedy=Remedy(action=Action.CREATE_API_KEY),
        )


class InvitationRefused(Forbidden):
    """The invitation can't be used. The message is the same for every cause."""

    code, title = "invitation_refused", "The invitation is invalid"

    def __init__(self) -> None:
        super().__init__(
            "This invitation is invalid, has expired, was used before, or is for another e-mail address. Ask an"
            " administrator for a new one.",
            field="invitation",
        )


class ResetTokenRefused(Forbidden):
    """The token for a new password can't be used. The message is the same for every cause."""

    code, title = "reset_token_refused", "The token for a new password is invalid"

    def __init__(self) -> None:
        super().__init__(
            "This token is invalid, has expired, was used before, or is for another account. Ask an administrator for a"
            " new one.",
            field="token",
        )


class SetUpDone(ChimeraError):
    """The first administrator can't be created over HTTP, because there is one, or no set-up token."""

    code, http_status, title = "not_found", 404, "Not found"

    def __init__(self) -> None:
        super().__init__(
            "The first administrator can't be created here: there is an administrator already, or CHIMERA_SETUP_TOKEN"
            " is not set. Sign in, or set this variable and restart Chimera.",
            remedy=Remedy(action=Action.SIGN_IN),
        )


class SignInRefused(ChimeraError):
    """The identity provider's answer can't be used. The message is the same for every cause; `reason` is logged."""

    code, http_status, title = "sign_in_refused", 401, "The sign-in at the identity provider failed"

    def __init__(self, reason: str) -> None:
        super().__init__("The identity provider's answer can't be used. Start the sign-in again.")
        self.reason = reason


class NoIdentityProvider(ChimeraError):
    """No identity provider is set up."""

    code, http_status, title = "not_found", 404, "Not found"

    def __init__(self) -> None:
        super().__init__(
            "No identity provider is set up. Sign in with your password, or ask an administrator to set"
            " CHIMERA_OIDC_ISSUER, CHIMERA_OIDC_CLIENT_ID and CHIMERA_OIDC_REDIRECT_URL.",
            remedy=Remedy(action=Action.SIGN_IN),
        )
