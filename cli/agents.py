"""List, show, create and delete the agents that plans can use."""

from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.http import signed_in
from cli.input.amounts import decimal, metavar_of, one_of, whole
from cli.input.arguments import AsJson
from cli.input.encodings import path
from cli.input.options import AGENT
from cli.output.printing import print_json, print_list
from cli.output.prose import print_answer, print_line, print_prose
from cli.output.tables import MODEL_CHARS, print_table
from cli.output.text import one_line, plain

if TYPE_CHECKING:
    from models.agents import AgentView

EFFORTS = ("none", "low", "medium", "high")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name, such as poet.", show_default=False)]
NewName = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="The agent's name, such as poet.", show_default=False)
]
Prompt = Annotated[str | None, typer.Option(help="The system prompt, which tells the agent what to do and how.")]
Description = Annotated[
    str | None, typer.Option(help="When to use the agent. Planners choose agents based on their descriptions.")
]
Role = Annotated[str | None, typer.Option(help="The agent's role, a label for display only. Default: custom.")]
Model = Annotated[str | None, typer.Option(help="The agent's model, as provider/model. Default: the task's model.")]
Fallbacks = Annotated[
    list[str] | None, typer.Option(help="A fallback model, as provider/model. You can repeat this option.")
]
Tools = Annotated[
    list[str] | None,
    typer.Option(help="A tool that the agent can use, such as calculator. You can repeat this option."),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        parser=decimal(0, 2),
        metavar="NUMBER",
        help="The sampling temperature, from 0 to 2, for models that accept one.",
    ),
]
Effort = Annotated[
    str | None,
    typer.Option(
        parser=one_of(EFFORTS),
        metavar=metavar_of(EFFORTS),
        autocompletion=lambda: EFFORTS,
        help="The reasoning effort, for models that can reason.",
    ),
]
MaxOutputTokens = Annotated[
    int | None,
    typer.Option(parser=whole(16, 131_072), help="Maximum output tokens per answer. Default: 2048."),
]
File = Annotated[
    Path | None,
    typer.Option(parser=path, help="A JSON file with the agent's fields. Command-line options override the file."),
]

app = typer.Typer(name="agents", help="List, show, create and delete the agents that plans can use.")


@app.callback(invoke_without_command=True)
def agents(context: typer.Context, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """List, show, create and delete the agents that plans can use."""
    return None if context.invoked_subcommand else list_agents(as_json=as_json)


@app.command(name="list")
async def list_agents(as_json: AsJson = False) -> int:
    """List the agents that plans can use. Same as: chimera agents"""
    async with signed_in() as client:
        found = await client.agents()
    if as_json:
        print_list(found)
    else:
        print_table(Console(highlight=False), table_of(found))
    return 0


@app.command()
async def show(name: Name, as_json: AsJson = False) -> int:
    """Show an agent: its description, model, tools and prompt."""
    async with signed_in() as client:
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


@app.command()
async def create(
    name: NewName = None,
    prompt: Prompt = None,
    description: Description = None,
    role: Role = None,
    model: Model = None,
    fallback: Fallbacks = None,
    tool: Tools = None,
    temperature: Temperature = None,
    reasoning_effort: Effort = None,
    max_output_tokens: MaxOutputTokens = None,
    file: File = None,
    as_json: AsJson = False,
) -> int:
    """Create an agent from options, a file, or both."""
    from cli.http.bodies import agent_body

    options = {
        "name": name,
        "prompt": prompt,
        "description": description,
        "role": role,
        "model": model,
        "fallbacks": fallback or None,
        "tools": tool or None,
        "temperature": temperature,
        "reasoning_effort": reasoning_effort,
        "max_output_tokens": max_output_tokens,
    }
    # A problem with a field that was set in the file names the field instead of an option.
    typed = {field: option for field, option in AGENT.items() if file is None or options[field] is not None}
    body = agent_body(options, file)
    async with signed_in(typed) as client:
        agent = await client.create_agent(body)
    if as_json:
        print_json(agent)
        return 0
    print_line(f"Agent {agent.name} was created. Your plans can use it, and planners can choose it.")
    if not agent.description:
        print_line("The agent has no description, so planners can't tell when to choose it.")
    return 0


@app.command()
async def delete(name: Name) -> int:
    """Delete one of your agents. Subtasks that name the agent and haven't started will fail."""
    async with signed_in() as client:
        await client.delete_agent(name)
    print_line(f"Agent {one_line(name, 60)} was deleted.")
    return 0


def table_of(agents: Sequence["AgentView"]) -> Table:
    """Return a table with one line per agent."""
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Agent", "Tools"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Model", overflow="fold", max_width=MODEL_CHARS)
    table.add_column("Use", ratio=1)
    for agent in agents:
        cells = (agent.name, ", ".join(agent.tools), agent.model or "", agent.description)
        table.add_row(*(Text(one_line(cell, 500)) for cell in cells))
    return table


def facts_of(agent: "AgentView") -> list[tuple[str, str]]:
    """Return an agent's fields with their labels, without unset fields."""
    facts = (
        ("Agent", f"{agent.name}{' (built in)' if agent.built_in else ''}"),
        ("Role", agent.role),
        ("For", agent.description),
        ("Model", agent.model or "the task's"),
        ("Fallbacks", ", ".join(agent.fallbacks)),
        ("Tools", ", ".join(agent.tools)),
        ("Temperature", "" if agent.temperature is None else f"{agent.temperature:g}"),
        ("Reasoning", agent.reasoning_effort or ""),
        ("Answers", f"at most {agent.max_output_tokens:,} tokens"),
    )
    return [(label, value) for label, value in facts if value]
