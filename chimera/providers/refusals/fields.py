"""Repeats a request without the field that its server rejected, which is mostly the answer's schema.

Rejected fields are remembered per model for some hours, so that only the first call takes two requests. A rejected
request isn't billed. A rejected schema is described in the prompt instead; the answer is parsed as carefully as any
other.
"""

import json
import re
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from chimera.providers.base import ChatMessage, ChatRequest
from chimera.providers.refusals.bodies import ErrorBody
from chimera.providers.refusals.too_long import is_too_long
from chimera.providers.wire.http import headers_of
from models.base import preview_of

log = structlog.get_logger()

Opened = TypeVar("Opened")
Fields = frozenset[str]
Body = dict[str, Any]
Headers = dict[str, str]

SCHEMA = "response_format"
"""The answer's schema, by its name in chat completions."""
REMEMBERED_S = 6 * 3600.0
"""Limited, because servers are updated, and models are replaced under the same name."""
MAX_MODELS = 200

_STATUSES = (400, 404, 405, 415, 422, 500, 501)
"""Statuses of such rejections. For example, llama.cpp returns 500 if it can't convert a schema into a grammar."""
_MAX_WORDS = 8000
_UNSUPPORTED = re.compile(
    r"unsupported|(?:not|n't|no longer) support|not (?:permitted|allowed|enabled)|unrecogni[sz]ed|unknown|unexpected"
    r"|extra|additional|unavailable|forbidden|instead",
    re.IGNORECASE,
)
_UNNAMED = re.compile(r"unsupported param|requested parameters|param\w* (?:is|are) not supported", re.IGNORECASE)
_NAMES = {
    name: re.compile(words, re.IGNORECASE)
    for name, words in {
        SCHEMA: (
            r"response.?format|response.?(?:json.?)?schema|json.?(?:schema|object|mode)|structured.?output"
            r"|output_(?:config|format)|guided|grammar|\bschema\b|\bstrict\b"
        ),
        "stream_options": r"stream.?options|include.?usage",
        "temperature": r"temperature",
        "reasoning_effort": r"reasoning|\bthink",
        "max_tokens": r"max_tokens",
        "max_completion_tokens": r"max_completion_tokens",
    }.items()
}
"""Names that servers use for rejected fields."""
_OTHER_NAME = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
"""A limit isn't omitted, but sent under its other name."""


class RefusedFields:
    """Fields that one provider's servers rejected, by model. `fields` may be omitted; `clock` returns seconds."""

    def __init__(self, fields: Iterable[str] = _NAMES, clock: Callable[[], float] = time.monotonic) -> None:
        self._fields = Fields(fields)
        self._clock = clock
        self._known: dict[str, tuple[float, Fields]] = {}

    async def ask(
        self,
        request: ChatRequest,
        body_of: Callable[[ChatRequest], Body],
        send: Callable[[Body, Headers], Awaitable[Opened]],
    ) -> Opened:
        """Send a request, and repeat it without the fields that the server rejects. Raises other errors of `send`."""
        known = left_out = self._of(request.model)
        while True:
            shaped = in_words(request) if SCHEMA in left_out else request
            body = _without(body_of(shaped), left_out)
            try:
                opened = await send(body, headers_of(request, part=len(left_out)))
            except Exception as error:
                refused = _named_in(error, self._refusable(shaped, body, left_out))
                if not refused:
                    raise
                left_out |= refused
            else:
                if left_out != known:
                    self._remember(request.model, left_out | self._of(request.model))
                return opened

    def _of(self, model: str) -> Fields:
        until, fields = self._known.get(model, (0.0, Fields()))
        return fields if self._clock() < until else Fields()

    def _refusable(self, shaped: ChatRequest, body: Body, left_out: Fields) -> Fields:
        """Return the fields that can still be omitted: each once, and a limit under only one of its names."""
        fields = self._fields & body.keys() | ({SCHEMA} if shaped.response_schema is not None else set())
        return Fields(name for name in fields - left_out if _OTHER_NAME.get(name) not in left_out)

    def _remember(self, model: str, fields: Fields) -> None:
        log.info("fields_refused", model=model, fields=sorted(fields))
        self._known.pop(model, None)
        if len(self._known) >= MAX_MODELS:
            del self._known[next(iter(self._known))]
        self._known[model] = (self._clock() + REMEMBERED_S, fields)


def in_words(request: ChatRequest) -> ChatRequest:
    """Append the answer's schema to the prompt."""
    if request.response_schema is None:
        return request
    schema = json.dumps(request.response_schema, ensure_ascii=False, separators=(",", ":"))
    # A model that may call tools first must not take this for a ban.
    begin = "When you give your final answer, answer" if request.tools and request.tool_choice != "none" else "Answer"
    words = f"{begin} only with JSON that matches this JSON schema, without a code fence:\n{schema}"
    *before, last = request.messages
    if last.role == "user":
        message = replace(last, content=f"{last.content}\n\n{words}")
    else:
        before, message = [*before, last], ChatMessage("user", words)
    return replace(request, messages=(*before, message), response_schema=None)


def in_words_with_tools(request: ChatRequest) -> ChatRequest:
    """Append the answer's schema to the prompt if the model may call tools: many servers can't combine the two.

    Gemini rejects such requests up to version 2.5, and servers that enforce a schema by a grammar prevent tool calls.
    """
    return in_words(request) if request.tools and request.tool_choice != "none" else request


def _without(body: Body, left_out: Fields) -> Body:
    """Omit fields from a body; a token limit is kept under its other name."""
    kept = {name: value for name, value in body.items() if name not in left_out}
    return kept | {_OTHER_NAME[name]: body[name] for name in left_out & _OTHER_NAME.keys() if name in body}


def _named_in(error: Exception, fields: Fields) -> Fields:
    """Return the fields that a server's error is about. `error` is an SDK's error with a status."""
    words = " ".join(_words(error))[:_MAX_WORDS]
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if status not in _STATUSES or is_too_long(ErrorBody(words, "", None, None), status):
        return Fields()
    unsupported = _UNSUPPORTED.search(words) is not None
    named = Fields(name for name in fields if (unsupported or name == SCHEMA) and _NAMES[name].search(words))
    return named or (fields & {SCHEMA} if _UNNAMED.search(words) else Fields())


def _words(error: Exception) -> Iterator[str]:
    """Yield the server's message, without the parts of the request that it repeats."""
    body = getattr(error, "body", None) or getattr(error, "details", None)
    yield from _texts(body) if isinstance(body, dict | list) else [str(body or getattr(error, "message", ""))]


def _texts(value: object, depth: int = 0) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in ("input", "ctx", "url"):
                yield from _texts(inner, depth + 1)
    elif isinstance(value, list) and depth < 10:
        for inner in value:
            yield from _texts(inner, depth + 1)
    elif isinstance(value, str):
        yield preview_of(value, 2000)
