"""Google's Gemini API."""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from json import loads
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from google.genai import types

from chimera.providers.google.requests import FOREIGN_SIGNATURE
from tests.wires.base import KEY, Conversation, Kind, ModelAnswer, ReceivedRequest, Stop
from tests.wires.google.frames import STATUSES, STOPS, chunk, counts, error, framed, function_call

SIGNATURE = b"\xff\xfe\x00signed by google?>\x80"
_STOPS: dict[Stop, str] = {
    "stop": STOPS["stop"],
    "length": STOPS["length"],
    "refused": STOPS["content_filter"],
    "strange": "OTHER",
}
_TOO_LONG = "The input token count (9) exceeds the maximum number of tokens allowed (8)."
_EMPTY = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaValue": "0"}]}
_CODES: dict[Kind, int] = {
    "bad_request": 400,
    "wrong_key": 401,
    "forbidden": 403,
    "no_quota": 429,
    "unknown_model": 404,
    "context_too_long": 400,
    "rate_limited": 429,
    "timeout": 408,
    "conflict": 409,
    "internal": 500,
    "overloaded": 503,
}


class Google:
    name = "google"
    sdk = "google.genai"
    model = "gemini-3-flash-preview"
    sends_state = True
    keeps_tools = True
    takes_temperature = True
    settings: Mapping[str, object] = MappingProxyType({"google_api_key": KEY})
    address_setting = "google_base_url"
    path = ""
    call_ids = ("fc-1234567890", "fc-1234567891", "fc-1234567892")
    keep_alive = b": keep-alive\r\n\r\n"

    def framed(self, data: bytes) -> bytes:
        return b"data: " + data + b"\r\n\r\n"

    def frames_of(self, answer: ModelAnswer) -> Sequence[bytes]:
        """A call is sent in one piece, so an answer that breaks off within it contains nothing of the call."""
        parts: list[dict[str, Any]] = [{"text": thought, "thought": True} for thought in answer.thoughts]
        parts += [{"text": piece} for piece in answer.pieces]
        calls = [function_call(call.name, loads(call.arguments), id=call.id) for call in answer.calls]
        if calls and answer.signed:
            calls[0]["thoughtSignature"] = b64encode(SIGNATURE).decode()
        elif answer.signed:
            parts.append({"text": "", "thoughtSignature": b64encode(SIGNATURE).decode()})
        chunks = [chunk(part, responseId=answer.id) for part in parts]
        if answer.stop is not None:
            usage = counts(answer.usage) if answer.usage else None
            chunks.append(chunk(*calls, finish=_STOPS[answer.stop], usage=usage, responseId=answer.id))
        return [framed(each).encode() for each in chunks]

    def refused(self, kind: Kind, words: str) -> tuple[int, Any]:
        code = _CODES[kind]
        message = f"{_TOO_LONG} {words}" if kind == "context_too_long" else words
        return code, error(code, STATUSES[code], message, *([_EMPTY] if kind == "no_quota" else []))

    def broken_by(self, kind: Kind) -> bytes:
        code = _CODES[kind]
        return framed(error(code, STATUSES[code], "It's us")).encode()

    def listed(self, names: Sequence[str]) -> Any:
        found = [{"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]} for name in names]
        return {"models": [*found, {"name": "models/embedding", "supportedGenerationMethods": ["embedContent"]}]}

    def parse(self, body: Any, target: str) -> ReceivedRequest:
        path, _, method = unquote(target).partition(":")
        assert method == "streamGenerateContent?alt=sse", target
        talk = Conversation()
        state: list[str] = []
        for content in body["contents"]:
            types.Content.model_validate(content)
            state += _take(talk, content)
        config = body.get("generationConfig", {})
        calling = body.get("toolConfig", {}).get("functionCallingConfig", {"mode": "AUTO"})
        system = body.get("systemInstruction", {"parts": []})
        thinking = config.get("thinkingConfig", {})
        declared = [tool for each in body.get("tools", ()) for tool in each["functionDeclarations"]]
        return ReceivedRequest(
            model=path.removeprefix("/v1beta/models/"),
            system="".join(part["text"] for part in system["parts"]),
            items=talk.done(),
            tools=tuple(tool["name"] for tool in declared),
            may_call=bool(declared) and calling["mode"] == "AUTO",
            schema=config.get("responseJsonSchema"),
            max_output_tokens=config["maxOutputTokens"],
            effort=thinking["thinking_level"].lower() if thinking else None,
            temperature=config.get("temperature"),
            state="".join(state),
        )

    def key_in(self, headers: Mapping[str, str]) -> str:
        assert headers["x-goog-api-key"] == KEY
        return KEY


def _take(talk: Conversation, content: Any) -> list[str]:
    assert content["parts"], "a content may not be empty"
    assert content["role"] == "user" or not talk.open_calls, "a call stands without its result"
    state, signed = [], False
    for part in content["parts"]:
        if "thoughtSignature" in part:
            signature = b64decode(part["thoughtSignature"], altchars=b"-_")
            assert signature in (SIGNATURE, FOREIGN_SIGNATURE), "signed by another vendor"
            signed = True
            state += ["signed"] if signature == SIGNATURE else []
        if "functionCall" in part:
            made = part["functionCall"]
            assert signed, "the first of the calls made at once has to be signed"
            talk.call(made["id"], made["name"], made["args"])
        elif "functionResponse" in part:
            response = part["functionResponse"]
            talk.result(response["id"], response["response"]["output"])
        elif "inlineData" in part:
            image = part["inlineData"]
            data = b64encode(b64decode(image["data"], altchars=b"-_")).decode()
            # Google accepts both spellings.
            talk.items.append(("image", image.get("mimeType") or image["mime_type"], data))
        elif part.get("thought"):
            state.append(part["text"])
        else:
            talk.add_message("assistant" if content["role"] == "model" else "user", part.get("text", ""))
    assert content["role"] == "model" or not talk.open_calls, "results have to come in one content after their calls"
    return state
