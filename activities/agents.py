"""The agents of calls, in the versions that their tasks began with."""

from collections.abc import Mapping
from typing import Any

from models.agents import BUILT_IN_BY_NAME, AgentSpec
from models.errors import UnknownAgent


def agent_in(name: str, spec: Mapping[str, Any] | None, *, max_output_tokens: int | None = None) -> AgentSpec:
    """Return a built-in agent, with its task's answer limit, or the user's agent that `spec` describes.

    Raises UnknownAgent if the user's agent was deleted after the task began.
    """
    built_in = BUILT_IN_BY_NAME.get(name)
    if built_in is None:
        if spec is None:
            raise UnknownAgent(name, sorted(BUILT_IN_BY_NAME))
        return AgentSpec.model_validate(spec)
    if max_output_tokens is None:
        return built_in
    return built_in.model_copy(update={"max_output_tokens": max_output_tokens})
