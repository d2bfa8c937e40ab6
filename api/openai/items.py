"""Conversations in the spelling of Responses, as the messages that a reply answers."""

from collections.abc import Sequence

from api.openai.content import ContentReader, only_text
from api.openai.conversations import call_of, check_calls
from models.errors import InvalidInput
from models.openai.responses import InputItem
from models.openai.tools import CalledFunction, CalledTool
from models.replies import MAX_CLIENT_TOOLS, ConversationMessage

FIELD = "input"


async def conversation_of(
    reader: ContentReader, earlier: Sequence[ConversationMessage], items: Sequence[InputItem]
) -> tuple[ConversationMessage, ...]:
    """Translate items, which follow the messages of earlier responses. Raises InvalidInput or NotFound."""
    messages = list(earlier)
    await reader.look_up(item.content for item in items)
    for index, item in enumerate(items):
        place = f"{FIELD}.{index}"
        match item.type:
            case "message":
                messages.append(await _message(reader, item, place))
            case "function_call":
                _add_call(messages, item, place)
            case "function_call_output":
                text = only_text(item.output, f"{place}.output", "tool")
                messages.append(ConversationMessage(role="tool", content=text, tool_call_id=item.call_id))
    check_calls(messages, FIELD)
    return tuple(messages)


async def _message(reader: ContentReader, item: InputItem, field: str) -> ConversationMessage:
    place = f"{field}.content"
    if item.role == "user":
        return ConversationMessage(role="user", content=await reader.read(item.content, place))
    text = only_text(item.content, place, item.role or "")
    return ConversationMessage(role="assistant" if item.role == "assistant" else "system", content=text)


def _add_call(messages: list[ConversationMessage], item: InputItem, field: str) -> None:
    """Add a call to the assistant's message before it: calls of the same answer belong to one message."""
    called = CalledTool(id=item.call_id or "", function=CalledFunction(name=item.name or "", arguments=item.arguments))
    call = call_of(called, field)
    if messages and messages[-1].role == "assistant":
        last = messages.pop()
        if len(last.tool_calls) >= MAX_CLIENT_TOOLS:
            raise InvalidInput(field, f"An answer can have at most {MAX_CLIENT_TOOLS} tool calls. Send fewer.")
        messages.append(last.model_copy(update={"tool_calls": (*last.tool_calls, call)}))
    else:
        messages.append(ConversationMessage(role="assistant", tool_calls=(call,)))
