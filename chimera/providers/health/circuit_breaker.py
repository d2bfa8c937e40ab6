"""A provider's circuit breaker: decides which callers its failures block.

A call may fail because of its prompt, its task or its user. So failures are counted by caller, since the provider's
last answer to any caller. Once there are `limit` failures, those of one node block that node, those of two nodes block
their task, those of two tasks block their user, and those of two users block all callers. A failed connection has no
such cause, so `limit` failed connections block all callers.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.errors import ProviderError, Unreachable

Asker = tuple[str, ...]
"""A call's caller, the widest part first: user, task, and the keys that lead to the node; or user and AI call."""

CONNECTION: Asker = ("",)
"""The source of failed connections, in place of a caller."""


def asker_of(owner_id: str, work_id: str, path: str = "") -> Asker:
    return (owner_id, work_id, *path.split("/"))


def source_of(error: ProviderError, asker: Asker) -> Asker:
    """Return the source that a failure is counted for."""
    return CONNECTION if isinstance(error, Unreachable) else asker


@dataclass(frozen=True, slots=True)
class Failures:
    """The number of failed calls in a row, by their source (`source_of`)."""

    times: Mapping[Asker, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(self.times.values())

    def blocks(self, asker: Asker, limit: int) -> bool:
        """Return whether this caller's calls have to wait."""
        return self.no_connection(limit) or any(
            self._speak_for(asker[:depth], limit) for depth in range(len(asker) + 1)
        )

    def blocks_all(self, limit: int) -> bool:
        return self.no_connection(limit) or self._speak_for((), limit)

    def blocks_any(self, limit: int) -> bool:
        return any(self.blocks(asker, limit) for asker in self.times)

    def no_connection(self, limit: int) -> bool:
        return self.times.get(CONNECTION, 0) >= limit

    def has_met(self, owner: str) -> bool:
        """Return whether one of this user's calls has failed."""
        return any(asker[0] == owner for asker in self.times)

    def plus(self, source: Asker) -> "Failures":
        return Failures({**self.times, source: self.times.get(source, 0) + 1})

    def _speak_for(self, group: Asker, limit: int) -> bool:
        depth = len(group)
        among = {each: times for each, times in self.times.items() if each[:depth] == group and each != CONNECTION}
        # The failures are from more than one member of the group, or from the group itself.
        is_whole = len({each[depth : depth + 1] for each in among}) > 1 or group in among
        return is_whole and sum(among.values()) >= limit
