"""Every error that Chimera raises on purpose, in one tree.

A class sets `code`, `http_status`, `title` and `retryable`; an instance takes its facts as arguments. A message names
the value with !r and the way out, because the person who reads it can't see the code. The API turns the tree into
RFC 9457 problem documents (`api/errors.py`), the worker into Temporal failures (`worker/interceptors.py`).
"""

import math
from collections.abc import Sequence
from typing import ClassVar

from models.usage import Usage
from models.wording import instead_of


class ChimeraError(Exception):
    """The root; never raised itself."""

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong on our side"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, field: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.retry_after_s = retry_after_s


# --- What a caller got wrong -----------------------------------------------------------------------------------


class InvalidInput(ChimeraError):
    """A value that can't be accepted; names the field."""

    code, http_status, title = "invalid_input", 422, "The request has a value that can't be accepted"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


class PlanInvalid(InvalidInput):
    """A plan that can't run: cyclic, too large, or naming what doesn't exist."""

    code, title = "plan_invalid", "The plan can't run"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        """Take each problem as the field at fault and a sentence."""
        super().__init__(*problems[0])
        self.problems = tuple(problems)


class UnknownAgent(InvalidInput):
    code, title = "unknown_agent", "No such agent"

    def __init__(self, name: str, known: Sequence[str], field: str = "agent") -> None:
        super().__init__(field, f"No agent {name!r}; {instead_of(name, known)} Or create it at POST /api/v1/agents.")


class UnknownProvider(InvalidInput):
    code, title = "unknown_provider", "No such provider"

    def __init__(self, name: str, known: Sequence[str], field: str = "model") -> None:
        super().__init__(
            field, f"No provider {name!r}; a model is written provider/model with one of {', '.join(known)}."
        )


class MissingKey(InvalidInput):
    code, title = "missing_key", "A provider's key is missing"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(field, f"No key for provider {provider!r}; set {setting} and start Chimera again.")


class UnusableKey(InvalidInput):
    """A key that no HTTP header can have: with letters or quotes of another script, a blank around it, a new line."""

    code, title = "unusable_key", "A provider's key can't be sent"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(
            field,
            f"The key for provider {provider!r} has characters that no HTTP header can have; copy it again into"
            f" {setting} (plain ASCII, no quotes or blanks around it) and start Chimera again.",
        )


class MissingBaseUrl(InvalidInput):
    code, title = "missing_base_url", "A provider's address is missing"

    def __init__(self, provider: str, setting: str, field: str = "model") -> None:
        super().__init__(field, f"No address for provider {provider!r}; set {setting} and start Chimera again.")


class UnknownPrice(InvalidInput):
    """A model whose price nobody knows isn't called: the budget could not hold."""

    code, title = "unknown_price", "No price is known for the model"

    def __init__(self, model: str, field: str = "model") -> None:
        super().__init__(
            field, f"No price is known for {model!r}; add it to CHIMERA_PRICES (0 is a price) or choose another model."
        )


class UnknownSimulatorModel(UnknownPrice):
    """The simulator's models are few and all known."""

    code, title = "unknown_simulator_model", "The simulator has no such model"

    def __init__(self, model: str, known: Sequence[str], field: str = "model") -> None:
        InvalidInput.__init__(self, field, f"The simulator has no model {model!r}; use one of {', '.join(known)}.")


class WrongKindOfModel(UnknownPrice):
    """The model is known, and priced for something else: nobody can say what this would cost."""

    code, title = "wrong_kind_of_model", "The model is for something else"

    def __init__(self, model: str, use: str, example: str, field: str = "model") -> None:
        way_out = f"use one that is, as {example} (chimera models)"
        InvalidInput.__init__(self, field, f"{model!r} is no model for {use}; {way_out}.")


class NotOffered(InvalidInput):
    """A provider was asked for something that it doesn't do."""

    code, title = "not_offered", "The provider can't do that"

    def __init__(self, provider: str, operation: str, able: Sequence[str], field: str = "model") -> None:
        way_out = f"use a model of {' or '.join(able)}" if able else "set one up, see docs/how-to/use-a-real-model.md"
        super().__init__(field, f"Provider {provider!r} has no {operation}; {way_out}.")


class IdempotencyKeyReused(InvalidInput):
    code, title = "idempotency_key_reused", "The Idempotency-Key was used for another request"

    def __init__(self, key: str) -> None:
        super().__init__(
            "Idempotency-Key", f"Key {key!r} was used with another body; send a new key for a new request."
        )


class NotFound(ChimeraError):
    """Also the answer for what belongs to somebody else: the two must look the same."""

    code, http_status, title = "not_found", 404, "Not found"

    lists: ClassVar[dict[str, str]] = {
        "agent": "/api/v1/agents",
        "call": "/api/v1/ai/calls",
        "file": "/api/v1/files",
        "provider": "/api/v1/ai/providers",
        "schedule": "/api/v1/schedules",
        "task": "/api/v1/tasks",
    }

    def __init__(self, kind: str, name: str) -> None:
        way_out = f"; GET {self.lists[kind]} lists what there is" if kind in self.lists else ""
        super().__init__(f"No {kind} {name!r}{way_out}.")


class Conflict(ChimeraError):
    """The thing is not in a state that allows the request."""

    code, http_status, title = "conflict", 409, "Not possible in the present state"


class NotJson(ChimeraError):
    """A body that isn't what PostgreSQL can store; `reason` is the parser's, with line and column."""

    code, http_status, title = "bad_request", 400, "The body is not JSON"

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The body is not JSON as Chimera takes it: {reason}. It takes UTF-8, at most 200 levels deep,"
            " no NaN, no NUL."
        )


class NameTwice(InvalidInput):
    """A name that stands twice in one object of a body: whichever was meant, the other would be lost."""

    def __init__(self, place: str) -> None:
        name = place.rpartition(".")[2]
        super().__init__(place[:200], f"{name[:60]!r} stands twice in one object; leave one of the two out.")


class BodyTooLarge(ChimeraError):
    code, http_status, title = "body_too_large", 413, "The request body is too large"

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(f"The body may have at most {limit_bytes} bytes; send less, or refer to a file.", field="body")


class FileTooLarge(ChimeraError):
    code, http_status, title = "file_too_large", 413, "The file is too large"

    def __init__(self, limit_bytes: int, field: str = "file") -> None:
        super().__init__(
            f"A file may have at most {limit_bytes} bytes; send a smaller one, or raise CHIMERA_MAX_FILE_BYTES.",
            field=field,
        )


class BodyTooSlow(ChimeraError):
    code, http_status, title = "body_too_slow", 408, "The request body stopped coming"

    def __init__(self, silence_s: float) -> None:
        message = f"The body came too slowly, or not at all for {silence_s:g} s; send it again, without a pause."
        super().__init__(message, field="body")


class WrongHost(ChimeraError):
    """The request is for a name that isn't ours, for none, or for two."""

    code, http_status, title = "wrong_host", 421, "This is not the address of this Chimera"

    def __init__(self, hosts: Sequence[str]) -> None:
        if len(hosts) == 1 and hosts[0]:
            problem = f"The header Host names another server than this one ({hosts[0][:100]!r}); use this one's address"
            super().__init__(f"{problem}, or add the name to CHIMERA_ALLOWED_HOSTS.", field="Host")
        else:
            number = "several headers" if len(hosts) > 1 else "no header"
            super().__init__(
                f"The request has {number} Host, so it doesn't say which server it is for. Send one, with this server's"
                " address or a name of CHIMERA_ALLOWED_HOSTS; a probe can ask /health/live without.",
                field="Host",
            )


class WrongContentType(ChimeraError):
    """A form is taken as a form only: JSON that describes a file must never stand for one (CVE-2026-21858)."""

    code, http_status, title = "wrong_content_type", 415, "The body is of the wrong type"

    def __init__(self) -> None:
        super().__init__(
            "Send a form with Content-Type: multipart/form-data, as in curl -F file=@note.wav.", field="Content-Type"
        )


# --- Who is asking ---------------------------------------------------------------------------------------------


class NotSignedIn(ChimeraError):
    code, http_status, title = "not_signed_in", 401, "Sign in first"

    def __init__(self) -> None:
        super().__init__("Send 'Authorization: Bearer <access token>'; get one at POST /api/v1/auth/login.")


class TokenRefused(NotSignedIn):
    """A token came, and isn't good: for every fault alike, so that nobody learns from it how one is made."""

    title = "The token is not valid"

    def __init__(self, kind: str = "access") -> None:
        way_out = "sign in again at POST /api/v1/auth/login"
        if kind == "access":
            way_out = f"get a new one at POST /api/v1/auth/refresh, or {way_out}"
        ChimeraError.__init__(self, f"This {kind} token is not valid, or has expired; {way_out}.")


class CodecAddressRefused(ChimeraError):
    """The pass in a codec's address isn't good, for every fault alike."""

    code, http_status, title = "codec_address_refused", 403, "The codec's address is not valid"

    def __init__(self) -> None:
        super().__init__(
            "This address is not valid, or has expired, or its administrator has signed out or is none any more."
            " `chimera codec` makes another."
        )


class WrongCredentials(ChimeraError):
    code, http_status, title = "wrong_credentials", 401, "Wrong e-mail or password"

    def __init__(self) -> None:
        super().__init__("The e-mail or the password is wrong.")


class TooManyTries(ChimeraError):
    """Too many passwords were tried for one account or from one address; the same for accounts that don't exist."""

    code, http_status, title, retryable = "too_many_tries", 429, "Too many tries", True

    def __init__(self, wait_s: float) -> None:
        wait = f"{math.ceil(wait_s / 60)} minutes" if wait_s > 60 else f"{math.ceil(wait_s)} s"
        super().__init__(
            f"Too many sign-ins failed or are under way here; try again in {wait}, or from where you signed in before.",
            retry_after_s=math.ceil(wait_s),
        )


class TooBusy(ChimeraError):
    """The queue is full: a request that waited would only make everybody wait longer."""

    code, http_status, title, retryable = "too_busy", 503, "Too much is asked at once", True

    def __init__(self, what: str, retry_after_s: float = 2.0) -> None:
        super().__init__(
            f"Too many {what} wait already; try again in {retry_after_s:g} s.", retry_after_s=retry_after_s
        )


class LimitReached(ChimeraError):
    """A user has as much of something as one user may; `setting` is the field that says how much."""

    code, http_status, title = "limit_reached", 429, "One user may have no more of this"

    def __init__(
        self,
        what: str,
        there: int,
        most: int,
        setting: str,
        way_out: str,
        retry_after_s: float | None = None,
        *,
        added: int = 1,
    ) -> None:
        """Take what there is and what was to be added to it, both counted as `most` is."""
        adds = f", this would add {added:,}" if added > 1 else ""
        super().__init__(
            f"This user has {there:,} {what}{adds}, and CHIMERA_{setting.upper()} allows {most:,}: {way_out}, or have"
            " the setting raised.",
            retry_after_s=retry_after_s,
        )
        self.setting = setting


class Forbidden(ChimeraError):
    code, http_status, title = "forbidden", 403, "Not allowed"


# --- A part that is away ---------------------------------------------------------------------------------------


class Unavailable(ChimeraError):
    """A part that a request needs does not answer; try again after `retry_after_s`."""

    code, http_status, title, retryable = "unavailable", 503, "A part of Chimera is not reachable", True

    def __init__(self, part: str, retry_after_s: float = 2.0) -> None:
        super().__init__(f"{part} does not answer; try again in {retry_after_s:g} s.", retry_after_s=retry_after_s)
        self.part = part


class DiskFull(Unavailable):
    """Nothing new can be kept, and nothing that was accepted is lost."""

    code, title = "disk_full", "A disk is full"

    def __init__(self, disk: str) -> None:
        ChimeraError.__init__(
            self,
            f"{disk} is full, so nothing new can be kept. Free space on it, then try again; what was accepted goes on"
            " by itself.",
            retry_after_s=10.0,
        )
        self.part = disk


class DatabaseReadOnly(Unavailable):
    """A standby, or a server that was told to take no writes (a failover, say)."""

    code, title = "database_read_only", "The database takes no writes"

    def __init__(self) -> None:
        ChimeraError.__init__(
            self,
            "The database takes no writes now; try again in 5 s. If it stays so, CHIMERA_DATABASE_URL names a standby.",
            retry_after_s=5.0,
        )
        self.part = "The database"


class TooManyConnections(Unavailable):
    code, title = "too_many_connections", "The database has no connection or memory left"

    def __init__(self) -> None:
        ChimeraError.__init__(
            self,
            "The database has no connection or memory left; try again in 2 s. If it stays so, lower"
            " CHIMERA_DATABASE_POOL_SIZE, or raise max_connections of the server.",
            retry_after_s=2.0,
        )
        self.part = "The database"


# --- Why a run doesn't go on -----------------------------------------------------------------------------------


class BudgetReached(ChimeraError):
    """The ledger refused a call. The run pauses and asks; it doesn't die of it."""

    code, http_status, title = "budget_reached", 409, "The budget is used up"


class BudgetHeld(ChimeraError):
    """The account has room, but calls in flight hold it reserved; there is more once they have settled for less."""

    code, http_status, title, retryable = "budget_held", 409, "The budget is held by calls in flight", True


class TaskPaused(ChimeraError):
    """No call begins while a task is paused; the run tries again when it is resumed."""

    code, http_status, title = "task_paused", 409, "The task is paused"

    def __init__(self, task_id: str) -> None:
        super().__init__(f"Task {task_id!r} is paused; its next call waits for POST …/resume.")


class RootStopped(ChimeraError):
    """The ledger refused a call because its task was cancelled or deleted."""

    code, http_status, title = "root_stopped", 409, "The task was stopped"

    def __init__(self, task_id: str) -> None:
        super().__init__(f"Task {task_id!r} was stopped; no further call is made for it.")


class SubtaskSkipped(ChimeraError):
    """The ledger refused a call because its run has decided to go on without the subtask."""

    code, http_status, title = "subtask_skipped", 409, "The subtask was skipped"

    def __init__(self, path: str) -> None:
        super().__init__(f"Subtask {path!r}, or one that it belongs to, was skipped; no further call is made for it.")


class CallCancelled(ChimeraError):
    """Somebody cancelled an embedding, an image or a transcription."""

    code, http_status, title = "call_cancelled", 409, "The call was cancelled"

    def __init__(self, call_id: str) -> None:
        super().__init__(f"Call {call_id!r} was cancelled; no provider is asked for it.")


class StillUnderway(ChimeraError):
    """Another attempt at the call is at work in a process that lives: its answer is waited for, not bought again."""

    code, http_status, title, retryable = "still_underway", 409, "The call is under way", True

    def __init__(self) -> None:
        super().__init__("Another attempt at this call is under way; its answer is waited for.", retry_after_s=2.0)


class Overtaken(ChimeraError):
    """An attempt that ends when another has the call. Whatever it brought is booked; the ledger says what holds."""

    code, http_status, title, retryable = "overtaken", 409, "Another attempt has the call", True

    def __init__(self, attempt: int) -> None:
        super().__init__(f"Attempt {attempt} was overtaken by another; the next look finds what holds.")


class AnswerMissing(ChimeraError):
    """A node would be built on, or ended with, answers of which one was never kept."""

    code, http_status, title = "answer_missing", 409, "A subtask's answer is missing"

    def __init__(self, paths: Sequence[str]) -> None:
        named = ", ".join(map(repr, paths[:10]))
        super().__init__(f"No answer of subtask {named} is kept, so nothing may be built on it; start the task anew.")


class TurnLimitReached(ChimeraError):
    code, http_status, title = "turn_limit_reached", 409, "The agent used all its turns"

    def __init__(self, max_turns: int) -> None:
        super().__init__(f"No answer after {max_turns} turns; raise limits.max_turns or make the subtask smaller.")


class SubtaskFailed(ChimeraError):
    code, http_status, title = "subtask_failed", 409, "A subtask failed"

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"Subtask {path!r} failed: {message}")


# --- What a provider can do to us ------------------------------------------------------------------------------


class ProviderError(ChimeraError):
    """A model call that did not succeed; sorted once, in the provider's file."""

    code, http_status, title = "provider_error", 502, "The model provider did not answer well"
    away: ClassVar[bool] = False
    """Says that the provider as a whole is away, not what is wrong with one call."""
    taken_up: ClassVar[bool] = True
    """Else the request uses up none of those that a budget allows."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        may_be_billed: bool = False,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s)
        self.may_be_billed = may_be_billed
        """The provider had the prompt and was at work on it, so it may charge for the prompt."""
        self.usage = usage
        """What the provider counted for an answer that can't be used; None where it told nothing."""


class RateLimited(ProviderError):
    code, retryable = "rate_limited", True


class Unreachable(ProviderError):
    """There was no connection, so nothing was asked: the server is down, its address is wrong, or the network is."""

    code, retryable, away = "unreachable", True, True
    taken_up = False


class ModelLoading(ProviderError):
    """The server is there and loads the model: it took nothing up, and its other models may answer meanwhile."""

    code, retryable = "model_loading", True
    taken_up = False


class Overloaded(ProviderError):
    """5xx, and connections that are closed without an answer: the provider's side is having a hard time."""

    code, retryable, away = "overloaded", True, True


class InternalFailure(Overloaded):
    """A plain 500: the provider is there, and something in it broke over this request."""

    code = "internal_failure"
    away = False


class ProviderTimeout(ProviderError):
    """No first byte in time, or no connection."""

    code, retryable, away = "provider_timeout", True, True


class TookTooLong(ProviderTimeout):
    """The provider answered, and was not done within the time for a whole call."""

    code = "took_too_long"
    away = False


class ProviderAway(ProviderError):
    """The provider is left alone for now, because call after call failed; it is asked again until it answers."""

    code, retryable = "provider_away", True

    def __init__(self, provider: str, reason: str, *, retry_after_s: float) -> None:
        super().__init__(f"{provider} is away; the call waits until it is back: {reason}", retry_after_s=retry_after_s)


class Stalled(ProviderError):
    """A stream that stopped sending bytes without ending."""

    code, retryable = "stalled", True


class Truncated(ProviderError):
    """A stream that ended without a finish reason; SDKs take it for a finished one."""

    code, retryable = "truncated", True


class Malformed(ProviderError):
    """An answer that isn't what the protocol says."""

    code, retryable = "malformed", True


class UselessAnswer(ProviderError):
    """A whole answer without what was asked for. Asking again would be paid again and bring the same."""

    code = "useless_answer"


class AnswerNotKept(ProviderError):
    """An answer that came, and that our side can't keep: the next one would be paid for, and not kept either."""

    code = "answer_not_kept"

    def __init__(self, *, usage: Usage | None = None) -> None:
        super().__init__("The answer came, but can't be stored; the log says why.", may_be_billed=True, usage=usage)


class AnswerTooLarge(ProviderError):
    code = "answer_too_large"


class AnswerTruncated(ChimeraError):
    """An answer was cut at its limit, and its task wants none that was."""

    code, http_status, title = "answer_truncated", 409, "The answer was cut at its limit"

    def __init__(self) -> None:
        super().__init__(
            "The answer was cut at its limit of tokens; ask for less, raise the task's limits.max_output_tokens (of an"
            " agent of your own, its max_output_tokens), or set the task's on_truncated to continue."
        )


class ContentRefused(ProviderError):
    code = "content_refused"


class ContextTooLong(ProviderError):
    code = "context_too_long"


class WrongKey(ProviderError):
    code = "wrong_key"


class NoQuota(ProviderError):
    code = "no_quota"


class UnknownModel(ProviderError):
    code = "unknown_model"


class BadRequest(ProviderError):
    """The provider says that our request is wrong; sending it again would not help."""

    code = "bad_request"


class UnusableHeader(ProviderError):
    """A header that the environment wants to be sent, and that no HTTP request can have; nothing was asked."""

    code, title, taken_up = "unusable_header", "A header of the environment can't be sent", False

    def __init__(self, provider: str, header: str, variables: str) -> None:
        super().__init__(
            f"{provider} can't be asked: the header {header!r} has characters that no HTTP header can have. Correct or"
            f" unset {variables} in the environment (plain ASCII, no blank in a name, no line break) and start Chimera"
            " again."
        )


class FallsBack(ProviderError):
    """A model failed for good, and the next one of its chain is asked instead; no end that anybody sees."""

    code, retryable = "falls_back", True

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after_s=0.1)


class AttemptsUsedUp(ProviderError):
    """The ledger counts the attempts of one call; this call has had all of them. Says how the last one failed."""

    code = "attempts_used_up"
    asked_until = "as often as it may be"

    def __init__(
        self, task_id: str, attempts: int, last_code: str, last_message: str, *, look_at: str | None = None
    ) -> None:
        last = "nobody saw how it ended" if last_code == "doubtful" else f"{last_code}: {last_message}".rstrip(" .")
        times = "once" if attempts == 1 else f"{attempts} times"
        super().__init__(
            f"The provider was asked {times}, {self.asked_until}. The last time: {last[:300]}."
            + (f" GET /api/v1/tasks/{task_id}/cost lists each attempt." if look_at is None else look_at)
        )


class SameFailureAgain(AttemptsUsedUp):
    """An answer that was paid for failed twice in the very same way; without a change a third isn't bought."""

    code = "same_failure_again"
    asked_until = "and failed in the same way again, so it isn't asked once more"


class AiCallFailed(ProviderError):
    """How an embedding, an image or a transcription ended that its caller waited for."""

    code, title = "ai_call_failed", "The call failed"

    def __init__(self, call_id: str, code: str, message: str) -> None:
        super().__init__(f"{code}: {message.rstrip('.')}. GET /api/v1/ai/calls/{call_id} shows the call.")


SETTLED = {
    AnswerTruncated.code: "its answer was cut at its limit of tokens, and the task wants none that is",
    TurnLimitReached.code: "its agent used all its turns",
}
"""Failures that come from answers, not from calls, in words: with those answers the same would come again."""
