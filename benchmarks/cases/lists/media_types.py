"""Answers with other media types: unusual ones, whole JSON, HTML pages."""

from benchmarks.cases.case import FIRST, SPENT, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import replying
from tests.wires.chat_completions.frames import USAGE, call, chunk, piece, whole
from tests.wires.model_server import ServedAnswer

KIND = "media-types"
AB = Ends(result="a b", spent=SPENT)
WHOLE = "https://github.com/UKGovernmentBEIS/inspect_ai/pull/3687"
TYPES = "https://github.com/praxis-proxy/ai/pull/272"
JSON = "application/json"


def _case(id: str, what: str, answers: tuple[ServedAnswer, ...], source: str, right: Ends = AB, note: str = "") -> Case:
    return Case(id, KIND, source, what, TaskCase(answers), right, note)


def _lines() -> str:
    import json

    return "".join(f"{json.dumps(part)}\n" for part in (piece("a b"), chunk({}, "stop"), USAGE))


CASES = (
    _case("B34", "a complete JSON completion", (ServedAnswer(whole({"content": "a b"}), media_type=JSON),), WHOLE),
    _case(
        "B34.tool",
        "a complete JSON completion with a tool call",
        (
            ServedAnswer(whole({"content": None, "tool_calls": [call(FIRST, id="a")]}, "tool_calls"), media_type=JSON),
            ServedAnswer(whole({"content": "a b"}), media_type=JSON),
        ),
        WHOLE,
        Ends(result="a b", requests=2, tools=("391",), spent=2 * SPENT),
    ),
    _case(
        "B35.case",
        "`Text/Event-Stream; charset=UTF-8`",
        (replying("a b", media_type="Text/Event-Stream; charset=UTF-8"),),
        TYPES,
    ),
    _case("B35.plain", "events as text/plain", (replying("a b", media_type="text/plain"),), TYPES),
    _case(
        "B35.octets",
        "events as application/octet-stream",
        (replying("a b", media_type="application/octet-stream"),),
        TYPES,
    ),
    _case(
        "types.json-done",
        "a full completion as an event stream, with [DONE] appended",
        (ServedAnswer(whole({"content": "a b"}) + "\n\ndata: [DONE]\n\n"),),
        "https://github.com/decolua/9router/issues/3492",
    ),
    _case(
        "types.json-event",
        "a full completion as the only event",
        (ServedAnswer(f"data: {whole({'content': 'a b'})}\n\ndata: [DONE]\n\n"),),
        "https://github.com/kaito-project/kaito/issues/1880",
    ),
    _case(
        "types.ndjson",
        "chunks as lines of JSON",
        (ServedAnswer(_lines(), media_type="application/x-ndjson"),),
        "https://github.com/stacklok/codegate/pull/149",
    ),
    _case(
        "types.json-as-stream",
        "events under application/json",
        (replying("a b", media_type=JSON),),
        "https://github.com/aaamoon/copilot-gpt4-service/pull/176",
    ),
    _case(
        "types.json-error",
        "an error as JSON with status 200",
        (ServedAnswer('{"error": {"message": "model is not loaded", "code": 400}}', media_type=JSON),),
        "https://github.com/xyOz-dev/Saturn/pull/43",
        Ends("failed", contains=("model is not loaded",)),
    ),
    _case(
        "types.page",
        "a captive portal's page, each time",
        (ServedAnswer("<html>Sign in</html>", media_type="text/html"),),
        "own (F27)",
        Ends("failed", requests=2, contains=("text/html", "Check its address")),
        "The second identical failure ends the attempts, because more wouldn't help.",
    ),
    _case(
        "types.events-as-page",
        "events as text/html, Flask's own type",
        (replying("a b", media_type="text/html; charset=utf-8"),),
        "own",
    ),
)
