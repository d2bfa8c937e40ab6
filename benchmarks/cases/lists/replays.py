"""The same request with the same idempotency key but written differently, and other bodies sent to the API."""

import json

from benchmarks.cases.case import Answers, ApiCalls, Call, Case, SocketCase

KIND = "replays"
FOUND = "https://github.com/aws-powertools/powertools-lambda-python/issues/638"
ORDER = "https://github.com/KeeperHub/keeperhub/pull/1877"
KEEP = {"start": False}

UNKNOWN_TASK = "run:00000000-0000-0000-0000-000000000000"
JUNK: tuple[str | bytes, ...] = (
    "junk",
    b"\x00\xff",
    "[1, 2]",
    "null",
    '{"type": "dance"}',
    '{"type": "subscribe"}',
    '{"type": "subscribe", "topic": "run:xyz"}',
    *(
        f'{{"type": "subscribe", "topic": "{UNKNOWN_TASK}", "after": {after}}}'
        for after in ("0", "-1", '"2"', "2.5", "true", "1" * 30)
    ),
)


def _case(id: str, what: str, first: str, second: str, source: str, right: Answers, note: str = "") -> Case:
    headers = {"idempotency-key": f"case-{id.lower()}"}
    calls = tuple(Call("POST", "/api/v1/tasks", raw=raw, headers=headers) for raw in (first, second))
    return Case(id, KIND, source, what, ApiCalls(calls), right, note)


def _same(id: str, what: str, first: str, second: str, source: str = FOUND, note: str = "") -> Case:
    return _case(id, what, first, second, source, Answers(202, same_id=True), note)


def _budget(id: str, body: object) -> Case:
    call = Call("POST", "/api/v1/tasks", raw=json.dumps({"goal": "x", **KEEP, "budget": body}))
    return Case(id, "amounts", "own", f"budget {body!r}", ApiCalls((call,)), Answers(422, contains=("budget",)))


X = '{"goal": "x", "start": false'
FINERACT = "https://github.com/apache/fineract/pull/5674"
STEALTH = "https://github.com/Stellar-Mail/stealth/pull/1606"


def _with(metadata: str) -> str:
    return f'{X}, "metadata": {metadata}}}'


CASES = (
    _same("B33.fields", "fields in another order", X + "}", '{"start": false, "goal": "x"}'),
    _same("B33.escapes", "an escaped letter, spaces", X + "}", '{ "goal" : "\\u0078",\n "start": false }'),
    _same(
        "B33.metadata",
        "metadata in another order",
        X + ', "metadata": {"a": 1, "b": 2}}',
        X + ', "metadata": {"b": 2, "a": 1}}',
    ),
    _same(
        "B33.default",
        "a default stated or omitted",
        X + "}",
        X + ', "priority": 3}',
        note="The content is the same, so this is the same request.",
    ),
    _same(
        "replay.nested",
        "objects inside metadata in another order",
        X + ', "metadata": {"o": {"a": 1, "b": [1]}}}',
        X + ', "metadata": {"o": {"b": [1], "a": 1}}}',
        ORDER,
    ),
    _same("replay.null", "null for a field without a value", X + "}", X + ', "model": null}', ORDER),
    _same(
        "replay.default-nested",
        "a default inside a subtask",
        X + ', "plan": [{"key": "a", "instruction": "b"}]}',
        X + ', "plan": [{"key": "a", "instruction": "b", "depends_on": [], "title": ""}]}',
        "https://github.com/adcontextprotocol/adcp-client/issues/568",
    ),
    *(
        _same(f"replay.{name}", what, _with(first), _with(second), source)
        for name, what, first, second, source in (
            ("float", "1 and 1.0", '{"n": 1}', '{"n": 1.0}', FINERACT),
            ("exponent", "100 and 1e2", '{"n": 100}', '{"n": 1e2}', FINERACT),
            ("zero", "0 and -0.0", '{"n": 0}', '{"n": -0.0}', FINERACT),
            ("large", "10^21 in two ways", '{"n": 1000000000000000000000}', '{"n": 1e21}', STEALTH),
            ("pair", "an emoji, and its two escapes", '{"n": "🐦"}', '{"n": "\\ud83d\\udc26"}', STEALTH),
            ("slash", "a slash, escaped or not", '{"n": "a/b"}', '{"n": "a\\/b"}', STEALTH),
        )
    ),
    *(
        _case(f"replay.{name}", what, _with(first), _with(second), source, Answers(422, contains=("another",)), note)
        for name, what, first, second, source, note in (
            ("text", '1 and "1"', '{"n": 1}', '{"n": "1"}', STEALTH, ""),
            ("true", "1 and true", '{"n": 1}', '{"n": true}', STEALTH, ""),
            ("nothing", "null and omitted", '{"n": null}', "{}", FINERACT, "Metadata is stored as sent."),
            (
                "accent",
                "é as one character and as two",
                '{"n": "\\u00e9"}',
                '{"n": "e\\u0301"}',
                "own",
                "Text is compared character by character. RFC 8785 doesn't normalize text either.",
            ),
            (
                "close",
                "two numbers that are equal only as floats",
                f'{{"n": {2**53}}}',
                f'{{"n": {2**53 + 1}}}',
                STEALTH,
                "",
            ),
        )
    ),
    _same("replay.ends", "spaces around the goal", X + "}", '{"goal": " x ", "start": false}', FINERACT),
    Case(
        "replay.twice",
        KIND,
        "own",
        "a name that occurs twice",
        ApiCalls((Call("POST", "/api/v1/tasks", raw='{"goal": "x", "goal": "y", "start": false}'),)),
        Answers(422, contains=("goal",)),
        "Parsers use the last value, but the intended value is unknown.",
    ),
    *(
        Case(
            f"replay.{name}",
            KIND,
            "own",
            f"metadata with {number}",
            ApiCalls((Call("POST", "/api/v1/tasks", raw=_with(f'{{"n": {number}}}')),)),
            Answers(422, contains=("metadata",)),
        )
        for name, number in (("endless", "1e400"), ("endless-minus", "[-1e400]"))
    ),
    _case(
        "replay.other-body",
        "another goal",
        X + "}",
        '{"goal": "y", "start": false}',
        "https://github.com/jcagarcia/grape-idempotency/pull/16",
        Answers(422, contains=("another",)),
    ),
    _case(
        "replay.other-list",
        "a list in a different order is a different list",
        X + ', "metadata": {"l": [1, 2]}}',
        X + ', "metadata": {"l": [2, 1]}}',
        ORDER,
        Answers(422, contains=("another",)),
    ),
    *(
        _budget(f"B49.{n}", body)
        for n, body in enumerate(({"max_cost_micro_usd": 0.5}, {"max_cost_micro_usd": "5"}, {"max_tokens": 2**63}, {}))
    ),
    Case(
        "B51.socket",
        KIND,
        "own",
        "junk on a WebSocket, and impossible positions to resume from",
        SocketCase((*JUNK, '{"type": "ping"}')),
        Answers(101, contains=("authenticated " + "error " * len(JUNK) + "pong",)),
    ),
    Case(
        "B51.events-ahead",
        KIND,
        "own",
        "events after -1",
        ApiCalls(
            (Call("POST", "/api/v1/tasks", {"goal": "x", **KEEP}), Call("GET", "/api/v1/tasks/{id}/events?after=-1"))
        ),
        Answers(422, contains=("after",)),
    ),
    Case(
        "B51.events-float",
        KIND,
        "own",
        "events after 2.5",
        ApiCalls(
            (Call("POST", "/api/v1/tasks", {"goal": "x", **KEEP}), Call("GET", "/api/v1/tasks/{id}/events?after=2.5"))
        ),
        Answers(422, contains=("after",)),
    ),
)
