"""A node of a followed task, and the answer that is being streamed there."""

from dataclasses import dataclass, field

from models.ids import NodePath
from models.model_calls import Purpose
from models.subtasks import SubtaskStatus

KEPT_CHARS = 2000
"""How many characters of a streaming answer are kept, which is more than a screen shows."""


@dataclass(slots=True)
class Writing:
    """A streaming answer: its length so far, and its last characters."""

    purpose: Purpose
    step: int
    attempt: int
    length: int = 0
    tail: str = ""

    def take(self, offset: int, text: str) -> bool:
        """Append the next piece; False for a repeated one. A gap is marked; its text arrives with the result."""
        if offset < self.length:
            return False
        gap = "…" if offset > self.length else ""
        self.tail = (self.tail + gap + text)[-KEPT_CHARS:]
        self.length = offset + len(text)
        return True


@dataclass(slots=True)
class Node:
    """A node of the tree: the task itself (path "") or a subtask."""

    path: NodePath
    agent: str = ""
    title: str = ""
    status: SubtaskStatus = SubtaskStatus.PENDING
    depends_on: tuple[str, ...] = ()
    turns: int = 0
    cost_micro_usd: int = 0
    estimated: bool = False
    """Whether the cost is an estimate, at least in part."""
    note: str = ""
    """The newest message for the user, such as a tool's result, a failure or a repeated call."""
    waits: str = ""
    """The newest note that a call is waiting for its provider. If `note` still shows it when a call starts, `note` is
    cleared."""
    tools: dict[tuple[int, int], str] = field(default_factory=dict)
    """The tools that are running, by the step and the index of their calls."""
    writing: Writing | None = None
    shown_chars: int = 0
    """How many characters the attempt before the current one had streamed."""
    latest: dict[Purpose, tuple[int, int]] = field(default_factory=dict)
    """Step and attempt of the newest call, by purpose."""

    @property
    def key(self) -> str:
        return self.path.rpartition("/")[2]
