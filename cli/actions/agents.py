"""Agents: list, show, create, delete."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.actions.models import NAME_CHARS
from cli.errors import WrongUsage
from cli.http.connect import connected
from cli.input.files import json_of
from cli.input.settings import where_settings
from cli.output.printing import print_json, print_list
from cli.output.prose import print_answer, print_prose, tell
from cli.output.tables import print_table
from cli.output.text import one_line, plain
from models.agents import AgentSpec, AgentView
from models.wording import instead_of


async def list_agents(*, as_json: bool) -> int:
    async with connected(where_settings()) as client:
        agents = await client.agents()
    if as_json:
        print_list(agents)
        return 0
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Agent", "Tools"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Model", overflow="fold", max_width=NAME_CHARS)
    table.add_column("What it is for", ratio=1)
    for agent in agents:
        cells = (agent.name, ", ".join(agent.tools), agent.model or "", agent.description)
        table.add_row(*(Text(one_line(cell, 500)) for cell in cells))
    print_table(Console(highlight=False), table)
    return 0


async def show(name: str, *, as_json: bool) -> int:
    async with connected(where_settings()) as client:
        agent = await client.agent(name)
    if as_json:
        print_json(agent)
        return 0
    console = Console(highlight=False)
    for label, value in facts_of(agent):
        print_prose(console, Text.assemble((f"{label:<12}", "dim"), one_line(value, 600)), indent=12)
    console.print(Text("Prompt", style="bold"))
    print_answer(plain(agent.prompt))
    return 0


async def create(options: Mapping[str, Any], file: Path | None, *, as_json: bool) -> int:
    """Create an agent from options and, below them, the fields of a file; the API is the one that judges them."""
    spec = _spec_in(file) if file is not None else {}
    _check_names(spec, file)
    spec |= {name: value for name, value in options.items() if value is not None}
    if missing := [word for field, word in (("name", "NAME"), ("prompt", "--prompt")) if field not in spec]:
        raise WrongUsage(
            f'An agent needs {" and ".join(missing)}, as in: chimera agents create poet --prompt "You write four lines'
            ' that rhyme." Or name a JSON file that has them with --file.'
        )
    async with connected(where_settings()) as client:
        agent = await client.create_agent(spec)
    if as_json:
        print_json(agent)
    else:
        tell(f"Agent {agent.name} is there. Plans may name it, and a planner may choose it.")
        if not agent.description:
            tell("It has no description, by which a planner would know when to choose it.")
    return 0


async def delete(name: str) -> int:
    async with connected(where_settings()) as client:
        await client.delete_agent(name)
    tell(f"Agent {one_line(name, 60)} is deleted.")
    return 0


def facts_of(agent: AgentView) -> list[tuple[str, str]]:
    """Name what an agent is; what it leaves open is left out."""
    facts = (
        ("Agent", f"{agent.name}{' (built in)' if agent.built_in else ''}"),
        ("Role", agent.role),
        ("For", agent.description),
        ("Model", agent.model or "the task's"),
        ("Stand-ins", ", ".join(agent.fallbacks)),
        ("Tools", ", ".join(agent.tools)),
        ("Temperature", "" if agent.temperature is None else f"{agent.temperature:g}"),
        ("Reasoning", agent.reasoning_effort or ""),
        ("Answers", f"at most {agent.max_output_tokens:,} tokens"),
    )
    return [(label, value) for label, value in facts if value]


def _check_names(spec: Mapping[str, Any], file: Path | None) -> None:
    """Raise WrongUsage for a field of the file that an agent doesn't have: before what is missing, which it may be."""
    unknown = [name for name in spec if name not in AgentSpec.model_fields]
    if unknown:
        told = " ".join(
            f"There is no field {one_line(name, 60)!r}; {instead_of(name, AgentSpec.model_fields)}"
            for name in unknown[:5]
        )
        raise WrongUsage(f"The agent in {str(file)!r} can't be read. {told}")


def _spec_in(file: Path) -> dict[str, Any]:
    """Read the fields of an agent. Raises WrongUsage."""
    spec = json_of(file, "The agent")
    if not isinstance(spec, dict):
        raise WrongUsage(
            f"The agent in {str(file)!r} is no object. Write it as in"
            ' {"name": "poet", "prompt": "You write four lines that rhyme."}.'
        )
    # What only answers have: `chimera agents show --json` is a file to begin with.
    return {name: value for name, value in spec.items() if name != "built_in" and value is not None}
