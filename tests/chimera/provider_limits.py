"""Limits for the providers in tests: how long they may take and how much they may send."""

from typing import Any

from chimera.providers.base import Limits


def limits(**changes: Any) -> Limits:
    usual: dict[str, Any] = {
        "first_byte_s": 60,
        "stall_s": 60,
        "total_s": 60,
        "max_answer_bytes": 1000,
        "max_media_bytes": 100_000,
    }
    return Limits(**(usual | changes))
