"""Makes tools of functions, as a folder's files do."""

from collections.abc import Callable
from typing import Any

from chimera.tools.python.decorator import options_of, tool
from chimera.tools.python.functions import FunctionTool
from chimera.tools.python.threads import Threads


def made_of(function: Callable[..., Any], **options: Any) -> FunctionTool:
    """Return the tool of a function, which is marked here if it isn't, or with other options."""
    marked = function if options_of(function) and not options else tool(**options)(function)
    found = options_of(marked)
    assert found is not None
    return FunctionTool(marked, found, Threads())
