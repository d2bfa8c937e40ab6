"""Answers in the shape of Chat Completions."""

from collections.abc import Sequence

from models.openai.base import Extension
from models.openai.chat import (
    ChatChoice,
    ChatCompletion,
    ChatMessage,
    ChatUsage,
    CompletionDetails,
    DeltaTool,
    FinishReason,
    PromptDetails,
)
from models.openai.tools import CalledFunction, CalledTool
from models.replies import ClientCall, ReplyView

CHAT_ID = "chatcmpl-"


def completion_of(view: ReplyView, text: str, model: str) -> ChatCompletion:
    """Return an answer as one object. `model` is the name that the client sent."""
    calls = tuple(_call(call) for call in view.tool_calls)
    message = ChatMessage(content=None if calls and not text else text, tool_calls=calls or None)
    return ChatCompletion(
        id=f"{CHAT_ID}{view.id}",
        created=int(view.created_at.timestamp()),
        model=model,
        choices=(ChatChoice(message=message, finish_reason=finish_of(view)),),
        usage=usage_of(view),
        chimera=extension_of(view),
    )


def finish_of(view: ReplyView) -> FinishReason:
    """Return OpenAI's word for why an answer ended."""
    if view.tool_calls:
        return "tool_calls"
    match view.finish_reason:
        case "length":
            return "length"
        case "content_filter" | "refusal":
            return "content_filter"
    return "stop"


def usage_of(view: ReplyView) -> ChatUsage:
    """Return the tokens of all calls of the run, including attempts that failed after they had begun."""
    usage = view.usage
    return ChatUsage(
        prompt_tokens=usage.input_tokens,
        completion_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        prompt_tokens_details=PromptDetails(cached_tokens=usage.cached_input_tokens),
        completion_tokens_details=CompletionDetails(reasoning_tokens=usage.reasoning_tokens),
    )


def extension_of(view: ReplyView) -> Extension:
    return Extension(run_id=view.id, cost_micro_usd=view.cost_micro_usd, simulated=view.simulated)


def deltas_of(calls: Sequence[ClientCall]) -> tuple[DeltaTool, ...]:
    """Return tool calls for a stream. Every one has its index, by which clients tell them apart."""
    return tuple(
        DeltaTool(index=index, id=call.id, function={"name": call.name, "arguments": call.arguments})
        for index, call in enumerate(calls)
    )


def _call(call: ClientCall) -> CalledTool:
    return CalledTool(id=call.id, function=CalledFunction(name=call.name, arguments=call.arguments))
