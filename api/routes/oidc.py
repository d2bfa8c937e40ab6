"""Routes for signing in through an identity provider (OpenID Connect)."""

from fastapi import APIRouter, status

from api.browser_sessions import WithTokenAnswers
from api.deps import ClosedRoute, PublicRoute, WithAddress, WithCaller, WithParts
from models.oidc import OidcFinish, OidcStart
from models.users import BrowserSession, Tokens

public = APIRouter(prefix="/auth/oidc", tags=["auth"], route_class=PublicRoute)
router = APIRouter(prefix="/auth/oidc", tags=["auth"], route_class=ClosedRoute)


@public.post("/start", operation_id="start_oidc", summary="Start Sign-In at Identity Provider")
async def start_oidc(parts: WithParts, address: WithAddress) -> OidcStart:
    """Start a sign-in at the identity provider. The API returns 404 if no provider is set up.

    Sign-ins that aren't finished are limited per IP address.
    """
    return await parts.oidc.start(address)


@public.post("/finish", operation_id="finish_oidc", summary="Finish Sign-In at Identity Provider")
async def finish_oidc(
    answer: OidcFinish, parts: WithParts, address: WithAddress, answers: WithTokenAnswers
) -> Tokens | BrowserSession:
    """Start a session with the code that the identity provider returned to the redirect URL.

    At the first sign-in, an account without a password is created if registration is open, or if the verified e-mail
    address is invited. Accounts are never found by their e-mail address.
    """
    return answers.of(await parts.oidc.finish(answer, address))


@router.post(
    "/link", operation_id="link_oidc", summary="Link Identity Provider", status_code=status.HTTP_204_NO_CONTENT
)
async def link_oidc(answer: OidcFinish, caller: WithCaller, parts: WithParts, address: WithAddress) -> None:
    """Link your account at the identity provider to your account here, so that you can sign in with it."""
    await parts.oidc.link(caller, answer, address)
