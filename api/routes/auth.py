"""Routes for signing in, and for the caller's own account."""

from fastapi import APIRouter, Request, Response, status

from api import cookies
from api.browser_sessions import SignOutRoute, WithTokenAnswers
from api.deps import ClosedRoute, PublicRoute, WithAddress, WithCaller, WithParts, WithSignedIn
from api.etags import ChecksTag, ShowsVersion
from chimera.store import users
from models.errors import InvalidInput, JustRefreshed, NotSignedIn, TokenRefused
from models.users import (
    BrowserSession,
    Credentials,
    FirstAdministrator,
    MeChange,
    MeView,
    PasswordChange,
    PasswordReset,
    RefreshRequest,
    Registered,
    Registration,
    SignInOptions,
    Tokens,
    UserView,
)

public = APIRouter(prefix="/auth", tags=["auth"], route_class=PublicRoute)
router = APIRouter(prefix="/auth", tags=["auth"], route_class=ClosedRoute)
sign_out = APIRouter(prefix="/auth", tags=["auth"], route_class=SignOutRoute)


@public.post("/register", operation_id="register", summary="Create Account", status_code=status.HTTP_202_ACCEPTED)
async def register(registration: Registration, parts: WithParts, address: WithAddress) -> Registered:
    """Create an account if registration is open, or open to invited users, and the e-mail address is new.

    The response doesn't reveal whether the address was new. An invitation works once, even if the address wasn't new.
    """
    await parts.accounts.register(registration, address)
    return Registered(email=registration.email)


@public.post(
    "/first-admin",
    operation_id="create_first_administrator",
    summary="Create First Administrator",
    status_code=status.HTTP_201_CREATED,
)
async def create_first_administrator(first: FirstAdministrator, parts: WithParts, address: WithAddress) -> UserView:
    """Create the first administrator of a new installation, with the token that the operator has set.

    The API returns 404 once there is an administrator, and if no token is set.
    """
    return await parts.accounts.create_first(first, address)


@public.get("/options", operation_id="get_sign_in_options", summary="Get Sign-In Options")
async def get_sign_in_options(request: Request, parts: WithParts) -> SignInOptions:
    """Return what a sign-in page shows: who can register, the identity provider, and the length of passwords."""
    tokens = (cookies.access_token(request), cookies.refresh_token(request))
    return await parts.accounts.sign_in_options(has_session=any(tokens))


@public.post("/login", operation_id="login", summary="Sign In")
async def login(
    credentials: Credentials, parts: WithParts, address: WithAddress, answers: WithTokenAnswers
) -> Tokens | BrowserSession:
    """Start a session. The response contains an access token for requests and a refresh token for renewing it.

    With `Chimera-Session: cookie`, they are in cookies instead, for pages of this server.
    """
    return answers.of(await parts.auth.login(credentials, address))


@public.post("/refresh", operation_id="refresh", summary="Refresh Tokens", response_model=Tokens | BrowserSession)
async def refresh(
    parts: WithParts, answers: WithTokenAnswers, request: RefreshRequest | None = None
) -> Tokens | BrowserSession | Response:
    """Exchange a refresh token for new tokens. Each refresh token works only once; reusing it ends the session.

    With `Chimera-Session: cookie`, the refresh token is the one in the cookie, and the body can be empty.
    """
    sent = request.refresh_token if request else None
    if answers.in_cookies and sent is not None:
        raise InvalidInput(
            "refresh_token", "With the header 'Chimera-Session', the cookie is used. Leave this field out."
        )
    if not answers.in_cookies and sent is None:
        raise InvalidInput("refresh_token", "A required value is missing. Add it.")
    try:
        tokens = await parts.auth.refresh(sent or answers.refresh_token, is_shared=answers.in_cookies)
        return answers.of(tokens)
    except JustRefreshed:
        return await answers.of_another_tab()
    except TokenRefused as error:
        return answers.refused(error)


@public.post(
    "/password-reset",
    operation_id="reset_password",
    summary="Set Forgotten Password",
    status_code=status.HTTP_204_NO_CONTENT,
)
async def reset_password(reset: PasswordReset, parts: WithParts, address: WithAddress) -> None:
    """Set a new password with a one-time token from an administrator. This ends all sessions of the account."""
    await parts.accounts.reset_password(reset, address)


@sign_out.post("/logout", operation_id="logout", summary="Sign Out", status_code=status.HTTP_204_NO_CONTENT)
async def logout(signed_in: WithSignedIn, parts: WithParts) -> None:
    """End this session. Its refresh token stops working immediately, and its access tokens within seconds.

    With `Chimera-Session: cookie`, this also works after the access token has expired, and deletes the cookies.
    """
    await parts.auth.logout(signed_in)


@router.post("/password", operation_id="change_password")
async def change_password(
    change: PasswordChange, caller: WithCaller, parts: WithParts, address: WithAddress, answers: WithTokenAnswers
) -> Tokens | BrowserSession:
    """Change your password. This ends all your sessions. The response contains tokens for a new session.

    With `Chimera-Session: cookie`, they are in cookies instead, for pages of this server.
    """
    return answers.of(await parts.accounts.change_password(caller, change, address))


@router.get("/me", operation_id="me", summary="Get Current Account")
async def me(signed_in: WithSignedIn, parts: WithParts, tagged: ShowsVersion) -> MeView:
    """Return your account."""
    async with parts.database.begin() as session:
        user = await users.by_id(session, signed_in.caller.user_id)
    if user is None:
        raise NotSignedIn
    view = users.me_view_of(user)
    tagged.show(view)
    return view


@router.put("/me", operation_id="change_me", summary="Change Current Account")
async def change_me(
    change: MeChange, caller: WithCaller, parts: WithParts, address: WithAddress, tagged: ChecksTag
) -> MeView:
    """Change your name, e-mail address or preferences. To change the e-mail address, also send your password."""
    changed = await parts.accounts.change_me(caller, change, address, expect=tagged.check)
    view = users.me_view_of(changed)
    tagged.show(view)
    return view
