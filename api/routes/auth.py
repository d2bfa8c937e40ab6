"""Routes for signing in, and for the caller's own account."""

from fastapi import APIRouter, status

from api.deps import ClosedRoute, PublicRoute, WithAddress, WithCaller, WithParts, WithSignedIn
from api.etags import ChecksTag, ShowsVersion
from chimera.store import users
from models.errors import NotSignedIn
from models.users import (
    Credentials,
    FirstAdministrator,
    MeChange,
    MeView,
    PasswordChange,
    PasswordReset,
    RefreshRequest,
    Registered,
    Registration,
    Tokens,
    UserView,
)

public = APIRouter(prefix="/auth", tags=["auth"], route_class=PublicRoute)
router = APIRouter(prefix="/auth", tags=["auth"], route_class=ClosedRoute)


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


@public.post("/login", operation_id="login", summary="Sign In")
async def login(credentials: Credentials, parts: WithParts, address: WithAddress) -> Tokens:
    """Start a session. The response contains an access token for requests and a refresh token for renewing it."""
    return await parts.auth.login(credentials, address)


@public.post("/refresh", operation_id="refresh", summary="Refresh Tokens")
async def refresh(request: RefreshRequest, parts: WithParts) -> Tokens:
    """Exchange a refresh token for new tokens. Each refresh token works only once; reusing it ends the session."""
    return await parts.auth.refresh(request.refresh_token)


@public.post(
    "/password-reset",
    operation_id="reset_password",
    summary="Set Forgotten Password",
    status_code=status.HTTP_204_NO_CONTENT,
)
async def reset_password(reset: PasswordReset, parts: WithParts, address: WithAddress) -> None:
    """Set a new password with a one-time token from an administrator. This ends all sessions of the account."""
    await parts.accounts.reset_password(reset, address)


@router.post("/logout", operation_id="logout", summary="Sign Out", status_code=status.HTTP_204_NO_CONTENT)
async def logout(signed_in: WithSignedIn, parts: WithParts) -> None:
    """End this session. Its refresh token stops working immediately, and its access tokens within seconds."""
    await parts.auth.logout(signed_in)


@router.post("/password", operation_id="change_password")
async def change_password(change: PasswordChange, caller: WithCaller, parts: WithParts, address: WithAddress) -> Tokens:
    """Change your password. This ends all your sessions. The response contains tokens for a new session."""
    return await parts.accounts.change_password(caller, change, address)


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
