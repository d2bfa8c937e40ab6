"""One place of a followed task, and the answer that streams there."""

from dataclasses import dataclass, field

from models.ids import NodePath
from models.model_calls import Purpose
from models.subtasks import SubtaskStatus

KEPT_CHARS = 2000
"""How much of a streaming answer is kept: more than a screen shows."""


@dataclass(slots=True)
class Writing:
    """A streaming answer: its length so far, and its end."""

    purpose: Purpose
    step: int
    attempt: int
    length: int = 0
    tail: str = ""

    def take(self, offset: int, text: str) -> bool:
        """Append the next piece; False for a repeated one. A gap is marked: its text comes at the end."""
        if offset < self.length:
            return False
        gap = "…" if offset > self.length else ""
        self.tail = (self.tail + gap + text)[-KEPT_CHARS:]
        self.length = offset + len(text)
        return True


@dataclass(slots=True)
class Node:
    """One place in the tree: the task itself (path "") or a subtask."""

    path: NodePath
    agent: str = ""
    title: str = ""
    status: SubtaskStatus = SubtaskStatus.PENDING
    depends_on: tuple[str, ...] = ()
    turns: int = 0
    cost_micro_usd: int = 0
    estimated: bool = False
    """Its cost is an estimate, at least in part."""
    note: str = ""
    """The newest news for the user: a tool's result, a failure, a repeated call."""
    waits: str = ""
    """The note that it waits for a provider, while nothing newer is known."""
    writing: Writing | None = None
    shown_chars: int = 0
    """How much the attempt before the current one had streamed."""
    latest: dict[Purpose, tuple[int, int]] = field(default_factory=dict)
    """Step and attempt of the newest call that was begun, by purpose."""

    @property
    def key(self) -> str:
        return self.path.rpartition("/")[2]
