"""Amounts and times on the command line, refused in plain words; loads nothing, because `--help` shows these."""

import re
from datetime import datetime

import typer

MOST_USD = 10_000_000
"""As the API has it, in millionths."""

_WHOLE = r"\d+|\d{1,3}(?:,\d{3})+"
_DOLLARS = re.compile(rf"\$?((?:{_WHOLE})?(?:\.\d+)?)")


def dollars(written: str) -> float:
    """Read an amount of US dollars, a millionth at least."""
    found = _DOLLARS.fullmatch(written.strip())
    amount = float(found[1].replace(",", "")) if found and found[1] else 0.0
    if round(amount * 1e6) < 1:
        raise typer.BadParameter(f"{written!r} is no amount above 0. Write US dollars, as in 0.50.")
    if amount > MOST_USD:
        raise typer.BadParameter(f"{written!r} is more than a budget can be, ${MOST_USD:,}.")
    return amount


def whole(written: str) -> int:
    """Read a whole number above 0."""
    number = int(written.replace(",", "")) if re.fullmatch(_WHOLE, written.strip()) else 0
    if number < 1:
        raise typer.BadParameter(f"{written!r} is no whole number above 0. Write one, as in 5000.")
    return number


def moment(written: str) -> datetime:
    """Read a point in time, with or without an offset."""
    try:
        return datetime.fromisoformat(written.strip())
    except ValueError:
        raise typer.BadParameter(f"{written!r} is no time. Write it as in 2026-11-01T07:00.") from None
