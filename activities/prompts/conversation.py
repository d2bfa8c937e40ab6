"""The conversation that a reply answers, as messages for a model: within its window, with images and text files."""

from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activities.prompts import attachments, messages
from activities.prompts.attachments import Attachment, Shown
from chimera.config.settings import Settings
from chimera.content.text import estimate_tokens
from chimera.db.engine import Connection
from chimera.ledger import conversations
from chimera.ledger.conversations import PathMessage
from chimera.ledger.transcripts import CallContext, ReplyContext
from chimera.providers.base import ChatMessage, ToolRequest
from models.errors import ContextTooLong
from models.files import InputFile
from models.model_calls import ModelCallRequest
from models.replies import BARE_MODEL

KEPT_SHARE = 0.25
"""The share of the room for prompts that the newest messages get, which are never summarized."""
SUMMARIZED_SHARE = 0.75
"""The share of the room for prompts that the messages get which are summarized in one call."""
_LEFT_OUT = "[Left out here to fit the model's context window: {}]"
_SUMMARY = "Summary of the conversation so far:\n{}"
_CUT = "\n[… cut here to fit the model's context window]"


class SummaryNeeded(Exception):
    """Older messages have to be summarized before the conversation is answered."""


@dataclass(frozen=True, slots=True)
class Room:
    """The tokens that a conversation may have, by purpose."""

    budget: int
    """All messages together."""
    kept: int
    """The newest messages, which are never summarized."""
    summarize_above: int


@dataclass(frozen=True, slots=True)
class SummaryRequest:
    """The messages to summarize, as one text, and the last one of them."""

    text: str
    covers_id: str


async def read(
    connection: Connection,
    request: ModelCallRequest,
    context: CallContext,
    model: str,
    settings: Settings,
    room: Room,
) -> list[ChatMessage]:
    """Return the messages of a reply's conversation, oldest first.

    Raises SummaryNeeded if older messages of a session have to be summarized first, and ContextTooLong if the
    conversation doesn't fit. An agent's conversation, and that of a session whose summary failed, is cut in the middle
    instead, but its last message has to fit.
    """
    reply = _reply_of(context)
    # A completion may be about a session, for example its title. It answers its own messages all the same.
    if reply.conversation is not None or reply.session_id is None or reply.message_id is None:
        sent = await _sent(connection, context.owner_id, reply.conversation or [], model, settings)
        return _fitted(sent, room.budget, model, may_cut=request.agent != BARE_MODEL)
    path = await conversations.read_path(connection, reply.session_id, reply.message_id)
    spoken = await _spoken(connection, context.owner_id, path, model, settings)
    total = sum(map(_tokens_of, spoken))
    if request.may_summarize and total > room.summarize_above and _older(path, room.kept):
        raise SummaryNeeded
    return _fitted(spoken, room.budget, model, may_cut=True)


async def to_summarize(connection: Connection, context: CallContext, room: Room) -> SummaryRequest | None:
    """Return the oldest messages of a session, as many as one call can summarize; None if there is nothing to do.

    The newest messages aren't among them.
    """
    reply = _reply_of(context)
    if reply.conversation is not None or reply.session_id is None or reply.message_id is None:
        return None
    path = await conversations.read_path(connection, reply.session_id, reply.message_id)
    older = _older(path, room.kept)
    notes = await attachments.notes_on(connection, context.owner_id, [message.attachments for message in older])
    taken: list[str] = []
    covers_id, left = None, room.budget
    for message, files in zip(older, notes, strict=True):
        said = "\n\n".join([cut(_line_of(message), room.budget // 2), *files])
        left -= messages.tokens_of(said)
        if left < 0 and covers_id is not None:
            break
        taken.append(said)
        covers_id = covers_id if message.role == "summary" else message.id
    return None if covers_id is None else SummaryRequest("\n\n".join(taken), covers_id)


def cut(text: str, tokens: int) -> str:
    """Truncate a text that has more tokens, with a visible mark."""
    if estimate_tokens(text) <= tokens:
        return text
    return text.encode()[: max(0, tokens * 3 - len(_CUT))].decode(errors="ignore") + _CUT


def tokens_of(conversation: Sequence[ChatMessage]) -> int:
    """Estimate the tokens of messages with their tool calls and images."""
    return sum(map(_tokens_of, conversation))


def _reply_of(context: CallContext) -> ReplyContext:
    assert context.reply is not None, "only the root of a reply has a conversation"
    return context.reply


def _older(path: Sequence[PathMessage], kept_tokens: int) -> list[PathMessage]:
    """Return the messages before the newest ones; empty if all of them are new, except for a summary.

    The last message is always among the newest ones, and an answer isn't separated from its question.
    """
    first, left = len(path) - 1, kept_tokens
    for index in range(len(path) - 1, -1, -1):
        left -= messages.tokens_of(path[index].text)
        if left < 0:
            break
        if path[index].role == "user":
            first = index
    older = list(path[:first])
    return older if any(message.role != "summary" for message in older) else []


def _line_of(message: PathMessage) -> str:
    who = {"summary": "Summary of what was said before", "assistant": "Assistant"}.get(message.role, "User")
    return f"{who}:\n{message.text}"


async def _spoken(
    connection: Connection, owner_id: str, path: Sequence[PathMessage], model: str, settings: Settings
) -> list[ChatMessage]:
    """Return the messages of a session. An answer that never arrived is left out."""
    shown = await attachments.read(connection, owner_id, [message.attachments for message in path], model, settings)
    spoken: list[ChatMessage] = []
    for message, files in zip(path, shown, strict=True):
        if message.role == "summary":
            spoken.append(ChatMessage("user", _SUMMARY.format(message.text)))
        elif message.role == "user":
            spoken.append(_with_files(message.text, files))
        elif message.text:
            spoken.append(ChatMessage("assistant", message.text))
    return spoken


async def _sent(
    connection: Connection, owner_id: str, conversation: Sequence[Mapping[str, Any]], model: str, settings: Settings
) -> list[ChatMessage]:
    """Return the messages that came with a request."""
    attached = [[_attachment(part) for part in _parts_of(each) if part["type"] != "text"] for each in conversation]
    shown = await attachments.read(connection, owner_id, attached, model, settings)
    return [_message_of(each, files) for each, files in zip(conversation, shown, strict=True)]


def _attachment(part: Mapping[str, Any]) -> Attachment:
    return part.get("file_id") or InputFile(part["media_type"], b64decode(part["data"]))


def _parts_of(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    content = message.get("content") or ()
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _message_of(message: Mapping[str, Any], files: Shown) -> ChatMessage:
    text = "\n\n".join(part["text"] for part in _parts_of(message) if part["type"] == "text")
    if message["role"] == "user":
        return _with_files(text, files)
    calls = tuple(
        ToolRequest(call["id"], call["name"], call.get("arguments", "{}")) for call in message.get("tool_calls", ())
    )
    return ChatMessage(message["role"], text, calls, message.get("tool_call_id"))


def _with_files(text: str, files: Shown) -> ChatMessage:
    return ChatMessage("user", "\n\n".join([*filter(None, [text]), *files.notes]), images=files.images)


def _fitted(conversation: Sequence[ChatMessage], budget: int, model: str, *, may_cut: bool) -> list[ChatMessage]:
    """Return a conversation that fits: all of it, or without messages in its middle. Raises ContextTooLong."""
    total = tokens_of(conversation)
    if total <= budget:
        return list(conversation)
    system = [message for message in conversation if message.role == "system"]
    spoken = [message for message in conversation if message.role != "system"]
    newest: list[ChatMessage] = []
    left = budget - tokens_of(system) - messages.tokens_of(_LEFT_OUT)
    for message in reversed(spoken):
        left -= _tokens_of(message)
        if left < 0:
            break
        newest.insert(0, message)
    if not may_cut or not newest:
        raise ContextTooLong(
            f"The conversation has about {total} tokens, and model {model!r} has room for {budget}. Shorten it, or use"
            " a model with a larger context window. If Chimera doesn't know the model's window, set it in"
            " CHIMERA_CONTEXT_WINDOWS."
        )
    while newest[0].role == "tool" and len(newest) > 1:
        # A result is of no use without its call.
        newest.pop(0)
    mark = ChatMessage("user", _LEFT_OUT.format(_count(len(spoken) - len(newest))))
    return [*system, mark, *newest]


def _count(messages_left_out: int) -> str:
    return "1 message" if messages_left_out == 1 else f"{messages_left_out} messages"


def _tokens_of(message: ChatMessage) -> int:
    calls = sum(estimate_tokens(call.arguments) for call in message.tool_calls)
    return messages.tokens_of(message.content) + calls + messages.image_tokens_of(message.images)
