"""Finds valid directives that have no effect on their request, and the reasons.

An answer in a chat begins with a note on them. Plans and other JSON, vectors and images can't contain a note, so such a
request is rejected. Either way, no test can mistake a missing fault for an injected one.
"""

from chimera.simulator.conversation import Conversation
from chimera.simulator.script import FAULTS, Script
from chimera.simulator.steps import TOOL_KEYS

_OF_TOOLS = (*TOOL_KEYS, "turns", "same", "badargs", "obey")
_OF_PROSE = ("tokens", "bytes", "say")
_OF_JSON = ("badjson", "wrongjson")
_OF_TURNS = (*_OF_TOOLS, *_OF_PROSE, *_OF_JSON)
_OF_PLANS = ("split", "chain", "sub", "agent", "nest", "badplan")
_OF_STREAMS = ("drip", "cut", "garbage", "shape", "nousage")
_OF_MEDIA = frozenset(
    {"times", "share", "model", "delay", "status", "code", "retry_after", "hang", "html", "nousage", "cut", "garbage"}
)
_NEEDED = {
    "same": ("turns",),
    "code": ("status",),
    "retry_after": ("status",),
    "agent": ("split", "chain"),
    "times": FAULTS,
    "share": FAULTS,
    "model": FAULTS,
}
"""Directives that modify others: without any of these they have no effect."""


def idle_in(script: Script, conversation: Conversation, *, streams: bool) -> list[str]:
    """Return the reason for each directive without effect on a chat completion."""
    if conversation.purpose == "plan":
        return [
            *_named(script, _OF_TURNS, "a plan has no turns. Put turn directives under sub", calls=True),
            *_lonely(script),
        ]
    plans = tuple(key for key in _OF_PLANS if key != "sub" or "delegate" not in script.given())
    found = _named(script, plans, "only [[sim plan: …]] in a goal supports this")
    # If a tool was called before, a request that allows no more calls is the last one of its loop.
    if not conversation.tools and conversation.turn == 1:
        found += _named(script, _OF_TOOLS, "this request doesn't allow tool calls", calls=True)
    if conversation.schema is None:
        found += _named(script, _OF_JSON, "this request doesn't ask for JSON")
    elif not script.given().intersection(_OF_TOOLS):
        found += _named(script, _OF_PROSE, "this request asks for JSON")
    if not streams:
        found += _named(script, _OF_STREAMS, "this request is not streamed")
    return [*found, *_lonely(script, besides=frozenset(_OF_PLANS))]


def idle_in_media(script: Script) -> list[str]:
    """Return the reason for each directive without effect on an embedding, an image or a transcription."""
    others = sorted(script.given() - _OF_MEDIA)
    return [
        *_named(script, others, "only chat completions support this", calls=True),
        *_lonely(script, besides=set(others)),
    ]


def _named(script: Script, keys: tuple[str, ...] | list[str], why: str, *, calls: bool = False) -> list[str]:
    """Return a sentence about the keys that are given; with `calls`, also about a cut in a tool call."""
    given = script.given()
    named = [repr(key) for key in keys if key in given]
    if calls and script.cuts_a_call and "'cut'" not in named:
        named.append(f"'cut={script.cut}'")
    return [f"{', '.join(named)} had no effect, because {why}"] if named else []


def _lonely(script: Script, *, besides: frozenset[str] | set[str] = frozenset()) -> list[str]:
    given = script.given()
    return [
        f"{key!r} had no effect, because it also needs {'a fault' if needed is FAULTS else ' or '.join(needed)}"
        for key, needed in _NEEDED.items()
        if key in given - besides and not given.intersection(needed)
    ]
