"""Agents: list, show, create, change, compare, activate, delete; their status and metrics."""

from collections.abc import Coroutine, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.amounts import decimal, metavar_of, micro_usd, moment, one_of, whole
from cli.input.arguments import AsJson
from cli.input.encodings import path
from cli.input.options import AGENT, Options
from cli.output.agents import print_agent, print_agents, print_diff, print_metrics, print_status, print_versions
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line
from cli.output.text import one_line

EFFORTS = ("none", "low", "medium", "high")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name or ID, such as poet.", show_default=False)]
NewName = Annotated[
    str | None, typer.Argument(metavar="[NAME]", help="The agent's name, such as poet.", show_default=False)
]
Prompt = Annotated[str | None, typer.Option(help="The system prompt, which tells the agent what to do and how.")]
SharedOption = Annotated[bool, typer.Option("--shared", help="List the agents that others share with you.")]
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
MaxTurns = Annotated[
    int | None,
    typer.Option(parser=whole(1, 1000), help="Maximum model calls per subtask. The task's limit applies too."),
]
MaxToolCalls = Annotated[
    int | None,
    typer.Option(parser=whole(1, 100_000), help="Number of tool calls per subtask after which the agent must answer."),
]
MaxIdenticalCalls = Annotated[
    int | None,
    typer.Option(
        parser=whole(2, 100),
        help="Number of turns in a row with the same tool calls after which the agent must answer. Default: 3.",
    ),
]
MaxSeconds = Annotated[
    int | None,
    typer.Option(parser=whole(1, 2_592_000), help="Seconds per subtask after which the agent must answer."),
]
MaxCost = Annotated[
    int | None,
    typer.Option(
        "--max-cost-usd",
        parser=micro_usd,
        metavar="AMOUNT",
        help="Maximum cost of the agent's model calls per subtask, in US dollars. A call that could exceed it fails.",
    ),
]
Schema = Annotated[
    Path | None,
    typer.Option("--output-schema", parser=path, help="A JSON file with the JSON Schema of the agent's answers."),
]
File = Annotated[
    Path | None,
    typer.Option(parser=path, help="A JSON file with the agent's fields. Command-line options override the file."),
]
NewFields = Annotated[
    Path | None,
    typer.Option(parser=path, help="A JSON file with all of the agent's fields. Options override the file."),
]
Version = Annotated[int, typer.Argument(metavar="VERSION", parser=whole(1), help="The version's number.")]
Older = Annotated[int, typer.Argument(metavar="FROM", parser=whole(1), help="The number of the first version.")]
Newer = Annotated[int, typer.Argument(metavar="TO", parser=whole(1), help="The number of the second version.")]
Since = Annotated[
    datetime | None,
    typer.Option(
        parser=moment,
        metavar="TIME",
        help="Count only tasks created since this time. Without a UTC offset, UTC applies. Default: 7 days ago.",
    ),
]

app = typer.Typer(
    name="agents",
    help="Manage the agents that plans can use: create, change, compare, deactivate or delete them.",
)


@app.callback(invoke_without_command=True)
def agents(
    context: typer.Context, shared: SharedOption = False, as_json: AsJson = False
) -> Coroutine[Any, Any, int] | None:
    """Manage the agents that plans can use: create, change, compare, deactivate or delete them."""
    return None if context.invoked_subcommand else list_agents(shared=shared, as_json=as_json)


@app.command(name="list")
async def list_agents(shared: SharedOption = False, as_json: AsJson = False) -> int:
    """List the agents that plans can use. Same as: chimera agents"""
    async with signed_in() as client:
        found = await client.agents(shared="shared" if shared else None)
    if as_json:
        print_list(found)
    else:
        print_agents(found)
    return 0


@app.command()
async def show(name: Name, as_json: AsJson = False) -> int:
    """Show an agent: its version, description, model, tools and prompt."""
    async with signed_in() as client:
        agent = await client.agent(name)
    if as_json:
        print_json(agent)
        return 0
    print_agent(agent)
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
    max_turns: MaxTurns = None,
    max_tool_calls: MaxToolCalls = None,
    max_identical_calls: MaxIdenticalCalls = None,
    max_seconds: MaxSeconds = None,
    max_cost_micro_usd: MaxCost = None,
    output_schema: Schema = None,
    file: File = None,
    as_json: AsJson = False,
) -> int:
    """Create an agent from options, a file, or both."""
    from cli.http.bodies import agent_body, limits_body
    from cli.input.files import json_of

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
        "limits": limits_body(
            max_turns=max_turns,
            max_tool_calls=max_tool_calls,
            max_identical_calls=max_identical_calls,
            max_seconds=max_seconds,
            max_cost_micro_usd=max_cost_micro_usd,
        ),
        "output_schema": None if output_schema is None else json_of(output_schema, "The JSON Schema"),
    }
    body = agent_body(options, file)
    async with signed_in(_typed(options, file)) as client:
        agent = await client.create_agent(body)
    if as_json:
        print_json(agent)
        return 0
    print_line(f"Agent {agent.name} was created. Your plans can use it, and planners can choose it.")
    if not agent.description:
        print_line("The agent has no description, so planners can't tell when to choose it.")
    return 0


@app.command()
async def change(
    name: Name,
    prompt: Prompt = None,
    description: Description = None,
    role: Role = None,
    model: Model = None,
    fallback: Fallbacks = None,
    tool: Tools = None,
    temperature: Temperature = None,
    reasoning_effort: Effort = None,
    max_output_tokens: MaxOutputTokens = None,
    max_turns: MaxTurns = None,
    max_tool_calls: MaxToolCalls = None,
    max_identical_calls: MaxIdenticalCalls = None,
    max_seconds: MaxSeconds = None,
    max_cost_micro_usd: MaxCost = None,
    output_schema: Schema = None,
    file: NewFields = None,
    as_json: AsJson = False,
) -> int:
    """Change the given fields of an agent. This makes a new version; tasks that have begun keep theirs."""
    from cli.http.bodies import changed_agent, limits_body
    from cli.input.files import json_of

    options = {
        "prompt": prompt,
        "description": description,
        "role": role,
        "model": model,
        "fallbacks": fallback or None,
        "tools": tool or None,
        "temperature": temperature,
        "reasoning_effort": reasoning_effort,
        "max_output_tokens": max_output_tokens,
        "limits": limits_body(
            max_turns=max_turns,
            max_tool_calls=max_tool_calls,
            max_identical_calls=max_identical_calls,
            max_seconds=max_seconds,
            max_cost_micro_usd=max_cost_micro_usd,
        ),
        "output_schema": None if output_schema is None else json_of(output_schema, "The JSON Schema"),
    }
    async with signed_in(_typed(options, file)) as client:
        before = await client.agent(name)
        agent = await client.change_agent(name, changed_agent(before, options, file))
    if as_json:
        print_json(agent)
    elif agent.version == before.version:
        print_line(f"Nothing changes, so agent {agent.name} keeps version {agent.version}.")
    else:
        print_line(f"Agent {agent.name} was changed. New tasks use version {agent.version}.")
    return 0


@app.command()
async def versions(name: Name, as_json: AsJson = False) -> int:
    """List an agent's versions, newest first, with the fields that each of them changed."""
    async with signed_in() as client:
        found = await client.agent_versions(name)
    if as_json:
        print_list(found)
    else:
        print_versions(found)
    return 0


@app.command()
async def diff(name: Name, older: Older, newer: Newer, as_json: AsJson = False) -> int:
    """Compare two versions of an agent, field by field."""
    async with signed_in({"from": "FROM", "to": "TO"}) as client:
        found = await client.agent_diff(name, older, newer)
    if as_json:
        print_json(found)
    else:
        print_diff(found)
    return 0


@app.command()
async def rollback(name: Name, version: Version, as_json: AsJson = False) -> int:
    """Roll an agent back: make a new version with the fields of an old one."""
    async with signed_in({"version": "VERSION"}) as client:
        agent = await client.roll_back_agent(name, version)
    if as_json:
        print_json(agent)
    else:
        print_line(f"Agent {agent.name} has the fields of version {version}. New tasks use version {agent.version}.")
    return 0


@app.command()
async def activate(name: Name) -> int:
    """Activate an agent, so that it takes new work again."""
    async with signed_in() as client:
        agent = await client.control_agent(name, "activate")
    print_line(f"Agent {agent.name} is active.")
    return 0


@app.command()
async def deactivate(name: Name) -> int:
    """Deactivate an agent, so that it takes no new work. Subtasks that are already planned with it finish."""
    async with signed_in() as client:
        agent = await client.control_agent(name, "deactivate")
    print_line(f"Agent {agent.name} is inactive. Subtasks that are already planned with it finish.")
    return 0


@app.command()
async def status(name: Name, as_json: AsJson = False) -> int:
    """Show an agent's model calls in flight, and how many tasks are waiting for it."""
    async with signed_in() as client:
        found = await client.agent_status(name)
    if as_json:
        print_json(found)
    else:
        print_status(found)
    return 0


@app.command()
async def metrics(name: Name, since: Since = None, as_json: AsJson = False) -> int:
    """Show an agent's calls, failures, latency, tokens and cost, by version."""
    async with signed_in({"since": "--since"}) as client:
        found = await client.agent_metrics(name, None if since is None else since.isoformat())
    if as_json:
        print_json(found)
    else:
        print_metrics(found)
    return 0


@app.command()
async def delete(name: Name) -> int:
    """Delete one of your agents. Subtasks that name the agent and haven't started will fail."""
    async with signed_in() as client:
        await client.delete_agent(name)
    print_line(f"Agent {one_line(name, 60)} was deleted.")
    return 0


def _typed(options: Mapping[str, Any], file: Path | None) -> Options:
    """Return the options for an agent's fields. A problem with a field that was set in the file names the field."""
    return {
        field: option
        for field, option in AGENT.items()
        if file is None or options.get(field.partition(".")[0]) is not None
    }
