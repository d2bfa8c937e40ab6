"""Authentication: sign-in, access tokens and refresh tokens.

An access token (JWT, HS256) proves its user and session, and nothing else: the account's state and role come from the
database, at most 3 s old. The codec pass is another kind of such a token. A refresh token is opaque, works once, and is
stored as a SHA-256; using one a second time ends the session that it belongs to.
"""

import hashlib
import math
import secrets
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.engine import READ_SECONDS, Database
from chimera.db.tables import User
from chimera.limits.shared import SharedRedis
from chimera.limits.tries import SharedTries
from chimera.security.api_keys import ApiKeys, LastUses, is_key
from chimera.security.passwords import Passwords
from chimera.security.sign_ins import SignIns, account_at, place_of, sender_of
from chimera.store import audit, users
from models.audit import AuditAction
from models.errors import (
    ApiKeyRefused,
    CodecAddressRefused,
    JustRefreshed,
    TokenRefused,
    WrongCredentials,
)
from models.ids import UserId
from models.users import Caller, Credentials, Tokens

log = structlog.get_logger()

ISSUER = "chimera"
AUDIENCE = "chimera-api"
CODEC_AUDIENCE = "chimera-codec"
CODEC_PASS_LIFE = timedelta(hours=12)
LEEWAY_SECONDS = 10
MAX_TOKEN_CHARS = 4096
ACCOUNT_STATE_SECONDS = 3.0
"""How long a user's rights are cached; a revoked session continues for no longer than this."""
SHARED_SECONDS = 10.0
"""How far apart two tabs of a browser may use the same refresh token. Theft is noticed that much later."""
MAX_ACCOUNT_STATES = 10_000
"""The most account states that are cached, and the most tokens whose signature has been checked."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A caller, the session that the token belongs to, and when the token ends (seconds since 1970).

    For an API key, its ID takes the place of the session's.
    """

    caller: Caller
    session_id: str
    expires_at: float

    @property
    def owner(self) -> users.SessionOwner:
        return users.SessionOwner(self.caller.user_id, self.session_id)

    @property
    def has_expired(self) -> bool:
        return has_expired(self.expires_at)


class Auth:
    """Signs users in and resolves tokens to users. One per process."""

    def __init__(self, database: Database, settings: Settings, limits_redis: SharedRedis | None = None) -> None:
        """`limits_redis` counts tries of passwords for all API processes; without it, this process counts alone."""
        self._database = database
        self._secret = secret_of(settings)
        self._access_life = timedelta(minutes=settings.access_token_minutes)
        self._refresh_life = timedelta(days=settings.refresh_token_days)
        self.passwords = Passwords()
        self.sign_ins = SignIns(SharedTries(limits_redis or SharedRedis(None)))
        self._account_states: dict[users.SessionOwner, tuple[float, users.AccountState | None]] = {}
        self._known_tokens: dict[bytes, tuple[UserId, str, float]] = {}
        self._api_keys, self._last_uses = ApiKeys(database), LastUses(database)

    async def login(self, credentials: Credentials, address: str = "") -> Tokens:
        """Begin a session. Raises WrongCredentials, after the same time whether or not the e-mail is known.

        `address` is the caller's network address. Raises TooManyTries if too many attempts from there, or for this
        account, have failed.
        """
        async with self.sign_ins.trying(address) as tried:
            async with self._database.begin() as session:
                user = await users.by_email(session, credentials.email)
                is_known = await users.has_signed_in_from(session, credentials.email, place_of(address))
            await tried.at(account_at(credentials.email, address, is_known=is_known))
            stored = user.password_hash if user else None
            right, better_hash = await self.passwords.check(
                credentials.password, stored, sender=sender_of(address), is_known=is_known
            )
            # Without a stored password, the hash of an empty one was checked.
            if user is None or stored is None or not right or user.disabled_at is not None:
                tried.failed = True
                await self._note_refused(user, address)
                raise WrongCredentials
        if better_hash is not None:
            async with self._database.begin() as session:
                if await users.set_password_hash(session, UserId(user.id), better_hash, instead_of=stored):
                    stored = better_hash
        try:
            return await self.begin_session(UserId(user.id), address, password_hash=stored)
        except WrongCredentials:
            # The account or the hash has changed meanwhile. The password may be the right one nevertheless.
            return await self.login(credentials, address)

    async def _note_refused(self, user: User | None, address: str) -> None:
        """Record a refused sign-in, in the same way whether or not the account exists."""
        user_id = UserId(user.id) if user else None
        log.info("login_refused", user_id=user_id, address=address)
        async with self._database.begin() as session:
            await audit.record(session, AuditAction.SIGN_IN_FAILED, subject_id=user_id)

    async def vouch_for(self, email: str) -> Tokens:
        """Begin a session without a password, for operators, who have this installation's secret and database anyway.

        Raises WrongCredentials if there is no such user, or the user is disabled.
        """
        async with self._database.begin() as session:
            user = await users.by_email(session, email)
        if user is None or user.disabled_at is not None:
            raise WrongCredentials
        return await self.begin_session(UserId(user.id), by="operator")

    async def refresh(self, refresh_token: str, *, is_shared: bool = False) -> Tokens:
        """Exchange a refresh token for the next pair. A second use ends the session and raises TokenRefused.

        With `is_shared`, several tabs of a browser have the token. Then a second use within SHARED_SECONDS ends nothing
        and raises JustRefreshed. It gives no tokens: the browser has the new ones from the first use.
        """
        new = _new_refresh_token()
        async with self._database.begin() as session:
            owner = await users.use_refresh_token(session, _sha256(refresh_token))
            if owner is not None:
                await users.add_refresh_token(
                    session, owner.user_id, owner.session_id, _sha256(new), self._refresh_life
                )
        if owner is None:
            if is_shared and await self._was_just_used(refresh_token):
                raise JustRefreshed
            await self._end_reused_session(refresh_token)
            raise TokenRefused("refresh")
        return self._tokens(owner.user_id, owner.session_id, new)

    async def logout(self, signed_in: SignedIn) -> None:
        """End the session: its refresh tokens at once, its access tokens within 3 s everywhere."""
        async with self._database.begin() as session:
            await _sign_out(session, signed_in.owner)
        self._account_states.pop(signed_in.owner, None)

    async def end_session_of(self, refresh_token: str) -> None:
        """End the session of a refresh token as `logout` does. A token of no session is ignored."""
        async with self._database.begin() as session:
            owner = await users.session_of_token(session, _sha256(refresh_token))
            if owner is None:
                return
            await _sign_out(session, owner)
        self._account_states.pop(owner, None)

    async def signed_in(self, token: str) -> SignedIn:
        """Return the caller of an access token or API key. Raises TokenRefused, the same error for every fault."""
        if is_key(token):
            return await self._signed_in_by_key(token)
        user_id, session_id, expires_at = self._claims(token)
        state = await self._account_state(user_id, session_id)
        if state is None or state.scopes is not None:
            raise TokenRefused
        self._last_uses.note(session_id, is_key=False)
        return SignedIn(Caller(user_id=user_id, role=state.role), session_id, expires_at)

    async def _signed_in_by_key(self, key: str) -> SignedIn:
        holder = await self._api_keys.holder_of(key)
        state = await self._account_state(holder.user_id, holder.session_id) if holder else None
        if holder is None or state is None or state.scopes is None:
            raise ApiKeyRefused
        self._last_uses.note(holder.session_id, is_key=True)
        caller = Caller(user_id=holder.user_id, role=state.role, scopes=state.scopes)
        # The database compares the key's expiry with its own clock.
        return SignedIn(caller, holder.session_id, math.inf)

    async def close(self) -> None:
        """Wait for what is still being written."""
        await self._last_uses.close()

    def forget(self, user_id: UserId) -> None:
        """Read the account states of a user again, at their next request to this process."""
        for key in [key for key in self._account_states if key.user_id == user_id]:
            del self._account_states[key]

    async def account_states(
        self, sessions: Collection[users.SessionOwner]
    ) -> dict[users.SessionOwner, users.AccountState | None]:
        """Read the account state of each session's user now, with one statement; None where the session has ended."""
        async with self._database.statements(READ_SECONDS) as connection:
            found = await users.account_states_of(connection, sessions)
        if len(self._account_states) + len(found) >= MAX_ACCOUNT_STATES:
            self._account_states.clear()
        now = time.monotonic()
        self._account_states |= {session: (now, state) for session, state in found.items()}
        return found

    def vouches_for(self, access_token: str) -> bool:
        """Return whether a token was signed here and hasn't expired.

        The database isn't asked, which is enough for the health report.
        """
        try:
            self._claims(access_token)
        except TokenRefused:
            return False
        return True

    def codec_pass(self, signed_in: SignedIn) -> tuple[str, datetime]:
        """Return a pass for decoding payloads, for programs that can't sign in, and the time when it expires."""
        user_id, ends = signed_in.caller.user_id, datetime.now(UTC) + CODEC_PASS_LIFE
        return self._signed(user_id, signed_in.session_id, "codec", CODEC_AUDIENCE, ends), ends

    async def check_codec_pass(self, codec_pass: str) -> None:
        """Raise CodecAddressRefused unless the pass is valid and its session still belongs to an administrator."""
        try:
            user_id, session_id, _ = self._claims(codec_pass, "codec", CODEC_AUDIENCE)
        except TokenRefused:
            raise CodecAddressRefused from None
        state = await self._account_state(user_id, session_id)
        if state is None or state.role != "admin":
            raise CodecAddressRefused

    async def begin_session(
        self, user_id: UserId, address: str = "", *, by: str = "password", password_hash: str | None = None
    ) -> Tokens:
        """Begin a session of a user who has proved to be that user. `by` names the proof in the audit log.

        Raises WrongCredentials if the user has been disabled since then, or the `password_hash` that proved it is no
        longer the user's.
        """
        session_id, refresh_token = str(uuid4()), _new_refresh_token()
        async with self._database.begin() as session:
            if not await users.can_sign_in(session, user_id, password_hash=password_hash):
                raise WrongCredentials
            await users.add_refresh_token(
                session,
                user_id,
                session_id,
                _sha256(refresh_token),
                self._refresh_life,
                address=place_of(address),
                client=audit.origin.get().client,
            )
            await audit.record(session, AuditAction.SIGNED_IN, actor_id=user_id, subject_id=session_id, by=by)
        return self._tokens(user_id, session_id, refresh_token)

    def _claims(self, token: str, kind: str = "access", audience: str = AUDIENCE) -> tuple[UserId, str, float]:
        """Return a token's claims. Its signature is checked once, its expiry each time. Raises TokenRefused."""
        if len(token) > MAX_TOKEN_CHARS:
            raise TokenRefused
        key = hashlib.sha256(f"{kind} {token}".encode("utf-8", "surrogatepass")).digest()
        known = self._known_tokens.get(key)
        if known is None:
            known = self._read_claims(token, kind, audience)
            if len(self._known_tokens) >= MAX_ACCOUNT_STATES:
                self._known_tokens.clear()
            self._known_tokens[key] = known
        if has_expired(known[2]):
            raise TokenRefused
        return known

    def _read_claims(self, token: str, kind: str, audience: str) -> tuple[UserId, str, float]:
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=audience,
                issuer=ISSUER,
                leeway=LEEWAY_SECONDS,
                options={"require": ["sub", "sid", "typ", "iss", "aud", "iat", "exp", "jti"]},
            )
            if claims["typ"] != kind:
                raise TokenRefused
            return UserId(str(UUID(claims["sub"]))), str(UUID(claims["sid"])), float(claims["exp"])
        except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise TokenRefused from error

    async def _account_state(self, user_id: UserId, session_id: str) -> users.AccountState | None:
        key = users.SessionOwner(user_id, session_id)
        known = self._account_states.get(key)
        if known is not None and time.monotonic() - known[0] < ACCOUNT_STATE_SECONDS:
            return known[1]
        return (await self.account_states([key]))[key]

    async def _was_just_used(self, refresh_token: str) -> bool:
        async with self._database.begin() as session:
            return await users.was_used_within(session, _sha256(refresh_token), SHARED_SECONDS)

    async def _end_reused_session(self, refresh_token: str) -> None:
        async with self._database.begin() as session:
            ended = await users.end_session_of_used_token(session, _sha256(refresh_token))
            if ended is not None:
                await audit.record(session, AuditAction.REFRESH_TOKEN_REUSED, subject_id=ended.session_id)
        if ended is not None:
            log.warning("refresh_token_reused", session_id=ended.session_id)

    def _tokens(self, user_id: UserId, session_id: str, refresh_token: str) -> Tokens:
        ends = datetime.now(UTC) + self._access_life
        return Tokens(
            access_token=self._signed(user_id, session_id, "access", AUDIENCE, ends),
            refresh_token=refresh_token,
            expires_in=int(self._access_life.total_seconds()),
        )

    def _signed(self, user_id: UserId, session_id: str, kind: str, audience: str, ends: datetime) -> str:
        claims = {
            "sub": user_id,
            "sid": session_id,
            "typ": kind,
            "iss": ISSUER,
            "aud": audience,
            "iat": datetime.now(UTC),
            "exp": ends,
            "jti": uuid4().hex,
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")


async def _sign_out(session: AsyncSession, owner: users.SessionOwner) -> None:
    await users.end_session(session, owner.session_id)
    await audit.record(session, AuditAction.SIGNED_OUT, actor_id=owner.user_id, subject_id=owner.session_id)


def has_expired(expires_at: float) -> bool:
    """Return whether a token has expired, with leeway for clocks that differ."""
    return expires_at + LEEWAY_SECONDS <= time.time()


def secret_of(settings: Settings) -> str:
    """Return the secret that tokens are signed with. Raises ValueError if it isn't set: there is no default."""
    if settings.jwt_secret is None:
        raise ValueError(
            "CHIMERA_JWT_SECRET is not set. To create a secret, run:"
            " python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return settings.jwt_secret.get_secret_value()


def _new_refresh_token() -> str:
    return secrets.token_urlsafe(32)


def _sha256(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
