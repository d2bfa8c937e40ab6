"""Sentences that lead to a tool call, and sentences that introduce an example of one, often in the same words."""

import pytest

from chimera.providers.answers.lead_ins import speaks_of_a_call


@pytest.mark.parametrize(
    "before",
    [
        "Let me get the latest stock quotes:",
        "Let me check the syntax of the config:",
        "Now I'll check what the page looks like:",
        'A 27" screen, called "big", is 6\'2" away. Let me see.',
        "Let me look for recipes like that.",
        "Let me search for an example.",
        "I’ll find some examples of it:",
        "Checking the syntax of the file:",
        "Okay, searching for examples",
        "The user wants the latest quotes.",
        "The user asks for an example.",
        "Step 2: fetch the example",
        "**Step 1**: compute the example",
        "Okay,",
        "Sure,",
        "Let me check what the temperature is",
        "Let me see who said",
        "I'll write the file:",
        "I'll say hello to them.",
        "The next step would be to check the page.",
        "It looks like the file is missing.",
        "Ich suche nach „Wetter Berlin“.",
        "Let me see what „a” is",
        "Option A",
        "Page at https://example.com:",
        "Mail to ada@example.com:",
        "I'm going to look at the markup",
        "Now let me read src/examples/one.py:",
        "I'd like to see the markup of the page.",
        'He said "it is so." Let me check.',
        'and so on." Let me check.',
        "I need the quotes of today:",
        "I will call the calculator.",
        "Let's see how it is written:",
        "We should look at what they said:",
        "First, I need to know what it would be",
        "Here is the call:",
        "I should check the docs, e.g. https://example.com/a.",
        "The code has a syntax error. I will fix it.",
        "There is a syntax error in line 3.",
        "Such pages quote each other.",
        "I have to see what it looks like",
    ],
)
def test_a_sentence_that_leads_to_a_call(before: str) -> None:
    assert not speaks_of_a_call(f"Well.\n{before}\n\n")


@pytest.mark.parametrize(
    "before",
    [
        "Hermes models write a call like this:",
        "For example:",
        "A model would write:",
        "I looked it up. The syntax of a call is as follows:",
        "The call is",
        "To use the calculator, a model answers with",
        'The page says: "',
        "The page says: “",
        "Er sagt: „",
        "It was `",
        "**Example**:",
        "They wrote it as:",
        "Hermes models write:",
        "Here is an example of a call:",
        "Here is an example.",
        "This is an example of a tool call.",
        "Here is the syntax of a call to calc:",
        "The syntax:",
        "### Example",
        "Such a call looks like:",
        "A call would look like this:",
        "For instance, a model might emit:",
        "Let me show you an example:",
        "I'll show the syntax of a call:",
        "Let me explain what a call looks like:",
        "I'll answer with",
        "I will quote the page:",
        "Here is a quote from the page:",
        "If I want to calculate, I write:",
        "When I need the calculator, I answer with",
        "I'll give you an example of a call:",
        "I would write it as:",
        "I'll do it like this:",
        "I could call the calculator, for example:",
        "For example, I will call the calculator:",
        "Showing an example:",
        "Calling the calculator looks like this:",
        "Using this syntax:",
        "A call is written, e.g.:",
        "A call is written, e.g.",
        "According to the docs, a call looks like",
        "The user would write:",
        "It looks like so.",
        "a model could say",
    ],
)
def test_a_sentence_that_speaks_of_a_call(before: str) -> None:
    assert speaks_of_a_call(f"Well.\n{before}\n\n")


def test_no_words_speak_of_nothing() -> None:
    assert not speaks_of_a_call("")
    assert not speaks_of_a_call("\n")
