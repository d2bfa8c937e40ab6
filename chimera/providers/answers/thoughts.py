"""Separates the reasoning that a model writes into its text, between tags, from its answer while both arrive.

Only tags at the beginning count: tags in the middle belong to the surrounding prose or code. Text is held back only
while it may be a tag. Chat templates like DeepSeek's and Qwen's put the opening tag into the prompt, so the answer
contains only the closing tag. It arrives after the thought has already been passed on as text, and `answer_in` then
returns the answer without the thought.
"""

import re

_PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "<mm:think>": "</mm:think>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
}
"""In lower case. From DeepSeek, Qwen, Anthropic's prompts, Gemma, Seed, MiniMax, Magistral and Kimi."""

_MARKUP = {
    "<|channel|>analysis<|message|>": "<|end|>",
    "<|start|>assistant<|channel|>analysis<|message|>": "<|end|>",
    "<|channel>thought": "<channel|>",
    "<|start_thinking|>": "<|end_thinking|>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<unused94>thought": "<unused95>",
    "<antthinking>": "</antthinking>",
}
"""Leaked by servers that don't know the template of gpt-oss, Gemma 4, Command A, OpenThinker, MedGemma or Claude 3."""
_ANSWERS = ("<|channel|>final<|message|>", "<|start|>assistant<|channel|>final<|message|>", "<|start_response|>")
"""Tags that begin an answer in the same markup."""
_OPENING = _PAIRS | _MARKUP
_WORDS_OF_MARKUP = re.compile(r"\Aanalysis.*?assistantfinal", re.DOTALL)
"""gpt-oss's markup without its special tokens: https://github.com/Augustas11/macprovider/issues/743"""

_CLOSING = (*_PAIRS.values(), "<think/>", "<think />")
"""The last two are empty thoughts."""
# Checking the next characters first saves testing each tag.
_ANY_CLOSING = re.compile(rf"(?=[<\[◁](?:/|think))(?:{'|'.join(map(re.escape, _CLOSING))})", re.IGNORECASE)
_ANY_OPENING = re.compile(rf"(?=[<\[◁][trsm])(?:{'|'.join(map(re.escape, _PAIRS))})", re.IGNORECASE)
_TAGS = (*_OPENING, *_CLOSING, *_ANSWERS)
_LONGEST = max(map(len, _TAGS))
MAX_TAGS = 1000
"""Maximum number of tags at the beginning of an answer; everything after them is read as the answer."""
_WORD = re.compile(r"\S")


class Thoughts:
    """Splits text that arrives in pieces into thought and answer. Reads each character once, and holds back few."""

    def __init__(self) -> None:
        self.thought: list[str] = []
        self._closing = ""
        """The tag that ends the current thought; empty outside a thought."""
        self._blank: list[str] = []
        """White space before the first word or tag, or after a tag."""
        self._held = ""
        """Text that may be the beginning of a tag."""
        self._at_start = True
        self._tags_left = MAX_TAGS
        self._after_thought = False

    def take(self, text: str) -> str:
        """Accept a piece and return the text that certainly belongs to the answer."""
        if not self._at_start:
            return text
        text, self._held = self._held + text, ""
        place: int | None = 0
        while place is not None and place < len(text):
            place = self._think(text, place) if self._closing else self._past_tag(text, place)
        return self._known()

    def rest(self) -> str:
        """Return the text that was held back, at the end of the answer."""
        if self._closing:
            self.thought.append(self._held)
            self._held = ""
        return self._release()

    def _think(self, text: str, place: int) -> int | None:
        """Store thought; return the position after it, or None if it continues after this text."""
        found = re.compile(re.escape(self._closing), re.IGNORECASE).search(text, place)
        if found is None:
            kept = _prefix_length(text[max(place, len(text) - _LONGEST) :].lower(), self._closing)
            cut = len(text) - kept
            self.thought.append(text[place:cut])
            self._held = text[cut:]
            return None
        self.thought += [text[place : found.start()], "\n"]
        self._closing, self._after_thought = "", True
        return found.end()

    def _past_tag(self, text: str, place: int) -> int | None:
        """Return the position after a tag, or None if there is no tag here; the text is then held back."""
        word = _WORD.search(text, place)
        begin = word.start() if word else len(text)
        start = text[begin : begin + _LONGEST + 1].lower()
        for tag in _TAGS:
            if self._tags_left and start.startswith(tag):
                self._tags_left -= 1
                self._closing = _OPENING.get(tag, "")
                # Models that are told not to reason write only a closing tag.
                self._after_thought = self._after_thought or not self._closing
                self._blank.clear()
                return begin + len(tag)
        self._at_start = self._tags_left > 0 and any(tag.startswith(start) for tag in _TAGS)
        self._blank.append(text[place:begin])
        self._held = text[begin:]
        return None

    def _known(self) -> str:
        return "" if self._at_start else self._release()

    def _release(self) -> str:
        text = self._held if self._after_thought else "".join([*self._blank, self._held])
        self._blank.clear()
        self._held = ""
        return text


def answer_in(text: str) -> tuple[str, str] | None:
    """Split a text whose thought has only a closing tag into thought and answer; None if it has no such thought."""
    match = _WORDS_OF_MARKUP.match(text)
    if match is not None:
        return match[0].removeprefix("analysis").removesuffix("assistantfinal"), text[match.end() :].lstrip()
    found = _ANY_CLOSING.search(text)
    if found is None or _ANY_OPENING.search(text, 0, found.start()):
        return None
    before, after = text[: found.start()], text[found.end() :]
    if not before.strip() or before.lstrip().startswith(("{", "[")) or _is_quoted(before, after):
        return None
    return before, after.lstrip()


def _is_quoted(before: str, after: str) -> bool:
    """Return whether a tag is only mentioned: in code, in quotes, or in the middle of a sentence."""
    line = before[before.rfind("\n") + 1 :]
    if before.count("```") % 2 or line.count("`") % 2 or before.endswith(("'", '"', "“", "‘", "«", "(")):
        return True
    return before.endswith((" ", "\t")) and after.startswith((" ", "\t", ".", ",", ";", ":", "?", "!", ")"))


def _prefix_length(text: str, tag: str) -> int:
    """Return the number of characters at the end of a text that may begin a tag."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)
