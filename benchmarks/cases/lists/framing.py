"""Keep-alives and the forms of server-sent events."""

import gzip
import json

from benchmarks.cases.case import SPENT, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import replying, stream
from tests.wires.chat_completions.frames import DONE, USAGE, Chunk, chunk, framed, piece
from tests.wires.model_server import ServedAnswer

KIND = "framing"
AB = Ends(result="a b", spent=SPENT)
WIRE_FORMS = "https://github.com/api7/aisix/issues/111"
KEEP_ALIVE = "https://github.com/mnfst/llm-gateway/issues/2053"
NO_DELTA = "https://github.com/openai/openai-python/issues/2313"
NO_CHOICES = "https://github.com/pydantic/pydantic-ai/issues/5165"
NULL = "https://github.com/NousResearch/hermes-agent/pull/80822"
LONG = "x" * 1_800_000


def _case(id: str, what: str, answer: ServedAnswer, source: str, right: Ends = AB, note: str = "") -> Case:
    return Case(id, KIND, source, what, TaskCase((answer,)), right, note)


def _between(*odd: Chunk) -> ServedAnswer:
    """Return an answer with odd chunks between its two halves."""
    return stream(piece("a "), *odd, piece("b"), chunk({}, "stop"), USAGE)


def _with_ids(ping: str) -> ServedAnswer:
    """Return an answer whose events have ids, with a keep-alive after the first."""
    events = [f"id: 1\n{framed(part)}" for part in (piece("b"), chunk({}, "stop"), USAGE, DONE)]
    return ServedAnswer(f"id: 1\n{framed(piece('a '))}{ping}{''.join(events)}")


def _as(form: str) -> ServedAnswer:
    """Return the usual answer with each event in the given form, in which `{}` stands for its data."""
    parts = (piece("a "), piece("b"), chunk({}, "stop"), USAGE, DONE)
    return ServedAnswer(
        "".join(form.replace("{}", part if isinstance(part, str) else json.dumps(part)) for part in parts)
    )


CASES = (
    _case(
        "B03.filter-after",
        "a choice without a delta after the answer (a filter's note)",
        stream(piece("a b"), chunk({}, "stop"), chunk(None, None, content_filter_results={}), USAGE),
        NO_DELTA,
    ),
    _case("B03.filter-between", "a choice without a delta in the middle", _between(chunk(None, None)), NO_DELTA),
    _case(
        "B03.null-delta",
        "the finish reason with `delta: null`",
        stream(piece("a b"), {"id": "c", "choices": [{"index": 0, "delta": None, "finish_reason": "stop"}]}, USAGE),
        NO_DELTA,
    ),
    _case("B05.between", "`data: null` between two halves", _between("null"), NULL),
    _case(
        "B05.behind",
        "`data: null` between finish reason and usage",
        stream(piece("a b"), chunk({}, "stop"), "null", USAGE),
        NULL,
    ),
    _case("B06.null", "`choices: null`", _between({"id": "c", "choices": None}), NO_CHOICES),
    _case("B06.missing", "no `choices`", _between({"id": "c"}), NO_CHOICES),
    _case("B39.comment", "a comment after an event with an id", _with_ids(": ping\n\n"), KEEP_ALIVE),
    _case("B39.event", "`event: keepalive` without data", _with_ids("event: keepalive\n\n"), KEEP_ALIVE),
    _case("B39.empty", "empty `data:`", _with_ids("data:\n\n"), KEEP_ALIVE),
    _case("B39.comment-as-data", "`data: : keepalive`", _with_ids("data: : keepalive\n\n"), KEEP_ALIVE),
    _case("B39.ping", "`event: ping` with JSON", _with_ids('event: ping\ndata: {"type": "ping"}\n\n'), KEEP_ALIVE),
    _case("B42.crlf", "CRLF", _as("data: {}\r\n\r\n"), WIRE_FORMS),
    _case("B42.no-blank", "`data:` without a space", _as("data:{}\n\n"), WIRE_FORMS),
    _case("B42.comments", "comments between events", _as(": hm\n\ndata: {}\n\n"), WIRE_FORMS),
    _case("B42.fields", "event, id and retry lines", _as("event: chunk\nid: 7\nretry: 9\ndata: {}\n\n"), WIRE_FORMS),
    _case("B42.bom", "a byte order mark first", ServedAnswer("\ufeff" + str(_as("data: {}\n\n").body)), WIRE_FORMS),
    _case(
        "B42.bytes",
        "one byte per packet",
        replying("Grüße 🌍 — 完了", piece_bytes=1),
        WIRE_FORMS,
        Ends(result="Grüße 🌍 — 完了", spent=SPENT),
    ),
    _case(
        "B42.gzip",
        "compressed",
        ServedAnswer(gzip.compress(str(replying("a b").body).encode()), headers={"content-encoding": "gzip"}),
        WIRE_FORMS,
    ),
    _case("B42.no-type", "no Content-Type", replying("a b", media_type=None), WIRE_FORMS),
    _case("B42.long", "a 1.8 MB chunk", replying(LONG), WIRE_FORMS, Ends(result=LONG, spent=SPENT)),
    Case(
        "B42.cut",
        KIND,
        WIRE_FORMS,
        "interrupted in the middle, then complete",
        TaskCase((stream(piece("half "), done=False, cut=True), replying("a b"))),
        Ends(result="a b", requests=2),
    ),
    _case(
        "B48",
        "chunks of a second choice among those of the first",
        _between({"id": "c", "choices": [{"index": 1, "delta": {"content": "OTHER "}, "finish_reason": None}]}),
        "https://github.com/anvia-hq/anvia/pull/262",
        note="Only one choice is requested, so the first choice is the answer.",
    ),
    _case(
        "frames.bom-split",
        "a byte order mark whose three bytes arrive one by one",
        ServedAnswer("\ufeff" + str(replying("a b").body), piece_bytes=1),
        "https://github.com/openai/openai-python/pull/3819",
    ),
    _case(
        "frames.data-blank",
        "a `data: ` line with a space as a proxy's keep-alive",
        _between(" "),
        "https://github.com/Growth-Circle/cadis/issues/2329",
    ),
    _case(
        "frames.openrouter",
        "15 s of comments before the first chunk",
        ServedAnswer(": OPENROUTER PROCESSING\n\n" * 5 + str(replying("a b").body)),
        "https://github.com/deepnoodle-ai/dive/pull/206",
    ),
    _case(
        "frames.bare-colon",
        "a bare colon as a heartbeat",
        ServedAnswer(f"{framed(piece('a '))}:\n\n{replying('b').body!s}"),
        "https://github.com/mistralai/mistral-vibe/pull/774",
    ),
    _case(
        "frames.not-json",
        "an event with invalid JSON between two halves",
        _between("ping"),
        "https://github.com/justlovemaki/AIClient2API/pull/695",
        note="An unknown chunk is ignored. The answer still has its end and its usage.",
    ),
    _case(
        "frames.two-lines",
        "one event's data on two lines",
        ServedAnswer(
            'data: {"id": "c", "choices": [{"index": 0,\ndata: "delta": {"content": "a "}, "finish_reason": null}]}\n\n'
            + str(replying("b").body)
        ),
        "https://github.com/continuedev/continue/pull/13144",
    ),
    _case(
        "frames.no-blank-line",
        "the last event without a blank line after it",
        ServedAnswer(str(stream(piece("a b"), chunk({}, "stop"), USAGE, done=False).body) + "data: [DONE]"),
        "https://github.com/symfony/ai/pull/1068",
    ),
    _case(
        "frames.single-newlines",
        "events without a blank line between them",
        ServedAnswer(str(replying("a b").body).replace("\n\n", "\n")),
        "https://github.com/rexxars/eventsource-parser/pull/31",
    ),
    _case(
        "frames.indented", "indented lines", ServedAnswer(str(replying("a b").body).replace("data:", "  data:")), "own"
    ),
    _case("frames.capitals", "`Data:`", ServedAnswer(str(replying("a b").body).replace("data:", "Data:")), "own"),
    _case(
        "frames.twice-prefixed",
        "`data: data: {…}`",
        ServedAnswer(str(replying("a b").body).replace("data:", "data: data:")),
        "own",
    ),
    _case(
        "frames.glued",
        "two consecutive chunks in one event",
        stream(json.dumps(piece("a ")) + json.dumps(piece("b")), chunk({}, "stop"), USAGE),
        "own",
    ),
    _case(
        "frames.lower-done",
        "`[done]` without a reason",
        stream(piece("a b"), USAGE, "[done]", done=False),
        "own",
    ),
    _case(
        "frames.done-event",
        "`event: done` instead of [DONE], without a reason",
        ServedAnswer(f"{framed(piece('a b'))}{framed(USAGE)}event: done\ndata: {{}}\n\n"),
        "own",
    ),
    _case(
        "frames.tab",
        "a tab within a JSON string",
        ServedAnswer(str(replying("a b").body).replace("a b", "a\tb")),
        "own",
        Ends(result="a\tb", spent=SPENT),
    ),
    _case(
        "frames.half-emoji",
        "an emoji split across two chunks",
        stream(piece("a \ud83c"), piece("\udf0d"), chunk({}, "stop"), USAGE),
        "https://github.com/elie222/rakazo/issues/416",
        Ends(result="a 🌍", spent=SPENT),
    ),
    _case(
        "frames.plain-as-gzip",
        "a plain body with `Content-Encoding: gzip`",
        replying("a b", headers={"content-encoding": "gzip"}),
        "https://github.com/open-webui/open-webui/pull/23876",
    ),
)
