"""Helpers shared by the simulator's endpoints: a request's bytes, its call, and the faults that apply to it."""

from collections.abc import Mapping
from hashlib import blake2b

from starlette.types import Receive, Scope

from chimera.simulator.journal import Arrival, Journal
from chimera.simulator.script import Script


class Refused(Exception):
    """A request is rejected, although no directive demands it."""

    def __init__(self, status: int, message: str, code: str = "") -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


def headers_of(scope: Scope) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


def arrive(journal: Journal, headers: Mapping[bytes, str], model: object, input_tokens: int) -> Arrival:
    """Journal a request, with the call and the attempt named in its headers."""
    call_id = headers.get(b"x-chimera-call") or headers.get(b"idempotency-key", "")
    return journal.arrive(call_id, headers.get(b"x-chimera-attempt", ""), str(model), input_tokens)


def is_meant(script: Script, arrival: Arrival, number: int, seed: int) -> bool:
    """Return whether the faults apply to an arrival, the `number`th of its call."""
    if script.times is not None and number > script.times:
        return False
    if script.model and script.model != arrival.model:
        return False
    return script.share >= 1 or _fraction(f"{seed}/{arrival.call_id}") < script.share


def refusal_of(script: Script, authorization: str) -> str:
    """Return an error message like a vendor's. OpenAI's quotes the rejected key, which clients must not pass on."""
    if script.status == 401:
        key = authorization.removeprefix("Bearer ")
        return f"Incorrect API key provided: {key}. You can find your API key in your account."
    return f"Simulated {script.status}: {script.code or 'requested by the prompt'}."


async def body_of(receive: Receive) -> bytes:
    parts = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


def _fraction(text: str) -> float:
    """Return a number from 0 to 1, always the same for the same text."""
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest()) / 2**32
