"""Conversations in the spelling of Chat Completions, as the messages that a reply answers."""

from collections.abc import Sequence

from api.openai.content import ContentReader, checked_text, only_text
from models.errors import InvalidInput
from models.openai.chat import ChatMessageBody
from models.openai.tools import CalledTool
from models.replies import ClientCall, ConversationMessage

SYSTEM = ("system", "developer")


async def conversation_of(
    reader: ContentReader, messages: Sequence[ChatMessageBody], field: str = "messages"
) -> tuple[ConversationMessage, ...]:
    """Translate messages. Raises InvalidInput or NotFound naming the field."""
    await reader.look_up(message.content for message in messages)
    read = [await _message(reader, message, f"{field}.{index}") for index, message in enumerate(messages)]
    check_calls(read, field)
    return tuple(read)


async def _message(reader: ContentReader, message: ChatMessageBody, field: str) -> ConversationMessage:
    place = f"{field}.content"
    if message.role == "user":
        return ConversationMessage(role="user", content=await reader.read(message.content, place))
    text = only_text(message.content, place, message.role)
    if message.role == "assistant":
        calls = tuple(call_of(call, f"{field}.tool_calls.{n}") for n, call in enumerate(message.tool_calls or ()))
        said = text or checked_text(message.refusal or "", f"{field}.refusal")
        return ConversationMessage(role="assistant", content=said, tool_calls=calls)
    if message.role == "tool":
        return ConversationMessage(role="tool", content=text, tool_call_id=message.tool_call_id)
    return ConversationMessage(role="system", content=text)


def call_of(call: CalledTool, field: str) -> ClientCall:
    """Translate a tool call that the model made before. Raises InvalidInput."""
    try:
        return ClientCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
    except ValueError:
        raise InvalidInput(field, "The tool call has an invalid ID, name or arguments. Send it as received.") from None


def check_calls(messages: Sequence[ConversationMessage], field: str) -> None:
    """Raise InvalidInput unless each tool call is followed by its result, and each result follows its call.

    Providers reject such conversations, but only when the run has begun.
    """
    waiting: dict[str, str] = {}
    for index, message in enumerate(messages):
        if message.role == "tool":
            if waiting.pop(message.tool_call_id or "", None) is None:
                raise InvalidInput(
                    f"{field}.{index}",
                    f"No tool call with the ID {message.tool_call_id!r} precedes this result. Send the assistant's"
                    " message with its tool_calls before it.",
                )
        elif waiting:
            break
        else:
            waiting = {call.id: f"{field}.{index}" for call in message.tool_calls}
    if waiting:
        call_id, place = next(iter(waiting.items()))
        raise InvalidInput(place, f"The result of the tool call {call_id!r} is missing. Send it after this message.")
