"""Runs a conversation on a terminal until the user leaves."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from cli.chat import commands, content, sessions
from cli.chat.completion import CommandCompleter
from cli.chat.conversation import Conversation, Draft
from cli.chat.history import own_history
from cli.chat.terminal import Terminal
from cli.http.client import Client
from cli.output.prose import print_line
from cli.output.text import short
from cli.process.running import explain
from models.chat import ChatSessionView
from models.errors import ChimeraError


async def converse(
    client: Client,
    view: ChatSessionView | None,
    spec: Mapping[str, Any],
    first: str | None,
    paths: Sequence[Path],
    *,
    stream: bool,
) -> int:
    """Converse until the user leaves. Return the exit code."""
    chat = Conversation(client, view, Draft(dict(spec)), live=stream)
    summaries = {name: command.summary for name, command in commands.COMMANDS.items()}
    completer = CommandCompleter(summaries, commands.FILES)
    chat.terminal = Terminal(
        history=own_history(),
        completer=completer,
        interrupt=chat.interrupt,
        toolbar=chat.toolbar,
        activity=chat.activity,
        color="NO_COLOR" not in os.environ,
    )
    if paths:
        await content.attach_files(chat, list(paths))
    is_open = await _until_left(chat, completer, first)
    if chat.view is not None:
        if is_open:
            print_line("The reply continues in the background.")
        print_line(f"To continue this conversation, run: chimera chat --session {short(chat.view.id)}")
    return 0


async def _until_left(chat: Conversation, completer: CommandCompleter, first: str | None) -> bool:
    """Run the terminal, the display of replies and the reading of input. Return whether a reply was open at the end."""
    works = [
        asyncio.create_task(chat.terminal.run()),
        asyncio.create_task(chat.show_replies()),
        asyncio.create_task(_take_inputs(chat, first)),
    ]
    learning = asyncio.create_task(_learn_names(chat, completer))
    try:
        done, _ = await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED)
        is_open = chat.is_open
    finally:
        chat.terminal.stop()
        learning.cancel()
        for work in works[1:]:
            work.cancel()
        await asyncio.gather(*works, learning, return_exceptions=True)
    for work in done:
        work.result()
    return is_open


async def _take_inputs(chat: Conversation, first: str | None) -> None:
    """Give what is entered to an open question, or else run it as a command or send it, one after another."""
    entered: asyncio.Queue[str] = asyncio.Queue()
    working = asyncio.create_task(_work_off(chat, entered, first))
    try:
        while (typed := await chat.terminal.inputs.get()) is not None:
            if not chat.take_answer(typed) and typed.strip():
                entered.put_nowait(typed)
            if working.done():
                working.result()
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _work_off(chat: Conversation, entered: asyncio.Queue[str], first: str | None) -> None:
    await chat.terminal.is_drawn.wait()
    chat.say("Enter a message, or /help for the commands. Alt-Enter begins a new line, Ctrl-D leaves.")
    with suppress(ChimeraError):
        if chat.view is not None:
            await sessions.resume(chat, chat.view)
    if first is not None:
        entered.put_nowait(first)
    while True:
        typed = await entered.get()
        try:
            if not await commands.run(chat, typed):
                await chat.send(typed[1:] if typed.startswith("//") else typed)
        except ChimeraError as error:
            explain(error, chat.console)


async def _learn_names(chat: Conversation, completer: CommandCompleter) -> None:
    """Read the names that can be completed."""
    with suppress(ChimeraError):
        completer.choices["agent"] = [sessions.NONE, *await sessions.agent_names(chat)]
        completer.choices["model"] = await sessions.model_names(chat)
