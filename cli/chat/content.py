"""Commands of a conversation about its content: files, the editor, tasks, search, export, the clipboard and costs."""

import asyncio
import base64
import shlex
from pathlib import Path
from uuid import uuid4

from cli.chat.conversation import Conversation
from cli.chat.results import Spent
from cli.errors import WrongUsage
from cli.http import chats
from cli.input.encodings import text_of
from cli.input.files import bytes_of
from cli.live.editing import edited
from cli.output.chats import line_of_hit
from cli.output.text import count, one_line, short
from models.base import usd
from models.chat_messages import MAX_ATTACHMENTS

MAX_CLIPBOARD_BYTES = 70_000
"""Terminals ignore longer clipboard sequences."""


async def attach(chat: Conversation, argument: str) -> None:
    """Upload files, and attach them to the next message."""
    try:
        names = shlex.split(argument)
    except ValueError:
        names = [argument]
    await attach_files(chat, [_path_of(name) for name in names])


async def attach_files(chat: Conversation, paths: list[Path]) -> None:
    """Upload files, and attach them to the next message. Raises WrongUsage."""
    if len(chat.draft.files) + len(paths) > MAX_ATTACHMENTS:
        raise WrongUsage(f"A message can have at most {MAX_ATTACHMENTS} attachments.")
    for path in paths:
        name, data = text_of(path.name, "The file's name"), await bytes_of(path)
        chat.draft.files.append(await chat.client.upload(name, data))
        chat.say(f"Attached to the next message: {one_line(name)} ({count(len(data), 'byte')})")


async def edit(chat: Conversation, argument: str) -> None:
    """Write the message in an editor. It becomes the input, to be checked and sent."""
    async with chat.terminal.apart():
        text = await edited(argument, ".md")
    chat.terminal.put(text.rstrip("\n"))


async def task(chat: Conversation, argument: str) -> None:
    """Start a task with the conversation as context, and follow it."""
    view, key = await chat.session(), uuid4().hex
    spec = {"goal": argument} | ({"model": view.model} if view.model else {})
    chat.follow(await chat.answered(lambda: chats.start_task(chat.client, view.id, spec, key)))


async def search(chat: Conversation, argument: str) -> None:
    """Print the messages that contain words."""
    found = await chats.search(chat.client, argument)
    if not found:
        chat.say("No message contains these words.")
        return
    for hit in found:
        chat.console.print(line_of_hit(hit))
    chat.say("To continue one of these conversations, enter '/sessions' and its ID.")


async def export(chat: Conversation, argument: str) -> None:
    """Save the conversation in a new file."""
    if chat.view is None:
        raise WrongUsage("There is no message yet to export.")
    path = _path_of(argument) if argument else Path(f"chat-{short(chat.view.id)}.md")
    data = await chats.export(chat.client, chat.view.id, "json" if path.suffix == ".json" else "markdown")
    try:
        await asyncio.to_thread(_write_new, path, data)
    except FileExistsError:
        raise WrongUsage(f"{str(path)!r} already exists. Choose another name.") from None
    except OSError as error:
        raise WrongUsage(f"{str(path)!r} can't be written ({error.strerror}).") from error
    chat.say(f"Saved as {path}")


async def copy(chat: Conversation, argument: str) -> None:
    """Copy the last reply to the clipboard of the terminal, also through SSH."""
    messages = [] if chat.view is None else await chats.branch(chat.client, chat.view.id, 10)
    texts = [each.text for each in messages if each.role == "assistant" and each.text]
    if not texts:
        raise WrongUsage("There is no reply yet to copy.")
    data = texts[-1].encode(errors="replace")
    if len(data) > MAX_CLIPBOARD_BYTES:
        raise WrongUsage("The reply is too long for the clipboard of a terminal. Save it with '/export'.")
    # In base64, nothing in the text can end the sequence.
    chat.terminal.print(f"\x1b]52;c;{base64.b64encode(data).decode()}\x07")
    chat.say("The last reply was sent to the terminal's clipboard, if the terminal supports this.")


async def cost(chat: Conversation, argument: str) -> None:
    """Show what the replies of the active branch have cost."""
    messages = [] if chat.view is None else await chats.branch(chat.client, chat.view.id)
    total = Spent()
    for message in messages:
        if message.reply is not None:
            total.add(message.reply)
    tokens = count(total.tokens, "token")
    chat.say(f"This branch: {count(total.replies, 'reply', 'replies')}, {tokens}, {total.words}")
    chat.say(f"Since you started: {count(chat.spent.replies, 'reply', 'replies')}, {usd(chat.spent.cost_micro_usd)}")


def _path_of(typed: str) -> Path:
    return Path(typed).expanduser()


def _write_new(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
