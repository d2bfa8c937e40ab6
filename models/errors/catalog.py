"""Every error code that the API can answer with or store, for people: what it means, and what to do.

`scripts/errors.py` writes docs/reference/errors.md from this list, and the API serves it at `/docs/errors`, where the
`type` of a problem document points to. Status and retryability come from the classes. A test names each code that is
missing here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from models.errors.base import ChimeraError


@dataclass(frozen=True, slots=True)
class Entry:
    code: str
    status: int
    retryable: bool
    meaning: str
    remedy: str


_RETRIED = "Chimera retries the call. If it keeps failing, see the message and the provider's status page."

WORDS: dict[str, tuple[str, str]] = {
    # Requests
    "bad_request": (
        "The body isn't valid JSON, or a provider rejected a request as invalid.",
        "Correct the body as the message says: UTF-8, at most 200 levels deep, without NaN and NUL.",
    ),
    "invalid_input": (
        "A field, parameter or header has a value that can't be accepted. `errors` names each of them.",
        "Correct the named fields.",
    ),
    "plan_invalid": ("The plan can't run, for example because it is cyclic.", "Correct the subtasks in `errors`."),
    "unknown_agent": ("There is no agent of this name.", "Use an agent from the list of agents, or create it."),
    "ambiguous_agent": (
        "Several agents of this name are shared with you.",
        "Use the ID of one of them. The message contains the IDs.",
    ),
    "inactive_agent": ("The agent takes no new work.", "Activate the agent, or use another one."),
    "unknown_provider": ("There is no provider of this name.", "Use a provider from the list of providers."),
    "missing_key": ("The provider has no API key.", "Set the key that the message names, or use another provider."),
    "unusable_key": ("The provider's API key contains characters that can't be sent.", "Correct the setting."),
    "missing_base_url": ("The provider has no address.", "Set the address that the message names."),
    "unknown_price": (
        "The model's price is unknown, so no budget could be enforced.",
        "Use another model, or set its price in `CHIMERA_PRICES` or `CHIMERA_CATALOG_FILE`.",
    ),
    "unknown_simulator_model": ("The simulator has no such model.", "Use one of the models in the message."),
    "wrong_kind_of_model": ("The model can't be used for this operation.", "Use a model for this operation."),
    "not_offered": ("The provider doesn't offer this operation.", "Use a model of another provider."),
    "idempotency_key_reused": (
        "The `Idempotency-Key` belongs to another request.",
        "Use a new key for each new request.",
    ),
    "request_in_progress": (
        "An earlier request with the same `Idempotency-Key` hasn't ended.",
        "Repeat the request after the time in `Retry-After`.",
    ),
    "outdated": (
        "The object has changed since you read it, so your change wasn't made.",
        "Read the object again, and send the change with its new `ETag`.",
    ),
    "not_found": (
        "The object or address doesn't exist, or the object belongs to another user.",
        "Use an ID from the list of these objects.",
    ),
    "method_not_allowed": ("The address doesn't support this method.", "Use a method in the header `Allow`."),
    "conflict": (
        "The object's state doesn't allow the request.",
        "See the message, and `remedy` for a request that is allowed.",
    ),
    "session_busy": (
        "A reply in the chat session is open, and the policy rejects messages until it ends.",
        "Wait for the reply, cancel it, or send the message with another `double_texting`.",
    ),
    "body_too_large": ("The body is larger than `CHIMERA_MAX_BODY_BYTES`.", "Send a smaller body, or upload a file."),
    "file_too_large": ("The file is larger than `CHIMERA_MAX_FILE_BYTES`.", "Send a smaller file."),
    "body_too_slow": ("The body arrived too slowly.", "Send the request again without pauses."),
    "wrong_host": ("The header `Host` names another server.", "Add the name to `CHIMERA_ALLOWED_HOSTS`."),
    "wrong_content_type": ("The body has to be a form.", "Send `multipart/form-data`."),
    "no_payload_key": (
        "The installation has no key that could encrypt a secret.",
        "Set `CHIMERA_PAYLOAD_KEYS`.",
    ),
    "model_not_found": (
        "No agent and no model of the OpenAI-compatible API has this name.",
        "Use a name from the list of models.",
    ),
    "ambiguous_model": ("Several providers offer a model of this name.", "Name the provider, too: `provider/model`."),
    # Access
    "not_signed_in": (
        "The request has no valid access token.",
        "Sign in or refresh your tokens, and send the access token in the header `Authorization`.",
    ),
    "wrong_credentials": ("The e-mail address or password is wrong.", "Correct them."),
    "two_credentials": (
        "The request has two different tokens or API keys.",
        "Send one of the headers `Authorization` and `X-Api-Key`.",
    ),
    "sign_in_refused": (
        "The identity provider's answer can't be used.",
        "Start the sign-in again. Administrators find the reason in the API's log.",
    ),
    "invitation_refused": (
        "The invitation is invalid, expired or used, is for another e-mail address, or is by a former administrator.",
        "Ask an administrator for a new invitation.",
    ),
    "reset_token_refused": (
        "The token for a new password is invalid, has expired, was used, or is for another account.",
        "Ask an administrator for a new token.",
    ),
    "codec_address_refused": ("The codec address is no longer valid.", "Create a new codec address."),
    "too_many_tries": ("Too many sign-ins have failed.", "Sign in after the time in `Retry-After`."),
    "too_busy": ("Too many requests are waiting.", "Repeat the request after the time in `Retry-After`."),
    "limit_reached": (
        "You have reached a limit, which the message names.",
        "Delete, end or close what counts toward it, or ask an administrator to raise the limit.",
    ),
    "too_many_requests": (
        "You have sent more requests per minute than a limit allows.",
        "Repeat the request after the time in `Retry-After`.",
    ),
    "spending_limit_reached": (
        "You, or all users together, have reached a limit on spending.",
        "Wait for the next day or month, or ask an administrator to raise the limit.",
    ),
    "forbidden": ("Your role doesn't allow the request.", "Ask an administrator."),
    "missing_scope": ("The API key lacks a scope.", "Use an API key with the scope that the message names."),
    # Providers
    "provider_error": ("The provider failed.", "See the message."),
    "rate_limited": ("The provider's rate limit is reached.", _RETRIED),
    "unreachable": ("Chimera couldn't connect to the provider.", _RETRIED),
    "model_loading": ("The provider's server is loading the model.", _RETRIED),
    "overloaded": ("The provider is overloaded, or its servers fail.", _RETRIED),
    "internal_failure": ("The provider failed on this request.", _RETRIED),
    "provider_timeout": ("The provider didn't respond in time.", _RETRIED),
    "took_too_long": ("The provider didn't finish in time.", _RETRIED),
    "provider_away": ("Several calls to the provider failed in a row.", _RETRIED),
    "stalled": ("The provider stopped sending without ending its answer.", _RETRIED),
    "truncated": ("The provider's answer ended without a finish reason.", _RETRIED),
    "malformed": ("The provider's answer breaks its protocol.", _RETRIED),
    "useless_answer": ("The answer lacks what was requested.", "Change the prompt or the model, and retry."),
    "answer_not_kept": ("The answer arrived but can't be stored.", "See the worker's log."),
    "answer_too_large": ("The answer is too large to be stored.", "Ask for a shorter answer."),
    "content_refused": ("The provider refused the content.", "Change the prompt, or use another model."),
    "context_too_long": ("The conversation exceeds the model's context window.", "Use a model with a larger one."),
    "wrong_key": ("The provider rejects the API key.", "Set a valid key, then retry the task."),
    "no_quota": ("The provider account has no quota left.", "Add credit at the provider, then retry the task."),
    "unknown_model": ("The provider has no such model.", "Use a model from the list of models."),
    "unusable_header": ("A header from the environment can't be sent.", "Correct the variable in the message."),
    "falls_back": ("The next model of the chain is called instead.", "Nothing: this code is only internal."),
    "attempts_used_up": ("The call has used all its attempts.", "See the task's cost for each attempt, and retry."),
    "same_failure_again": ("A paid answer failed twice in the same way.", "Change the task or the model, and retry."),
    "ai_call_failed": ("An embedding, image or transcription failed.", "See the call for the reason."),
    "reply_failed": ("A reply failed while its request waited.", "See the reply for the reason."),
    # Runs
    "budget_reached": ("The budget is used up.", "Raise the task's budget."),
    "budget_held": ("The budget is reserved for calls in flight.", "Nothing: the call waits for them."),
    "task_paused": ("The task is paused.", "Resume the task."),
    "root_stopped": ("The task was cancelled or deleted.", "Create a new task."),
    "subtask_skipped": ("The task continues without this subtask.", "Nothing."),
    "approval_expired": ("A tool call was not approved in time.", "Retry the task to ask again."),
    "ai_call_cancelled": ("The AI call was cancelled.", "Make a new call."),
    "still_underway": ("Another attempt at the call is in progress.", "Nothing: its answer is awaited."),
    "overtaken": ("Another attempt replaced this one.", "Nothing: the other attempt's answer counts."),
    "answer_missing": ("A subtask's answer was never stored.", "Create a new task."),
    "turn_limit_reached": ("The agent used all its turns.", "Raise `limits.max_turns`, or make the subtask smaller."),
    "agent_limit_reached": ("The agent reached one of its limits.", "Change the agent's limits, then retry the task."),
    "answer_invalid": ("The answer doesn't match its JSON Schema.", "Retry with guidance or with another model."),
    "subtask_failed": ("A subtask failed.", "See the subtask's error, then retry the task."),
    "answer_truncated": ("The answer was cut off at its token limit.", "Raise the limit, or accept such answers."),
    # Tools and other servers
    "egress_refused": ("The request to another server isn't allowed.", "Use an address that the message allows."),
    "egress_failed": ("A request to another server failed.", "Check the address and the server, and retry."),
    "unknown_host": ("The host doesn't exist.", "Correct the address."),
    "tool_failed": ("A tool call failed. The agent sees the message and continues.", "Nothing."),
    "tool_unavailable": ("A server that a tool needs can't be reached.", "Check the server; calls are repeated."),
    "tool_outcome_unknown": ("A tool call was sent, but its result was lost.", "Decide in the task's approvals."),
    "secret_unreadable": (
        "A stored secret can't be decrypted with the current keys.",
        "Add the key in the message to `CHIMERA_PAYLOAD_KEYS`, or store the secret again.",
    ),
    # Installation
    "internal_error": ("A bug in Chimera.", "Search the log for the ID in `instance`, and report the bug."),
    "unavailable": ("A part that Chimera needs isn't responding.", "Repeat the request after `Retry-After`."),
    "disk_full": ("A disk is full.", "Free up space on the disk."),
    "database_read_only": ("The database is read-only.", "Check whether `CHIMERA_DATABASE_URL` names a standby."),
    "too_many_connections": (
        "The database has run out of connections or memory.",
        "Lower `CHIMERA_DATABASE_POOL_SIZE`, or raise `max_connections`.",
    ),
}
"""Meaning and remedy by code, grouped by origin."""

_ELSEWHERE = (
    ("egress_failed", 502, False),
    ("egress_refused", 422, False),
    ("method_not_allowed", 405, False),
    ("no_payload_key", 422, False),
    ("secret_unreadable", 503, False),
    ("tool_failed", 422, False),
    ("tool_outcome_unknown", 503, True),
    ("tool_unavailable", 503, True),
    ("unknown_host", 502, False),
)
"""Codes of errors that aren't defined in this package, with status and retryability."""


def defined_here() -> Iterator[tuple[str, int, bool]]:
    """Yield code, status and retryability of every error of this package."""
    pending: list[type[ChimeraError]] = [ChimeraError]
    while pending:
        each = pending.pop()
        pending += each.__subclasses__()
        if each.__module__.startswith("models.errors."):
            yield each.code, each.http_status, each.retryable


def _entries() -> Iterator[Entry]:
    for code, status, retryable in dict.fromkeys((*defined_here(), *_ELSEWHERE)):
        if code in WORDS:
            yield Entry(code, status, retryable, *WORDS[code])


CATALOG = tuple(sorted(_entries(), key=lambda entry: (entry.code, entry.status)))
