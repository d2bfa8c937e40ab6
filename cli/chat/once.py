"""Sends one message and prints the reply, for scripts and pipes."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

from cli.chat.reply import Line, ReplyState
from cli.chat.results import foot_of
from cli.errors import EXIT_CODES, WrongUsage
from cli.http import chats
from cli.http.client import Client
from cli.http.trouble import Trouble, retry_until_answered
from cli.input.encodings import piped_text, text_of
from cli.input.files import bytes_of
from cli.live.following import PATIENCE_S, frames_from
from cli.output.printing import print_json
from cli.output.prose import print_answer, print_note
from cli.output.text import plain, short
from models.chat import ChatSessionView
from models.chat_messages import MAX_MESSAGE_CHARS, ChatMessageView, SentView
from models.errors import ChimeraError
from models.ids import FileId, RunId
from models.runs import CLOSED

CUT_S = 5.0
"""How long an interrupted command waits for the API to cut its reply."""


def is_terminal() -> bool:
    """Return whether a user can type here, and see replies arrive."""
    is_dumb = os.environ.get("TERM", "").lower() in ("dumb", "unknown")
    return sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb


async def message_of(typed: str | None, *, required: bool) -> str | None:
    """Return the message: what was typed, then what is piped in. Raises WrongUsage if there is neither."""
    piped = "" if sys.stdin.isatty() else piped_text(await asyncio.to_thread(sys.stdin.read), "Standard input")
    text = "\n\n".join(part for part in (typed or "", piped.strip("\n")) if part.strip())
    if len(text) > MAX_MESSAGE_CHARS:
        raise WrongUsage(f"The message has {len(text):,} characters, but at most {MAX_MESSAGE_CHARS:,} are possible."
                         " Attach a file instead: --attach FILE")  # fmt: skip
    if required and not text:
        raise WrongUsage("There is no message. Enter one, or pipe it in.")
    return text or None


async def answer(
    client: Client,
    view: ChatSessionView | None,
    spec: Mapping[str, Any],
    text: str | None,
    paths: Sequence[Path],
    *,
    as_json: bool,
) -> int:
    """Send a message in a session, or in a new one, and print the reply on standard output. Return the exit code."""
    assert text is not None
    files = [(text_of(path.name, "The file's name"), await bytes_of(path)) for path in paths]
    view = view or await chats.create(client, spec)
    uploaded: list[FileId] = [(await client.upload(*file)).id for file in files]
    body, key, session_id = {"text": text, "attachments": uploaded}, uuid4().hex, view.id
    sent = await retry_until_answered(
        lambda: chats.send(client, session_id, body, key), Trouble(print_note, PATIENCE_S)
    )
    message = await _ended(client, sent)
    if as_json:
        print_json(SentView(message=sent.message, reply=message))
    else:
        if message.text:
            print_answer(plain(message.text).rstrip("\n"))
        assert message.reply is not None
        print_note(foot_of(message.reply))
        print_note(f"To continue this conversation, run: chimera chat --session {short(view.id)}")
    return EXIT_CODES.get(message.reply.status, 1) if message.reply else 1


async def _ended(client: Client, sent: SentView) -> ChatMessageView:
    """Follow a reply to its end, with its progress on standard error. Ctrl-C cuts it."""
    assert sent.reply.reply is not None
    reply_id = sent.reply.reply.id
    try:
        await _follow(client, reply_id)
    except asyncio.CancelledError:
        with suppress(ChimeraError, TimeoutError):
            await asyncio.wait_for(chats.cancel_reply(client, reply_id), CUT_S)
            print_note("The reply was cut. The text so far stays in the conversation.")
        raise
    trouble = Trouble(print_note, PATIENCE_S, "The reply is stored.")
    return await retry_until_answered(lambda: chats.message(client, sent.reply.session_id, sent.reply.id), trouble)


async def _follow(client: Client, reply_id: RunId) -> None:
    state = ReplyState()

    async def is_over() -> bool:
        return (await chats.reply(client, reply_id)).status in CLOSED

    frames = frames_from(lambda at: chats.reply_events(client, reply_id, at), is_over, 0, print_note, "reply")
    async with aclosing(frames):
        async for frame in frames:
            for news in state.apply(frame):
                if isinstance(news, Line):
                    print_note(news.text)
