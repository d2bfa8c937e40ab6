"""An answer before it is sent."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool call; `arguments` is JSON, unless a directive demands something else."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """The text of an answer as tokens, its tool calls, and its finish reason."""

    tokens: list[str] = field(default_factory=list)
    tools: tuple[ToolCall, ...] = ()
    finish: str = "stop"

    @property
    def size_tokens(self) -> int:
        """The size for the usage figures."""
        return len(self.tokens) + sum(len(tool.arguments) // 4 + 4 for tool in self.tools)
