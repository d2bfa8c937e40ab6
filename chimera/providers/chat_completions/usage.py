"""Token counts of chat-completions servers, under their various names."""

from typing import Any

from chimera.providers.wire.values import dict_of, figure_of
from models.usage import Usage


def usage_of(body: dict[str, Any]) -> Usage | None:
    """Read the usage in a piece; None if it is missing or implausible.

    The ledger then estimates the usage, and marks it as an estimate.
    """
    reported = body.get("usage")
    if reported is None and "x_groq" not in body:
        return None
    if not isinstance(reported, dict):
        # Groq sends the usage here.
        reported = dict_of(dict_of(body.get("x_groq")).get("usage"))
    read = figure_of(_first(reported, "prompt_tokens", "input_tokens"))
    written = figure_of(_first(reported, "completion_tokens", "output_tokens"))
    # Gateways that don't count tokens report 0.
    if read is None or written is None or not (read or written):
        return None
    details = dict_of(_first(reported, "prompt_tokens_details", "input_tokens_details"))
    # The second name is DeepSeek's; Kimi sends the first one beside the other figures.
    cached = _detail(_first(details | reported, "cached_tokens", "prompt_cache_hit_tokens"))
    details = dict_of(_first(reported, "completion_tokens_details", "output_tokens_details"))
    reasoning = _detail(details.get("reasoning_tokens"))
    if cached is None or reasoning is None:
        return None
    if reasoning and _is_apart(reasoning, read, written, figure_of(reported.get("total_tokens"))):
        written += reasoning
    return Usage(input_tokens=read, cached_input_tokens=cached, output_tokens=written, reasoning_tokens=reasoning)


def _is_apart(reasoning: int, read: int, written: int, total: int | None) -> bool:
    """Return whether reasoning tokens aren't included in the output tokens, which is how xAI counts.

    https://github.com/vercel/ai/pull/12425
    """
    return reasoning > written if total is None else total == read + written + reasoning


def _first(reported: dict[str, Any], *names: str) -> object:
    return next((reported[name] for name in names if reported.get(name) is not None), None)


def _detail(value: object) -> int | None:
    return 0 if value is None else figure_of(value)
