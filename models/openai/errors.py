"""Errors in OpenAI's shape, and the codes that its clients know."""

from pydantic import Field

from models.base import Contract


class ErrorDetail(Contract):
    message: str = Field(description="What went wrong, and how to fix it")
    type: str = Field(description="Category of the error, for example `invalid_request_error` or `rate_limit_error`")
    param: str | None = Field(description="Field or parameter that caused the error. `null` if there is none.")
    code: str | None = Field(description="Error code for programs")
    run_id: str | None = Field(
        default=None, description="ID of the run, if one was accepted. Its stored answer can be fetched later."
    )


class ErrorView(Contract):
    """An error, as OpenAI's clients expect it."""

    error: ErrorDetail


CODES = {
    "not_signed_in": "invalid_api_key",
    "limit_reached": "rate_limit_exceeded",
    "too_many_requests": "rate_limit_exceeded",
    "rate_limited": "rate_limit_exceeded",
    "context_too_long": "context_length_exceeded",
    "budget_reached": "insufficient_quota",
    "no_quota": "insufficient_quota",
    "unknown_provider": "model_not_found",
    "unknown_simulator_model": "model_not_found",
}
"""OpenAI's code for some of our codes. Clients act on these; all other codes are the same as in the rest of the API."""


PREFIX = "/v1"
"""Where the OpenAI-compatible API is."""
INVALID = 422
"""Status of an invalid request elsewhere. OpenAI's clients expect 400."""
WHOLE_BODY = "body"
"""The field of a problem that concerns several fields, or none."""


def is_openai(path: str) -> bool:
    """Return whether errors at this path have OpenAI's shape."""
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def type_of(status: int) -> str:
    """Return the category of an error with this HTTP status."""
    match status:
        case 401:
            return "authentication_error"
        case 403:
            return "permission_error"
        case 429:
            return "rate_limit_error"
    return "invalid_request_error" if status < 500 else "server_error"


def param_of(field: str) -> str:
    """Return a field's path in OpenAI's spelling: `messages.0.content` becomes `messages[0].content`."""
    parts = field.split(".")
    return parts[0] + "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts[1:])


def error_of(
    status: int, code: str, message: str, *, field: str | None = None, run_id: str | None = None
) -> ErrorDetail:
    """Build an error from our code and field."""
    return ErrorDetail(
        message=message,
        type=type_of(status),
        param=param_of(field) if field and field != WHOLE_BODY else None,
        code="invalid_api_key" if status == 401 else CODES.get(code, code),
        run_id=run_id,
    )
