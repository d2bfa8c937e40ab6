"""Errors of a request, or of an installation that lacks something for it."""

from collections.abc import Sequence
from typing import ClassVar

from models.errors.base import ChimeraError
from models.remedies import Action, Remedy
from models.wording import instead_of


class InvalidInput(ChimeraError):
    """A value that can't be accepted; names the field."""

    code, http_status, title = "invalid_input", 422, "The request has an invalid value"

    def __init__(self, field: str, message: str, *, remedy: Remedy | None = None) -> None:
        super().__init__(message, field=field, remedy=remedy)


class PlanInvalid(InvalidInput):
    """A plan that can't run: cyclic, too large, or naming what doesn't exist."""

    code, title = "plan_invalid", "The plan can't run"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """Take each problem as the field at fault and a sentence."""
        super().__init__(*problems[0])
        self.problems = tuple(problems)


class UnknownAgent(InvalidInput):
    code, title = "unknown_agent", "Unknown agent"

    def __init__(self, name: str, known: Sequence[str], field: str = "agent") -> None:
        super().__init__(
            field,
            f"There is no agent {name!r}. {instead_of(name, known)} You can also create the agent.",
            remedy=Remedy(action=Action.CREATE_AGENT),
        )


class UnknownProvider(InvalidInput):
    code, title = "unknown_provider", "Unknown provider"

    def __init__(self, name: str, known: Sequence[str], field: str = "model") -> None:
        super().__init__(
            field,
            f"There is no provider {name!r}. Write a model as provider/model, with one of {', '.join(known)} as the"
            " provider.",
        )


class MissingKey(InvalidInput):
    code, title = "missing_key", "A provider's key is missing"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(field, f"The key for provider {provider!r} is missing. Set {setting} and restart Chimera.")


class UnusableKey(InvalidInput):
    """A key that no HTTP header can have: with letters or quotes of another script, a blank around it, a new line."""

    code, title = "unusable_key", "A provider's key can't be sent"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(
            field,
            f"The key for provider {provider!r} has characters that HTTP headers can't contain. Copy it again"
            f" into {setting} (plain ASCII, no quotes or spaces around it) and restart Chimera.",
        )


class MissingBaseUrl(InvalidInput):
    code, title = "missing_base_url", "A provider's address is missing"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(field, f"The address for provider {provider!r} is missing. Set {setting} and restart Chimera.")


class UnknownPrice(InvalidInput):
    """A model without a known price is never called: its budget could not hold."""

    code, title = "unknown_price", "No price is known for the model"

    def __init__(self, model: str, field: str = "model") -> None:
        super().__init__(
            field,
            f"No price is known for {model!r}. Add a price to CHIMERA_PRICES (0 is allowed), or choose another model.",
        )


class UnknownSimulatorModel(UnknownPrice):
    """The simulator's models are few and all known."""

    code, title = "unknown_simulator_model", "The simulator doesn't have this model"

    def __init__(self, model: str, known: Sequence[str], field: str = "model") -> None:
        InvalidInput.__init__(self, field, f"The simulator has no model {model!r}. Use one of {', '.join(known)}.")


class WrongKindOfModel(UnknownPrice):
    """The model is known, but priced for another operation, so the cost of this one is unknown."""

    code, title = "wrong_kind_of_model", "The model is for another operation"

    def __init__(self, model: str, use: str, example: str, field: str = "model") -> None:
        InvalidInput.__init__(
            self,
            field,
            f"{model!r} is not a model for {use}. Use a model for {use}, such as {example}.",
            remedy=Remedy(action=Action.LIST_MODELS),
        )


class NotOffered(InvalidInput):
    """A provider was asked for something that it doesn't do."""

    code, title = "not_offered", "The provider doesn't offer the operation"

    def __init__(self, provider: str, operation: str, able: Sequence[str], field: str = "model") -> None:
        advice = (
            f"Use a model of {' or '.join(able)}"
            if able
            else "To set up another provider, see docs/how-to/use-a-real-model.md"
        )
        super().__init__(field, f"Provider {provider!r} doesn't offer {operation}. {advice}.")


class IdempotencyKeyReused(InvalidInput):
    code, title = "idempotency_key_reused", "The Idempotency-Key was used for another request"

    def __init__(self, key: str) -> None:
        super().__init__(
            "Idempotency-Key", f"Idempotency-Key {key!r} was used with another body. Send a new key for a new request."
        )


class NotFound(ChimeraError):
    """Also the answer for another user's objects: the two must look the same."""

    code, http_status, title = "not_found", 404, "Not found"

    lists: ClassVar[dict[str, Action]] = {
        "agent": Action.LIST_AGENTS,
        "AI call": Action.LIST_AI_CALLS,
        "file": Action.LIST_FILES,
        "provider": Action.LIST_PROVIDERS,
        "schedule": Action.LIST_SCHEDULES,
        "task": Action.LIST_TASKS,
    }

    def __init__(self, kind: str, name: str) -> None:
        listed = self.lists.get(kind)
        choose = f" Choose from the list of {kind}s." if listed else ""
        super().__init__(f"There is no {kind} {name!r}.{choose}", remedy=Remedy(action=listed) if listed else None)


class Conflict(ChimeraError):
    """The thing is not in a state that allows the request."""

    code, http_status, title = "conflict", 409, "Not possible in the current state"


class NotJson(ChimeraError):
    """A body that isn't what PostgreSQL can store; `reason` is the parser's, with line and column."""

    code, http_status, title = "bad_request", 400, "The body is not JSON"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"Invalid JSON: {reason}. Send UTF-8 JSON, nested at most 200 levels, without NaN or NUL characters."
        )


class NameTwice(InvalidInput):
    """A name that stands twice in one object of a body: whichever was meant, the other would be lost."""

    def __init__(self, place: str) -> None:
        name = place.rpartition(".")[2]
        super().__init__(place[:200], f"{name[:60]!r} appears twice in one object. Remove one of the two.")


class BodyTooLarge(ChimeraError):
    code, http_status, title = "body_too_large", 413, "The request body is too large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(
            f"The body can have at most {limit_bytes} bytes. Send a smaller body, or refer to a file.", field="body"
        )


class FileTooLarge(ChimeraError):
    code, http_status, title = "file_too_large", 413, "The file is too large"

    def __init__(self, limit_bytes: int, field: str = "file") -> None:
        super().__init__(
            f"A file can have at most {limit_bytes} bytes. Send a smaller file, or raise CHIMERA_MAX_FILE_BYTES.",
            field=field,
        )


class BodyTooSlow(ChimeraError):
    code, http_status, title = "body_too_slow", 408, "The request body stopped arriving"

    def __init__(self, silence_s: float) -> None:
        message = f"The body arrived too slowly, or not at all for {silence_s:g} s. Send it again without a pause."
        super().__init__(message, field="body")


class WrongHost(ChimeraError):
    """The request is for a name that isn't ours, for none, or for two."""

    code, http_status, title = "wrong_host", 421, "Not an address of this server"

    def __init__(self, hosts: Sequence[str]) -> None:
        if len(hosts) == 1 and hosts[0]:
            problem = f"The Host header names another server ({hosts[0][:100]!r}). Use this server's address"
            super().__init__(f"{problem}, or add the name to CHIMERA_ALLOWED_HOSTS.", field="Host")
        else:
            number = "several Host headers" if len(hosts) > 1 else "no Host header"
            super().__init__(
                f"The request has {number}. Send one with this server's address or a name in"
                " CHIMERA_ALLOWED_HOSTS. Only the liveness check doesn't need a Host header.",
                field="Host",
            )


class WrongContentType(ChimeraError):
    """A form is taken as a form only: JSON that describes a file must never stand for one (CVE-2026-21858)."""

    code, http_status, title = "wrong_content_type", 415, "The body has the wrong content type"

    def __init__(self) -> None:
        super().__init__(
            "Send a form with Content-Type: multipart/form-data, as in curl -F file=@note.wav.", field="Content-Type"
        )
