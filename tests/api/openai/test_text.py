"""The text that a client receives only grows."""

import pytest

from api.openai.text import Contradicted, GrowingText
from models.events import TokensFrame
from models.ids import ROOT, RunId
from models.model_calls import Purpose


def piece(text: str, offset: int) -> TokensFrame:
    return TokensFrame(run_id=RunId("r"), path=ROOT, purpose=Purpose.TURN, step=1, attempt=1, offset=offset, text=text)


def test_a_repeated_text_is_sent_once() -> None:
    text = GrowingText()
    text.begin()
    assert [text.add(piece("Hello", 0)), text.add(piece(" you", 5))] == ["Hello", " you"]
    text.begin()
    assert [text.add(piece("Hel", 0)), text.add(piece("lo you all", 3))] == ["", " all"]
    assert text.end("Hello you all.") == "."


@pytest.mark.parametrize("again", ["Help", "Good"])
def test_another_text_contradicts_the_first(again: str) -> None:
    text = GrowingText()
    text.begin()
    text.add(piece("Hello", 0))
    text.begin()
    with pytest.raises(Contradicted):
        text.add(piece(again, 0))


def test_lost_pieces_come_with_the_stored_text() -> None:
    text = GrowingText()
    text.begin()
    assert [text.add(piece("One", 0)), text.add(piece("three", 8))] == ["One", ""]
    assert text.settle("One two three", goes_on=False) == " two three"
    text.begin()
    assert text.add(piece("Four", 0)) == "\n\nFour"
    assert text.end("One two three\n\nFour") == ""


def test_a_shorter_stored_text_contradicts() -> None:
    text = GrowingText()
    text.begin()
    text.add(piece("Hello", 0))
    with pytest.raises(Contradicted):
        text.end("Hell")


@pytest.mark.parametrize("said", ["Hm, Paris?</think>\n\nParis.", "Paris.</s>", "Hm.</think>Paris.<|im_end|>"])
def test_more_than_the_answer_does_not_contradict(said: str) -> None:
    text = GrowingText()
    text.begin()
    assert text.add(piece(said, 0)) == said
    assert text.end("Paris.") == ""


def test_each_turn_may_have_more_than_its_answer() -> None:
    text = GrowingText()
    for said, stored in [("One?</think>One.", "One."), ("Two?</think>", "One."), ("Three.</s>", "One.\n\nThree.")]:
        text.begin()
        text.add(piece(said, 0))
        assert text.settle(stored, goes_on=False) == ""
    text.begin()
    assert text.add(piece("Four", 0)) == "\n\nFour"
    assert text.end("One.\n\nThree.\n\nFour.") == "."


def test_a_thought_before_a_call_is_no_answer() -> None:
    text = GrowingText()
    text.begin()
    text.add(piece("A tool helps.</think>", 0))
    assert text.settle("", goes_on=False) == ""
    text.begin()
    assert text.add(piece("Yes.", 0)) == "Yes."
    assert text.end("Yes.") == ""


def test_a_thought_of_an_earlier_attempt_contradicts() -> None:
    text = GrowingText()
    text.begin()
    text.add(piece("Hm.</think>Paris, of course", 0))
    text.begin()
    with pytest.raises(Contradicted):
        text.end("Paris.")


def test_a_lost_end_of_a_thought_contradicts() -> None:
    text = GrowingText()
    text.begin()
    text.add(piece("Hm, Par", 0))
    with pytest.raises(Contradicted):
        text.end("Paris.")


def test_a_cut_text_is_continued_directly() -> None:
    text = GrowingText()
    text.begin()
    text.add(piece("One tw", 0))
    assert text.settle("One tw", goes_on=True) == ""
    text.begin()
    assert text.add(piece("o.", 0)) == "o."
