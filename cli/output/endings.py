"""How an answer ended, where its reader should know."""

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
    """The end of an answer that may not be all of it."""

    mark: str
    """In a list."""
    words: str
    """Behind "the answer was"."""


_ENDINGS: Mapping[FinishReason, Ending] = {
    "length": Ending("cut off", "cut off at its token limit"),
    "content_filter": Ending("filtered", "stopped by a content filter"),
    "refusal": Ending("refused", "refused by the model"),
    "other": Ending("end unknown", "stopped for an unknown reason"),
}


def ending_of(ended: Ended) -> Ending | None:
    """Return how an answer ended that may not be all of it; None for one that ended by itself, or for no answer."""
    return None if ended.finish_reason is None else _ENDINGS.get(ended.finish_reason)


def with_ending(status: str, ended: Ended) -> str:
    """A status, with the mark of how its answer ended."""
    ending = ending_of(ended)
    return f"{status} ({ending.mark})" if ending else status
