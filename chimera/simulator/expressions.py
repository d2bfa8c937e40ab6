"""Finds arithmetic in a text."""

import re

# Numbers with at least one operator between them. `-` and `/` need spaces, so that 2026-11-05 and 24/7 don't match.
_NUMBER = r"\d++(?:\.\d++)?\)?"
# Possessive, so that no digit is tried twice: goals can have 100,000 characters, and the server has only this thread.
_EXPRESSION = re.compile(
    rf"(?:\(|(?<!\d)){_NUMBER}(?:(?:\s*+(?:\*\*?|\+)\s*+|\s++[-/]\s++)\(?{_NUMBER})++",
)


def expression_in(text: str) -> str | None:
    """Return the first arithmetic expression in a text, as it is written there."""
    found = _EXPRESSION.search(text)
    return found[0] if found else None


def balanced(expression: str) -> str:
    """Remove the parentheses of an expression if they don't match."""
    return expression if expression.count("(") == expression.count(")") else re.sub(r"[()]", "", expression)
