"""What roles and API keys may do, decided in one place by a request's method and path.

Whose rows a caller may see is decided where the rows are read (`chimera/store/access.py`). An API key of an
administrator without the scope `admin` counts as a user's (`models/users.py`), so that no other check has to know keys.
"""

from starlette.requests import HTTPConnection

from models.errors import Forbidden, MissingScope
from models.users import Caller

_API = "/api/v1"

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
READS_BY_POST = frozenset(
    {f"{_API}/{path}" for path in ("schedules/preview", "tasks/estimate", "policy/test", "ai/tokens/count")}
)
"""Requests with a body that change nothing, so viewers and keys that may only read can send them."""
ADMINISTRATION = (f"{_API}/users", f"{_API}/invitations", f"{_API}/audit", f"{_API}/codec", f"{_API}/system/retention")
"""Everything at and below these paths is for administrators only."""
ACCOUNT = f"{_API}/auth"
"""A caller's own account. Keys can only read it, and viewers can change their own."""
INVITATIONS = f"{_API}/invitations"
NOTIFICATIONS = f"{_API}/system/notifications"
"""A caller's own inbox, which viewers can also mark as read."""
OPENAI = "/v1"


def check(connection: HTTPConnection, caller: Caller) -> None:
    """Raise Forbidden or MissingScope if the caller's role or API key doesn't permit this request."""
    path, method = _path_of(connection), str(connection.scope.get("method", "GET"))
    changes = method not in SAFE and path not in READS_BY_POST
    if any(_is_below(path, each) for each in ADMINISTRATION):
        _check_administration(caller, may_use_key=not (changes and _is_credential(path)))
    elif _is_below(path, ACCOUNT):
        _check_account(caller, changes=changes)
    elif _is_below(path, OPENAI):
        _check_openai(caller, changes=changes)
    elif _is_below(path, NOTIFICATIONS):
        _check_inbox(caller, changes=changes)
    else:
        check_own(caller, changes=changes)


def check_own(caller: Caller, *, changes: bool) -> None:
    """Raise unless the caller may read, or with `changes` change, what is theirs. Sockets can check frames with it."""
    if changes and caller.role == "viewer":
        raise Forbidden("Your account can only read. Ask an administrator for the role 'user'.")
    if changes and not caller.may_write:
        raise MissingScope("write")
    if not caller.may_read:
        raise MissingScope("read")


def _check_administration(caller: Caller, *, may_use_key: bool) -> None:
    if not caller.has("admin"):
        raise MissingScope("admin")
    if caller.role != "admin":
        raise Forbidden("Only administrators can do this. Ask an administrator.")
    if caller.scopes is not None and not may_use_key:
        raise _not_with_key()


def _is_credential(path: str) -> bool:
    """Return whether a change here makes or deletes a credential of others, which no key can do."""
    return "/api-keys" in path or path.endswith("/password-reset") or _is_below(path, INVITATIONS)


def _check_account(caller: Caller, *, changes: bool) -> None:
    if caller.scopes is not None and changes:
        raise _not_with_key()
    if not caller.may_read:
        raise MissingScope("read")


def _check_openai(caller: Caller, *, changes: bool) -> None:
    if not caller.has("openai"):
        check_own(caller, changes=changes)
    elif changes and caller.role == "viewer":
        raise Forbidden("Your account can only read. Ask an administrator for the role 'user'.")


def _check_inbox(caller: Caller, *, changes: bool) -> None:
    if changes and not caller.has("write"):
        raise MissingScope("write")
    if not caller.may_read:
        raise MissingScope("read")


def _not_with_key() -> Forbidden:
    return Forbidden(
        "An API key can't change its owner's account, API keys, invitations or tokens for new passwords. Sign in with"
        " your password instead."
    )


def _path_of(connection: HTTPConnection) -> str:
    path: str = connection.scope["path"]
    return path.removeprefix(connection.scope.get("root_path", ""))


def _is_below(path: str, place: str) -> bool:
    return path == place or path.startswith(f"{place}/")
