"""POST /v1/embeddings, /v1/images/generations and /v1/audio/transcriptions, generated from the request.

Directives in an embedding's first text, an image's prompt or a transcription's hint inject faults, as in a chat.
"""

import asyncio
import json
import re
import time
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from hashlib import blake2b, sha256
from itertools import islice
from math import sqrt
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from chimera.content.audio import seconds_of
from chimera.content.text import estimate_tokens
from chimera.simulator.directives import without_directives
from chimera.simulator.exchange import Exchange
from chimera.simulator.idle import idle_in_media
from chimera.simulator.images import png_of
from chimera.simulator.journal import Journal
from chimera.simulator.prose import LABEL
from chimera.simulator.requests import Refused, arrive, body_of, headers_of, is_meant, refusal_of
from chimera.simulator.script import Script, ScriptError, read_script

DIMENSIONS = 256
MAX_DIMENSIONS = 4096
SIZE = "512x512"
MAX_SIDE = 2048
MAX_WORDS = 1_000
"""The number of different words that affect a text's vector; real models also truncate long texts."""
WORD_NUMBERS = 16
"""How many of a vector's numbers a word changes: enough to distinguish words, and few enough to be fast."""
JSON = b"application/json"


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A parsed request: its parameters, and the text that may contain directives."""

    model: str
    text: str
    body: dict[str, Any]


class Media:
    """An endpoint. A subclass parses its requests and generates its answers."""

    model = ""

    def __init__(self, journal: Journal, seed: int) -> None:
        self._journal = journal
        self._seed = seed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers, raw = headers_of(scope), await body_of(receive)
        asked = await self._understood(scope, raw)
        tokens = estimate_tokens(asked.text)
        arrival = arrive(self._journal, headers, asked.model, tokens)
        exchange = Exchange(self._journal, arrival, receive, send)
        try:
            script = self._script_of(asked)
            if not is_meant(script, arrival, arrival.number, self._seed):
                script = script.without_faults()
            if await exchange.pause(script.delay):
                exchange.cut()
            elif script.hang:
                await exchange.hang()
            elif script.status is not None:
                message = refusal_of(script, headers.get(b"authorization", ""))
                await exchange.refuse(script.status, message, script.code, script.retry_after)
            else:
                # In a thread, so that other requests can be answered: a megabyte of texts takes seconds.
                answer = await asyncio.to_thread(self.answer, asked, script)
                await self._answer(exchange, script, await asyncio.to_thread(_json_of, answer))
        except Refused as refused:
            await exchange.refuse(refused.status, refused.message, refused.code)

    def answer(self, asked: ParsedRequest, script: Script) -> dict[str, Any]:
        """Generate an answer; `script.garbage` demands one that doesn't match the request. Raises Refused."""
        raise NotImplementedError

    async def read(self, scope: Scope, raw: bytes) -> ParsedRequest:
        """Parse a request. An invalid one raises one of the errors that `_understood` catches."""
        body = json.loads(raw)
        return ParsedRequest(str(body.get("model", "")), self.text_of(body), body)

    def text_of(self, body: dict[str, Any]) -> str:
        """Return the text that may contain directives."""
        raise NotImplementedError

    async def _understood(self, scope: Scope, raw: bytes) -> ParsedRequest:
        try:
            return await self.read(scope, raw)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, HTTPException):
            return ParsedRequest("", "", {})

    def _script_of(self, asked: ParsedRequest) -> Script:
        if not asked.body:
            raise Refused(400, "The body is invalid.")
        if asked.model != self.model:
            raise Refused(404, f"The model `{asked.model}` does not exist. Use {self.model}.", "model_not_found")
        try:
            script = read_script([asked.text], "turn")
        except ScriptError as error:
            raise Refused(400, f"Simulator: {error}", "unknown_directive") from None
        if idle := idle_in_media(script):
            raise Refused(400, f"Simulator: {'. '.join(idle)}.", "idle_directive")
        return script

    async def _answer(self, exchange: Exchange, script: Script, body: bytes) -> None:
        if script.html:
            await exchange.whole(b"<!doctype html><title>502 Bad Gateway</title>", b"text/html")
        elif script.cut:
            await exchange.broken(body, JSON)
        else:
            await exchange.whole(body, JSON)


class Embeddings(Media):
    """Vectors derived from words: texts that share words are near each other. The vectors have no other meaning."""

    model = "embedding"

    def text_of(self, body: dict[str, Any]) -> str:
        return _inputs_of(body)[0]

    def answer(self, asked: ParsedRequest, script: Script) -> dict[str, Any]:
        inputs = _inputs_of(asked.body)
        dimensions = asked.body.get("dimensions") or DIMENSIONS
        if not isinstance(dimensions, int) or not 1 <= dimensions <= MAX_DIMENSIONS:
            raise Refused(400, f"dimensions must be a whole number up to {MAX_DIMENSIONS}.")
        vectors = [_vector_of(text, dimensions) for text in inputs]
        if script.garbage:
            vectors[0] = vectors[0][:-1]
        data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
        tokens = sum(map(estimate_tokens, inputs))
        answer: dict[str, Any] = {"object": "list", "model": asked.model, "data": data}
        return answer if script.nousage else answer | {"usage": {"prompt_tokens": tokens, "total_tokens": tokens}}


class Images(Media):
    """Images that are marked as simulated."""

    model = "image"

    def text_of(self, body: dict[str, Any]) -> str:
        return str(body["prompt"])

    def answer(self, asked: ParsedRequest, script: Script) -> dict[str, Any]:
        width, height = _sides_of(str(asked.body.get("size") or SIZE))
        count = asked.body.get("n", 1)
        if not isinstance(count, int) or not 1 <= count <= 10:
            raise Refused(400, "n must be between 1 and 10.")
        images = [png_of(f"{asked.text}/{number}", width, height) for number in range(count)]
        if script.garbage:
            images[0] = b"not an image"
        return {"created": int(time.time()), "data": [{"b64_json": b64encode(each).decode()} for each in images]}


class Transcriptions(Media):
    """Transcriptions that state the recording's length, and that no model processed it."""

    model = "transcription"

    async def read(self, scope: Scope, raw: bytes) -> ParsedRequest:
        async def receive() -> Message:
            return {"type": "http.request", "body": raw, "more_body": False}

        async with Request(scope, receive).form(max_files=1) as form:
            file = form["file"]
            audio = b"" if isinstance(file, str) else await file.read()
            body = {name: value for name, value in form.items() if isinstance(value, str)}
        return ParsedRequest(str(body.get("model", "")), str(body.get("prompt", "")), body | {"audio": audio})

    def answer(self, asked: ParsedRequest, script: Script) -> dict[str, Any]:
        audio = asked.body["audio"]
        seconds = round(seconds_of(audio, len(audio)), 3)
        text = (
            f"{LABEL} No model processed this recording ({seconds:g} s,"
            f" {len(audio)} bytes, SHA-256 {sha256(audio).hexdigest()[:8]})."
        )
        hint = without_directives(asked.text)
        answer: dict[str, Any] = {} if script.garbage else {"text": f"{text} The hint was: {hint}" if hint else text}
        return answer if script.nousage else answer | {"usage": {"type": "duration", "seconds": seconds}}


def _inputs_of(body: dict[str, Any]) -> list[str]:
    given = body["input"]
    inputs = [given] if isinstance(given, str) else list(given)
    if not inputs or not all(isinstance(text, str) for text in inputs):
        raise ValueError("input")
    return inputs


def _vector_of(text: str, dimensions: int) -> list[float]:
    """Add up the words' contributions, and normalize the sum to length 1."""
    sums = [0.0] * dimensions
    counts = Counter(re.findall(r"\w+", without_directives(text).lower()) or [text])
    for word, count in islice(counts.items(), MAX_WORDS):
        for index, sign in _signs_of(word, dimensions):
            sums[index] += sign * count
    length = sqrt(sum(value * value for value in sums)) or 1.0
    return [value / length for value in sums]


def _signs_of(word: str, dimensions: int) -> list[tuple[int, int]]:
    """Return a word's contribution to a vector as pairs of index and sign. The indexes are adjacent, so all differ."""
    bits = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=16).digest())
    start = bits >> WORD_NUMBERS
    count = min(WORD_NUMBERS, dimensions)
    return [((start + number) % dimensions, 1 if bits >> number & 1 else -1) for number in range(count)]


def _json_of(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode()


def _sides_of(size: str) -> tuple[int, int]:
    width, _, height = size.partition("x")
    if not (width.isdecimal() and height.isdecimal()) or not all(0 < int(side) <= MAX_SIDE for side in (width, height)):
        raise Refused(400, f"size must have the form {SIZE}, with each side at most {MAX_SIDE}.")
    return int(width), int(height)
