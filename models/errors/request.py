"""Errors of a request, or of an installation that lacks something that the request needs."""

from collections.abc import Sequence
from typing import ClassVar

from models.errors.base import ChimeraError
from models.remedies import Action, Remedy
from models.wording import instead_of


class InvalidInput(ChimeraError):
    """A value can't be accepted. `field` is the field that contains it."""

    code, http_status, title = "invalid_input", 422, "The request contains an invalid value"

    def __init__(self, field: str, message: str, *, remedy: Remedy | None = None) -> None:
        super().__init__(message, field=field, remedy=remedy)


class PlanInvalid(InvalidInput):
    """A plan that can't run, because it is cyclic, too large, or refers to something that doesn't exist."""

    code, title = "plan_invalid", "The plan can't run"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """Create the error from its problems, each a pair of the field at fault and a sentence."""
        super().__init__(*problems[0])
        self.problems = tuple(problems)


class UnknownAgent(InvalidInput):
    code, title = "unknown_agent", "Unknown agent"

    def __init__(self, name: str, known: Sequence[str], field: str = "agent") -> None:
        super().__init__(
            field,
            f"Unknown agent {name!r}. {instead_of(name, known)} You can also create this agent.",
            remedy=Remedy(action=Action.CREATE_AGENT),
        )


class AmbiguousAgent(InvalidInput):
    """Several agents that others share with the caller have this name."""

    code, title = "ambiguous_agent", "Several shared agents have this name"

    def __init__(self, name: str, ids: Sequence[str], field: str = "agent") -> None:
        super().__init__(
            field,
            f"Several agents named {name!r} are shared with you. Use the ID of one of them: {', '.join(ids[:10])}.",
        )


class InactiveAgent(InvalidInput):
    """The agent takes no new work. `field` names the agent's place in a plan."""

    code, title = "inactive_agent", "The agent is inactive"

    def __init__(self, name: str, field: str = "agent") -> None:
        super().__init__(
            field,
            f"Agent {name!r} is inactive, so it takes no new work. Activate it, or choose another agent.",
            remedy=Remedy(action=Action.ACTIVATE_AGENT, target=name),
        )


class UnknownProvider(InvalidInput):
    code, title = "unknown_provider", "Unknown provider"

    def __init__(self, name: str, known: Sequence[str], field: str = "model") -> None:
        super().__init__(
            field,
            f"Unknown provider {name!r}. Specify the model as provider/model, using one of these providers:"
            f" {', '.join(known)}.",
        )


class MissingKey(InvalidInput):
    code, title = "missing_key", "A provider's API key is missing"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(field, f"The API key for provider {provider!r} is missing. Set {setting} and restart Chimera.")


class UnusableKey(InvalidInput):
    """A key that isn't allowed in HTTP headers, for example because of non-ASCII letters or quotes, spaces or line
    breaks.
    """

    code, title = "unusable_key", "A provider's API key can't be sent"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(
            field,
            f"The API key for provider {provider!r} contains characters that aren't allowed in HTTP headers. Copy the"
            f" key into {setting} again, in plain ASCII without surrounding quotes or spaces, and restart Chimera.",
        )


class MissingBaseUrl(InvalidInput):
    code, title = "missing_base_url", "A provider's address is missing"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(field, f"The address for provider {provider!r} is missing. Set {setting} and restart Chimera.")


class UnknownPrice(InvalidInput):
    """The model's price is unknown. Such a model is never called, because its budget couldn't be enforced."""

    code, title = "unknown_price", "The model's price is unknown"

    def __init__(self, model: str, field: str = "model") -> None:
        super().__init__(
            field,
            f"The price of {model!r} is unknown. Add the price to CHIMERA_PRICES (0 is allowed), or choose another"
            " model.",
        )


class UnknownSimulatorModel(UnknownPrice):
    """The simulator doesn't offer this model. It offers only a few models, all of which are known."""

    code, title = "unknown_simulator_model", "The simulator doesn't offer this model"

    def __init__(self, model: str, known: Sequence[str], field: str = "model") -> None:
        InvalidInput.__init__(
            self, field, f"The simulator doesn't offer the model {model!r}. Use one of {', '.join(known)}."
        )


class WrongKindOfModel(UnknownPrice):
    """The model is known, but priced for another operation, so the cost of this one is unknown."""

    code, title = "wrong_kind_of_model", "The model doesn't support this operation"

    def __init__(self, model: str, use: str, example: str, field: str = "model") -> None:
        InvalidInput.__init__(
            self,
            field,
            f"Model {model!r} can't be used for {use}. Use a model for {use}, such as {example}.",
            remedy=Remedy(action=Action.LIST_MODELS),
        )


class NotOffered(InvalidInput):
    """The provider doesn't support the requested operation."""

    code, title = "not_offered", "The provider doesn't offer this operation"

    def __init__(self, provider: str, operation: str, able: Sequence[str], field: str = "model") -> None:
        advice = (
            f"Use a model from {' or '.join(able)}"
            if able
            else "To set up another provider, see docs/how-to/use-a-real-model.md"
        )
        super().__init__(field, f"Provider {provider!r} doesn't offer {operation}. {advice}.")


class IdempotencyKeyReused(InvalidInput):
    code, title = "idempotency_key_reused", "The Idempotency-Key was already used for another request"

    def __init__(self, key: str) -> None:
        super().__init__(
            "Idempotency-Key",
            f"Idempotency-Key {key!r} was already used with a different request body. Use a new key for each new"
            " request.",
        )


class RequestInProgress(ChimeraError):
    """An earlier request with the same Idempotency-Key hasn't ended."""

    code, http_status, title, retryable = "request_in_progress", 409, "The same request is in progress", True

    def __init__(self, key: str) -> None:
        super().__init__(
            f"A request with the Idempotency-Key {key!r} is in progress. Retry in 2 s.",
            field="Idempotency-Key",
            retry_after_s=2.0,
        )


class Outdated(ChimeraError):
    """The object isn't in the state that the change is based on."""

    code, http_status, title = "outdated", 412, "The object has changed in the meantime"

    def __init__(self) -> None:
        super().__init__(
            "The object has changed since you read it. Read it again, and send the change with its new ETag.",
            field="If-Match",
        )


class NotFound(ChimeraError):
    """The object doesn't exist, or belongs to another user. The two cases must look the same."""

    code, http_status, title = "not_found", 404, "Not found"

    lists: ClassVar[dict[str, Action]] = {
        "agent": Action.LIST_AGENTS,
        "AI call": Action.LIST_AI_CALLS,
        "API key": Action.LIST_API_KEYS,
        "approval": Action.LIST_APPROVALS,
        "chat session": Action.LIST_CHAT_SESSIONS,
        "question": Action.LIST_APPROVALS,
        "file": Action.LIST_FILES,
        "invitation": Action.LIST_INVITATIONS,
        "MCP server": Action.LIST_MCP_SERVERS,
        "provider": Action.LIST_PROVIDERS,
        "schedule": Action.LIST_SCHEDULES,
        "session": Action.LIST_SESSIONS,
        "task": Action.LIST_TASKS,
        "tool": Action.LIST_TOOLS,
        "user": Action.LIST_USERS,
    }

    def __init__(self, kind: str, name: str) -> None:
        listed = self.lists.get(kind)
        choose = f" Choose one from the list of {kind}s." if listed else ""
        super().__init__(f"There is no {kind} {name!r}.{choose}", remedy=Remedy(action=listed) if listed else None)


class UnknownVersion(NotFound):
    """The agent has no such version. `field` names the field or parameter with the version, if there is one."""

    def __init__(self, agent: str, version: int, newest: int, field: str | None = None) -> None:
        ChimeraError.__init__(
            self,
            f"Agent {agent!r} has no version {version}. Use a version from 1 to {newest}.",
            field=field,
            remedy=Remedy(action=Action.LIST_AGENT_VERSIONS, target=agent),
        )


class Conflict(ChimeraError):
    """The object isn't in a state that allows the request."""

    code, http_status, title = "conflict", 409, "The request is not possible in the current state"


class SessionBusy(Conflict):
    """A reply in a chat session is open, and the policy rejects messages until it ends."""

    code, title = "session_busy", "A reply in the chat session is open"

    def __init__(self, reply_id: str) -> None:
        super().__init__(
            "A reply in this chat session is open, and the policy rejects further messages until it ends. Wait for the"
            " reply, cancel it, or send the message with another value of 'double_texting', such as 'queue'.",
            field="double_texting",
            remedy=Remedy(action=Action.SHOW_REPLY, target=reply_id),
        )


class NotJson(ChimeraError):
    """The body isn't JSON that PostgreSQL can store. `reason` is the parser's message, with line and column."""

    code, http_status, title = "bad_request", 400, "The request body is not valid JSON"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Invalid JSON: {reason}. Send JSON in UTF-8, nested at most 200 levels deep, without NaN values or NUL"
            " characters."
        )


class NameTwice(InvalidInput):
    """A name appears twice in one JSON object of a body. Whichever was meant, the other value would be lost."""

    def __init__(self, place: str) -> None:
        name = place.rpartition(".")[2]
        super().__init__(
            place[:200], f"The field {name[:60]!r} appears twice in the same JSON object. Send each field only once."
        )


class BodyTooLarge(ChimeraError):
    code, http_status, title = "body_too_large", 413, "The request body is too large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"A request body can be at most {limit_bytes} bytes long. Send a smaller body, or refer to an uploaded"
            " file.",
            field="body",
        )


class FileTooLarge(ChimeraError):
    code, http_status, title = "file_too_large", 413, "The file is too large"

    def __init__(self, limit_bytes: int, field: str = "file") -> None:
        super().__init__(
            f"A file can be at most {limit_bytes} bytes long. Send a smaller file, or raise CHIMERA_MAX_FILE_BYTES.",
            field=field,
        )


class BodyTooSlow(ChimeraError):
    code, http_status, title = "body_too_slow", 408, "The request body arrived too slowly"

    def __init__(self, silence_s: float) -> None:
        message = (
            f"The request body arrived too slowly, or no data arrived for {silence_s:g} s. Send the request again"
            " without pauses."
        )
        super().__init__(message, field="body")


class WrongHost(ChimeraError):
    """The Host header names another server, is missing, or is sent twice."""

    code, http_status, title = "wrong_host", 421, "The address doesn't belong to this server"

    def __init__(self, hosts: Sequence[str]) -> None:
        if len(hosts) == 1 and hosts[0]:
            problem = f"The Host header names another server ({hosts[0][:100]!r}). Use this server's address"
            super().__init__(f"{problem}, or add the name to CHIMERA_ALLOWED_HOSTS.", field="Host")
        else:
            fault = "contains several Host headers" if len(hosts) > 1 else "doesn't contain a Host header"
            super().__init__(
                f"The request {fault}. Send one Host header, with this server's address or a name from"
                " CHIMERA_ALLOWED_HOSTS. Only the liveness check works without a Host header.",
                field="Host",
            )


class WrongContentType(ChimeraError):
    """The body has to be a form. JSON that describes a file must never be treated as an upload (CVE-2026-21858)."""

    code, http_status, title = "wrong_content_type", 415, "The content type of the request body is wrong"

    def __init__(self) -> None:
        super().__init__(
            "Send a form with Content-Type: multipart/form-data, for example with curl -F file=@note.wav.",
            field="Content-Type",
        )
