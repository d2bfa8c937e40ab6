"""The agents of calls, in the versions that their tasks began with."""

from collections.abc import Mapping
from typing import Any

from chimera.ledger.transcripts import ReplyContext
from models.agents import BUILT_IN_BY_NAME, AgentSpec
from models.errors import UnknownAgent
from models.replies import BARE_MODEL, ReplyOptions

DEFAULT_OUTPUT_TOKENS = 4096
"""For a model that answers without an agent."""


def agent_in(name: str, spec: Mapping[str, Any] | None, *, max_output_tokens: int | None = None) -> AgentSpec:
    """Return a built-in agent, with its task's answer limit, or the user's agent that `spec` describes.

    Raises UnknownAgent if the user's agent was deleted after the task began.
    """
    if name == BARE_MODEL:
        # Without validation, which rejects this name and an empty prompt.
        return AgentSpec.model_construct(name=BARE_MODEL, prompt="", max_output_tokens=DEFAULT_OUTPUT_TOKENS)
    built_in = BUILT_IN_BY_NAME.get(name)
    if built_in is None:
        if spec is None:
            raise UnknownAgent(name, sorted(BUILT_IN_BY_NAME))
        return AgentSpec.model_validate(spec)
    if max_output_tokens is None:
        return built_in
    return built_in.model_copy(update={"max_output_tokens": max_output_tokens})


def for_reply(agent: AgentSpec, reply: ReplyContext) -> AgentSpec:
    """Return the agent as it answers in a reply: with the instructions and options of the request."""
    options = ReplyOptions.model_validate(reply.options)
    chosen = {
        name: value
        for name in ("max_output_tokens", "temperature", "reasoning_effort")
        if (value := getattr(options, name)) is not None
    }
    prompt = "\n\n".join(filter(None, (agent.prompt, reply.instructions)))
    return agent.model_copy(update={"prompt": prompt, **chosen})
