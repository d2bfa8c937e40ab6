"""The reader of bodies: events, lines and documents, however they are sent, cut and framed."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import suppress
from typing import Any

import httpx2
import pytest

from chimera.providers.wire.content_encodings import trust_bytes
from chimera.providers.wire.frames import Frames
from chimera.providers.wire.pieces import DONE, MAX_SKIPPED, MAX_VALUES, SLICE_BYTES, ErrorInAnswer, Piece, Pieces
from models.errors import AnswerTooLarge

ONE, TWO = {"choices": [{"delta": {"content": "Grüße 🌍"}}]}, {"usage": {"prompt_tokens": 1}}


class Body(httpx2.AsyncByteStream):
    """A body that arrives in the given chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self._chunks:
            yield chunk


async def read(*chunks: bytes, max_bytes: int = 1000) -> tuple[list[Piece], int]:
    """Return the pieces and the number of skipped ones."""
    pieces = Pieces(httpx2.Response(200, stream=Body(chunks)), max_bytes)
    return [piece async for piece in pieces], pieces.skipped


def data(body: object) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()


STREAMS = {
    "events": b"data: %s\n\ndata: %s\n\n",
    "without a blank behind the colon": b"data:%s\n\ndata:%s\n\n",
    "with CRLF": b"data: %s\r\n\r\ndata: %s\r\n\r\n",
    "with CR": b"data: %s\r\rdata: %s\r\r",
    "with a byte order mark": b"\xef\xbb\xbfdata: %s\n\ndata: %s\n\n",
    "without the last blank line": b"data: %s\n\ndata: %s",
    "with comments": b": hello\n\n:\n\ndata: %s\n\n: ping\n\ndata: %s\n\n",
    "with ids and comments behind them": b"id: 1\ndata: %s\n\n: ping\n\nid: 2\nretry: 10\n\ndata: %s\n\n",
    "with events that have no data": b"event: keepalive\n\ndata: %s\n\nevent: ping\n\ndata: %s\n\n",
    "with empty data": b"data:\n\ndata: %s\n\ndata: \n\ndata\n\ndata: %s\n\n",
    "with comments as data": b"data: : keepalive\n\ndata: %s\n\ndata: : keepalive\n\ndata: %s\n\n",
    "with pings that have data": b'event: ping\ndata: {}\n\ndata: %s\n\ndata: {"type": "ping"}\n\ndata: %s\n\n',
    "with pings of another name": b"event: heartbeat\ndata: 5\n\ndata: %s\n\nevent: Ping\ndata: 1\n\ndata: %s\n\n",
    "an object a line": b"%s\n%s\n",
    "an object a line, the last one open": b"%s\r\n%s",
    "a list of objects": b"[%s\n,\n%s]\n",
    "a list that never ends": b"[%s\n,\n%s",
    "without blank lines": b"data: %s\ndata: %s\n",
    "without blank lines, with names": b"event: chunk\ndata: %s\nevent: chunk\ndata: %s\n",
    "without blank lines, with the end": b"data: %s\r\ndata: %s\r\n",
    "indented": b"  data: %s\n  \n  data: %s\n  \n",
    "in capitals": b"Event: x\nData: %s\n\nDATA : %s\n\n",
    "prefixed twice": b"data: data: %s\n\ndata:data:%s\n\n",
    "glued together": b"data: %s%s\n\n",
    "glued together with their prefix": b"data: %sdata: %s\n\n",
}


@pytest.mark.parametrize("stream", STREAMS.values(), ids=list(STREAMS))
async def test_a_stream_is_read_however_it_is_cut(stream: bytes) -> None:
    sent = stream % (data(ONE), data(TWO))
    cuts: list[Sequence[bytes]] = [[sent], [sent[place : place + 1] for place in range(len(sent))]]
    cuts += [[sent[:place], sent[place:]] for place in range(1, len(sent))]
    for chunks in cuts:
        pieces, skipped = await read(*chunks)
        assert [piece.body for piece in pieces] == [ONE, TWO]
        assert skipped == 0


async def test_data_of_several_lines_is_one_event() -> None:
    lines = json.dumps(ONE, indent=2, ensure_ascii=False).splitlines()
    pieces, _ = await read("".join(f"data: {line}\n" for line in lines).encode() + b"\n")
    assert [piece.body for piece in pieces] == [ONE]


async def test_a_document_over_many_lines_is_one_piece() -> None:
    pieces, _ = await read(json.dumps(ONE, indent=2).replace("}\n", "}\n\n").encode())
    assert [piece.body for piece in pieces] == [ONE]


@pytest.mark.parametrize("nonsense", [b"null", b"{", b"7", b'"text"', b"nothing", b"\xff\xfe", b"[1]", b"[" * 5000])
async def test_events_without_objects_are_skipped_and_counted(nonsense: bytes) -> None:
    pieces, skipped = await read(b"data: " + nonsense + b"\n\ndata: " + data(ONE) + b"\n\n", max_bytes=100_000)
    assert [piece.body for piece in pieces] == [ONE]
    assert skipped == 1


async def test_a_page_is_one_piece_that_is_skipped() -> None:
    assert await read(b"<html>\n<p>Sign in</p>\n\n</html>") == ([], 1)


async def test_half_a_character_costs_no_more_than_itself() -> None:
    pieces, _ = await read(b'data: {"text": "caf\xe9s"}\n\n')
    assert pieces[0].body == {"text": "caf�s"}


@pytest.mark.parametrize(
    "end",
    [
        *(b"data: [DONE]\n\n", b"data:[done]\n\n", b'data: "[DONE]"\n\n', b"data:  [DONE] \n", b"[DONE]\n"),
        *(b"event: done\n\n", b"event: end\ndata: {}\n\n", b"event: done\ndata: null\n\n", b'data: {"done": true}\n\n'),
    ],
)
async def test_the_end_of_a_stream_has_many_forms(end: bytes) -> None:
    pieces, skipped = await read(b"data: %s\n\n" % data(ONE), end, b"data: %s\n\n" % data(TWO))
    assert [piece.body for piece in pieces] == [ONE, {}]
    assert (pieces[-1] is DONE, skipped) == (True, 0)


async def test_an_end_without_a_blank_line_before_it() -> None:
    for end in (b"data: [DONE]\n", b"[DONE]", b"event: done\ndata:\n\n"):
        pieces, _ = await read(b"data: %s\n" % data(ONE), end)
        assert [piece.body for piece in pieces] == [ONE, {}]


async def test_event_syntax_within_text_is_text() -> None:
    body = {"text": " data: {} data: [DONE] event: done", "done": False}
    pieces, _ = await read(b"data: " + data(body) + b"\n\n")
    assert [piece.body for piece in pieces] == [body]


async def test_an_event_keeps_its_name_without_blank_lines() -> None:
    pieces, _ = await read(b"event: a\ndata: %s\nevent: b\ndata: %s\n" % (data(ONE), data(TWO)))
    assert [piece.kind for piece in pieces] == ["a", "b"]
    pieces, _ = await read(b"data: %s\nevent: b\n\n" % data(ONE))
    assert [piece.kind for piece in pieces] == ["b"]


@pytest.mark.parametrize("broken", [b'{"text": "a\tb"}', b'{"text":\n"a\tb"}', b'{"text":\n"a\tb"\n}'])
async def test_json_that_is_broken_across_lines_is_read(broken: bytes) -> None:
    pieces, _ = await read(b"data: " + broken + b"\n\n")
    assert [piece.body for piece in pieces] == [{"text": "a\tb"}]


async def test_a_wrong_declared_encoding_is_ignored() -> None:
    body = b"data: %s\n\n" % data(ONE)
    for sent in (body, gzip.compress(body)):
        response = httpx2.Response(200, headers={"content-encoding": "gzip"}, stream=Body([b"", sent[:9], sent[9:]]))
        await trust_bytes(response)
        assert [piece.body async for piece in Pieces(response, 1000)] == [ONE]


async def test_nothing_is_read_after_the_end() -> None:
    pieces, _ = await read(b"data: %s\n\ndata: [DONE]\n\ndata: %s\n\ndata: {\n\n" % (data(ONE), data(TWO)))
    assert [piece.body for piece in pieces] == [ONE, {}]
    assert pieces[-1] is DONE


ERRORS: list[tuple[bytes, Any]] = [
    (b'data: {"error": "CUDA out of memory"}', {"error": "CUDA out of memory"}),
    (b'data: {"object": "error", "message": "x"}', {"object": "error", "message": "x"}),
    (b"event: error\ndata: upstream gave up", "upstream gave up"),
    (b"event: error\ndata:", ""),
    (b'event: error\ndata: {"message": "x"}', {"message": "x"}),
    (b'data: {"choices": [], "error": {"code": 502}}', {"choices": [], "error": {"code": 502}}),
    (b'data: {"detail": "no such adapter"}', {"detail": "no such adapter"}),
    (b'data: {"base_resp": {"status_code": 1008}}', {"base_resp": {"status_code": 1008}}),
    (b'data: {"success": false, "msg": "x"}', {"success": False, "msg": "x"}),
    (b'data: {"error_msg": "x"}', {"error_msg": "x"}),
    (b'data: {"status": "error", "message": "x"}', {"status": "error", "message": "x"}),
    (b'{"error": "a line of its own"}', {"error": "a line of its own"}),
    (b'{\n"error": {\n"message": "a document"}}', {"error": {"message": "a document"}}),
]


@pytest.mark.parametrize(("sent", "reported"), ERRORS)
async def test_an_error_is_passed_on_unchanged(sent: bytes, reported: Any) -> None:
    with pytest.raises(ErrorInAnswer) as raised:
        await read(b"data: %s\n\n" % data(ONE), sent + b"\n\n")
    assert raised.value.body == reported


@pytest.mark.parametrize("empty", [b"null", b"{}", b'""', b"false", b'{"code": 0, "message": null}'])
async def test_an_empty_error_is_no_error(empty: bytes) -> None:
    pieces, _ = await read(b'data: {"choices": [], "error": ' + empty + b"}\n\n")
    assert len(pieces) == 1


@pytest.mark.parametrize("sent", [b"data: ", b'{"a": "', b"<html>\n<p>", b"data: x\n"])
def test_an_event_that_never_ends_is_too_large(sent: bytes) -> None:
    frames = Frames(10)
    list(frames.feed(sent))
    much = (event for _ in range(200) for event in frames.feed(b"x" * 10_000))
    with pytest.raises(AnswerTooLarge, match="CHIMERA_MAX_ANSWER_BYTES"):
        list(much)


def test_keep_alives_may_come_for_ever() -> None:
    frames = Frames(10)
    assert not [event for _ in range(2000) for event in frames.feed(b": " + b"-" * 1000 + b"\n")]


async def rounds_while_reading(body: bytes, *, encoding: str = "identity") -> int:
    """Count how often other tasks get to run while a body that has fully arrived is being read."""
    response = httpx2.Response(200, stream=Body([body]), headers={"content-encoding": encoding})
    reading, rounds = asyncio.create_task(read_all(Pieces(response, 4_000_000))), 0
    while not reading.done():
        rounds += 1
        await asyncio.sleep(0)
    await reading
    return rounds


async def read_all(pieces: Pieces) -> None:
    with suppress(AnswerTooLarge):
        async for _ in pieces:
            pass


@pytest.mark.parametrize("line", [b"\n", b": ping\n", b"data:{}\n\n", b"data:\n\n", b"data: x\n\n", b"{}\n", b"x\n"])
async def test_a_long_body_lets_others_run(line: bytes) -> None:
    much = line * (8 * SLICE_BYTES // len(line))
    assert await rounds_while_reading(much) >= 8
    assert await rounds_while_reading(gzip.compress(much), encoding="gzip") >= 8
    assert await rounds_while_reading(b"data: {}\n\ndata: [DONE]\n\n" + much) >= 2


async def test_a_long_list_lets_others_run() -> None:
    body = b"data: [" + b"{}," * 40_000 + b"{}]\n\n"
    assert await rounds_while_reading(body) >= 100


async def test_blank_lines_without_end_are_too_large() -> None:
    with pytest.raises(AnswerTooLarge, match="CHIMERA_MAX_ANSWER_BYTES"):
        await read(*(b":\n" + b"\n" * 300_000 for _ in range(10)), max_bytes=10)


@pytest.mark.parametrize("nothing", [b"x", b"[1]"])
async def test_pieces_of_no_meaning_have_an_end(nothing: bytes) -> None:
    with pytest.raises(AnswerTooLarge, match="were unreadable"):
        await read(*(b"data: " + nothing + b"\n\n" for _ in range(MAX_SKIPPED + 1)))


async def test_values_of_an_event_are_counted_outside_strings() -> None:
    words = '\\",' * MAX_VALUES + "\\"
    pieces, _ = await read(data({"choices": [words]}), max_bytes=1_000_000)
    assert pieces[0].body == {"choices": [words]}
    with pytest.raises(AnswerTooLarge, match="values"):
        await read(data({"choices": [0] * (MAX_VALUES + 2)}), max_bytes=1_000_000)


@pytest.mark.parametrize(("lists", "found"), [(1, 1), (4, 1), (5, 0), (900, 0)])
async def test_lists_in_lists_are_read_to_a_depth(lists: int, found: int) -> None:
    pieces, skipped = await read(b"data: " + b"[" * lists + data(ONE) + b"]" * lists + b"\n\n")
    assert (len(pieces), skipped) == (found, 1 - found)
