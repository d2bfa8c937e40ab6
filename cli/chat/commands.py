"""The commands of a conversation, such as `/model`: their names, help texts and what they do."""

import re
from collections.abc import Awaitable, Callable
from difflib import get_close_matches
from typing import NamedTuple

from rich.table import Table
from rich.text import Text

from cli.chat import content, sessions
from cli.chat.conversation import Conversation
from cli.errors import WrongUsage
from cli.output.text import one_line

_COMMAND = re.compile(r"/([A-Za-z]+|\?)(?:\s+(.*))?\s*", re.DOTALL)


class Command(NamedTuple):
    """A command. `run` receives the conversation and the text after the command's name."""

    argument: str
    summary: str
    run: Callable[[Conversation, str], Awaitable[None]]


async def print_help(chat: Conversation, argument: str) -> None:
    """Print the commands and the keys."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, command in COMMANDS.items():
        table.add_row(Text(f"/{name} {command.argument}".rstrip(), style="bold"), Text(command.summary))
    for key, effect in KEYS.items():
        table.add_row(Text(key, style="bold"), Text(effect))
    chat.console.print(table)


async def leave(chat: Conversation, argument: str) -> None:
    """End the program."""
    chat.terminal.stop()


COMMANDS: dict[str, Command] = {
    "help": Command("", "Show the commands and keys.", print_help),
    "agent": Command("[NAME]", "Choose the agent that replies, or none. Without a name, list agents.", sessions.agent),
    "model": Command("[NAME]", "Choose the model that replies. Without a name, list models.", sessions.model),
    "new": Command("", "Begin a new conversation.", sessions.new),
    "sessions": Command("", "Continue another conversation.", sessions.pick),
    "title": Command("TEXT", "Set the title of the conversation.", sessions.title),
    "retry": Command("", "Request another reply to the last message.", sessions.retry),
    "back": Command("", "Change an earlier message, which begins a branch.", sessions.back),
    "attach": Command("FILE…", "Attach files to the next message.", content.attach),
    "edit": Command("", "Write the message in your editor.", content.edit),
    "task": Command("GOAL", "Start a task with the conversation as context, and follow it.", content.task),
    "search": Command("WORDS", "Search all your conversations.", content.search),
    "export": Command("[FILE]", "Save the conversation as Markdown, or as JSON in a .json file.", content.export),
    "copy": Command("", "Copy the last reply to the clipboard.", content.copy),
    "cost": Command("", "Show what the conversation has cost.", content.cost),
    "quit": Command("", "Leave. The conversation is kept.", leave),
}
KEYS = {
    "Enter": "Send the message. While a reply is being written, the message waits for its turn.",
    "Alt-Enter, Ctrl-J": "Begin a new line.",
    "Ctrl-C": "Interrupt the reply, or clear the input.",
    "Ctrl-D": "Leave. The conversation is kept.",
    "Up, Ctrl-R": "Go through your earlier messages, or search them.",
    "//": "Begin a message with a slash.",
}
ALIASES = {"exit": "quit", "q": "quit", "h": "help", "agents": "agent", "models": "model", "?": "help", "clear": "new"}
FILES = ("attach", "export")
"""The commands whose arguments are names of files."""


async def run(chat: Conversation, typed: str) -> bool:
    """Run a command. Return False if the text is a message. Raises WrongUsage for an unknown command."""
    found = _COMMAND.fullmatch(typed.strip())
    if found is None:
        return False
    name = found[1].lower()
    command = COMMANDS.get(ALIASES.get(name, name))
    if command is None:
        raise WrongUsage(f"There is no command '/{one_line(name, 30)}'. {_advice(name)}")
    argument = (found[2] or "").strip()
    if command.argument and not command.argument.startswith("[") and not argument:
        raise WrongUsage(f"Enter '/{name}' with {command.argument}. {command.summary}")
    await command.run(chat, argument)
    return True


def _advice(name: str) -> str:
    if meant := get_close_matches(name, [*COMMANDS, *ALIASES], 1, cutoff=0.5):
        return f"Did you mean '/{ALIASES.get(meant[0], meant[0])}'? To send it as a message, begin with '//'."
    return "To list the commands, enter '/help'. To send it as a message, begin with '//'."
