"""Vendors' refusal messages, prepared in the same way for all vendors."""

import httpx2
import pytest

from chimera.providers.refusals.refusal import Refusal, disconnected, reason_of
from models.errors import Overloaded, ProviderError, ProviderTimeout, Truncated, Unreachable

KEYS = ("sk-ant-api03-abcdef123456", "Bearer abcdef123456", "AIzaSyAnother1234567", "a-s3cret")


@pytest.mark.parametrize("key", KEYS)
def test_key_like_words_are_redacted_from_reasons(key: str) -> None:
    assert reason_of(f"Incorrect  key\x00: {key}.", "a-s3cret") in ("Incorrect key: ….", "Incorrect key: …")


def test_a_key_may_have_words_before_its_figures() -> None:
    for words in ("abc-", "key-", "Bearer_"):
        assert reason_of(f"It was key-{words * 8}1234.", "") == "It was …"
        assert reason_of(f"It was {words * 8}.", "") == f"It was {words * 8}."


@pytest.mark.parametrize("word", ["key-", "Bearer ", "sk-", "<script ", "key_a.", "AIza"])
def test_a_megabyte_of_words_is_looked_through_once(word: str) -> None:
    """If the work grew quadratically with the length, this test would exceed the tests' time limit."""
    assert len(reason_of(word * (1_000_000 // len(word)), "a-s3cret")) <= 180


@pytest.mark.parametrize("text", ["Unknown key response_format.", "Bearer authentication is off.", "Use scikit-learn."])
def test_words_after_key_are_not_redacted(text: str) -> None:
    assert reason_of(text, "a-s3cret") == text


@pytest.mark.parametrize("word", ["none", "ollama", "EMPTY"])
def test_a_word_is_no_key(word: str) -> None:
    text = f"tool_choice must be one of {word}, auto; {word} was given"
    assert reason_of(text, word) == text


@pytest.mark.parametrize(
    ("status", "words", "codes", "away"),
    [
        (500, "CUDA out of memory", "", False),
        (None, "CUDA out of memory", "", False),
        (408, "Timeout", "", False),
        (520, "Web server returned an unknown error", "", False),
        (500, "The server is overloaded", "", True),
        (500, "Something", "overloaded_error", True),
        (None, "Model is at capacity", "", True),
        *((status, "x", "", True) for status in (502, 503, 504, 529)),
    ],
)
def test_only_the_whole_servers_trouble_is_absence(status: int | None, words: str, codes: str, away: bool) -> None:
    assert Refusal("local", "m", status, words).trouble(codes).away == away


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("[Errno 111] Connection refused"), Unreachable),
        (httpx2.ConnectTimeout(""), Unreachable),
        (httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed certificate"), Overloaded),
        (httpx2.ProxyError("407 Proxy Authentication Required"), Overloaded),
        (httpx2.RemoteProtocolError("Server disconnected"), Overloaded),
        (httpx2.WriteTimeout(""), ProviderTimeout),
    ],
)
def test_only_transient_disconnects_are_retryable(error: Exception, kind: type[ProviderError]) -> None:
    found = disconnected("openai", error, begun=False)
    assert type(found) is kind
    assert type(disconnected("openai", error, begun=True)) is Truncated


@pytest.mark.parametrize("text", ["Rate limit reached for gpt-5: limit 500", "Credit balance is too low."])
def test_the_servers_own_words_are_kept(text: str) -> None:
    for status, kind in ((429, "rate_limited"), (402, "no_quota"), (503, "trouble"), (404, "unknown_model")):
        refusal = Refusal("local", "m", status, reason_of(text, ""))
        error: ProviderError = getattr(refusal, kind)()
        assert error.message.endswith(text if text.endswith(".") else f"{text}.")


def test_without_words_no_sentence_is_left_open() -> None:
    refusal = Refusal("local", "m", 503, "")
    assert refusal.rate_limited().message == "local asked for fewer requests."
    assert refusal.no_quota().message.endswith("then retry the task.")
    assert refusal.trouble().message.endswith("no reason given.")
    assert refusal.unknown_model().message.endswith("no reason given.")
