"""Describes how an answer ended if its reader should know."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from models.tasks import FinishReason


class Ended(Protocol):
    """A task, a subtask, an attempt or an event that has an answer."""

    @property
    def finish_reason(self) -> FinishReason | None: ...


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended that may be incomplete."""

    mark: str
    """For lists."""
    words: str
    """Follows "the answer was"."""


_ENDINGS: Mapping[FinishReason, Ending] = {
    "length": Ending("cut off", "cut off at its token limit"),
    "content_filter": Ending("filtered", "stopped by a content filter"),
    "refusal": Ending("refused", "refused by the model"),
    "other": Ending("end unknown", "stopped for an unknown reason"),
}


def ending_of(ended: Ended) -> Ending | None:
    """Return how an answer ended if it may be incomplete; None if it ended by itself or there is no answer."""
    return None if ended.finish_reason is None else _ENDINGS.get(ended.finish_reason)


def with_ending(status: str, ended: Ended) -> str:
    """Return a status, marked with how the answer ended."""
    ending = ending_of(ended)
    return f"{status} ({ending.mark})" if ending else status
