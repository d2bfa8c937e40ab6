"""Parses a server's error body, whatever its shape, into a message, codes and a status.

`{"error": {"message"}}` is OpenAI's shape. Other servers send the message under `error`, `detail`, `message` or
`errors`, in a list, in JSON within JSON, or as a web page.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import unescape
from typing import Any

from chimera.providers.wire.frames import parsed
from chimera.providers.wire.values import index_of

MOST_CHARS = 8_000
"""Maximum number of characters that are parsed; far fewer are shown."""
MOST_INNER_CHARS = 100_000
"""Maximum length of JSON within JSON."""

_WORDS = (
    *("error", "message", "msg", "detail", "error_description", "errors", "error_message", "errorMessage"),
    *("status_msg", "error_msg", "description", "reason", "title", "base_resp", "fault", "faultstring", "details"),
    *("innererror", "response", "data", "body", "text", "Message", "Error"),
)
"""Fields that contain the message, in this order of preference."""
_CODES = (
    *("code", "type", "status", "status_code", "statusCode"),
    *("error_type", "errorType", "error_code", "reason", "__type", "Code"),
)
_HAVE_CODES = ("error", "errors", "message", "detail", "base_resp", "innererror", "response", "Error")
"""Fields that contain further codes."""
_DEPTH = 6
_ITEMS = 4
# An element without an end tag extends to the end of the text; otherwise, each of many would be searched to the end.
_TAGS = re.compile(r"<(script|style|head)\b[^<>]*>.*?(?:</\1\s*>|\Z)|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_FRAMED = re.compile(r"\A[\ufeff\s]*(?:event:[^\n]*\n)?\s*(?:data:\s*)?")
"""The frame around an error that a server sends in the same way as its answers."""
_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """A parsed error. `codes` are all its codes and types, in lower case; `status` is an HTTP status among them."""

    words: str
    codes: str
    status: int | None
    body: object


def read_error_body(body: object) -> ErrorBody:
    """Parse the body of an error response, or of an error in an answer. Never raises."""
    if isinstance(body, bytes):
        body = body.decode("utf-8", "replace")
    if isinstance(body, str):
        body = _inner(_FRAMED.sub("", body[:MOST_CHARS]))
    codes = _codes_in(body, 0)
    statuses = (index_of(code) for code in codes)
    return ErrorBody(
        words=(_words_in(body, 0) or _as_text(body))[:MOST_CHARS],
        codes=" ".join(map(str, codes)).lower(),
        status=next((status for status in statuses if status is not None and 300 <= status < 600), None),
        body=body,
    )


def _words_in(value: object, depth: int) -> str:
    if depth > _DEPTH:
        return ""
    if isinstance(value, str):
        inner = _inner(value)
        return _without_tags(value) if isinstance(inner, str) else _words_in(inner, depth + 1)
    if isinstance(value, list):
        return "; ".join(filter(None, (_words_in(item, depth + 1) for item in value[:_ITEMS])))
    if not isinstance(value, dict):
        return ""
    found = next(filter(None, (_words_in(value.get(key), depth + 1) for key in _WORDS)), "")
    if isinstance(value.get("error"), str):
        # `error` may be only a title, with the message beside it.
        more = next(filter(None, (_words_in(value.get(key), depth + 1) for key in ("message", "detail"))), found)
        found = found if more in found else f"{found}: {more}"
    place, raw = _place(value.get("loc")), _raw_words(value, depth)
    if raw and raw not in found:
        found = f"{found}: {raw}" if found else raw
    return f"{place}: {found}" if place and found else found


def _place(loc: object) -> str:
    """Return the path of a field, from FastAPI's `loc`."""
    return ".".join(str(part)[:60] for part in loc[:8]) if isinstance(loc, list) else ""


def _raw_words(value: Mapping[str, Any], depth: int) -> str:
    """Return the error of the vendor behind a gateway, as the gateway passes it on."""
    metadata = value.get("metadata")
    return _words_in(metadata.get("raw"), depth + 1) if isinstance(metadata, dict) else ""


def _codes_in(value: object, depth: int) -> list[str | int]:
    if depth > _DEPTH:
        return []
    if isinstance(value, str):
        inner = _inner(value)
        return [] if isinstance(inner, str) else _codes_in(inner, depth + 1)
    if isinstance(value, list):
        return [code for item in value[:_ITEMS] for code in _codes_in(item, depth + 1)]
    if not isinstance(value, dict):
        return []
    own = [value[key] for key in _CODES if isinstance(value.get(key), str | int) and not isinstance(value[key], bool)]
    inner = [code for key in _HAVE_CODES for code in _codes_in(value.get(key), depth + 1)]
    return [*own, *inner]


def _inner(text: str) -> object:
    """Parse JSON within JSON; return the text itself if it isn't an object or a list."""
    if text.lstrip()[:1] not in ("{", "[") or len(text) > MOST_INNER_CHARS:
        return text
    found = parsed(text)
    return found if isinstance(found, dict | list) else text


def _without_tags(text: str) -> str:
    text = text[:MOST_CHARS]
    if "<" not in text:
        return text.strip()
    title = _TITLE.search(text)
    body = " ".join(unescape(_TAGS.sub(" ", text)).split())
    heading = " ".join(unescape(title[1]).split()) if title else ""
    return body if heading in body else f"{heading}: {body}".rstrip(": ")


def _as_text(body: object) -> str:
    """Return a body of unknown shape as JSON text."""
    if body in (None, "", {}, []):
        return ""
    try:
        return json.dumps(body, ensure_ascii=False)[:MOST_CHARS]
    except (ValueError, TypeError, RecursionError):
        return ""
