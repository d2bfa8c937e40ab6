"""Tools that can't be offered, and why."""

from dataclasses import dataclass

from chimera.tools.base import Tool


@dataclass(frozen=True, slots=True)
class ToolProblem:
    """A tool, or a source of tools, that isn't offered."""

    place: str
    """The file and line, or the package, the API or the operation."""
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True)
class LoadedTools:
    """The usable tools of a source, and its problems. Problems never keep a worker from starting."""

    tools: tuple[Tool, ...] = ()
    problems: tuple[ToolProblem, ...] = ()
