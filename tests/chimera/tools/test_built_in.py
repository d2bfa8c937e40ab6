"""The built-in tools, as the built-in agents offer them to models."""

from typing import Any

import pytest

from activities.prompts.messages import offer_tokens_of
from chimera.config.settings import Settings
from chimera.providers.base import ToolSpec
from chimera.tools.built_in import definitions_of
from models.agents import BUILT_IN, AgentSpec

MAX_OFFER_TOKENS = 600
"""What an agent's tools may add to each of its calls, by the estimate that budgets use."""

DEFINITIONS = definitions_of(Settings())


@pytest.mark.parametrize("agent", BUILT_IN, ids=lambda agent: agent.name)
def test_tools_of_agents_cost_little(agent: AgentSpec) -> None:
    # A KeyError here is a tool that doesn't exist.
    tools = [DEFINITIONS[name] for name in agent.tools]
    specs = [ToolSpec(each.name, each.description, each.parameters) for each in tools]
    assert offer_tokens_of(specs, None) <= MAX_OFFER_TOKENS


@pytest.mark.parametrize("agent", BUILT_IN, ids=lambda agent: agent.name)
def test_agents_need_no_approvals_at_first(agent: AgentSpec) -> None:
    assert all(DEFINITIONS[name].reads_only for name in agent.tools)


@pytest.mark.parametrize("name", sorted(DEFINITIONS))
def test_schemas_contain_no_titles(name: str) -> None:
    schema = DEFINITIONS[name].parameters
    assert not {"title", "description"} & schema.keys()
    fields: dict[str, dict[str, Any]] = schema["properties"]
    assert all("title" not in field for field in fields.values())


def test_a_parameter_may_be_called_title() -> None:
    assert "title" in DEFINITIONS["delegate"].parameters["properties"]
