"""Everything that can go wrong with a provider: one request, the right error, and no trace of the key."""

import traceback
from dataclasses import dataclass

import pytest

from chimera.providers.base import Provider, ToolRequest
from chimera.providers.wire.values import names_in
from models import errors
from tests.chimera.providers.asking import asked, raised
from tests.chimera.simulated import CALCULATOR, answer_of
from tests.wires.base import KEY, USAGE, Kind, ModelAnswer, Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script, plain

RETRYABLE = (errors.RateLimited, errors.Overloaded, errors.Truncated, errors.Malformed)
WORDS = f"No. Your key was {KEY} or AIzaSyAnother1234567."
TEA = ModelAnswer(pieces=("It is tea.",))
HALF = ModelAnswer(pieces=("It is ",), stop=None)
CALL = ToolRequest("call_a1", "calculator", '{"expression": "17 * 23"}')


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("bad_request", errors.BadRequest),
        ("wrong_key", errors.WrongKey),
        ("forbidden", errors.WrongKey),
        ("no_quota", errors.NoQuota),
        ("unknown_model", errors.UnknownModel),
        ("context_too_long", errors.ContextTooLong),
        ("rate_limited", errors.RateLimited),
        ("timeout", errors.InternalFailure),
        ("conflict", errors.InternalFailure),
        ("internal", errors.InternalFailure),
        ("overloaded", errors.Overloaded),
    ],
)
async def test_a_refusal_is_sorted_and_not_billed(
    wire: Wire, provider: Provider, server: Scripted, kind: Kind, error: type[errors.ProviderError]
) -> None:
    status, body = wire.refused(kind, WORDS)
    found = await raised(provider, asked(wire), server, plain(status, body))
    assert_fits(found, error)
    assert not found.may_be_billed
    assert found.retry_after_s is None


def assert_fits(found: errors.ProviderError, error: type[errors.ProviderError]) -> None:
    """Check that an error can be stored, shown and acted upon: its class, its length, and no key anywhere in it."""
    assert type(found) is error, found.message
    assert found.retryable == issubclass(error, RETRYABLE)
    assert 0 < len(found.message) <= 300
    # The SDK's own error would contain the request and its headers.
    assert type(found.__cause__).__module__ == "builtins"
    shown = "".join(traceback.format_exception(found)) + repr(found) + found.message
    assert KEY not in shown
    assert "AIza" not in shown


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("wrong_key", "{setting}"),
        ("no_quota", "no quota left"),
        ("unknown_model", "{model!r}"),
        ("context_too_long", "too long for {model!r}"),
        ("overloaded", "No. Your key was …"),
    ],
)
async def test_a_refusal_names_the_setting_or_limit(
    wire: Wire, provider: Provider, server: Scripted, kind: Kind, words: str
) -> None:
    status, body = wire.refused(kind, WORDS)
    found = await raised(provider, asked(wire), server, plain(status, body))
    assert wire.name in found.message
    # The simulator needs no key.
    setting = "CHIMERA_SIMULATOR_URL" if wire.name == "simulator" else f"CHIMERA_{wire.name.upper()}_API_KEY"
    assert words.format(setting=setting, model=wire.model) in found.message


@pytest.mark.parametrize("kind", ["rate_limited", "overloaded"])
@pytest.mark.parametrize(("reported", "seconds"), [("7", 7.0), ("0.5", 0.5), ("999999", 3600.0), ("soon", None)])
async def test_the_server_sets_the_retry_time(
    wire: Wire, provider: Provider, server: Scripted, kind: Kind, reported: str, seconds: float | None
) -> None:
    status, body = wire.refused(kind, "Slower.")
    found = await raised(provider, asked(wire), server, plain(status, body, retry_after=reported))
    assert found.retry_after_s == seconds


@pytest.mark.parametrize(
    ("status", "error"), [(302, errors.BadRequest), (418, errors.BadRequest), (502, errors.Overloaded)]
)
@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b'{"error": "no object"}', b'[{"message": 7}]'])
async def test_gateways_may_have_their_own_error_form(
    wire: Wire, provider: Provider, server: Scripted, status: int, error: type[errors.ProviderError], body: bytes
) -> None:
    headers = {"content-type": "text/html", "location": "http://127.0.0.1:1/elsewhere"}
    found = await raised(provider, asked(wire), server, Script([body] if body else [], status, headers))
    assert_fits(found, error)
    assert str(status) in found.message
    assert not found.may_be_billed


@pytest.mark.parametrize(("type_", "body"), [("text/html", b"<html>Sign in</html>"), ("application/json", b'{"a": 1}')])
async def test_a_page_with_status_200_is_no_answer(
    wire: Wire, provider: Provider, server: Scripted, type_: str, body: bytes
) -> None:
    found = await raised(provider, asked(wire), server, Script([body], headers={"content-type": type_}))
    assert_fits(found, errors.Malformed)
    assert type_ in found.message
    assert "Check its address" in found.message
    assert not found.may_be_billed


@dataclass(frozen=True)
class Broken:
    """The way in which an answer breaks after it has begun."""

    error: type[errors.ProviderError]
    words: str
    sent: ModelAnswer = HALF
    more: bytes = b""
    """The data of one additional event."""
    end: bool = True


BROKEN = {
    "the connection is closed in mid-text": Broken(errors.Truncated, "broke the connection", end=False),
    "the stream ends in mid-text": Broken(errors.Truncated, "in the middle of its answer"),
    "the stream ends before it began": Broken(errors.Truncated, "in the middle", ModelAnswer(stop=None)),
    "the connection is closed in a tool call": Broken(
        errors.Truncated, "broke the connection", ModelAnswer(pieces=("I see.",), calls=(CALL,), stop=None), end=False
    ),
    "the stream ends in a tool call": Broken(
        errors.Truncated, "in the middle", ModelAnswer(pieces=("I see.",), calls=(CALL,), stop=None)
    ),
    "a tool call is cut by the limit": Broken(
        errors.Truncated, "Raise max_output_tokens", ModelAnswer(calls=(CALL,), stop="length")
    ),
    "JSON that is none": Broken(errors.Truncated, "in the middle", more=b'{"choices": [{"delta": '),
    "bytes that are no text": Broken(errors.Truncated, "in the middle", more=b"\xff\xfe"),
    "nothing said": Broken(errors.Malformed, "neither text nor a tool call", ModelAnswer()),
    "nothing but thoughts": Broken(errors.Malformed, "neither text nor a tool call", ModelAnswer(thoughts=("Hm.",))),
    "too much said": Broken(errors.AnswerTooLarge, "100000 bytes", ModelAnswer(pieces=("ten bytes " * 1000,) * 11)),
    "too much thought": Broken(
        errors.AnswerTooLarge,
        "100000 bytes",
        ModelAnswer(calls=(ToolRequest("c", "x", '{"a": "' + "x" * 100_000 + '"}'),)),
    ),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=list(BROKEN))
async def test_an_answer_that_breaks_may_be_billed(
    wire: Wire, provider: Provider, server: Scripted, broken: Broken
) -> None:
    more = [wire.framed(broken.more)] if broken.more else []
    script = Script([*wire.frames_of(broken.sent), *more], end=broken.end)
    found = await raised(provider, asked(wire, tools=(CALCULATOR,)), server, script)
    assert_fits(found, broken.error)
    assert broken.words in found.message
    assert found.may_be_billed


@pytest.mark.parametrize(
    "nonsense", [b"{", b"null", b"[]", b"7", b"\xff\xfe", b'{"a": 1}', b"[[[[", b'{"error": null}']
)
async def test_meaningless_events_are_ignored(
    wire: Wire, provider: Provider, server: Scripted, nonsense: bytes
) -> None:
    odd = wire.framed(nonsense)
    answer = wire.frames_of(ModelAnswer(pieces=("It is ", "tea.")))
    server.answers(Script([odd, *(part for frame in answer for part in (frame, odd))]))
    reply = await answer_of(provider, asked(wire))
    assert (reply.text, reply.end.finish_reason, reply.end.usage) == ("It is tea.", "stop", USAGE)
    assert reply.end.skipped >= (nonsense != b"[]")
    assert len(server.bodies) == 1


async def test_nothing_but_nonsense_is_malformed(wire: Wire, provider: Provider, server: Scripted) -> None:
    found = await raised(provider, asked(wire), server, Script([wire.framed(b"{"), wire.framed(b'{"a": 1}')]))
    assert_fits(found, errors.Malformed)
    assert found.may_be_billed


async def test_an_answer_stopped_by_the_vendor_fails(wire: Wire, provider: Provider, server: Scripted) -> None:
    found = await raised(
        provider, asked(wire), server, Script(wire.frames_of(ModelAnswer(pieces=("It is ",), stop="refused")))
    )
    assert_fits(found, errors.ContentRefused)
    assert (found.may_be_billed, found.usage) == (True, USAGE)


async def test_a_whole_answer_survives_later_errors(wire: Wire, provider: Provider, server: Scripted) -> None:
    broken = wire.broken_by("overloaded")
    for script in (Script(wire.frames_of(TEA), end=False), Script([*wire.frames_of(TEA), broken])):
        server.answers(script)
        assert (await answer_of(provider, asked(wire))).text == "It is tea."


@pytest.mark.parametrize(
    ("kind", "error"),
    [("overloaded", errors.Overloaded), ("internal", errors.Overloaded), ("rate_limited", errors.RateLimited)],
)
@pytest.mark.parametrize("begun", [False, True], ids=["at once", "in mid-answer"])
async def test_an_error_within_the_stream_is_sorted(
    wire: Wire, provider: Provider, server: Scripted, kind: Kind, error: type[errors.ProviderError], begun: bool
) -> None:
    before = wire.frames_of(HALF) if begun else ()
    found = await raised(provider, asked(wire), server, Script([*before, wire.broken_by(kind)]))
    assert isinstance(found, error)
    assert found.retryable
    assert found.may_be_billed


async def test_n_attempts_are_n_requests(wire: Wire, provider: Provider, server: Scripted) -> None:
    status, body = wire.refused("overloaded", "Busy.")
    server.answers(plain(status, body))
    for _ in range(5):
        with pytest.raises(errors.Overloaded):
            await answer_of(provider, asked(wire))
    assert len(server.bodies) == 5


@pytest.mark.parametrize(
    ("kind", "error"),
    [("wrong_key", errors.WrongKey), ("unknown_model", errors.UnknownModel), ("overloaded", errors.Overloaded)],
)
async def test_a_list_of_models_may_be_refused(
    wire: Wire, provider: Provider, server: Scripted, kind: Kind, error: type[errors.ProviderError]
) -> None:
    status, body = wire.refused(kind, WORDS)
    server.answers(plain(status, body))
    with pytest.raises(errors.ProviderError) as found:
        await provider.models()
    assert_fits(found.value, error)
    assert "''" not in found.value.message, "no model was named"
    assert len(server.targets) == 1


async def test_a_page_is_no_list_of_models(wire: Wire, provider: Provider, server: Scripted) -> None:
    server.answers(Script([b"<html>Sign in</html>"], headers={"content-type": "text/html"}))
    with pytest.raises(errors.Malformed):
        await provider.models()


def test_odd_entries_hide_no_model() -> None:
    entries = [{"id": "b"}, {"name": "a"}, {"nope": 1}, "c", None, 7, {"id": None}, {"id": 5}]
    assert names_in({"object": "list", "data": entries}) == ("5", "a", "b", "c")
    assert names_in({"models": entries[:2]}) == names_in(entries[:2]) == ("a", "b")
    assert names_in({"data": []}) == ()
    assert names_in({"error": "x"}) is names_in("<html>") is None
