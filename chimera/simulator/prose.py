"""Readable paragraphs about any topic, generated from a seed. They say nothing, and are marked as simulated."""

import re
from random import Random

LABEL = "[simulated]"

_SENTENCES = (
    "The question behind {topic} is not what is possible but what is worth the price.",
    "Three things decide {topic}: what it costs, who has to keep it running, and how easily it can be undone.",
    "Most accounts of {topic} agree on the facts but disagree about the consequences.",
    "A closer look shows that {aspect} matters more here than it first appears.",
    "There are two schools: one puts {aspect} first; the other leaves it for later.",
    "Where figures exist, they point the same way, though they come from few sources.",
    "It is worth separating what is known from what is inferred; the second list is the longer one.",
    "The usual objection concerns {aspect}, and it deserves a plain answer.",
    "In small cases, the difference hardly shows; it grows with every part that is added.",
    "This does not rule out the alternative, but the burden of proof lies there.",
    "The simplest reading of {topic} is also the one with the fewest surprises.",
    "Past attempts failed because of problems with {aspect}, not a lack of effort.",
    "A sensible first step is small, can be measured, and commits to nothing.",
    "Taken together, the evidence supports going ahead, with {aspect} watched closely.",
    "What remains open is how long the advantage lasts once others follow.",
    "For the next decision, it is enough to know that {aspect} is settled early.",
)
_CLOSINGS = (
    "Enough.",
    "So far.",
    "That will do.",
    "Let it rest there.",
    "More would add very little.",
    "That much can be said today.",
    "The rest is a matter of taste.",
    "Anything further would have to be measured first.",
    "Beyond that, the available figures do not say much.",
    "Readers who want more than this can try it themselves.",
    "The remaining questions are smaller, and none of them is urgent.",
    "With that, the picture is complete enough to support a first decision.",
)
"""Sentences of one word, two words, and so on, which fill an answer up to its exact length."""
_ASPECTS = ("cost", "timing", "reliability", "maintenance", "scale", "risk", "the people involved", "data quality")
_PARAGRAPH_SENTENCES = 4
_TOPIC_CHARS = 70


def topic_of(subject: str) -> str:
    """Return the first few words of a goal or an instruction, or those after an early colon."""
    subject = re.sub(r"^[^:.\n]{1,50}: ", "", subject.strip())
    sentence = re.split(r"[.!?;\n]", subject, maxsplit=1)[0].strip(" :,'\"")
    if len(sentence) <= _TOPIC_CHARS:
        return sentence or "the question"
    return sentence[:_TOPIC_CHARS].rsplit(" ", 1)[0] + "…"


def paragraphs(random: Random, topic: str, opening: str, tokens: int, *, exact: bool) -> list[str]:
    """Write prose that begins with the label, as tokens (a token is a word with the space after it).

    With `exact`, the prose has exactly `tokens` tokens, and closing sentences of the right length end it. Otherwise, it
    ends with the first sentence that reaches `tokens`.
    """
    words = f"{LABEL} {opening}".split(" ")
    order: list[str] = []
    sentences = 0
    whole, last = len(words), words[-1]
    while len(words) < tokens:
        whole, last = len(words), words[-1]
        order = order or random.sample(_SENTENCES, len(_SENTENCES))
        first, *rest = order.pop().format(topic=f"“{topic}”", aspect=random.choice(_ASPECTS)).split(" ")
        sentences += 1
        if sentences % _PARAGRAPH_SENTENCES == 0:
            words[-1] += f"\n\n{first}"
        else:
            words.append(first)
        words += rest
    if exact and len(words) > tokens:
        # Closing sentences replace the last sentence. An opening that is already too long is cut.
        words = [*words[: whole - 1], last, *_closing(tokens - whole)][: max(tokens, 1)]
    return [word + " " for word in words[:-1]] + words[-1:]


def _closing(count: int) -> list[str]:
    """Return the words of closing sentences with `count` words in total."""
    words: list[str] = []
    left = list(_CLOSINGS)
    while len(words) < count:
        left = left or list(_CLOSINGS)
        words += left.pop(min(len(left), count - len(words)) - 1).split(" ")
    return words


def pieces(text: str, size: int = 4) -> list[str]:
    """Split text that isn't prose, such as JSON, into tokens of `size` characters."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def of_bytes(count: int) -> list[str]:
    """Return an answer of exactly `count` bytes, in pieces of 1 KB."""
    line = (f"{LABEL} " + "0123456789abcdef" * 64)[:1023] + "\n"
    whole, rest = divmod(count, len(line))
    return [line] * whole + ([line[:rest]] if rest else [])


def poison(marks: int) -> list[str]:
    """Return text that breaks careless converters, databases and terminals, with `marks` combining marks."""
    return [
        f"{LABEL} poison: lone surrogates \ud800 and \udc00, ",
        "NUL \x00, escape \x1b[31m, ",
        "override \u202eterces\u202c and isolate \u2066x\u2069, ",
        "noncharacters \ufffe \uffff, ",
        "marks e" + "\u0301" * (marks if marks > 1 else 200) + ", ",
        "NaN Infinity " + "[" * 200 + "]" * 200 + ", ",
        "right-to-left שלום, an emoji \U0001f600 and <script>alert(1)</script>.",
    ]
