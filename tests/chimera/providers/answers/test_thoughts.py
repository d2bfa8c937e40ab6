"""Thoughts between tags are separated from the answer, wherever the text is cut into pieces."""

import pytest

from chimera.providers.answers.thoughts import MAX_TAGS, Thoughts, answer_in

SPLIT = [
    ("<think>hm</think>Yes.", "hm", "Yes."),
    ("<think>\n\nhm\n</think>\n\nYes.", "hm", "Yes."),
    ("\n <think>\n\n</think>\n\nYes.", "", "Yes."),
    ("<thinking>a < b, </think> too</thinking>Yes.", "a < b, </think> too", "Yes."),
    ("<Reasoning>hm</reasoning> Yes.", "hm", "Yes."),
    ("<THINK>İ hm</Think>Yes.", "İ hm", "Yes."),
    ("[THINK]hm[/THINK]Yes.", "hm", "Yes."),
    ("◁think▷hm◁/think▷Yes.", "hm", "Yes."),
    ("<think>one</think>\n<think>two</think>Yes.", "one\ntwo", "Yes."),
    ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Yes.", "hm", "Yes."),
    ("<|channel>thought\nhm<channel|>Yes.", "hm", "Yes."),
    ("<|START_THINKING|>hm<|END_THINKING|><|START_RESPONSE|>Yes.", "hm", "Yes."),
    ("<|channel|>final<|message|>Yes.", "", "Yes."),
    ("</think>\n\nYes.", "", "Yes."),
    ("<think/>Yes.", "", "Yes."),
    ("<think>hm, </thin and </thinks", "hm, </thin and </thinks", ""),
    ("<think>never ends", "never ends", ""),
    ("Use <think> for it, </think> ends it.", "", "Use <think> for it, </think> ends it."),
    ("```xml\n<think>hm</think>\n```", "", "```xml\n<think>hm</think>\n```"),
    ("<thinker>Rodin</thinker>", "", "<thinker>Rodin</thinker>"),
    ("<thi", "", "<thi"),
    ("  indented\n", "", "  indented\n"),
    ('[{"a": 1}]', "", '[{"a": 1}]'),
]


@pytest.mark.parametrize(("text", "thought", "answer"), SPLIT)
def test_thoughts_are_split_off_at_every_cut(text: str, thought: str, answer: str) -> None:
    cuts = [[text[:place], text[place:]] for place in range(len(text) + 1)]
    cuts.append(list(text))
    cuts += [[text[start : start + 3] for start in range(0, len(text), 3)]]
    for pieces in cuts:
        thoughts = Thoughts()
        reported = "".join([*map(thoughts.take, pieces), thoughts.rest()])
        assert (reported, "".join(thoughts.thought).strip()) == (answer, thought), pieces


def test_an_answer_is_passed_on_at_once() -> None:
    thoughts = Thoughts()
    assert [thoughts.take(piece) for piece in ("<think>", "hm", "</think>", "\n", "Yes", ", <think> it")] == [
        *("", "", "", "", "Yes", ", <think> it")
    ]


def test_blanks_are_given_back_before_an_answer() -> None:
    thoughts = Thoughts()
    assert not any(thoughts.take("\n") for _ in range(100_000))
    assert thoughts.take("Yes.") == "\n" * 100_000 + "Yes."


@pytest.mark.parametrize("thought", ["<think>hm</think>\n", "<think/>", "</think>"])
def test_tags_are_read_up_to_a_number(thought: str) -> None:
    for pieces in ([thought * (MAX_TAGS + 9) + "Yes."], [*[thought] * (MAX_TAGS + 9), "Yes."]):
        thoughts = Thoughts()
        reported = "".join([*map(thoughts.take, pieces), thoughts.rest()])
        assert reported.strip() == thought * 9 + "Yes."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hm, 17 * 23\n</think>\n\nIt is 391.", ("hm, 17 * 23\n", "It is 391.")),
        ("hm</think>391", ("hm", "391")),
        ("hm\n</THINKING>391", ("hm\n", "391")),
        ("It is 391.", None),
        ("Write `</think>` to end it.", None),
        ("Write </think> to end it.", None),
        ('Write "</think>" to end it.', None),
        ("```\nhm</think>\n```", None),
        ("So <think>hm</think> is how it goes.", None),
        ('{"text": "hm</think>391"}', None),
        ("</think>391", None),
    ],
)
def test_a_closing_tag_alone_ends_a_thought(text: str, found: tuple[str, str] | None) -> None:
    assert answer_in(text) == found
