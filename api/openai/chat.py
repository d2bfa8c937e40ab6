"""Chat completions: the conversation of a request, and its answer as one object or as a stream of chunks."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from api.deps import Parts
from api.openai import sse
from api.openai.accepting import Conversation, options_of
from api.openai.answers import CHAT_ID, deltas_of, extension_of, finish_of, usage_of
from api.openai.content import ContentReader
from api.openai.conversations import conversation_of
from api.openai.failures import NoAnswer, broken
from api.openai.following import Following
from api.openai.names import named
from models.base import Contract
from models.ids import RunId
from models.openai.base import effort_of
from models.openai.chat import ChatChunk, ChatCompletionSpec, ChatUsage, ChunkChoice, Delta
from models.openai.errors import ErrorView
from models.replies import ClientTool
from models.users import Caller


async def asked_by(parts: Parts, caller: Caller, spec: ChatCompletionSpec) -> Conversation:
    """Translate a request. Raises the errors of what it refers to."""
    tools = tuple(
        ClientTool(name=tool.function.name, description=tool.function.description, parameters=tool.function.parameters)
        for tool in spec.tools or ()
    )
    return Conversation(
        named=await named(parts, caller, spec.model),
        messages=await conversation_of(ContentReader(parts, caller), spec.messages),
        tools=tools,
        options=options_of(
            max_output_tokens=spec.max_output_tokens,
            temperature=spec.temperature,
            top_p=spec.top_p,
            stop=spec.stop,
            choice=spec.tool_choice,
            effort=effort_of(spec.reasoning_effort),
            tools=tools,
        ),
        output_schema=spec.output_schema,
        metadata={"api": "chat.completions", "model": spec.model, "metadata": spec.metadata or {}},
    )


async def chunks(following: Following, run_id: RunId, spec: ChatCompletionSpec) -> AsyncGenerator[bytes]:
    """Yield the answer as server-sent events. An error is the last event, with the run's ID."""
    writer = _Chunks(run_id, spec)
    try:
        yield writer.chunk(Delta(role="assistant", content=""))
        async with aclosing(following.pieces()) as pieces:
            async for piece in pieces:
                yield writer.chunk(Delta(content=piece)) if piece else b""
        view = (await following.answer()).view
        if view.tool_calls:
            yield writer.chunk(Delta(tool_calls=deltas_of(view.tool_calls)))
        yield writer.last(finish_of(view), extension_of(view))
        if spec.includes_usage:
            yield writer.usage(usage_of(view))
        yield sse.DONE
    except NoAnswer as end:
        yield sse.line(ErrorView(error=end.detail).model_dump())
    except Exception as error:  # noqa: BLE001 the response has begun
        yield sse.line(ErrorView(error=broken(run_id, error).detail).model_dump())


class _Chunks:
    """Writes the chunks of one answer."""

    def __init__(self, run_id: RunId, spec: ChatCompletionSpec) -> None:
        self._base = ChatChunk(id=f"{CHAT_ID}{run_id}", created=int(time.time()), model=spec.model, choices=())
        self._with_usage = spec.includes_usage

    def chunk(self, delta: Delta) -> bytes:
        return self._written(ChunkChoice(delta=delta))

    def last(self, finish_reason: str, extension: Contract) -> bytes:
        return self._written(ChunkChoice(delta=Delta(), finish_reason=finish_reason), chimera=extension)

    def usage(self, usage: ChatUsage) -> bytes:
        """Return the chunk after the last one, which has no choices: so clients have to expect it."""
        return sse.line(self._base.model_copy(update={"usage": usage}).model_dump(mode="json", exclude={"chimera"}))

    def _written(self, choice: ChunkChoice, **more: object) -> bytes:
        chunk = self._base.model_copy(update={"choices": (choice,), **more})
        fields = chunk.model_dump(mode="json")
        # A key with null in a delta would overwrite what clients have collected.
        fields["choices"][0]["delta"] = choice.delta.model_dump(mode="json", exclude_none=True)
        if not self._with_usage:
            del fields["usage"]
        if chunk.chimera is None:
            del fields["chimera"]
        return sse.line(fields)
