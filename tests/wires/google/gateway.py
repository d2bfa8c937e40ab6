"""Translates Gemini's requests to chat completions, and the answers back to Gemini's chunks."""

import json
import re
from collections.abc import Iterator
from typing import Any

from models.usage import Usage
from tests.wires.gateway.pieces import Arguments, Begin, BrokenJson, End, OtherShape, Piece, Text, ToolCall
from tests.wires.gateway.translation import Chat, Refusal, Writer
from tests.wires.google.frames import STATUSES, STOPS, chunk, counts, error, framed, function_call


class GoogleWire:
    path = "/v1beta/models/{model}:streamGenerateContent"
    key_header = "x-goog-api-key"

    def chat_of(self, body: dict[str, Any], model: str | None) -> Chat:
        config = body["generationConfig"]
        system = "".join(part["text"] for part in body.get("systemInstruction", {}).get("parts", ()))
        messages: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
        for content in body["contents"]:
            messages += _models(content) if content["role"] == "model" else _users(content)
        chat: Chat = {
            "model": model,
            "messages": messages,
            "max_completion_tokens": config["maxOutputTokens"],
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        declared = [_tool(each) for tool in body.get("tools", ()) for each in tool["functionDeclarations"]]
        if declared:
            chat["tools"] = declared
        if "toolConfig" in body:
            chat["tool_choice"] = body["toolConfig"]["functionCallingConfig"]["mode"].lower()
        if "responseJsonSchema" in config:
            answer = {"name": "answer", "schema": config["responseJsonSchema"]}
            chat["response_format"] = {"type": "json_schema", "json_schema": answer}
        return chat

    def writer(self, model: str) -> Writer:
        return _Writer(model)

    def refusal(self, status: int, message: str, retry_after: str | None) -> Refusal:
        """State the time to retry in the body, as Google does, and in seconds: the body has no place for a date."""
        details = []
        if retry_after is not None and re.fullmatch(r"[\d.]+", retry_after):
            details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after}s"})
        return Refusal(error(status, STATUSES.get(status, "UNKNOWN"), message, *details))


class _Writer:
    """Writes each event as a small answer. Calls are sent whole, so they wait for the end."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._id = ""
        self._calls: list[tuple[ToolCall, list[str]]] = []

    def write(self, piece: Piece) -> bytes:
        match piece:
            case Begin(id=answer_id):
                self._id = answer_id
            case Text(text=text):
                return self._chunk({"text": text})
            case ToolCall():
                self._calls.append((piece, []))
            case Arguments(text=text):
                self._calls[-1][1].append(text)
            case BrokenJson():
                return b'data: {"candidates": [{"content": {"parts": [{"text": \r\n\r\n'
            case OtherShape():
                return framed({"candidates": "none", "responseId": 7}).encode()
            case End(reason=reason, usage=usage):
                return self._end(reason, usage)
        return b""

    def _end(self, reason: str, usage: Usage | None) -> bytes:
        # A call that was cut off never gets this far.
        parts = [_called(call, "".join(arguments)) for call, arguments in self._calls if reason]
        counted = None if usage is None else counts(usage)
        return self._chunk(*parts, finish=STOPS.get(reason, reason), usage=counted)

    def _chunk(self, *parts: dict[str, Any], **fields: Any) -> bytes:
        return framed(chunk(*parts, modelVersion=self._model, responseId=self._id, **fields)).encode()


def _models(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    text, calls = "", []
    for part in content["parts"]:
        if "functionCall" in part:
            made = part["functionCall"]
            function = {"name": made["name"], "arguments": json.dumps(made.get("args", {}))}
            calls.append({"id": made["id"], "type": "function", "function": function})
        else:
            text += part["text"]
    yield {"role": "assistant", "content": text, **({"tool_calls": calls} if calls else {})}


def _users(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield tool results and user texts, each as a message."""
    for part in content["parts"]:
        if "functionResponse" in part:
            function_response = part["functionResponse"]
            yield {
                "role": "tool",
                "content": function_response["response"]["output"],
                "tool_call_id": function_response["id"],
            }
        else:
            yield {"role": "user", "content": part["text"]}


def _tool(declared: dict[str, Any]) -> dict[str, Any]:
    parameters = declared.get("parametersJsonSchema", {"type": "object"})
    function = {"name": declared["name"], "description": declared["description"], "parameters": parameters}
    return {"type": "function", "function": function}


def _called(call: ToolCall, arguments: str) -> dict[str, Any]:
    """Return a call, whose arguments are an object. Invalid JSON becomes one that no tool's schema allows."""
    try:
        args = json.loads(arguments)
    except ValueError:
        args = {"arguments": arguments}
    return function_call(call.name, args, id=call.id)
