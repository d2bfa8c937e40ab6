"""Calls of an API on loopback: what is sent, what comes back, and what never does."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from chimera.observe.logging import QUIET
from chimera.tools.base import OutcomeUnknown, Tool, ToolError, ToolOutput, ToolUnavailable
from chimera.tools.openapi.building import MAX_URL_CHARS
from tests.chimera.tools.calls import context
from tests.chimera.tools.openapi.api import Answer, Api, an_api, document, loaded

TOKEN = 'canary-9932/+="x'
OK: dict[str, Any] = {"responses": {"200": {"description": "OK"}}}
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with an_api() as api:
        yield api


async def tool_of(
    api: Api, folder: Path, parameters: list[dict[str, Any]], path: str = "/x", method: str = "get", **more: Any
) -> Tool:
    """Return the tool of a document's only operation. What isn't part of the operation belongs to the file."""
    operation = {"operationId": "x", "parameters": parameters, **OK}
    operation |= {name: more.pop(name) for name in ("requestBody",) if name in more}
    found = await loaded(
        folder,
        document({path: {method: operation}}),
        **{"base_url": f"{api.url}/v1/", "allow": (api.place, "127.0.0.1:1"), **more},
    )
    assert found.problems == ()
    return found.tools[0]


def parameter(name: str, place: str = "query", **more: Any) -> dict[str, Any]:
    return {"name": name, "in": place, "schema": {}, **more}


@pytest.mark.parametrize(
    ("how", "value", "query"),
    [
        ({}, "a b&c=d", [("q", "a b&c=d")]),
        ({}, 2.0, [("q", "2")]),
        ({}, 2.5, [("q", "2.5")]),
        ({}, True, [("q", "true")]),
        ({}, None, []),
        ({}, ["a", "b"], [("q", "a"), ("q", "b")]),
        ({"explode": False}, ["a", "b"], [("q", "a,b")]),
        ({"style": "pipeDelimited"}, ["a", "b"], [("q", "a|b")]),
        ({"style": "spaceDelimited"}, ["a", "b"], [("q", "a b")]),
        ({"style": "pipeDelimited", "explode": True}, ["a", "b"], [("q", "a"), ("q", "b")]),
        ({}, {"a": 1, "b": None}, [("a", "1")]),
        ({"explode": False}, {"a": 1, "b": "x"}, [("q", "a,1,b,x")]),
        ({"style": "deepObject"}, {"a": {"b": 1}, "c": [1, 2]}, [("q[a][b]", "1"), ("q[c]", "1"), ("q[c]", "2")]),
        ({}, [], []),
        ({"schema": {"type": "array", "items": {"type": "object"}}}, [{"a": 1}], [("q", '{"a":1}')]),
        ({"content": {"application/json": {"schema": {}}}, "schema": None}, {"a": [1]}, [("q", '{"a": [1]}')]),
        ({"name": "filter[name]"}, "x", [("filter[name]", "x")]),
    ],
)
async def test_query_parameters_are_written_by_their_style(
    api: Api, tmp_path: Path, how: dict[str, Any], value: Any, query: list[tuple[str, str]]
) -> None:
    tool = await tool_of(api, tmp_path, [parameter("q") | how])
    (argument,) = tool.definition.parameters["properties"]
    await tool.run({argument: value}, context())
    target = urlsplit(api.seen[0].target)
    assert target.path == "/v1/x"
    assert parse_qsl(target.query) == query


async def test_defaults_are_left_to_the_server(api: Api, tmp_path: Path) -> None:
    tool = await tool_of(api, tmp_path, [parameter("q", schema={"type": "integer", "default": 5})])
    await tool.run({}, context())
    assert api.seen[0].target == "/v1/x"


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("plain", "/v1/a/plain/b"),
        ("a b/ä%;=", "/v1/a/a%20b%2F%C3%A4%25%3B%3D/b"),
        (5.0, "/v1/a/5/b"),
        (["mon", "tue"], "/v1/a/mon,tue/b"),
        ("{other}", "/v1/a/%7Bother%7D/b"),
        ("..a", "/v1/a/..a/b"),
    ],
)
async def test_a_path_value_stays_in_its_segment(api: Api, tmp_path: Path, value: Any, path: str) -> None:
    tool = await tool_of(api, tmp_path, [parameter("id", "path")], "/a/{id}/b")
    await tool.run({"id": value}, context())
    assert api.seen[0].target == path


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", ".", "..", "../admin", "a/../../b", "a//b", "/a", "a/", "%2e%2e", "%252e%252e/x", "..\\x", "a?b=c"),
        *("a#b", "a\r\nHost: evil", "a\x00", "%2e%2e%2fadmin", "%3fadmin=1", [".."], None),
    ],
)
async def test_a_path_value_that_leaves_its_segment_is_refused(api: Api, tmp_path: Path, value: Any) -> None:
    tool = await tool_of(api, tmp_path, [parameter("id", "path")], "/a/{id}/b")
    with pytest.raises(ToolError, match="path"):
        await tool.run({"id": value}, context())
    assert api.seen == []


async def test_headers_from_models_cannot_replace_credentials(api: Api, tmp_path: Path) -> None:
    parameters = [parameter("X-Trace", "header"), parameter("Authorization", "header"), parameter("X-Key", "header")]
    tool = await tool_of(
        api, tmp_path, parameters, headers={"Authorization": "Bearer ${T}", "x-key": "fixed"}, secrets={"T": TOKEN}
    )
    with pytest.raises(ToolError, match="unknown 'Authorization'"):
        await tool.run({"Authorization": "Bearer mine"}, context())
    await tool.run({"X-Trace": "abc"}, context())
    headers = api.seen[0].headers
    assert (headers["authorization"], headers["x-key"], headers["x-trace"]) == (f"Bearer {TOKEN}", "fixed", "abc")
    for value in ("a\r\nX-Evil: 1", "ä", " a"):
        with pytest.raises(ToolError, match="printable ASCII"):
            await tool.run({"X-Trace": value}, context())


async def test_an_object_cannot_replace_a_configured_query(api: Api, tmp_path: Path) -> None:
    tool = await tool_of(api, tmp_path, [parameter("filter")], query={"api_key": "${T}"}, secrets={"T": TOKEN})
    await tool.run({"filter": {"API_KEY": "mine", "a": "b"}}, context())
    assert parse_qsl(urlsplit(api.seen[0].target).query) == [("a", "b"), ("api_key", TOKEN)]


async def test_a_json_body_is_sent(api: Api, tmp_path: Path) -> None:
    body = {"required": True, "content": {"application/json; charset=utf-8": {"schema": {"type": "array"}}}}
    tool = await tool_of(api, tmp_path, [], method="post", requestBody=body)
    await tool.run({"body": [{"ä": None}]}, context(key="run-1/3"))
    (seen,) = api.seen
    assert (seen.method, json.loads(seen.body)) == ("POST", [{"ä": None}])
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["idempotency-key"] == "run-1/3"


async def test_a_form_is_sent(api: Api, tmp_path: Path) -> None:
    body = {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object"}}}}
    tool = await tool_of(api, tmp_path, [], method="post", requestBody=body)
    await tool.run({"body": {"a": "x y", "b": [1, 2], "c": None, "d": {"e": 1}}}, context())
    assert parse_qsl(api.seen[0].body.decode()) == [("a", "x y"), ("b", "1"), ("b", "2"), ("d", '{"e":1}')]


async def test_reading_calls_have_no_idempotency_key(api: Api, tmp_path: Path) -> None:
    await (await tool_of(api, tmp_path, [])).run({}, context())
    assert "idempotency-key" not in api.seen[0].headers


@pytest.mark.parametrize(
    ("answer", "output"),
    [
        (Answer(body=b'{"a": 1}'), ToolOutput('{"a": 1}')),
        (Answer(204, b""), ToolOutput("Done (status 204).")),
        (Answer(201, b"made\x00"), ToolOutput("[5 bytes of the type application/json, which can't be shown]")),
        (Answer(200, PNG), None),
        (Answer(200, "ä".encode("latin-1"), {"content-type": "text/plain; charset=latin-1"}), ToolOutput("ä")),
        (Answer(200, b"x", {"content-type": "text/plain; charset=nonsense"}), ToolOutput("x")),
        (Answer(200, b"x", {"content-type": "text/plain; charset=idna"}), ToolOutput("x")),
        (Answer(200, b"%PDF", {"content-type": "application/octet-stream"}), None),
        (Answer(404, b"no such pet"), ToolOutput("Status 404: no such pet", failed=True)),
        (Answer(422, b"x" * 9000), ToolOutput(f"Status 422: {'x' * 4000}", failed=True)),
        (Answer(500, b""), ToolOutput("Status 500.", failed=True)),
        (
            Answer(302, b"", {"location": "https://evil.example/"}),
            ToolOutput("Status 302: redirects to 'https://evil.example/', which isn't followed.", failed=True),
        ),
    ],
    ids=[
        "json",
        "empty",
        "nul",
        "image",
        "charset",
        "unknown charset",
        "no charset",
        "binary",
        "404",
        "422",
        "500",
        "302",
    ],
)
async def test_an_answer_becomes_an_output(api: Api, tmp_path: Path, answer: Answer, output: ToolOutput | None) -> None:
    api.answer = lambda seen: answer
    found = await (await tool_of(api, tmp_path, [])).run({}, context())
    assert output is None or found == output
    assert output is not None or found.images or "can't be shown" in found.text


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_api_is_unavailable(api: Api, tmp_path: Path, status: int) -> None:
    api.answer = lambda seen: Answer(status, b"", {"retry-after": "7"})
    with pytest.raises(ToolUnavailable) as raised:
        await (await tool_of(api, tmp_path, [], method="post")).run({}, context())
    assert raised.value.retry_after_s == 7


@pytest.mark.parametrize(
    ("method", "error"),
    [
        ("get", ToolUnavailable),
        ("put", ToolUnavailable),
        ("delete", ToolUnavailable),
        ("post", OutcomeUnknown),
        ("patch", OutcomeUnknown),
    ],
)
async def test_a_lost_answer_is_unknown_if_not_repeatable(
    api: Api, tmp_path: Path, method: str, error: type[Exception]
) -> None:
    api.answer = lambda seen: Answer(breaks=True)
    tool = await tool_of(api, tmp_path, [], method=method, query={"key": "${T}"}, secrets={"T": TOKEN})
    with pytest.raises(error) as raised:
        await tool.run({}, context())
    assert len(api.seen) == 1
    assert "canary" not in str(raised.value)


async def test_a_gateway_error_is_unknown_if_not_repeatable(api: Api, tmp_path: Path) -> None:
    api.answer = lambda seen: Answer(502)
    with pytest.raises(OutcomeUnknown):
        await (await tool_of(api, tmp_path, [], method="post")).run({}, context())
    assert (await (await tool_of(api, tmp_path, [])).run({}, context())).failed


async def test_an_unreachable_api_is_unavailable(api: Api, tmp_path: Path) -> None:
    tool = await tool_of(api, tmp_path, [], method="post", base_url="http://127.0.0.1:1")
    with pytest.raises(ToolUnavailable):
        await tool.run({}, context())


async def test_an_answer_that_is_too_large_counts_as_made(api: Api, tmp_path: Path) -> None:
    api.answer = lambda seen: Answer(body=b"x" * (3 * 1024 * 1024))
    output = await (await tool_of(api, tmp_path, [], method="post")).run({}, context())
    assert output.failed
    assert output.text.startswith("The call was made, but its answer can't be used.")


async def test_a_url_that_is_too_long_is_refused(api: Api, tmp_path: Path) -> None:
    tool = await tool_of(api, tmp_path, [parameter("q")])
    with pytest.raises(ToolError, match="At most 8000 can be sent"):
        await tool.run({"q": "x" * MAX_URL_CHARS}, context())


async def test_redirects_stay_on_the_server(api: Api, tmp_path: Path) -> None:
    def answer(seen: Any) -> Answer:
        if seen.target == "/v1/x":
            return Answer(307, b"", {"location": "/v1/x/"})
        return Answer(body=b"here")

    api.answer = answer
    tool = await tool_of(api, tmp_path, [], headers={"x-key": "${T}"}, secrets={"T": "canary"})
    assert (await tool.run({}, context())).text == "here"
    assert [seen.headers["x-key"] for seen in api.seen] == ["canary", "canary"]


async def test_credentials_do_not_follow_a_redirect(api: Api, tmp_path: Path) -> None:
    async with an_api() as other:
        for method in ("get", "post"):
            for status in (301, 302, 303, 307, 308):
                api.answer = lambda seen, status=status: Answer(  # type: ignore[misc]
                    status, b"", {"location": f"{other.url}/steal"}
                )
                tool = await tool_of(api, tmp_path, [], method=method, headers={"x-key": "${T}"}, secrets={"T": TOKEN})
                assert "isn't followed" in (await tool.run({}, context())).text
        assert other.seen == []


async def test_endless_redirects_end(api: Api, tmp_path: Path) -> None:
    api.answer = lambda seen: Answer(302, b"", {"location": "/v1/x"})
    assert (await (await tool_of(api, tmp_path, [])).run({}, context())).failed
    assert len(api.seen) == 4


@pytest.mark.parametrize("status", [200, 401])
async def test_an_echoed_credential_is_hidden(api: Api, tmp_path: Path, status: int) -> None:
    basic = base64.b64encode(b"ada:canary-7710").decode()

    def echo(seen: Any) -> Answer:
        everything = {"target": seen.target, "headers": dict(seen.headers), "plain": f"{TOKEN} canary-7710"}
        return Answer(status, json.dumps(everything).encode() + TOKEN.encode())

    api.answer = echo
    tool = await tool_of(
        api,
        tmp_path,
        [],
        headers={"Authorization": "Basic ${B}", "X-Api-Key": "canary-literal"},
        query={"key": "${T}"},
        secrets={"B": basic, "T": TOKEN},
    )
    output = await tool.run({}, context())
    assert output.failed == (status != 200)
    assert "canary" not in output.text
    assert basic not in output.text
    assert "[secret T]" in output.text
    assert "[secret B]" in output.text


async def test_arguments_are_checked_against_the_schema(api: Api, tmp_path: Path) -> None:
    tool = await tool_of(api, tmp_path, [parameter("n", required=True, schema={"type": "integer", "enum": [1, 2]})])
    with pytest.raises(ToolError, match="n: must be one of 1, 2, not 3"):
        await tool.run({"n": 3}, context())
    assert api.seen == []


async def test_credentials_are_in_no_log(api: Api, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    for name in QUIET:
        caplog.set_level("WARNING", name)
    tool = await tool_of(
        api, tmp_path, [], headers={"x-key": "${T}"}, query={"key": "${T}"}, secrets={"T": "canary-5150"}
    )
    for answer in (Answer(), Answer(401), Answer(302, b"", {"location": "/v1/y?key=canary-5150"})):
        api.answer = lambda seen, answer=answer: answer  # type: ignore[misc]
        assert "canary" not in repr(await tool.run({}, context()))
    api.answer = lambda seen: Answer(breaks=True)
    with pytest.raises(ToolUnavailable):
        await tool.run({}, context())
    assert all("canary-5150" in seen.headers["x-key"] for seen in api.seen)
    assert "canary" not in caplog.text
    assert "canary" not in repr(tool)
    assert "canary" not in repr(vars(tool))
