"""`chimera`: the list of commands, in the order in which somebody new needs them."""

import typer

from cli.commands import calls, local, media, models, schedules, tasks, version

app = typer.Typer(
    name="chimera",
    help="Durable multi-agent work on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    callback=version.version,
)

app.command()(local.demo)
app.command()(local.up)
app.command()(local.doctor)
app.command()(local.login)
app.command()(local.token)
app.command()(local.password)
app.command()(tasks.run)
app.command()(tasks.follow)
app.command(name="tasks")(tasks.list_tasks)
app.command()(tasks.show)
app.command()(tasks.cost)
app.command()(tasks.steer)
app.command()(tasks.pause)
app.command()(tasks.resume)
app.command()(tasks.retry)
app.command()(tasks.budget)
app.command()(tasks.cancel)
app.command()(tasks.delete)
app.command()(tasks.agents)
app.command()(models.models)
app.command()(media.embed)
app.command()(media.image)
app.command()(media.transcribe)
app.add_typer(calls.app)
app.add_typer(schedules.app)


def main() -> None:
    """Run the command line. Wrong usage ends with 3, because 2 says that a task was cancelled."""
    version.ending_with_own_codes(app)
