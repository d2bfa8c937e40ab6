"""Whom a provider's failures keep from asking it: as many as they speak for, and nobody else.

A call that fails may do so because of its prompt, its task or its user. So failures are counted by whose calls they
were, since the last answer that anybody had. As soon as there are `limit` of them, failures of one node hold that node,
those of two nodes their task, of two tasks their user, and of two users everybody. A connection that doesn't come about
is nobody's fault: `limit` of these hold everybody, whoever asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.errors import ProviderError, Unreachable

Asker = tuple[str, ...]
"""Whose call it is, the widest first: user, task, and the keys that lead to the node; or user and single call."""

NOBODY: Asker = ("",)
"""Whose failure it is when there was no connection."""


def asker_of(owner_id: str, work_id: str, path: str = "") -> Asker:
    return (owner_id, work_id, *path.split("/"))


def source_of(error: ProviderError, asker: Asker) -> Asker:
    """Whom a failure is counted for."""
    return NOBODY if isinstance(error, Unreachable) else asker


@dataclass(frozen=True, slots=True)
class Failures:
    """How often calls failed in a row, by `source_of`."""

    times: Mapping[Asker, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return sum(self.times.values())

    def hold(self, asker: Asker, limit: int) -> bool:
        """Say whether this asker's calls are to wait."""
        return self.no_connection(limit) or any(
            self._speak_for(asker[:depth], limit) for depth in range(len(asker) + 1)
        )

    def hold_everybody(self, limit: int) -> bool:
        return self.no_connection(limit) or self._speak_for((), limit)

    def hold_somebody(self, limit: int) -> bool:
        return any(self.hold(asker, limit) for asker in self.times)

    def no_connection(self, limit: int) -> bool:
        return self.times.get(NOBODY, 0) >= limit

    def has_met(self, owner: str) -> bool:
        """Say whether a call of this user is among those that failed."""
        return any(asker[0] == owner for asker in self.times)

    def and_one_of(self, source: Asker) -> "Failures":
        return Failures({**self.times, source: self.times.get(source, 0) + 1})

    def _speak_for(self, group: Asker, limit: int) -> bool:
        depth = len(group)
        among = {each: times for each, times in self.times.items() if each[:depth] == group and each != NOBODY}
        # More than one of its members, or what has no members.
        is_whole = len({each[depth : depth + 1] for each in among}) > 1 or group in among
        return is_whole and sum(among.values()) >= limit
