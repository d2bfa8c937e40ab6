"""Where Python code of others is wrong: file and line."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chimera.content.text import clean_text
from models.base import preview_of


def place_of_function(function: Callable[..., Any]) -> str:
    """Return the file and line of a function."""
    code = inspect.unwrap(function).__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def place_of_error(error: BaseException, file: str) -> str:
    """Return the last line of `file` in an error's traceback, or only the file."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno or 1}"
    line, trace = 0, error.__traceback__
    while trace is not None:
        if _is_same(trace.tb_frame.f_code.co_filename, file):
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"{file}:{line}" if line else file


def reason_of(error: BaseException) -> str:
    """Return an error as one short line."""
    text = error.msg if isinstance(error, SyntaxError) else str(error)
    return preview_of(clean_text(f"{type(error).__name__}: {' '.join(text.split())}".removesuffix(": ")), 300)


def _is_same(one: str, other: str) -> bool:
    return one == other or Path(one) == Path(other)
