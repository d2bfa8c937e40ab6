"""Why a command can't do what it was asked, each with the way out, and what a command ends with."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from models.base import Contract
from models.errors import ChimeraError
from models.remedies import Action, Remedy

EXIT_CODES = {"completed": 0, "failed": 1, "cancelled": 2}
"""What a command that followed a task to its end ends with."""

WAITS = 4
"""What a command ends with that stopped following a task because it waits for its budget."""

TROUBLE = 3
"""Wrong usage, no connection, no sign-in, or a request that the API refused."""

INTERRUPTED = 130


class NotReachable(ChimeraError):
    """Nobody answers at the API's address."""

    code, http_status, title = "not_reachable", 503, "Chimera does not answer"

    def __init__(self, api_url: str, reason: str = "") -> None:
        because = f" ({reason})" if reason else ""
        super().__init__(
            f"Nothing answers at {api_url}{because}. Start Chimera with `chimera up`, or name another address with"
            " CHIMERA_API_URL or `chimera login`; `chimera doctor` says more."
        )


class NamedNotReachable(NotReachable):
    """No API answers at the address that settings name; a sign-in to another one doesn't make that one meant."""

    def __init__(self, api_url: str, named_by: str) -> None:
        ChimeraError.__init__(
            self,
            f"Nothing answers at {api_url}, which {named_by} names. Start what is meant, here with `chimera up`."
            " Otherwise correct or unset that setting: commands then find the Chimera of this folder, or of"
            " `chimera login`. `chimera doctor` says more.",
        )


class NoHttpClient(ChimeraError):
    """The environment names a proxy or certificates for the way to an address, and they can't be used."""

    code, http_status, title = "no_http_client", 503, "The proxy or the certificates can't be used"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"No request can be made to {url} ({reason}). Correct or unset what the environment names: HTTP_PROXY,"
            " HTTPS_PROXY and ALL_PROXY as in http://proxy.example:3128 (SOCKS is not spoken), SSL_CERT_FILE and"
            " SSL_CERT_DIR as files that are there."
        )


class NoSignIn(ChimeraError):
    """There is nobody to be on the way to the API."""

    code, http_status, title = "not_signed_in", 401, "Not signed in"

    def __init__(self, api_url: str | None = None) -> None:
        where = f" at {api_url}" if api_url else ""
        super().__init__(
            f"You are not signed in{where}. `chimera up` signs in to the Chimera that it starts, `chimera login` to one"
            " that runs elsewhere; programs set CHIMERA_API_URL and CHIMERA_TOKEN."
        )


class SignInEnded(NoSignIn):
    """The API doesn't take a sign-in that is kept here."""

    def __init__(self, api_url: str, email: str, path: Path) -> None:
        self.what_happened = f"The sign-in of {email} at {api_url}, kept in {path}, is not valid any more."
        ChimeraError.__init__(
            self,
            f"{self.what_happened} Sign in again: chimera login --api-url {api_url} --email {email}. The next start of"
            " a Chimera (`chimera up`) makes a new one in its data folder.",
        )


class TokenRefused(NoSignIn):
    """The API doesn't take the token that the environment names."""

    def __init__(self, api_url: str) -> None:
        ChimeraError.__init__(
            self,
            f"The token in CHIMERA_TOKEN is not valid at {api_url}, or has expired; set a new one, as `chimera token`"
            " prints it where you are signed in.",
        )


class StartedElsewhere(NoSignIn):
    """A Chimera runs on this machine, and its sign-in is in the folder where it was started."""

    def __init__(self, api_url: str, data_dir: Path | None) -> None:
        folder = str(data_dir) if data_dir else "<its data folder>"
        ChimeraError.__init__(
            self,
            f"A Chimera runs at {api_url}, and this folder has no sign-in to it. Run the command in the folder where it"
            f" was started, or set CHIMERA_DATA_DIR={folder}. To one that runs elsewhere, `chimera login` signs in.",
        )


class FieldProblem(Contract):
    field: str
    message: str


class ProblemRemedy(Contract):
    """What the API says that helps; an action that only a newer server knows is left out."""

    action: str
    target: str | None = None
    body: dict[str, int] | None = None

    @property
    def known(self) -> Remedy | None:
        if self.action not in set(Action):
            return None
        return Remedy(action=Action(self.action), target=self.target, options=self.body or {})


class Problem(Contract):
    """What the API answers when it refuses: an RFC 9457 problem document."""

    status: int
    title: str
    detail: str = ""
    code: str = ""
    instance: str = ""
    errors: tuple[FieldProblem, ...] = ()
    remedy: ProblemRemedy | None = None


class Refused(ChimeraError):
    """The API refused; it says why."""

    code, title = "refused", "The API refused that"

    def __init__(self, problem: Problem, retry_after_s: float | None = None) -> None:
        remedy = problem.remedy.known if problem.remedy else None
        super().__init__(problem.detail or problem.title, retry_after_s=retry_after_s, remedy=remedy)
        self.problem = problem
        self.options: Mapping[str, str] = {}
        """What was typed for the fields of the request."""


class NotThere(ChimeraError):
    """What the command line names isn't there."""

    code, http_status, title = "not_there", 404, "Not found"


class Ambiguous(ChimeraError):
    """What the command line names could be more than one."""

    code, http_status, title = "ambiguous", 409, "That could be more than one"

    def __init__(self, name: str, found: Sequence[str], way_out: str) -> None:
        listed = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        super().__init__(f"{name!r} could be {listed}. {way_out}")


class NotSetUp(ChimeraError):
    """A provider that Chimera knows, and that lacks a key or an address."""

    code, http_status, title = "not_set_up", 422, "The provider isn't set up"


class WrongUsage(ChimeraError):
    """An option or a file that the command can't do anything with."""

    code, http_status, title = "wrong_usage", 422, "The command can't be carried out"
