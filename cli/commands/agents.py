"""Commands about agents: the built-in ones and one's own."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.tasks import AsJson
from cli.input.amounts import decimal, metavar_of, one_of, whole
from cli.input.encodings import path

EFFORTS = ("none", "low", "medium", "high")
Name = Annotated[str, typer.Argument(metavar="NAME", help="The agent's name, as in poet.", show_default=False)]

app = typer.Typer(name="agents", help="Agents that a plan may name: list, show, create, delete.")


@app.callback(invoke_without_command=True)
def list_agents(context: typer.Context, as_json: AsJson = False) -> None:
    """List the agents that a plan may name; show, create and delete one."""
    if context.invoked_subcommand is None:
        list_all(as_json=as_json)


@app.command(name="list")
def list_all(as_json: AsJson = False) -> None:
    """List the agents that a plan may name, as the group does by itself."""
    from cli.actions.agents import list_agents
    from cli.process.running import finish

    finish(lambda: list_agents(as_json=as_json))


@app.command()
def show(name: Name, as_json: AsJson = False) -> None:
    """Show an agent: what it is for, its model and tools, and its prompt."""
    from cli.actions.agents import show
    from cli.process.running import finish

    finish(lambda: show(name, as_json=as_json))


@app.command()
def create(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Its name, as in poet.", show_default=False)
    ] = None,
    prompt: Annotated[str | None, typer.Option(help="Its system prompt: what it does and how.")] = None,
    description: Annotated[str | None, typer.Option(help="When to choose it; a planner reads this.")] = None,
    role: Annotated[str | None, typer.Option(help="A word for people; else custom.")] = None,
    model: Annotated[str | None, typer.Option(help="provider/model; else that of the task.")] = None,
    fallback: Annotated[
        list[str] | None, typer.Option(help="A model that stands in when it fails; may be given more than once.")
    ] = None,
    tool: Annotated[
        list[str] | None, typer.Option(help="A tool, as in calculator; may be given more than once.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(parser=decimal(0, 2), metavar="NUMBER", help="0 to 2, where its model takes one.")
    ] = None,
    reasoning_effort: Annotated[
        str | None,
        typer.Option(
            parser=one_of(EFFORTS),
            metavar=metavar_of(EFFORTS),
            autocompletion=lambda: EFFORTS,
            help="For models that reason.",
        ),
    ] = None,
    max_output_tokens: Annotated[
        int | None, typer.Option(parser=whole(16, 131_072), help="Its longest answer; else 2048.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option(parser=path, help="JSON file with its fields; options go before what is in it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create an agent of your own, from options, a file, or both."""
    from cli.actions.agents import create
    from cli.input.options import AGENT
    from cli.process.running import finish

    spec = {
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
    # What is wrong with a field of the file is said of the field.
    typed = {field: option for field, option in AGENT.items() if file is None or spec[field] is not None}
    finish(lambda: create(spec, file, as_json=as_json), typed)


@app.command()
def delete(name: Name) -> None:
    """Delete an agent of your own; subtasks that name it and haven't begun will fail."""
    from cli.actions.agents import delete
    from cli.process.running import finish

    finish(lambda: delete(name))
