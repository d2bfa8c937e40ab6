"""Routes for accounts and sessions: register, login, refresh, logout, password and me."""

from fastapi import APIRouter, status

from api.deps import ClosedRoute, PublicRoute, WithAddress, WithCaller, WithParts, WithSignedIn
from chimera.store import users
from models.errors import Forbidden, NotSignedIn
from models.users import Credentials, PasswordChange, RefreshRequest, Registered, Registration, Tokens, UserView

public = APIRouter(prefix="/auth", tags=["auth"], route_class=PublicRoute)
router = APIRouter(prefix="/auth", tags=["auth"], route_class=ClosedRoute)


@public.post("/register", operation_id="register", summary="Create Account", status_code=status.HTTP_202_ACCEPTED)
async def register(registration: Registration, parts: WithParts, address: WithAddress) -> Registered:
    """Create an account if registration is open and the e-mail address is new.

    The response doesn't reveal whether the address was new.
    """
    if not parts.settings.registration_open:
        raise Forbidden("Registration is closed. To open it, start Chimera with CHIMERA_REGISTRATION_OPEN=true.")
    await parts.auth.register(registration, address)
    return Registered(email=registration.email)


@public.post("/login", operation_id="login", summary="Sign In")
async def login(credentials: Credentials, parts: WithParts, address: WithAddress) -> Tokens:
    """Start a session. The response contains an access token for requests and a refresh token for renewing it."""
    return await parts.auth.login(credentials, address)


@public.post("/refresh", operation_id="refresh", summary="Refresh Tokens")
async def refresh(request: RefreshRequest, parts: WithParts) -> Tokens:
    """Exchange a refresh token for new tokens. Each refresh token works only once; reusing it ends the session."""
    return await parts.auth.refresh(request.refresh_token)


@router.post("/logout", operation_id="logout", summary="Sign Out", status_code=status.HTTP_204_NO_CONTENT)
async def logout(signed_in: WithSignedIn, parts: WithParts) -> None:
    """End this session. Its refresh token stops working immediately, and its access tokens within seconds."""
    await parts.auth.logout(signed_in)


@router.post("/password", operation_id="change_password")
async def change_password(change: PasswordChange, caller: WithCaller, parts: WithParts, address: WithAddress) -> Tokens:
    """Change your password. This ends all your sessions. The response contains tokens for a new session."""
    return await parts.auth.change_password(caller, change, address)


@router.get("/me", operation_id="me", summary="Get Current Account")
async def me(signed_in: WithSignedIn, parts: WithParts) -> UserView:
    """Return your account."""
    async with parts.database.begin() as session:
        user = await users.by_id(session, signed_in.caller.user_id)
    if user is None:
        raise NotSignedIn
    return users.view_of(user)
