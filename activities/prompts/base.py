"""The definition of a purpose of model calls."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from activities.plans import Plans
from chimera.db.engine import Connection
from chimera.ledger.transcripts import CallContext
from chimera.providers.base import ToolRequest
from models.model_calls import ModelCallRequest

Assemble = Callable[[Connection, ModelCallRequest, CallContext, int], Awaitable[str]]
"""Writes the first message of a transcript within a budget of tokens. Raises AnswerMissing for a missing result."""


def _always(request: ModelCallRequest, text: str, calls: Sequence[ToolRequest]) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Prompt:
    """The prompt of one purpose, and the rules for its answers."""

    user_message: Assemble | None
    """None if no transcript begins with this purpose."""
    is_answer: Callable[[ModelCallRequest, str, Sequence[ToolRequest]], bool] = _always
    """Whether text and tool calls count as an answer, if the purpose can end its node."""
    schema: dict[str, Any] | None = None
    """The JSON schema of the answer."""
    plans_in: Callable[[str], Plans] | None = None
    """Finds the plans in an answer."""
    offers_tools: bool = False
    begins_node: bool = True
    """Whether the first call for this purpose is the first call of its node."""
