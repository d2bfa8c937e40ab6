"""A streamed answer as a sequence of parts, up to the point where a directive cuts it. This module sends nothing."""

from collections.abc import Iterator
from dataclasses import dataclass

from chimera.simulator import wire
from chimera.simulator.answers import SimulatedAnswer
from chimera.simulator.pace import Pace
from chimera.simulator.script import Script

GARBAGE = b'data: {"id": "chatcmpl-garbage", "choices": [{"index": 0, "delta": {"content": \n\n'
ENDS = ("done", "length")
"""Ways to end a cut stream as if it were complete."""
OTHER_SHAPE = b'data: {"id": 7, "choices": "none", "answer": {"text": "Not what the protocol says."}}\n\n'


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes to send, how many of the answer's tokens have been sent after them, and how long to wait afterward."""

    data: bytes
    tokens: int
    wait_s: float = 0.0


def parts_of(
    answer: SimulatedAnswer, script: Script, pace: Pace, chunks: wire.ChunkWriter, usage_input_tokens: int | None
) -> Iterator[Part]:
    """Yield the parts in order; `usage_input_tokens` is None if no usage is to be sent."""
    yield Part(chunks.role(), 0)
    kind, _, how = script.cut.partition(":")
    cuts_text = bool(kind) and not script.cuts_a_call
    tokens = _first_bytes(answer.tokens, int(how)) if cuts_text else answer.tokens
    for start in range(0, len(tokens), pace.chunk_tokens):
        batch = tokens[start : start + pace.chunk_tokens]
        wait_s = pace.chunk_s * len(batch) / pace.chunk_tokens
        yield Part(chunks.text("".join(batch)), start + len(batch), wait_s)
    if script.garbage:
        yield Part(GARBAGE, len(tokens))
    if script.shape:
        yield Part(OTHER_SHAPE, len(tokens))
    if answer.tools and not cuts_text:
        calls = [list(chunks.tool(index, tool)) for index, tool in enumerate(answer.tools)]
        if kind:
            # The last call is cut in the middle of its arguments.
            calls[-1] = calls[-1][: (len(calls[-1]) + 1) // 2]
        yield from (Part(chunk, len(tokens)) for call in calls for chunk in call)
    if not kind or how in ENDS:
        reason = {"": answer.finish, "length": "length"}.get(how)
        yield Part(_end(reason, answer, chunks, usage_input_tokens), answer.size_tokens)


def _end(
    reason: str | None, answer: SimulatedAnswer, chunks: wire.ChunkWriter, usage_input_tokens: int | None
) -> bytes:
    usage = b"" if usage_input_tokens is None else chunks.usage(usage_input_tokens, answer.size_tokens)
    return (chunks.finish(reason) if reason else b"") + usage + wire.DONE


def _first_bytes(tokens: list[str], limit: int) -> list[str]:
    kept: list[str] = []
    for token in tokens:
        if limit <= 0:
            break
        kept.append(token[:limit])
        limit -= len(token)
    return kept
