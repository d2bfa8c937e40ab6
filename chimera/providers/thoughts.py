"""Thoughts that a model writes into its text, between tags, told apart from its answer while both come.

Only what stands at the beginning counts: tags in the middle belong to the prose or code that they are found in. Text
is held back only as long as it may be a tag. Templates of DeepSeek's and Qwen's kind put the opening tag into the
prompt, so that an answer has the closing one alone: that is seen when it comes, after the thought was passed on, and
`answer_in` then says what the answer is.
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
"""In small letters. DeepSeek, Qwen, Anthropic's prompts, Gemma, Seed, MiniMax, Magistral, Kimi."""

_CLOSING = (*_PAIRS.values(), "<think/>", "<think />")
"""The last two are a thought without a word in it."""
_ANY_CLOSING = re.compile("|".join(map(re.escape, _CLOSING)), re.IGNORECASE)
_ANY_OPENING = re.compile("|".join(map(re.escape, _PAIRS)), re.IGNORECASE)
_LONGEST = max(map(len, _CLOSING))


class Thoughts:
    """Splits text that comes in pieces into thought and answer."""

    def __init__(self) -> None:
        self.thought: list[str] = []
        self._closing = ""
        """The tag that ends the thought that is being written; empty outside of one."""
        self._held = ""
        self._at_start = True
        self._after_thought = False

    def take(self, text: str) -> str:
        """Take a piece in and return what is known to be of the answer."""
        if not self._at_start and not self._closing:
            return text
        self._held += text
        while self._held:
            if self._closing:
                if not self._think():
                    return ""
            elif not self._begins_thought():
                break
        return "" if self._at_start else self._release()

    def rest(self) -> str:
        """Return what was held back, at the end of the answer."""
        if self._closing:
            self.thought.append(self._held)
            self._held = ""
        return self._release()

    def _think(self) -> bool:
        """Move thought out of what is held; say whether it ended."""
        found = re.search(re.escape(self._closing), self._held, re.IGNORECASE)
        if found is None:
            kept = _prefix_length(self._held[-_LONGEST:].lower(), self._closing)
            cut = len(self._held) - kept
            self.thought.append(self._held[:cut])
            self._held = self._held[cut:]
            return False
        self.thought += [self._held[: found.start()], "\n"]
        self._held = self._held[found.end() :]
        self._closing, self._after_thought = "", True
        return True

    def _begins_thought(self) -> bool:
        """Look for a tag at the beginning of what is held; say whether one was found."""
        start = self._held.lstrip().lower()
        for tag, closing in _PAIRS.items():
            if start.startswith(tag):
                self._closing = closing
                self._held = self._held.lstrip()[len(tag) :]
                return True
        for tag in _CLOSING:
            if start.startswith(tag):
                # What a model writes that was told not to think.
                self._held = self._held.lstrip()[len(tag) :]
                self._after_thought = True
                return True
        self._at_start = not start or any(tag.startswith(start) for tag in (*_PAIRS, *_CLOSING))
        return False

    def _release(self) -> str:
        text, self._held = self._held, ""
        if self._after_thought:
            text = text.lstrip()
        return text


def answer_in(text: str) -> tuple[str, str] | None:
    """Find thought and answer in a text whose thought has a closing tag alone; None where it has none."""
    found = _ANY_CLOSING.search(text)
    if found is None or _ANY_OPENING.search(text, 0, found.start()):
        return None
    before, after = text[: found.start()], text[found.end() :]
    if not before.strip() or before.lstrip().startswith(("{", "[")) or _is_quoted(before, after):
        return None
    return before, after.lstrip()


def _is_quoted(before: str, after: str) -> bool:
    """Say whether a tag is spoken of: in code, in quotes, or in the middle of a sentence."""
    line = before[before.rfind("\n") + 1 :]
    if before.count("```") % 2 or line.count("`") % 2 or before.endswith(("'", '"', "“", "‘", "«", "(")):
        return True
    return before.endswith((" ", "\t")) and after.startswith((" ", "\t", ".", ",", ";", ":", "?", "!", ")"))


def _prefix_length(text: str, tag: str) -> int:
    """How many characters at the end of a text may begin a tag."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)
