"""Decides whether the words before a tool call that is written as text announce the call or only introduce an example.

Only the end of the last sentence in the last line counts, because words like "example" also occur in ordinary sentences
and in addresses. An announcement may end like an introduction ("Let me see what the page looks like"), so fewer endings
count there. Only English is recognized: in other languages, a call is run unless it is in a quotation.
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
"""Announces that something will be done, rather than shown."""

_ALIKE = r"for (?:example|instance)|e\.g\.?|like (?:this|so|these|that)|as follows"
_INTRODUCES_ANYHOW = re.compile(rf"\b(?:{_ALIKE})[:*_ ]*$|^\W*for (?:example|instance)\b.*(?<![.!?])$", re.IGNORECASE)
"""Introduces an example even in a sentence that announces something, unless the sentence has ended."""
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
"""The end of a line whose sentence continues. A capital A is a name, such as that of an option or a step."""


def speaks_of_a_call(before: str) -> bool:
    """Return whether the words before a call introduce it as an example, or leave a sentence or a quotation open."""
    line = before.rstrip().rpartition("\n")[2]
    if _is_quotation_open(line):
        return True
    # Only the sentence that leads up to the call counts.
    last = _SENTENCE_END.split(line)[-1].rstrip(_DECORATION)
    if _ANNOUNCES.search(last):
        return _INTRODUCES_ANYHOW.search(last) is not None
    return bool(_INTRODUCES.search(last) or _CONTINUES.search(last))


def _is_quotation_open(line: str) -> bool:
    """Return whether a quotation is open at the end of a line.

    A quotation mark after a word, a number or the end of a sentence doesn't open one: `15"` is a length.
    """
    closers = ""
    for mark in _QUOTES.finditer(line):
        if closers:
            closers = "" if mark[0] in closers else closers
        elif not _CLOSES.search(line, 0, mark.start()):
            closers = _CLOSED_BY.get(mark[0], "")
    return bool(closers) or _CODE_FENCE.sub("", line).count("`") % 2 == 1
