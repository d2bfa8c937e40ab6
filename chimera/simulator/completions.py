"""POST /v1/chat/completions. A plain ASGI endpoint, because it has to cut answers in ways that frameworks prevent."""

import json
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from starlette.types import Receive, Scope, Send

from chimera.simulator import wire
from chimera.simulator.brain import answer_to
from chimera.simulator.conversation import Conversation, read_conversation
from chimera.simulator.exchange import Exchange
from chimera.simulator.idle import idle_in
from chimera.simulator.journal import Arrival, Journal
from chimera.simulator.pace import MODELS, OBEDIENT, Pace
from chimera.simulator.requests import Refused, arrive, body_of, headers_of, is_meant, refusal_of
from chimera.simulator.script import Script, ScriptError, read_script
from chimera.simulator.stream import parts_of

HTML = b"<!doctype html><html><title>502 Bad Gateway</title><h1>Not what you asked for</h1></html>"


class Completions:
    """Answers as the prompt's directives demand, otherwise plausibly."""

    def __init__(self, journal: Journal, seed: int) -> None:
        self._journal = journal
        self._seed = seed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, conversation = _understood(await body_of(receive))
        headers = headers_of(scope)
        arrival = arrive(self._journal, headers, body.get("model", ""), conversation.input_tokens)
        exchange = Exchange(self._journal, arrival, receive, send)
        try:
            pace, script, idle = self._scripted(body, conversation, arrival)
        except Refused as refused:
            await exchange.refuse(refused.status, refused.message, refused.code)
            return
        if await exchange.pause(script.delay + (pace.first_token_s if script.drip is None else 0)):
            exchange.cut()
        elif script.hang:
            await exchange.hang()
        elif script.status is not None:
            message = refusal_of(script, headers.get(b"authorization", ""))
            await exchange.refuse(script.status, message, script.code, script.retry_after)
        elif script.html:
            await exchange.whole(HTML, b"text/html")
        else:
            await self._answer(exchange, arrival, body, conversation, pace, script, idle)

    def _scripted(
        self, body: dict[str, Any], conversation: Conversation, arrival: Arrival
    ) -> tuple[Pace, Script, list[str]]:
        """Apply the directives to a request, and find those without effect. Raises Refused."""
        if not body.get("messages"):
            raise Refused(400, "The body must be a JSON object that contains messages.")
        pace = MODELS.get(arrival.model)
        if pace is None:
            known = ", ".join(MODELS)
            raise Refused(404, f"The model `{arrival.model}` does not exist. Use one of: {known}.", "model_not_found")
        try:
            script = read_script(conversation.directive_texts, conversation.purpose, conversation.directive_turns)
        except ScriptError as error:
            raise Refused(400, f"Simulator: {error}", "unknown_directive") from None
        idle = idle_in(script, conversation, streams=bool(body.get("stream")))
        if idle and (conversation.purpose == "plan" or conversation.schema is not None):
            raise Refused(400, f"Simulator: {'. '.join(idle)}.", "idle_directive")
        script = script if self._is_meant(script, arrival, conversation) else script.without_faults()
        script = replace(script, obey=script.obey or arrival.model == OBEDIENT)
        return pace.scripted(script.drip), script, idle

    def _is_meant(self, script: Script, arrival: Arrival, conversation: Conversation) -> bool:
        """Return whether the faults apply to this arrival."""
        number = arrival.number
        if script.badplan:
            # A plan is requested again as a new call in the same conversation.
            number = max(number, conversation.replies + 1)
        return is_meant(script, arrival, number, self._seed)

    async def _answer(
        self,
        exchange: Exchange,
        arrival: Arrival,
        body: dict[str, Any],
        conversation: Conversation,
        pace: Pace,
        script: Script,
        idle: list[str],
    ) -> None:
        answer = answer_to(conversation, script, seed=self._seed, body=body, idle=idle)
        if not answer.tools and script.cuts_a_call:
            script = replace(script, cut="")
        digest = blake2b(f"{arrival.call_id}/{arrival.number}".encode(), digest_size=12)
        completion_id = f"chatcmpl-{digest.hexdigest()}"
        if not body.get("stream"):
            whole = wire.completion(completion_id, arrival.model, answer, arrival.input_tokens)
            await exchange.whole(whole, b"application/json", answer.size_tokens)
            return
        with_usage = (body.get("stream_options") or {}).get("include_usage") and not script.nousage
        chunks = wire.ChunkWriter(completion_id, arrival.model)
        parts = parts_of(answer, script, pace, chunks, arrival.input_tokens if with_usage else None)
        await exchange.stream(parts, script.cut)


def _understood(raw: bytes) -> tuple[dict[str, Any], Conversation]:
    """Parse a body. An unreadable one becomes an empty request, which is journalled like any other and rejected."""
    try:
        body = json.loads(raw)
        return body, read_conversation(body)
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}, read_conversation({})
