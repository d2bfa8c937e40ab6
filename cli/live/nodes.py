"""One place of a followed task, and the answer that is being written there."""

from dataclasses import dataclass, field

from models.ids import NodePath
from models.model_calls import Purpose
from models.subtasks import SubtaskStatus

KEPT_CHARS = 2000
"""How much of an answer that is being written is kept: more than a screen shows."""


@dataclass(slots=True)
class Writing:
    """An answer that is being written: how long it is by now, and its end."""

    purpose: Purpose
    step: int
    attempt: int
    length: int = 0
    tail: str = ""

    def take(self, offset: int, text: str) -> bool:
        """Append what comes next; False for what is there already. A gap is marked: its text comes at the end."""
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
    """Some of what it cost is an estimate of ours."""
    note: str = ""
    """The newest thing that a person should know: a tool's result, why it failed, that a call is made again."""
    waits: str = ""
    """The note that it waits for a provider, while nothing newer is known."""
    writing: Writing | None = None
    shown_chars: int = 0
    """How much the attempt before the one in flight had shown."""
    latest: dict[Purpose, tuple[int, int]] = field(default_factory=dict)
    """Step and attempt of the newest call that was begun, by purpose."""

    @property
    def key(self) -> str:
        return self.path.rpartition("/")[2]
