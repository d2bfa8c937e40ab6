"""Amounts on the command line, refused in plain words; loads nothing, because `--help` shows these options."""

import math

import typer


def dollars(written: str) -> float:
    """Read an amount of US dollars, a millionth at least."""
    try:
        amount = float(written.strip().removeprefix("$"))
    except ValueError:
        raise typer.BadParameter(f"{written!r} is no amount. Write US dollars, as in 0.50.") from None
    if not math.isfinite(amount) or round(amount * 1e6) < 1:
        raise typer.BadParameter(f"{written!r} lets nothing be spent. Write more than 0; leave it out for no limit.")
    return amount


def whole(written: str) -> int:
    """Read a whole number above 0."""
    try:
        number = int(written.replace(",", ""))
    except ValueError:
        raise typer.BadParameter(f"{written!r} is no whole number. Write one, as in 5000.") from None
    if number < 1:
        raise typer.BadParameter(f"{written!r} lets nothing be spent. Write more than 0; leave it out for no limit.")
    return number
