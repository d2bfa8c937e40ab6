"""The words before a tool call that is written as text: do they announce it, or speak of it?

Nothing but the last sentence of the last line counts, and in it how it ends: ordinary sentences have words like
"example" too, in addresses as well. An announcement may end as an introduction does ("Let me see
what the page looks like"), so fewer ends count there. Other languages than English have no words here: there a call is
run unless it stands in a quotation.
"""

import re

_CODE_FENCE = re.compile(r"`{3,}|~{3,}")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_DECORATION = "*_ "
_CLOSED_BY = {'"': '"', "“": "”", "„": "“”"}
_CLOSES = re.compile(r"[\w.,!?)]$")
_QUOTES = re.compile(r'["“”„]')

_INTENT = (
    r"(?<!\bif )(?<!\bwhen )\b(?:let me|let['’]s|let us"
    r"|(?:I|we)(?:['’]ll|['’]m|['’]re|['’]d like| will| shall| am| are| need| want| should| must| have to)"
    r"|(?:the user|you) (?:asks?|asked|wants?|wanted|needs|is asking|requests?|requested))\b"
)
_SHOWS = (
    r"(?:show|demonstrat|illustrat|explain|describ|quot|cit|writ|spell|say|tell|present|print|output|emit|answer|respond"
    r"|repl|giv)(?:e|y|t?ing)?\b"
)
_ADVERBS = r"(?:\s+(?:to|going|just|now|also|first|then|quickly|briefly))*\s+"
_FILLERS = r"^\W*(?:(?:ok|okay|sure|alright|great|now|first|next|then)\b\W*)*"
_DOING = rf"(?:$|step \d|(?!(?:accord|call|follow|us)ing\b|{_SHOWS})\w{{2,}}ing\b)"
_ANNOUNCES = re.compile(rf"{_INTENT}(?!{_ADVERBS}{_SHOWS})|{_FILLERS}{_DOING}", re.IGNORECASE)
"""Something is about to be done, and not to be shown."""

_ALIKE = r"for (?:example|instance)|e\.g\.?|like (?:this|so|these|that)|as follows"
_INTRODUCES_ANYHOW = re.compile(rf"\b(?:{_ALIKE})[:*_ ]*$|^\W*for (?:example|instance)\b.*(?<![.!?])$", re.IGNORECASE)
"""Introductions even within an announcing sentence, unless that is over."""
_EXAMPLE = r"(?<![\w@/.-])(?:examples?|syntax|markup)(?![\w@/]|[.-]\w)"
_INTRODUCES = re.compile(
    rf"\b(?:{_ALIKE})[:.*_ ]*$"
    r"|\b(?:as in|looks? like|quoted?|(?:would|might|could) (?:be|look|read))[:*_ ]*$"
    r"|\b(?:writes?|wrote|written|spelled|says?|said|emits?|outputs?|produces?|answers?)"
    r"(?: (?:it|this|that|them|a call))?(?: (?:as|like|with))?[:*_ ]*$"
    rf"|{_EXAMPLE}(?: (?:of|for) [^.:]*\bcalls?| calls?)?[:.*_ ]*$"
    rf"|(?:{_EXAMPLE}|\bquote\b).*:[*_ ]*$",
    re.IGNORECASE,
)
_CONTINUES = re.compile(
    r"(?:,|\b(?:is|are|was|were|be|with|as|like|to|of|the|(?-i:a)|an|and|or|by|called))$", re.IGNORECASE
)
"""The end of a line whose sentence isn't over. A capital A names something: an option, a step."""


def speaks_of_a_call(before: str) -> bool:
    """Whether some words introduce a call as an example, or leave a sentence or a quotation open."""
    line = before.rstrip().rpartition("\n")[2]
    if _is_quotation_open(line):
        return True
    # The sentence that leads to the call; those before it are over.
    last = _SENTENCE_END.split(line)[-1].rstrip(_DECORATION)
    if _ANNOUNCES.search(last):
        return _INTRODUCES_ANYHOW.search(last) is not None
    return bool(_INTRODUCES.search(last) or _CONTINUES.search(last))


def _is_quotation_open(line: str) -> bool:
    """A mark behind a word, a number or the end of a sentence opens none: `15"` is a length."""
    closers = ""
    for mark in _QUOTES.finditer(line):
        if closers:
            closers = "" if mark[0] in closers else closers
        elif not _CLOSES.search(line, 0, mark.start()):
            closers = _CLOSED_BY.get(mark[0], "")
    return bool(closers) or _CODE_FENCE.sub("", line).count("`") % 2 == 1
