"""Finish reasons of answers, translated from the servers' names into ours."""

from models.errors import UselessAnswer
from models.tasks import FinishReason
from models.usage import Usage

_REASONS: dict[FinishReason, tuple[str, ...]] = {
    "stop": (
        *("stop", "stopped", "end", "eos", "eos_token", "eot", "end_turn", "end_of_turn", "endoftext", "complete"),
        *("completed", "done", "finished", "finish", "success", "stop_sequence", "stop_token", "normal"),
        *("stop_str", "stop_string", "eos_found", "eos_token_id"),
    ),
    "length": (
        *("length", "max_tokens", "max_token", "max_length", "max_output_tokens", "max_new_tokens", "model_length"),
        *("max_completion_tokens", "model_context_window_exceeded", "context_length", "continuation", "limit"),
        *("length_limit", "token_limit", "output_limit", "max_tokens_exceeded", "context_window_exceeded"),
    ),
    "tool_calls": ("tool_calls", "tool_call", "tool_use", "function_call", "function_calls"),
    "content_filter": (
        *("content_filter", "content_filtered", "filtered", "safety", "sensitive", "recitation", "blocklist"),
        *("prohibited_content", "spii", "guardrail_intervened", "content_policy"),
    ),
    "refusal": ("refusal", "refused"),
}
_TABLE = {word: reason for reason, words in _REASONS.items() for word in words}
_NO_REASON = frozenset({"", "null", "none", "unspecified"})


def reason_of(value: object) -> FinishReason | None:
    """Read a finish reason; None if none is given, "other" if it is unknown."""
    if isinstance(value, str):
        word = value.strip().lower().replace("-", "_")
        # Some gateways print the name of an enumeration's member.
        word = word.removeprefix("finish_reason_").removeprefix("finishreason.")
        return None if word in _NO_REASON else _TABLE.get(word, "other")
    return "other" if value else None


def believable(usage: Usage | None) -> Usage | None:
    """Discard usage with 0 input or output tokens, which no answer with words can have; the ledger then estimates."""
    return usage if usage is not None and usage.input_tokens and usage.output_tokens else None


def useless(provider: str, max_output_tokens: int) -> UselessAnswer:
    """Return the error for an answer whose tokens all went into reasoning."""
    return UselessAnswer(
        f"{provider} reached the token limit (requested: {max_output_tokens}) before writing any text. Raise the"
        " task's limits.max_output_tokens (for a custom agent, the agent's max_output_tokens), or lower"
        " reasoning_effort. If Chimera doesn't know the model's context window, set it in CHIMERA_CONTEXT_WINDOWS."
    )
