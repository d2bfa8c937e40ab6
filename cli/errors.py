"""The errors of commands, each with its remedy, and exit codes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from models.base import Contract
from models.errors import ChimeraError
from models.remedies import Action, Remedy

EXIT_CODES = {"completed": 0, "failed": 1, "cancelled": 2}
"""Exit codes of a command that followed a task, by the task's last status."""

WAITS = 4
"""Exit code of a command that stopped following a task because the task waits for its budget."""

TROUBLE = 3
"""Exit code of wrong usage, no connection, no sign-in, or a rejected request."""

INTERRUPTED = 130


class NotReachable(ChimeraError):
    """Nothing answers at the API's address."""

    code, http_status, title = "not_reachable", 503, "Chimera does not answer"

    def __init__(self, api_url: str, reason: str = "") -> None:
        because = f" ({reason})" if reason else ""
        super().__init__(
            f"Nothing answers at {api_url}{because}. Start Chimera with `chimera up`, or name another address with"
            " CHIMERA_API_URL or `chimera login`; `chimera doctor` shows details."
        )


class NamedNotReachable(NotReachable):
    """No API answers at the address that settings name; a sign-in to another address is not used instead."""

    def __init__(self, api_url: str, named_by: str) -> None:
        ChimeraError.__init__(
            self,
            f"Nothing answers at {api_url}, which {named_by} sets. Start Chimera there, or here with `chimera up`."
            " Otherwise correct or unset that setting: commands then use the Chimera of this folder, or of"
            " `chimera login`. `chimera doctor` shows details.",
        )


class NoHttpClient(ChimeraError):
    """The environment names a proxy or certificates that can't be used."""

    code, http_status, title = "no_http_client", 503, "The proxy or the certificates can't be used"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"No request can be made to {url} ({reason}). Correct or unset what the environment names: HTTP_PROXY,"
            " HTTPS_PROXY and ALL_PROXY such as http://proxy.example:3128 (SOCKS is not supported), SSL_CERT_FILE and"
            " SSL_CERT_DIR as existing files."
        )


class NoSignIn(ChimeraError):
    """No credentials are available for this API."""

    code, http_status, title = "not_signed_in", 401, "Not signed in"

    def __init__(self, api_url: str | None = None) -> None:
        where = f" at {api_url}" if api_url else ""
        super().__init__(
            f"You are not signed in{where}. `chimera up` signs in to the Chimera that it starts, `chimera login` to one"
            " that runs elsewhere; programs set CHIMERA_API_URL and CHIMERA_TOKEN."
        )


class SignInEnded(NoSignIn):
    """The API rejects a sign-in that is kept here."""

    def __init__(self, api_url: str, email: str, path: Path) -> None:
        self.what_happened = f"The sign-in of {email} at {api_url}, kept in {path}, is no longer valid."
        ChimeraError.__init__(
            self,
            f"{self.what_happened} Sign in again: chimera login --api-url {api_url} --email {email}. The next start of"
            " a Chimera (`chimera up`) makes a new one in its data folder.",
        )


class TokenRefused(NoSignIn):
    """The API rejects the environment's token."""

    def __init__(self, api_url: str) -> None:
        ChimeraError.__init__(
            self,
            f"The token in CHIMERA_TOKEN is not valid at {api_url}, or has expired. Set a new one; `chimera token`"
            " prints one where you are signed in.",
        )


class StartedElsewhere(NoSignIn):
    """A Chimera runs on this machine, and its sign-in is in the folder where it was started."""

    def __init__(self, api_url: str, data_dir: Path | None) -> None:
        folder = str(data_dir) if data_dir else "<its data folder>"
        ChimeraError.__init__(
            self,
            f"A Chimera runs at {api_url}, and this folder has no sign-in to it. Run the command in the folder where it"
            f" was started, or set CHIMERA_DATA_DIR={folder}. For one that runs elsewhere, run `chimera login`.",
        )


class FieldProblem(Contract):
    field: str
    message: str


class ProblemRemedy(Contract):
    """The API's remedy; an action that only a newer server knows is left out."""

    action: str
    target: str | None = None
    body: dict[str, int] | None = None

    @property
    def known(self) -> Remedy | None:
        if self.action not in set(Action):
            return None
        return Remedy(action=Action(self.action), target=self.target, options=self.body or {})


class Problem(Contract):
    """The API's error response: an RFC 9457 problem document."""

    status: int
    title: str
    detail: str = ""
    code: str = ""
    instance: str = ""
    errors: tuple[FieldProblem, ...] = ()
    remedy: ProblemRemedy | None = None


class Refused(ChimeraError):
    """The API rejected a request."""

    code, title = "refused", "The API rejected the request"

    def __init__(self, problem: Problem, retry_after_s: float | None = None) -> None:
        remedy = problem.remedy.known if problem.remedy else None
        super().__init__(problem.detail or problem.title, retry_after_s=retry_after_s, remedy=remedy)
        self.problem = problem
        self.options: Mapping[str, str] = {}
        """The options that were typed, by the request's fields."""


class NotThere(ChimeraError):
    """The object that the command line names doesn't exist."""

    code, http_status, title = "not_there", 404, "Not found"


class Ambiguous(ChimeraError):
    """The command line's name fits more than one object."""

    code, http_status, title = "ambiguous", 409, "The name is ambiguous"

    def __init__(self, name: str, found: Sequence[str], advice: str) -> None:
        listed = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        super().__init__(f"{name!r} could be {listed}. {advice}")


class NotSetUp(ChimeraError):
    """A known provider without its key or address."""

    code, http_status, title = "not_set_up", 422, "Provider not set up"


class WrongUsage(ChimeraError):
    """An option or a file that the command can't use."""

    code, http_status, title = "wrong_usage", 422, "Invalid command"
