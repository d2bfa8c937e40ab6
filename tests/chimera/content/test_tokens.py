"""Tokens are counted without a network, and estimates are marked as such."""

import subprocess
import sys

import pytest

from chimera.content import tokens
from chimera.content.tokens import count_tokens


# The expected counts come from another implementation of the same tables, quicktok 0.4.
@pytest.mark.parametrize(
    ("model", "text", "expected"),
    [
        ("openai/gpt-5.6", "hello world, this is a test", 7),
        ("openai/gpt-4o-mini", "Größenwahn 🦄", 8),
        ("openai/gpt-4", "hello world, this is a test", 7),
        ("openai/gpt-5.6", "<|endoftext|>", 7),
        ("openai/o3", "", 0),
    ],
)
def test_an_openai_model_is_counted_with_its_own_tokenizer(model: str, text: str, expected: int) -> None:
    count = count_tokens(model, text)
    assert (count.tokens, count.estimated) == (expected, False)


@pytest.mark.parametrize("model", ["anthropic/claude-opus-5-5", "google/gemini-3-pro", "local/qwen3", "openai/unheard"])
def test_other_models_are_marked_as_estimated(model: str) -> None:
    count = count_tokens(model, "hello world, this is a test")
    assert count.estimated
    assert count.tokens >= 7


def test_a_lone_surrogate_and_a_long_text_are_counted() -> None:
    assert count_tokens("openai/gpt-5.6", "a\ud800b").tokens > 0
    assert count_tokens("openai/gpt-5.6", "word " * 199_000).tokens == 199_001


@pytest.mark.parametrize("model", ["openai/gpt-5.6", "openai/gpt-4"])
def test_a_text_in_pieces_has_as_many_tokens(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Don't stop, it's 3.14 Käse (or not)!  A new\n\n line of words in a row " * 50
    whole = count_tokens(model, text)
    monkeypatch.setattr(tokens, "PIECE_CHARS", 100)
    assert count_tokens(model, text) == whole


@pytest.mark.parametrize("character", ["x", "😀", "漢", " ", "\n", "🏴"])
def test_the_longest_text_is_counted(character: str) -> None:
    """These texts have more than 200,000 tokens. If a text can't be cut between words, its count is an estimate."""
    count = count_tokens("openai/gpt-5.6", character * 999_999)
    assert count.tokens > 0
    assert count.estimated


def test_token_tables_are_loaded_at_the_first_count() -> None:
    code = "import sys, chimera.content.tokens, api.app; sys.exit('bpe_openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
