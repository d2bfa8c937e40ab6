"""The errors of commands, each with its remedy, and the exit codes."""

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
"""Exit code for wrong usage, a missing connection or sign-in, or a rejected request."""

INTERRUPTED = 130


class NotReachable(ChimeraError):
    """Nothing responds at the API's address."""

    code, http_status, title = "not_reachable", 503, "Chimera is not reachable"

    def __init__(self, api_url: str, reason: str = "") -> None:
        because = f" ({reason})" if reason else ""
        super().__init__(
            f"Chimera is not reachable at {api_url}{because}. Start it with 'chimera up', or choose another address"
            " with CHIMERA_API_URL or 'chimera login'. For details, run: chimera doctor"
        )


class NamedNotReachable(NotReachable):
    """No API responds at the address that a setting names. A sign-in to another address is not used instead."""

    def __init__(self, api_url: str, named_by: str) -> None:
        ChimeraError.__init__(
            self,
            f"Chimera is not reachable at {api_url}, the address set in {named_by}. Start Chimera at that"
            " address, for example with 'chimera up', or change or remove the setting. Without this setting, commands"
            " use the session saved in this folder or by 'chimera login'. For details, run: chimera doctor",
        )


class NoHttpClient(ChimeraError):
    """The environment names a proxy or certificates that can't be used."""

    code, http_status, title = "no_http_client", 503, "The configured proxy or certificates can't be used"

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(
            f"Requests can't be sent to {url} ({reason}). Correct or unset the environment variables for the proxy and"
            " the certificates. HTTP_PROXY, HTTPS_PROXY and ALL_PROXY must be addresses such as"
            " http://proxy.example:3128 (SOCKS is not supported). SSL_CERT_FILE must name an existing file, and"
            " SSL_CERT_DIR must name an existing folder."
        )


class NoSignIn(ChimeraError):
    """No credentials are available for this API."""

    code, http_status, title = "not_signed_in", 401, "Not signed in"

    def __init__(self, api_url: str | None = None) -> None:
        where = f" at {api_url}" if api_url else ""
        super().__init__(
            f"You are not signed in{where}. Starting a server with 'chimera up' signs you in automatically. In"
            " programs, set CHIMERA_API_URL and CHIMERA_API_KEY. To sign in to a Chimera server that"
            " runs elsewhere, run: chimera login"
        )


class SignInEnded(NoSignIn):
    """The API rejects a stored sign-in."""

    def __init__(self, api_url: str, email: str, path: Path) -> None:
        self.what_happened = f"The session for {email} at {api_url}, saved in {path}, is no longer valid."
        ChimeraError.__init__(
            self,
            f"{self.what_happened} Restarting Chimera with 'chimera up' signs you in automatically."
            f" To sign in without restarting, run: chimera login --api-url {api_url} --email {email}",
        )


class TokenRefused(NoSignIn):
    """The API rejects the environment's token or API key."""

    def __init__(self, api_url: str, variable: str = "CHIMERA_TOKEN") -> None:
        what, command = ("API key", "keys create <name>") if variable == "CHIMERA_API_KEY" else ("token", "token")
        ChimeraError.__init__(
            self,
            f"The {what} in {variable} is not valid at {api_url} or has expired. Set {variable} to a new {what}. To"
            f" print one, run this command where you are signed in: chimera {command}",
        )


class StartedElsewhere(NoSignIn):
    """A Chimera server is running on this machine, but its sign-in is in the folder where it was started."""

    def __init__(self, api_url: str, data_dir: Path | None) -> None:
        folder = str(data_dir) if data_dir else "<its data folder>"
        ChimeraError.__init__(
            self,
            f"Chimera is running at {api_url}, but this folder contains no saved session for it. Run the command in"
            f" the folder where Chimera was started, or set CHIMERA_DATA_DIR={folder}. To sign in to a Chimera server"
            " that runs elsewhere, run: chimera login",
        )


class FieldProblem(Contract):
    field: str
    message: str


class ProblemRemedy(Contract):
    """The API's remedy. `known` is None if only newer versions know its action."""

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
        """The command's options, by the field of the request that each sets."""


class NotThere(ChimeraError):
    """The object that the command line names doesn't exist."""

    code, http_status, title = "not_there", 404, "Not found"


class Ambiguous(ChimeraError):
    """A name on the command line matches more than one object."""

    code, http_status, title = "ambiguous", 409, "The name is ambiguous"

    def __init__(self, name: str, found: Sequence[str], advice: str) -> None:
        listed = ", ".join(found[:5]) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        super().__init__(f"{name!r} is ambiguous: it matches {listed}. {advice}")


class NotSetUp(ChimeraError):
    """A known provider lacks its key or address."""

    code, http_status, title = "not_set_up", 422, "Provider not set up"


class WrongUsage(ChimeraError):
    """An option or a file that the command can't use."""

    code, http_status, title = "wrong_usage", 422, "Invalid command"
