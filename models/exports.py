"""Exports of figures: what can be exported, its columns, and the formats."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Literal


class ExportKind(StrEnum):
    """What an export contains: use by quarter of an hour, runs, or attempts at model calls."""

    USAGE = "usage"
    RUNS = "runs"
    CALLS = "calls"


class ExportFormat(StrEnum):
    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


Sort = Literal["text", "whole", "flag", "time"]

_TOKENS: Mapping[str, Sort] = {
    "input_tokens": "whole",
    "cached_input_tokens": "whole",
    "cache_write_tokens": "whole",
    "output_tokens": "whole",
    "reasoning_tokens": "whole",
}

COLUMNS: Mapping[ExportKind, Mapping[str, Sort]] = {
    ExportKind.USAGE: {
        "at": "time",
        "user_id": "text",
        "kind": "text",
        "agent": "text",
        "agent_version": "whole",
        "model": "text",
        "purpose": "text",
        "simulated": "flag",
        "status": "text",
        "error_code": "text",
        "attempts": "whole",
        **_TOKENS,
        "cost_micro_usd": "whole",
        "estimated_micro_usd": "whole",
        "in_doubt_micro_usd": "whole",
    },
    ExportKind.RUNS: {
        "id": "text",
        "user_id": "text",
        "kind": "text",
        "status": "text",
        "error_code": "text",
        "simulated": "flag",
        "model_calls": "whole",
        "input_tokens": "whole",
        "output_tokens": "whole",
        "spent_micro_usd": "whole",
        "in_doubt_micro_usd": "whole",
        "waited_ms": "whole",
        "retries": "whole",
        "created_at": "time",
        "started_at": "time",
        "ended_at": "time",
    },
    ExportKind.CALLS: {
        "run_id": "text",
        "user_id": "text",
        "kind": "text",
        "path": "text",
        "purpose": "text",
        "step": "whole",
        "attempt": "whole",
        "agent": "text",
        "agent_version": "whole",
        "model": "text",
        "simulated": "flag",
        "status": "text",
        "error_code": "text",
        **_TOKENS,
        "cost_micro_usd": "whole",
        "estimated": "flag",
        "first_token_ms": "whole",
        "started_at": "time",
        "ended_at": "time",
    },
}
"""The columns of each export, in order, with the sort of their values. Any value may be missing."""
