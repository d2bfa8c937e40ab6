"""`chimera`: the commands, in groups."""

from collections.abc import Callable

import typer

from cli.commands import agents, calls, codec, local, media, models, schedules, tasks
from cli.process import program

app = typer.Typer(
    name="chimera",
    help="Durable multi-agent work on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    callback=program.version,
)

# In the order in which somebody new needs them.
GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Start": (local.demo, local.up, local.doctor),
    "Sign in": (local.login, local.token, local.password),
    "Tasks": (tasks.run, tasks.follow, tasks.list_tasks, tasks.show, tasks.cost),
    "Control a task": (
        tasks.steer,
        tasks.pause,
        tasks.resume,
        tasks.retry,
        tasks.budget,
        tasks.cancel,
        tasks.delete,
    ),
    "Agents and models": (models.models,),
    "Temporal's tools": (codec.codec,),
    "Embeddings, images, transcriptions": (media.embed, media.image, media.transcribe),
}

for group, commands in GROUPS.items():
    for command in commands:
        name = "tasks" if command is tasks.list_tasks else None
        app.command(name=name, rich_help_panel=group)(command)
app.add_typer(agents.app, rich_help_panel="Agents and models")
app.add_typer(calls.app, rich_help_panel="Embeddings, images, transcriptions")
app.add_typer(schedules.app, rich_help_panel="Tasks that recur")


def main() -> None:
    """Run the command line. Wrong usage ends with 3, because 2 says that a task was cancelled."""
    program.ending_with_own_codes(app)
