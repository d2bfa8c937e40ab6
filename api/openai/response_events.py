"""The events of a streamed response, in the order and with the numbers that OpenAI's clients expect."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any

from api.openai import failures, sse
from api.openai.failures import NoAnswer
from api.openai.following import Answer, Following
from api.openai.responses import call_item_id, message_id, object_of
from models.ids import RunId
from models.openai.responses import Echo, OutputCall, OutputMessage, OutputText, ResponseObject
from models.replies import ClientCall


async def events(following: Following, begun: Answer, echo: Echo) -> AsyncGenerator[bytes]:
    """Yield the events of a response until it has ended. `begun` is its state at the beginning."""
    run_id = begun.view.id
    writer = _Events(run_id)
    try:
        created = object_of(begun, echo).model_copy(
            update={"status": "in_progress", "output": (), "usage": None, "completed_at": None, "error": None}
        )
        yield writer.about("response.created", created)
        yield writer.about("response.in_progress", created)
        async with aclosing(following.pieces()) as pieces:
            async for piece in pieces:
                yield b"".join(writer.text(piece)) if piece else b""
        answer = await following.answer()
        yield b"".join(writer.rest(answer))
        ended = object_of(answer, echo)
        yield writer.about(f"response.{ended.status}", ended)
    except NoAnswer as end:
        yield await _ended(writer, following, echo, end)
    except Exception as error:  # noqa: BLE001 the response has begun
        yield writer.error(failures.broken(run_id, error))


async def _ended(writer: "_Events", following: Following, echo: Echo, end: NoAnswer) -> bytes:
    """Return the last event of a stream without an answer. Only a failed run is a failed response."""
    if not following.has_failed:
        return writer.error(end)
    try:
        state = await following.state()
    except Exception as error:  # noqa: BLE001 the response has begun
        return writer.error(failures.broken(end.run_id, error))
    return writer.about("response.failed", object_of(state, echo))


class _Events:
    """Numbers the events of one response, and keeps track of its message."""

    def __init__(self, run_id: RunId) -> None:
        self._run_id = run_id
        self._next = 0
        self._text: str | None = None
        """The text so far; None before the message begins."""

    def about(self, name: str, response: ResponseObject) -> bytes:
        return self._event(name, response=response.model_dump(mode="json"))

    def error(self, end: NoAnswer) -> bytes:
        detail = end.detail
        return self._event("error", code=detail.code, message=detail.message, param=detail.param, run_id=detail.run_id)

    def text(self, piece: str) -> Iterator[bytes]:
        """Yield the events of a piece of text; the first piece begins the message."""
        if self._text is None:
            yield from self._begin()
        self._text = (self._text or "") + piece
        yield self._part_event("response.output_text.delta", delta=piece, logprobs=[])

    def rest(self, answer: Answer) -> Iterator[bytes]:
        """Yield the events that end the message, and those of the calls of client tools."""
        calls = answer.view.tool_calls
        if self._text is None and not calls:
            yield from self._begin()
        if self._text is not None:
            yield from self._end(is_whole=answer.view.finish_reason not in ("length", "content_filter", "refusal"))
        first = 0 if self._text is None else 1
        for index, call in enumerate(calls):
            yield from self._call(call, index, first + index)

    def _begin(self) -> Iterator[bytes]:
        self._text = ""
        item = OutputMessage(id=message_id(self._run_id), status="in_progress", content=())
        yield self._event("response.output_item.added", output_index=0, item=item.model_dump(mode="json"))
        yield self._part_event("response.content_part.added", part=OutputText(text="").model_dump(mode="json"))

    def _end(self, *, is_whole: bool) -> Iterator[bytes]:
        part = OutputText(text=self._text or "")
        yield self._part_event("response.output_text.done", text=part.text, logprobs=[])
        yield self._part_event("response.content_part.done", part=part.model_dump(mode="json"))
        item = OutputMessage(
            id=message_id(self._run_id), status="completed" if is_whole else "incomplete", content=(part,)
        )
        yield self._event("response.output_item.done", output_index=0, item=item.model_dump(mode="json"))

    def _call(self, call: ClientCall, index: int, output_index: int) -> Iterator[bytes]:
        place = {"item_id": call_item_id(self._run_id, index), "output_index": output_index}
        item = OutputCall(id=place["item_id"], call_id=call.id, name=call.name, arguments=call.arguments)
        begun = item.model_copy(update={"arguments": "", "status": "in_progress"})
        yield self._event("response.output_item.added", output_index=output_index, item=begun.model_dump(mode="json"))
        yield self._event("response.function_call_arguments.delta", **place, delta=call.arguments)
        yield self._event("response.function_call_arguments.done", **place, name=call.name, arguments=call.arguments)
        yield self._event("response.output_item.done", output_index=output_index, item=item.model_dump(mode="json"))

    def _part_event(self, name: str, /, **fields: Any) -> bytes:
        return self._event(name, item_id=message_id(self._run_id), output_index=0, content_index=0, **fields)

    def _event(self, name: str, /, **fields: Any) -> bytes:
        number, self._next = self._next, self._next + 1
        return sse.event({"type": name, "sequence_number": number, **fields})
