"""Tools of one's own: typed Python functions, in an installed package or in the folder `CHIMERA_TOOLS_DIR`.

This is what such a function imports, so it imports fast, and nothing of the server:

    from chimera.tools.python import tool

    @tool(kind="pure")
    def word_count(text: str) -> int:
        \"\"\"Count the words of a text.\"\"\"
        return len(text.split())
"""

from chimera.tools.base import OutcomeUnknown, ToolError, ToolImage, ToolOutput, ToolUnavailable
from chimera.tools.context import ToolContext
from chimera.tools.python.decorator import tool

__all__ = ["OutcomeUnknown", "ToolContext", "ToolError", "ToolImage", "ToolOutput", "ToolUnavailable", "tool"]
