"""How a node produces its answer. Each pattern is one file and one line here."""

from workflows.node import Pattern
from workflows.patterns.call import call
from workflows.patterns.planned import planned
from workflows.patterns.reply import reply
from workflows.patterns.single import single

PATTERNS: dict[str, Pattern] = {
    "planned": planned,
    "single": single,
    "reply": reply,
    "call": call,
}
