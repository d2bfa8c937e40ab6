"""Features of a Claude model, inferred from its name: how it reasons, and how that is reduced or turned off.

The API could be asked (`models.retrieve` lists capabilities), but that would take a request before the first call.
Names contain family and version. A name without them is most likely a gateway's alias, and is treated like the newest
models.
https://platform.claude.com/docs/en/build-with-claude/thinking and …/effort, as of November 2026
"""

import re
from typing import Any

from models.agents import ReasoningEffort

MIN_BUDGET_TOKENS = 1024
"""The API's smallest budget. The API also rejects a budget that isn't smaller than `max_tokens`."""

_BUDGET_SHARES = {"low": 4, "medium": 2, "high": 1.5}
"""Divisors of `max_tokens`; the rest is left for the answer."""

_FAMILY_FIRST = re.compile(r"claude-([a-z]+)-(\d+)(?:-(\d{1,2})(?!\d))?")
_VERSION_FIRST = re.compile(r"claude-(\d+)(?:-(\d))?-([a-z]+)")
_NEWEST = (99, 0)
_ALWAYS_REASON = ("fable", "mythos")


def reasoning_of(model: str, effort: ReasoningEffort | None, max_tokens: int) -> dict[str, Any]:
    """Return the fields `thinking` and `output_config` of a request, as far as it needs them.

    Models from 4.6 on decide for themselves how long they reason, and receive an effort level. Older models receive a
    token budget out of `max_tokens`, and models before 3.7 don't reason.
    """
    family, version = _family_and_version(model)
    if version >= (4, 6):
        return _adaptive(family, version, effort)
    if effort in (None, "none") or version < (3, 7) or max_tokens < 2 * MIN_BUDGET_TOKENS:
        return {}
    budget = max(MIN_BUDGET_TOKENS, int(max_tokens / _BUDGET_SHARES[effort]))
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _adaptive(family: str, version: tuple[int, int], effort: ReasoningEffort | None) -> dict[str, Any]:
    # By default, a newer model sends nothing while it thinks, which looks like a dead connection.
    shown: dict[str, Any] = {"thinking": {"type": "adaptive", "display": "summarized"}}
    by_default = (5, 0) <= version < _NEWEST
    if effort is None:
        return shown if by_default else {}
    if effort != "none":
        return {**shown, "output_config": {"effort": effort}}
    if not by_default and version < _NEWEST:
        return {}
    if (family, version) == ("sonnet", (5, 5)):
        return {"thinking": {"type": "between_tools"}}
    if family in _ALWAYS_REASON or (version > (5, 0) and (family, version) != ("haiku", (5, 5))):
        # Thinking can't be switched off, only reduced.
        return {**shown, "output_config": {"effort": "low"}}
    return {"thinking": {"type": "disabled"}}


def _family_and_version(model: str) -> tuple[str, tuple[int, int]]:
    if found := _FAMILY_FIRST.search(model):
        return found[1], (int(found[2]), int(found[3] or 0))
    if found := _VERSION_FIRST.search(model):
        return found[3], (int(found[1]), int(found[2] or 0))
    return "", _NEWEST
