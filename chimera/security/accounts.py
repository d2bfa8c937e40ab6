"""Accounts and their passwords: registration, the first administrator, changes, and forgotten passwords."""

import hmac
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import User
from chimera.security import weak_passwords
from chimera.security.one_time import new_token, sha256_of
from chimera.security.passwords import Passwords
from chimera.security.sessions import Auth
from chimera.security.sign_ins import sender_of
from chimera.store import accounts, audit, invitations, password_resets, users
from models.audit import AuditAction
from models.due_times import check_time_zone
from models.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    InvitationRefused,
    NotFound,
    NotSignedIn,
    ResetTokenRefused,
    SetUpDone,
)
from models.ids import UserId
from models.users import (
    MAX_PASSWORD_CHARS,
    MIN_PASSWORD_CHARS,
    Caller,
    FirstAdministrator,
    MeChange,
    MeView,
    NewPasswordReset,
    PasswordChange,
    PasswordReset,
    Registration,
    SignInOptions,
    Tokens,
    UserView,
)

log = structlog.get_logger()

FIRST_USER = "admin@chimera.local"


class Accounts:
    """Creates accounts and changes passwords. One per process, with the limits and queue of its `auth`."""

    def __init__(self, database: Database, settings: Settings, auth: Auth) -> None:
        self._database = database
        self._settings = settings
        self._auth = auth

    async def register(self, registration: Registration, address: str = "") -> None:
        """Create a user unless the e-mail already has an account, which takes as long and is not revealed.

        Raises Forbidden if registration is off, InvitationRefused, and TooManyTries after too many registrations or
        wrong invitations from `address`.
        """
        check_registration(self._settings, is_invited=registration.invitation is not None)
        weak_passwords.check(registration.password, registration.email)
        await self._auth.sign_ins.register(address)
        if registration.invitation is not None:
            await self._check_invitation(registration, address)
        password_hash = await self._auth.passwords.hash(registration.password, sender=sender_of(address))
        async with self._database.begin() as session:
            await self._create(session, registration, password_hash)

    async def create_first(self, first: FirstAdministrator, address: str = "") -> UserView:
        """Create the first administrator. Of any number of simultaneous requests, one succeeds.

        Raises SetUpDone if there is an administrator or no set-up token, and Forbidden for a wrong token.
        """
        expected = self._settings.setup_token
        # Without the lock, which waits for all changes of users, because anyone can send this request.
        async with self._database.begin() as session:
            if expected is None or await users.has_administrator(session):
                raise SetUpDone
        async with self._auth.sign_ins.trying(address) as tried:
            if not hmac.compare_digest(first.setup_token.encode(), expected.get_secret_value().encode()):
                tried.failed = True
                raise Forbidden("This is not the set-up token. Use the value of CHIMERA_SETUP_TOKEN.")
        weak_passwords.check(first.password, first.email)
        password_hash = await self._auth.passwords.hash(first.password, sender=sender_of(address))
        async with self._database.begin() as session:
            if await users.has_administrator(session, lock=True):
                raise SetUpDone
            return await _new_administrator(session, first.email, password_hash, first.name)

    async def sign_in_options(self, *, has_session: bool) -> SignInOptions:
        """Return what a sign-in page shows. The database is asked only while there is a set-up token."""
        settings, is_missing = self._settings, False
        if settings.setup_token is not None:
            async with self._database.begin() as session:
                is_missing = not await users.has_administrator(session)
        has_provider = settings.oidc_client_id is not None and settings.oidc_redirect_url is not None
        return SignInOptions(
            registration=settings.registration,
            first_administrator=is_missing,
            identity_provider=urlsplit(settings.oidc_issuer or "").hostname if has_provider else None,
            password_min_chars=MIN_PASSWORD_CHARS,
            password_max_chars=MAX_PASSWORD_CHARS,
            has_session=has_session,
        )

    async def change_password(self, caller: Caller, change: PasswordChange, address: str = "") -> Tokens:
        """Set the caller's password, end all their sessions, and begin a new one.

        Raises InvalidInput if the current password is wrong, and TooManyTries if it was wrong too often.
        """
        user = await self._check_password(caller, change.current_password, address, change.new_password)
        new_hash = await self._auth.passwords.hash(change.new_password, sender=sender_of(address), is_known=True)
        async with self._database.begin() as session:
            is_set = await _set_password(session, caller.user_id, new_hash, instead_of=user.password_hash)
            if is_set:
                await audit.record(
                    session, AuditAction.PASSWORD_CHANGED, actor_id=caller.user_id, subject_id=caller.user_id
                )
        if not is_set:
            # It was changed while the new one was hashed, or the account was disabled.
            raise await self._wrong_password(caller)
        self._auth.forget(caller.user_id)
        return await self._auth.begin_session(caller.user_id, address, password_hash=new_hash)

    async def change_me(
        self, caller: Caller, change: MeChange, address: str = "", *, expect: Callable[[MeView], None] | None = None
    ) -> User:
        """Change the caller's own account, and return it. `expect` raises if it expects another state of the account.

        Raises InvalidInput for a wrong password or an unknown time zone, and Conflict if the e-mail has an account.
        """
        if change.preferences is not None and change.preferences.time_zone is not None:
            check_time_zone(change.preferences.time_zone)
        checked = None
        if change.email is not None:
            checked = await self._check_password(caller, change.current_password or "", address)
            # A conflict reveals an account, as registrations would.
            await self._auth.sign_ins.register(address)
        async with self._database.begin() as session:
            user = await users.by_id(session, caller.user_id, lock=True)
            if user is None or user.disabled_at is not None:
                raise NotSignedIn
            if checked is not None and user.password_hash != checked.password_hash:
                raise _not_the_password()
            if expect is not None:
                expect(users.me_view_of(user))
            changed = users.change_own(user, change)
            if "email" in changed:
                await users.change_email(session, user, changed["email"])
            if changed:
                await audit.record(
                    session, AuditAction.USER_CHANGED, actor_id=caller.user_id, subject_id=user.id, **changed
                )
            return user

    async def confirm(self, caller: Caller, password: str, address: str = "") -> None:
        """Check the caller's password before an act that can't be undone. Raises InvalidInput and TooManyTries."""
        await self._check_password(caller, password, address)

    async def create_reset(self, caller: Caller, user_id: UserId) -> NewPasswordReset:
        """Create a one-time token with which a user sets a new password. Raises as `accounts.locked` does."""
        token = new_token()
        async with self._database.begin() as session:
            user = await accounts.locked(session, user_id, by=caller)
            if user.kind != "person":
                raise Conflict("A service account has no password. Create an API key for it instead.")
            expires_at = await password_resets.create(session, user_id, token.sha256)
            await audit.record(session, AuditAction.PASSWORD_RESET_CREATED, actor_id=caller.user_id, subject_id=user_id)
            return NewPasswordReset(email=user.email, token=token.token, expires_at=expires_at)

    async def reset_password(self, reset: PasswordReset, address: str = "") -> None:
        """Set a password with a one-time token, and end all sessions of the account.

        Raises ResetTokenRefused, the same error for every fault of the token, and TooManyTries.
        """
        weak_passwords.check(reset.new_password, reset.email, "new_password")
        token_sha256 = sha256_of(reset.token)
        # Counted by address only. A token can't be guessed, and a count per account would let anyone block the owner's.
        async with self._auth.sign_ins.trying(address) as tried:
            async with self._database.begin() as session:
                tried.failed = not await password_resets.is_usable(session, token_sha256, reset.email)
            if tried.failed:
                log.info("password_reset_refused", address=address)
                raise ResetTokenRefused
        new_hash = await self._auth.passwords.hash(reset.new_password, sender=sender_of(address))
        async with self._database.begin() as session:
            user_id = await password_resets.use(session, token_sha256, reset.email)
            if user_id is None:
                raise ResetTokenRefused
            await _set_password(session, user_id, new_hash)
            await audit.record(session, AuditAction.PASSWORD_RESET, actor_id=user_id, subject_id=user_id)
        self._auth.forget(user_id)

    async def _check_invitation(self, registration: Registration, address: str) -> None:
        """Count a wrong invitation like a wrong password, before the new password is hashed."""
        async with self._auth.sign_ins.trying(address) as tried:
            token_sha256 = sha256_of(registration.invitation or "")
            async with self._database.begin() as session:
                tried.failed = not await invitations.is_usable(session, token_sha256, registration.email)
            if tried.failed:
                raise InvitationRefused

    async def _create(self, session: AsyncSession, registration: Registration, password_hash: str) -> None:
        invitation = None
        if registration.invitation is not None:
            # Used up even if the e-mail has an account: otherwise its further use would reveal the account.
            invitation = await invitations.use(session, sha256_of(registration.invitation), registration.email)
            if invitation is None:
                raise InvitationRefused
        role = invitation.role if invitation else "user"
        try:
            async with session.begin_nested():
                user = await users.create(session, registration.email, password_hash, name=registration.name, role=role)
        except Conflict:
            log.info("registration_of_known_account")
            return
        invited = {"invitation": invitation.id} if invitation else {}
        if invitation:
            await invitations.note_account(session, invitation.id, user.id)
        await audit.record(
            session, AuditAction.USER_REGISTERED, actor_id=user.id, subject_id=user.id, role=role, **invited
        )

    async def _check_password(self, caller: Caller, password: str, address: str, new: str | None = None) -> User:
        """Return the caller's account. Raises InvalidInput if this isn't the password, or the `new` one is weak."""
        async with self._auth.sign_ins.trying(address) as tried:
            async with self._database.begin() as session:
                user = await users.by_id(session, caller.user_id)
            if user is None or user.disabled_at is not None:
                raise NotSignedIn
            if new is not None:
                weak_passwords.check(new, user.email, "new_password")
            # Counted separately from sign-ins, so that guesses from elsewhere don't keep users from changing passwords.
            await tried.at(f"password of {user.id}")
            right, _ = await self._auth.passwords.check(
                password, user.password_hash, sender=sender_of(address), is_known=True
            )
            if not right or user.password_hash is None:
                tried.failed = True
                log.info("password_change_refused", user_id=user.id, address=address)
        if tried.failed:
            raise await self._wrong_password(caller)
        return user

    async def _wrong_password(self, caller: Caller) -> InvalidInput:
        """Record that a caller's password wasn't the right one, and return the error."""
        async with self._database.begin() as session:
            await audit.record(
                session, AuditAction.PASSWORD_CHANGE_FAILED, actor_id=caller.user_id, subject_id=caller.user_id
            )
        return _not_the_password()


def check_registration(settings: Settings, *, is_invited: bool) -> None:
    """Raise Forbidden if the settings don't permit that a user creates an account, with or without an invitation."""
    if settings.registration == "off":
        raise Forbidden(
            "Registration is off. To open it, start Chimera with CHIMERA_REGISTRATION=invited or"
            " CHIMERA_REGISTRATION=open."
        )
    if settings.registration == "invited" and not is_invited:
        raise Forbidden("Only invited users can register. Ask an administrator for an invitation.")


async def ensure_first_user(database: Database) -> tuple[str, str] | None:
    """Create the first user, an admin, if there is no user yet; return e-mail and password, which are shown once.

    This is safe if several processes try at the same time: one of them gets the password, and the others get None.
    """
    password = secrets.token_urlsafe(12)
    password_hash = await Passwords().hash(password)
    async with database.begin() as session:
        if not await users.is_empty(session):
            return None
        await _new_administrator(session, FIRST_USER, password_hash, "Admin")
    return FIRST_USER, password


async def create_administrator(database: Database, email: str, password: str, name: str = "") -> UserView:
    """Create an administrator, for operators, who have access to the database anyway.

    Raises Conflict if the e-mail address has an account, and InvalidInput for a password that is among the first
    guesses.
    """
    weak_passwords.check(password, email)
    password_hash = await Passwords().hash(password)
    async with database.begin() as session:
        return await _new_administrator(session, email, password_hash, name)


async def reset_password(database: Database, email: str, password: str) -> None:
    """Set a user's password and end their sessions, for operators, who have access to the database anyway.

    Raises NotFound if there is no such user, and InvalidInput for a password that is among the first guesses.
    """
    async with database.begin() as session:
        user = await users.by_email(session, email)
    if user is None or user.kind != "person":
        raise NotFound("user", email)
    weak_passwords.check(password, user.email)
    new_hash = await Passwords().hash(password)
    async with database.begin() as session:
        await _set_password(session, UserId(user.id), new_hash)
        await audit.record(session, AuditAction.PASSWORD_RESET, subject_id=user.id, by="operator")


async def _new_administrator(session: AsyncSession, email: str, password_hash: str, name: str) -> UserView:
    user = await users.create(session, email, password_hash, name=name, role="admin")
    await audit.record(session, AuditAction.USER_CREATED, subject_id=user.id, role="admin")
    return user


def _not_the_password() -> InvalidInput:
    return InvalidInput("current_password", "This is not your current password.")


async def _set_password(
    session: AsyncSession, user_id: UserId, password_hash: str, *, instead_of: str | None = None
) -> bool:
    """Set a password, and end all sessions. Returns False if `instead_of` isn't the hash anymore."""
    if not await users.set_password_hash(session, user_id, password_hash, instead_of=instead_of):
        return False
    await users.end_sessions_of(session, user_id)
    await password_resets.cancel(session, user_id)
    return True
