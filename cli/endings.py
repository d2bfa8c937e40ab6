"""How an answer ended, where who reads it should know."""

from typing import Protocol

from models.tasks import FinishReason

CUT_AT_LIMIT = "cut at its limit"


class Ended(Protocol):
    """A task, a subtask, an attempt or an event that has an answer."""

    @property
    def finish_reason(self) -> FinishReason | None: ...


def is_cut(told: Ended) -> bool:
    """Whether an answer, or what came of it, ends where its limit of tokens was."""
    return told.finish_reason == "length"
