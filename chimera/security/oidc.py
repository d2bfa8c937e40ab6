"""Sign-in through an identity provider (OpenID Connect): authorization code flow with PKCE, state and nonce.

The secrets of a flow are kept by the browser that began it, in a signed token: another browser can't finish it, and a
page that sends a user here with another user's code has no flow. The redirect URL comes only from the settings. All
requests to the provider go through the egress client.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
import structlog
from jwt.exceptions import PyJWTError
from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.egress.client import EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.security import id_tokens
from chimera.security.accounts import check_registration
from chimera.security.id_tokens import Claims
from chimera.security.sessions import Auth, secret_of
from chimera.store import accounts, audit, identities, invitations, users
from models.audit import AuditAction
from models.errors import Conflict, Forbidden, NoIdentityProvider, SignInRefused, Unavailable, WrongCredentials
from models.ids import UserId
from models.oidc import OidcFinish, OidcStart
from models.users import Caller, Email, Role, Tokens, UserChange

log = structlog.get_logger()

FLOW_LIFE = timedelta(minutes=10)
KEPT_SECONDS = 3600.0
"""How long the provider's configuration and keys are kept."""
LEAST_SECONDS = 60.0
"""How often an unknown key may cause the keys to be read again."""
MAX_BYTES = 256 * 1024
TIMEOUT_S = 10.0
RANK: tuple[Role, ...] = ("admin", "user", "viewer")
_FLOW = "oidc"
_EMAIL: TypeAdapter[str] = TypeAdapter(Email)


class Oidc:
    """Signs users in through the provider in the settings. One per process."""

    def __init__(self, database: Database, settings: Settings, auth: Auth, egress: EgressClient) -> None:
        self._database, self._settings, self._auth = database, settings, auth
        self._provider = Provider(settings, egress)
        self._flow_key = hmac.digest(secret_of(settings).encode(), b"chimera oidc flows", "sha256")

    async def start(self, address: str = "") -> OidcStart:
        """Begin a sign-in. Raises NoIdentityProvider, Unavailable, and TooManyTries."""
        self._provider.client()
        await self._auth.sign_ins.begin(address)
        try:
            return await self._started()
        except Unavailable:
            await self._auth.sign_ins.finish(address)
            raise

    async def _started(self) -> OidcStart:
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        client_id, redirect_url = self._provider.client()
        wishes = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_url,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        page = (await self._provider.configuration())["authorization_endpoint"]
        flow = {"typ": _FLOW, "state": state, "nonce": nonce, "ver": verifier, "exp": datetime.now(UTC) + FLOW_LIFE}
        return OidcStart(
            authorization_url=f"{page}{'&' if '?' in page else '?'}{urlencode(wishes)}",
            state=state,
            flow=jwt.encode(flow, self._flow_key, "HS256"),
        )

    async def finish(self, answer: OidcFinish, address: str = "") -> Tokens:
        """End a sign-in with a session. Raises SignInRefused, Forbidden, Conflict, TooManyTries and Unavailable."""
        async with self._auth.sign_ins.trying(address) as tried:
            try:
                claims = await self._claims(answer)
                async with self._database.begin() as session:
                    user = await self._user_of(session, claims)
                    if user.disabled_at is not None:
                        raise SignInRefused("disabled")
            except SignInRefused as refused:
                tried.failed = True
                log.info("oidc_sign_in_refused", reason=refused.reason, address=address)
                async with self._database.begin() as session:
                    await audit.record(session, AuditAction.SIGN_IN_FAILED, by="oidc")
                raise
        self._auth.forget(UserId(user.id))
        await self._auth.sign_ins.finish(address)
        try:
            return await self._auth.begin_session(UserId(user.id), address, by="oidc")
        except WrongCredentials:
            raise SignInRefused("disabled") from None

    async def link(self, caller: Caller, answer: OidcFinish, address: str = "") -> None:
        """Link the caller's account at the provider to the caller. Raises as `finish` does."""
        claims = await self._claims(answer)
        async with self._database.begin() as session:
            await identities.link(session, caller.user_id, claims["iss"], claims["sub"])
            await _record_link(session, caller.user_id, claims)
        await self._auth.sign_ins.finish(address)

    async def _claims(self, answer: OidcFinish) -> Claims:
        client_id, _ = self._provider.client()
        flow = self._opened(answer)
        token = await self._provider.id_token(answer.code, flow["ver"])
        keys = await self._provider.keys(id_tokens.key_id_of(token))
        issuer = (await self._provider.configuration())["issuer"]
        return id_tokens.checked(token, keys, issuer=issuer, client_id=client_id, nonce=flow["nonce"])

    def _opened(self, answer: OidcFinish) -> dict[str, str]:
        try:
            flow = jwt.decode(answer.flow, self._flow_key, ["HS256"], options={"require": ["exp"]})
        except (PyJWTError, ValueError) as error:
            raise SignInRefused(f"flow: {type(error).__name__}") from error
        if flow.get("typ") != _FLOW or not hmac.compare_digest(flow["state"].encode(), answer.state.encode()):
            raise SignInRefused("state")
        return dict(flow)

    async def _user_of(self, session: AsyncSession, claims: Claims) -> User:
        role = self._role_of(claims)
        user = await identities.user_of(session, claims["iss"], claims["sub"])
        if user is None:
            user = await self._new_user(session, claims, role)
        elif role is not None and role != user.role and user.disabled_at is None:
            await self._change_role(session, user, role)
        return user

    async def _new_user(self, session: AsyncSession, claims: Claims, role: Role | None) -> User:
        """Create a user, as registrations do. A role that the provider's claim gives goes before an invitation's."""
        email = _verified_email(claims)
        if email is not None and await users.by_email(session, email) is not None:
            raise _known(email)
        invitation = await invitations.use_for(session, email) if email is not None else None
        check_registration(self._settings, is_invited=invitation is not None)
        role = role or (invitation.role if invitation else "user")
        try:
            user = await identities.create_user(
                session, claims["iss"], claims["sub"], email=email, name=_name_of(claims), role=role
            )
        except Conflict as error:
            raise _known(email) from error
        if invitation is not None:
            await invitations.note_account(session, invitation.id, UserId(user.id))
        facts = {"kind": "oidc", "role": role} | ({"invitation": invitation.id} if invitation else {})
        await audit.record(session, AuditAction.USER_CREATED, actor_id=UserId(user.id), subject_id=user.id, **facts)
        await _record_link(session, UserId(user.id), claims)
        return user

    async def _change_role(self, session: AsyncSession, user: User, role: Role) -> None:
        try:
            await accounts.change(session, UserId(user.id), UserChange(role=role))
        except Conflict:
            log.warning("oidc_role_kept", user_id=user.id, reason="the last administrator")
            return
        await audit.record(session, AuditAction.USER_CHANGED, subject_id=user.id, role=role, by="oidc")

    def _role_of(self, claims: Claims) -> Role | None:
        """Return the role that the settings derive from a claim; None if they derive none. Raises Forbidden."""
        if not self._settings.oidc_roles:
            return None
        value = claims.get(self._settings.oidc_role_claim)
        values = value if isinstance(value, list) else [value]
        groups = [each for each in values if isinstance(each, str)]
        roles = {self._settings.oidc_roles.get(group) for group in groups}
        for role in RANK:
            if role in roles:
                return role
        raise Forbidden("Your account at the identity provider has no role here. Ask an administrator for one.")


class Provider:
    """The identity provider: its configuration and keys, and the exchange of codes."""

    def __init__(self, settings: Settings, egress: EgressClient) -> None:
        self._settings, self._egress = settings, egress
        self._configuration: tuple[float, dict[str, str]] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] | None = None
        self._reading = asyncio.Lock()

    def client(self) -> tuple[str, str]:
        """Return the client's ID and redirect URL. Raises NoIdentityProvider."""
        settings = self._settings
        if settings.oidc_issuer is None or settings.oidc_client_id is None or settings.oidc_redirect_url is None:
            raise NoIdentityProvider
        return settings.oidc_client_id, settings.oidc_redirect_url

    async def configuration(self) -> dict[str, str]:
        """Return the provider's configuration, which must be the issuer's own. Raises Unavailable."""
        self.client()
        async with self._reading:
            if self._configuration is None or time.monotonic() - self._configuration[0] > KEPT_SECONDS:
                self._configuration = time.monotonic(), await self._read_configuration()
            return self._configuration[1]

    async def keys(self, key_id: str | None) -> list[dict[str, Any]]:
        """Return the provider's keys; they are read again if the one with this ID isn't known. Raises Unavailable."""
        address = (await self.configuration())["jwks_uri"]
        async with self._reading:
            age = float("inf") if self._keys is None else time.monotonic() - self._keys[0]
            known = self._keys is not None and (key_id is None or any(k.get("kid") == key_id for k in self._keys[1]))
            if self._keys is None or age > KEPT_SECONDS or (not known and age > LEAST_SECONDS):
                found = (await self._ask("GET", address)).get("keys")
                listed = [key for key in found if isinstance(key, dict)] if isinstance(found, list) else []
                self._keys = time.monotonic(), listed
            return self._keys[1]

    async def id_token(self, code: str, verifier: str) -> str:
        """Exchange a code for an ID token. Raises SignInRefused if the provider rejects the code."""
        client_id, redirect_url = self.client()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_url,
            "code_verifier": verifier,
            "client_id": client_id,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if (secret := self._settings.oidc_client_secret) is not None:
            pair = f"{quote(client_id, safe='')}:{quote(secret.get_secret_value(), safe='')}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        address = (await self.configuration())["token_endpoint"]
        token = (await self._ask("POST", address, headers, urlencode(form).encode())).get("id_token")
        if not isinstance(token, str):
            raise SignInRefused("no ID token")
        return token

    async def _read_configuration(self) -> dict[str, str]:
        issuer = self._settings.oidc_issuer or ""
        found = await self._ask("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            log.error("oidc_issuer_differs", issuer=issuer)
            raise Unavailable("The identity provider")
        names = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        known = {name: str(found.get(name, "")) for name in names}
        # As secure as the issuer's own address: codes and secrets go there.
        if not all(url.lower().startswith(("https://", f"{urlsplit(issuer).scheme}://")) for url in known.values()):
            log.error("oidc_address_insecure", issuer=issuer)
            raise Unavailable("The identity provider")
        return known

    async def _ask(
        self, method: str, url: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> dict[str, Any]:
        """Send a request, which follows no redirect, and return the JSON object that the provider sends."""
        try:
            answer = await self._egress.request(
                method, url, headers=headers, body=body, max_bytes=MAX_BYTES, timeout_s=TIMEOUT_S, follow=False
            )
            found = from_json(answer.body) if answer.status == 200 else None
        except (EgressFailed, EgressRefused, ValueError) as error:
            log.warning("oidc_provider_failed", error=type(error).__name__)
            raise Unavailable("The identity provider") from error
        if method == "POST" and 400 <= answer.status < 500:
            raise SignInRefused(f"the provider answers {answer.status}")
        if not isinstance(found, dict):
            log.warning("oidc_provider_failed", status=answer.status)
            raise Unavailable("The identity provider")
        return found


async def _record_link(session: AsyncSession, user_id: UserId, claims: Claims) -> None:
    await audit.record(session, AuditAction.IDENTITY_LINKED, actor_id=user_id, subject_id=user_id, issuer=claims["iss"])


def _known(email: str | None) -> Conflict:
    # Not linked by itself: the user who controls the address there need not be the owner of the account here.
    return Conflict(
        f"{email!r} already has an account here. Sign in to it with its password, and then link the account of the"
        " identity provider to it."
    )


def _verified_email(claims: Claims) -> str | None:
    if claims.get("email_verified") is not True:
        return None
    try:
        return _EMAIL.validate_python(claims.get("email"))
    except ValidationError:
        return None


def _name_of(claims: Claims) -> str:
    name = claims.get("name")
    return "".join(filter(str.isprintable, name))[:120] if isinstance(name, str) else ""
