"""Servers' error messages, in every form in which one has been seen."""

import json
from typing import Any

import pytest

from chimera.providers.refusals.bodies import MOST_CHARS, MOST_INNER_CHARS, read_error_body

SHAPES: dict[str, tuple[Any, str]] = {
    "OpenAI": ({"error": {"message": "Bad field.", "type": "x", "code": None}}, "Bad field."),
    "LM Studio, TGI, xAI": ({"error": "Bad field.", "error_type": "validation"}, "Bad field."),
    "xAI": ({"code": "Client specified an invalid argument", "error": "Bad field."}, "Bad field."),
    "FastAPI": ({"detail": "Bad field."}, "Bad field."),
    "FastAPI, a list": (
        {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted", "type": "x"}]},
        "body.stream_options: Extra inputs are not permitted",
    ),
    "FastAPI, two": ({"detail": [{"loc": ["a", 0], "msg": "No."}, {"msg": "Nor this."}]}, "a.0: No.; Nor this."),
    "Gemini, a list": ([{"error": {"code": 400, "message": "Bad field.", "status": "X"}}], "Bad field."),
    "vLLM, older": ({"object": "error", "message": "Bad field.", "code": 400}, "Bad field."),
    "plain": ({"message": "Bad field."}, "Bad field."),
    "Cloudflare": ({"errors": [{"message": "Bad field.", "code": 7}], "success": False}, "Bad field."),
    "texts": ({"errors": ["Bad field.", "Worse."]}, "Bad field.; Worse."),
    "nested": ({"error": {"message": {"message": "Bad field."}}}, "Bad field."),
    "Mistral": ({"object": "error", "message": {"detail": [{"loc": ["body"], "msg": "Bad."}]}}, "body: Bad."),
    "JSON in JSON": ({"error": {"message": '{"error": {"message": "Bad field."}}'}}, "Bad field."),
    "OpenRouter": (
        {"error": {"message": "Provider returned error", "metadata": {"raw": '{"error": {"message": "Bad field."}}'}}},
        "Provider returned error: Bad field.",
    ),
    "a title and words": (
        {"statusCode": 400, "error": "Bad Request", "message": "Bad field."},
        "Bad Request: Bad field.",
    ),
    "problem+json": ({"title": "Bad Request", "detail": "Bad field."}, "Bad field."),
    "Bedrock": ({"__type": "ValidationException", "message": "Bad field."}, "Bad field."),
    "MiniMax": ({"base_resp": {"status_code": 2013, "status_msg": "Bad field."}}, "Bad field."),
    "Baidu": ({"error_code": 336, "error_msg": "Bad field."}, "Bad field."),
    "Apigee": ({"fault": {"faultstring": "Bad field.", "detail": {"errorcode": "x"}}}, "Bad field."),
    "Amazon, in capitals": ({"Error": {"Message": "Bad field."}}, "Bad field."),
    "Azure, within": ({"error": {"message": None, "innererror": {"message": "Bad field."}}}, "Bad field."),
    "an event": ('data: {"error": {"message": "Bad field."}}\n\n', "Bad field."),
    "a byte order mark": (b'\xef\xbb\xbf{"error": "Bad field."}', "Bad field."),
    "half an emoji in JSON in JSON": ({"error": {"message": "{\ud83d Bad field."}}, "{\ud83d Bad field."),
    "text": ("Bad field.", "Bad field."),
    "bytes": (b'{"error": "Bad field."}', "Bad field."),
    "a page": (
        "<html><head><title>502 Bad Gateway</title><style>a{}</style></head><body><h1>502 Bad Gateway</h1>nginx</body>",
        "502 Bad Gateway nginx",
    ),
    "a shape of its own": ({"error": {"fault": 7}}, '{"error": {"fault": 7}}'),
    "nothing": ({}, ""),
    "null": (None, ""),
}


@pytest.mark.parametrize(("body", "words"), SHAPES.values(), ids=list(SHAPES))
def test_the_servers_words_are_found(body: Any, words: str) -> None:
    assert read_error_body(body).words == words
    if isinstance(body, dict | list):
        assert read_error_body(json.dumps(body)).words == words


@pytest.mark.parametrize(
    ("body", "codes", "status"),
    [
        ({"error": {"code": "Context_Length_Exceeded", "type": "x"}}, "context_length_exceeded x", None),
        ({"error": {"code": 400, "message": "x"}}, "400", 400),
        ({"error": {"code": "401", "message": "x"}}, "401", 401),
        ({"error": "x", "code": 502}, "502", 502),
        ([{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}], "429 resource_exhausted", 429),
        ({"error": {"message": '{"error": {"code": 413}}'}}, "413", 413),
        ({"error": {"code": 1261}}, "1261", None),
        ({"error": {"code": True, "type": None}}, "", None),
    ],
)
def test_codes_and_a_status_are_found(body: Any, codes: str, status: int | None) -> None:
    error_body = read_error_body(body)
    assert (error_body.codes, error_body.status) == (codes, status)


def test_too_deep_or_too_long_is_cut() -> None:
    deep: Any = "end"
    for _ in range(3000):
        deep = {"error": deep}
    assert read_error_body(deep).words == ""
    assert len(read_error_body("<script" * 100_000).words) < 10_000


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<title>One</title><style>a {}</style>two<script>three", "One two"),
        ("<p>One</p><head><title>two</head>three", "One three"),
        ("Unexpected <head of list", "Unexpected <head of list"),
        ("<script <script <b>one", "<script <script one"),
    ],
)
def test_tags_without_an_end_are_read_once(page: str, words: str) -> None:
    assert read_error_body(page).words == words


def test_many_words_are_cut_too() -> None:
    assert len(read_error_body({"errors": [["x" * MOST_CHARS] * 4] * 4}).words) == MOST_CHARS
    assert read_error_body({"error": json.dumps({"message": "x" * MOST_INNER_CHARS})}).words.startswith('{"message')
