"""Parsers of amounts, numbers, times and choices on the command line. Ambiguous forms are rejected.

`0,050` is five cents in half of the world, and fifty dollars to a parser that ignores commas. This module imports
nothing heavy, because `--help` loads it for these options.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal

import typer

MOST_USD = 10_000_000
"""The API's limit, which the API expresses in millionths."""

# Only ASCII digits, because `\d` matches the digits of every script. The bounds prevent computing with huge numbers.
_DOLLARS = re.compile(r"\$?([0-9]{0,30})(?:\.([0-9]{1,30}))?")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?|\.[0-9]{1,9}")
_DECIMALS = 6
_SHOWN_CHARS = 40


def micro_usd(written: str) -> int:
    """Parse an amount in US dollars into millionths. Only forms such as `5`, `0.50`, `.5` and `$5` are valid."""
    found = _DOLLARS.fullmatch(written.strip())
    if found is None or found[1] + (found[2] or "") == "":
        raise typer.BadParameter(f"{_shown(written)} is not an amount in US dollars. {_way_to_write(written)}")
    if len(found[2] or "") > _DECIMALS:
        raise typer.BadParameter(f"{_shown(written)} has too many decimal places. Use at most 6.")
    amount = int(Decimal(f"{found[1] or 0}.{found[2] or 0}") * 10**_DECIMALS)
    if amount < 1:
        raise typer.BadParameter(
            f"A budget of {_shown(written)} allows no spending. Enter an amount above 0, such as 0.50."
        )
    if amount > MOST_USD * 10**_DECIMALS:
        raise typer.BadParameter(f"{_shown(written)} exceeds the maximum budget of {MOST_USD} US dollars.")
    return amount


def whole(least: int, most: int | None = None) -> Callable[[str | int], int]:
    """Return a parser of whole numbers from `least` to `most`."""
    bounds = f"from {least} to {most}" if most is not None else f"of {least} or more"

    def read(written: str | int) -> int:
        # A default value is already a number.
        digits = _WHOLE.fullmatch(str(written).strip())
        number = int(digits[0]) if digits else None
        if number is None or number < least or (most is not None and number > most):
            example = 5000 if most is None else least
            raise typer.BadParameter(
                f"{_shown(written)} is not a whole number {bounds}. Enter only digits, such as {example}."
            )
        return number

    read.__name__ = "number"
    return read


def decimal(least: float, most: float) -> Callable[[str | float], float]:
    """Return a parser of numbers from `least` to `most`, with a decimal point."""

    def read(written: str | float) -> float:
        found = _NUMBER.fullmatch(str(written).strip())
        if found is None or not least <= float(found[0]) <= most:
            raise typer.BadParameter(
                f"{_shown(str(written))} is not a number from {least:g} to {most:g}. Enter a number such as 0.7."
            )
        return float(found[0])

    read.__name__ = "number"
    return read


def one_of(choices: Sequence[str]) -> Callable[[str], str]:
    """Return a parser of a choice. Typer's own parser would report an invalid choice as a "Value error"."""

    def read(written: str) -> str:
        if written in choices:
            return written
        from difflib import get_close_matches

        meant = get_close_matches(written[:_SHOWN_CHARS].lower(), choices, n=1)
        hint = f". Did you mean {meant[0]!r}?" if meant else "."
        raise typer.BadParameter(
            f"{_shown(written)} is not allowed. Choose one of {', '.join(map(repr, choices))}{hint}"
        )

    return read


def metavar_of(choices: Sequence[str]) -> str:
    """Return choices in the form that `--help` shows."""
    return f"<{'|'.join(choices)}>"


def moment(written: str) -> datetime:
    """Parse a point in time, with or without a UTC offset."""
    try:
        return datetime.fromisoformat(written.strip())
    except ValueError:
        raise typer.BadParameter(f"{written!r} is not a time. Enter a time such as 2026-11-01T07:00.") from None


def _shown(written: str | int) -> str:
    text = str(written)
    return repr(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…")


def _way_to_write(written: str) -> str:
    if "," in written:
        return "A comma is ambiguous. Enter an amount such as 1500.50, with a decimal point and no thousands separator."
    return "Enter an amount in digits, with a decimal point before the cents, such as 0.50."
