"""Ends without an answer, after a run was accepted.

Clients of OpenAI repeat a request after many errors. What was accepted is never bought twice that way: these errors say
that the request must not be repeated, and name the run, whose stored answer can be fetched.
"""

import structlog
from fastapi import Response
from pydantic_core import to_json

from api.errors import translated
from api.openai_errors import headers_of, message_of
from models.errors import ChimeraError
from models.ids import RunId
from models.openai.errors import ErrorDetail, ErrorView, error_of
from models.replies import ReplyView

log = structlog.get_logger()

COST_HEADER = "X-Chimera-Cost-Micro-USD"

_STATUS = {
    "rate_limited": 429,
    "no_quota": 429,
    "budget_reached": 429,
    "spending_limit_reached": 429,
    "context_too_long": 400,
    "content_refused": 400,
    "reply_cancelled": 409,
    "approval_required": 504,
    "timeout": 504,
    "not_signed_in": 401,
    "stopping": 503,
    "unavailable": 503,
    "disk_full": 503,
}
"""The HTTP status of an end. All others are 502: the request was valid, but its run failed."""


class NoAnswer(Exception):
    """A run has ended or waits without an answer for its client. It is an answer itself, not an error of the API."""

    def __init__(self, run_id: RunId, code: str, message: str) -> None:
        super().__init__(message)
        self.run_id = run_id
        self.status = _STATUS.get(code, 502)
        self.detail: ErrorDetail = error_of(self.status, code, message, run_id=run_id)

    def response(self) -> Response:
        """Return the response for a client that isn't being streamed to."""
        body = to_json(ErrorView(error=self.detail))
        return Response(body, self.status, headers_of(self.run_id), "application/json")


def failed(view: ReplyView) -> NoAnswer:
    """Return the end of a run that failed."""
    return NoAnswer(view.id, view.error_code or "failed", view.error or "The run failed.")


def cancelled(run_id: RunId) -> NoAnswer:
    return NoAnswer(run_id, "reply_cancelled", "The run was cancelled before it had an answer.")


def interrupted(run_id: RunId) -> NoAnswer:
    """Return the end of a stream whose text was replaced: a client can't be told to forget what it has received."""
    return NoAnswer(
        run_id,
        "stream_interrupted",
        "A model call was interrupted and made again, and its new answer begins differently from the text that was"
        f" already sent. Discard this text. The whole answer is stored: fetch the reply {run_id!r}.",
    )


def out_of_budget(run_id: RunId, message: str, *, is_kept: bool) -> NoAnswer:
    """Return the end for a run that has reached a limit. Unless it is kept, it is cancelled."""
    advice = "Raise the budget of the run, or send a higher one." if is_kept else "The run was cancelled."
    return NoAnswer(run_id, "budget_reached", f"{message} {advice}")


def undecided(run_id: RunId, tool: str, approval_id: str) -> NoAnswer:
    """Return the end of a wait for a person, which the client has shared long enough."""
    return NoAnswer(
        run_id,
        "approval_required",
        f"The call of {tool!r} still waits for a decision (approval {approval_id!r}). Decide about it, then fetch the"
        f" reply {run_id!r}.",
    )


def too_slow(run_id: RunId, waited_s: float) -> NoAnswer:
    return NoAnswer(
        run_id,
        "timeout",
        f"There is no answer after {waited_s:g} s. The run continues: fetch the reply {run_id!r} later, or stream the"
        " answer.",
    )


def signed_out(run_id: RunId) -> NoAnswer:
    return NoAnswer(
        run_id, "not_signed_in", "The access token or API key is no longer valid. Sign in again, then fetch the reply."
    )


def stopping(run_id: RunId) -> NoAnswer:
    return NoAnswer(
        run_id, "stopping", f"This API process is stopping. The run continues: fetch the reply {run_id!r} in a moment."
    )


def broken(run_id: RunId, error: Exception) -> NoAnswer:
    """Return the end of a stream that an error of ours has broken; the run continues."""
    known = error if isinstance(error, ChimeraError) else translated(error)
    if known is None:
        log.error("openai_stream_failed", run_id=run_id, error=type(error).__name__, exc_info=error)
        return _unexpected(run_id)
    log.warning("openai_stream_refused", run_id=run_id, error=type(error).__name__, code=known.code)
    return NoAnswer(run_id, known.code, message_of(run_id, known.http_status, known.title, known.message))


def _unexpected(run_id: RunId) -> NoAnswer:
    """Return the end for a bug, whose details are only logged."""
    return NoAnswer(run_id, "internal_error", "This is a bug in Chimera. For details, search the log for the run's ID.")
