"""The commands of `chimera`, in groups. A command is imported only when it is typed, so that `--help` is fast."""

from collections.abc import Coroutine
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from cli.process import program

# In the order in which a new user needs them, each with its location and its help text, which a test compares.
COMMANDS: dict[str, dict[str, tuple[str, str]]] = {
    "Start": {
        "demo": (
            "cli.stack.demo:demo",
            "Start Chimera, run a task, kill its worker midway and check that no finished model call is repeated.",
        ),
        "up": ("cli.stack.up:up", "Start Chimera and keep it running. Ctrl-C stops it without losing work."),
        "doctor": ("cli.checks.doctor:doctor", "Check this installation, and report each problem and how to fix it."),
    },
    "Sign in": {
        "login": (
            "cli.account:login",
            "Sign in to a Chimera server that runs elsewhere. Prompts for the password.",
        ),
        "token": ("cli.account:token", "Print your access token for use with curl or in programs."),
        "password": (
            "cli.account:password",
            "Change your password. In a script, pipe in the current and new passwords, one per line.",
        ),
        "account": ("cli.account:app", "Show or change your account, or list and end your sessions."),
        "keys": ("cli.keys:app", "Manage API keys for programs: create, list or delete them."),
        "limits": (
            "cli.limits:limits",
            "Show what you may spend per day and month, or set another user's limits.",
        ),
    },
    "Chat": {
        "chat": (
            "cli.chat.command:chat",
            "Chat with an agent or a model. In a pipe, send one message and print the reply.",
        ),
        "sessions": ("cli.sessions:app", "Manage your chat sessions: list, show, export or delete them."),
    },
    "Tasks": {
        "run": ("cli.tasks:run", "Start a task and watch it. Ctrl-C leaves the task running."),
        "estimate": ("cli.tasks:estimate", "Estimate what a task would cost. The task isn't created."),
        "follow": ("cli.tasks:follow", "Watch a task until it ends. Ctrl-C leaves the task running."),
        "tasks": ("cli.tasks:list_tasks", "List tasks, newest first."),
        "show": (
            "cli.tasks:show",
            "Show a task's subtasks, cost and result, or the messages of one subtask.",
        ),
        "cost": (
            "cli.tasks:cost",
            "Show a task's cost by model, agent and subtask, and list attempts that returned no result.",
        ),
        "files": (
            "cli.task_files:files",
            "List the files that a task's agents have written, or save them in a folder.",
        ),
    },
    "Control a task": {
        "steer": ("cli.task_controls:steer", "Send guidance to a running task."),
        "pause": ("cli.task_controls:pause", "Pause a task. Model calls in flight finish, but no new calls start."),
        "resume": ("cli.task_controls:resume", "Resume a paused task."),
        "retry": (
            "cli.tasks:retry",
            "Resume a failed task where it failed, and watch it. You don't pay again for finished model calls.",
        ),
        "budget": (
            "cli.task_controls:budget",
            "Set a task's total budget. If the task was waiting for a higher budget, it continues.",
        ),
        "cancel": ("cli.task_controls:cancel", "Cancel a task so that it starts no more model calls."),
        "delete": (
            "cli.task_controls:delete",
            "Delete the content of a task that has ended, but keep the record of its cost.",
        ),
    },
    "Approvals": {
        "approvals": ("cli.approvals:app", "List the decisions that wait for you, show them, or pass them on."),
        "notifications": (
            "cli.notifications:app",
            "List what waits for you and what went wrong, or mark it as read.",
        ),
        "approve": ("cli.approvals:approve", "Approve a tool call, as it is or with changed arguments."),
        "reject": ("cli.approvals:reject", "Reject a tool call. The agent receives the reason and continues."),
        "answer": ("cli.approvals:answer", "Answer an agent's question."),
        "policy": (
            "cli.policies:app",
            "Show or replace the rules for tool calls, or try a call against them.",
        ),
    },
    "Agents and models": {
        "models": (
            "cli.models:models",
            "List the models that you can use now, with prices for those available to tasks.",
        ),
        "agents": (
            "cli.agents:app",
            "Manage the agents that plans can use: create, change, compare, deactivate or delete them.",
        ),
    },
    "Tools": {
        "tools": ("cli.tools:app", "Manage the tools that agents can use: list and show them, or accept a change."),
        "mcp": ("cli.mcp:app", "Manage your own MCP servers: add, list, refresh or remove them."),
    },
    "Groups": {
        "groups": ("cli.groups:app", "Manage groups of users who share tasks, schedules and files."),
        "share": (
            "cli.shares:share",
            "Share a task, schedule, file or agent with a group, or change the right that the group has.",
        ),
        "unshare": ("cli.shares:unshare", "Stop sharing a task, schedule, file or agent with a group."),
    },
    "Administration": {
        "users": (
            "cli.users:app",
            "Manage users: list, invite, change, disable or delete them. For administrators only.",
        ),
        "audit": (
            "cli.audit:audit",
            "List what was done to accounts, API keys and rules, and by whom. For administrators only.",
        ),
    },
    "Retention": {
        "retention": (
            "cli.retention:app",
            "Show how long content is kept, or delete old content now. For administrators only.",
        ),
    },
    "Temporal's tools": {
        "codec": (
            "cli.codec:codec",
            "Print an address that lets Temporal's tools decrypt runs. For administrators only.",
        ),
    },
    "Embeddings, images, transcriptions": {
        "embed": ("cli.ai_calls:embed", "Embed text and print its vector."),
        "image": ("cli.ai_calls:image", "Generate an image file."),
        "transcribe": ("cli.ai_calls:transcribe", "Transcribe a recording."),
        "calls": ("cli.ai_calls:app", "List, show and cancel your embedding, image and transcription calls."),
    },
    "Figures and logs": {
        "analytics": (
            "cli.analytics:analytics",
            "Show the model calls, tasks, tokens and cost of the last days, with a chart.",
        ),
        "logs": ("cli.logs:logs", "List warnings and errors of Chimera's processes. For administrators only."),
    },
    "Recurring tasks": {
        "schedules": (
            "cli.schedules:app",
            "Manage schedules for recurring tasks: create, change, pause, resume, trigger, backfill or delete them.",
        ),
    },
}
_PLACES = {name: place for commands in COMMANDS.values() for name, (place, _) in commands.items()}


class LazyGroup(TyperGroup):
    """Lists commands with their names and help texts, and imports only the command that is typed."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for panel, commands in COMMANDS.items():
            for name, (_, summary) in commands.items():
                self.add_command(TyperCommand(name, help=summary, rich_help_panel=panel))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Return the typed command, imported."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed and self.load(name or ""), rest

    def load(self, name: str) -> Any:
        """Import a command or a group of commands."""
        module, _, attribute = _PLACES[name].partition(":")
        found, whole = getattr(import_module(module), attribute), typer.Typer(rich_markup_mode=self.rich_markup_mode)
        if isinstance(found, typer.Typer):
            whole.add_typer(found, name=name)
        else:
            whole.command(name=name)(found)
        return get_group(whole).commands[name]


def finish(command: Coroutine[Any, Any, int], **_options: Any) -> None:
    """Run the coroutine that a command has returned, and exit with its exit code."""
    from cli.process import running

    running.finish(command)


app = typer.Typer(
    name="chimera",
    cls=LazyGroup,
    help="Run durable multi-agent tasks on your own machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    callback=program.version,
    result_callback=finish,
)


def main() -> None:
    """Run the command line. The exit code for wrong usage is 3, because 2 means that a task was cancelled."""
    program.ending_with_own_codes(app)
