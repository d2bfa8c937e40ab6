"""Tools: functions that a model can call. What is known about a tool without running it."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from models.base import Body, Contract
from models.pages import Page
from models.policies import ToolRuling

TOOL_NAME = r"^[A-Za-z0-9_-]{1,64}$"
"""The names that all vendors accept."""
SEPARATOR = "__"
"""Between the name of a server and the name of its tool, as in `github__create_issue`."""


class ToolKind(StrEnum):
    """What may happen if a call runs again after a crash."""

    PURE = "pure"
    """Nothing: the call has no effect. It may run again at any time."""
    IDEMPOTENT = "idempotent"
    """The effect happens once, however often the call runs: the sink recognizes the call by its idempotency key."""
    ONCE = "once"
    """The effect would happen twice. A call whose outcome is unknown never runs again unless a person decides so."""


class ToolSource(StrEnum):
    """Where a tool comes from."""

    BUILT_IN = "built_in"
    PYTHON = "python"
    MCP = "mcp"
    OPENAPI = "openapi"


class ToolDefinition(Contract):
    """A tool, as it is described to models and to the policy."""

    name: str
    """Unique among the tools of a user. Tools of servers have their server's name as a prefix; see `SEPARATOR`."""
    description: str
    parameters: dict[str, Any]
    """The JSON Schema of the arguments."""
    kind: ToolKind
    source: ToolSource = ToolSource.BUILT_IN
    server: str | None = None
    """The name of the MCP server or the OpenAPI document that the tool belongs to."""
    original: str | None = None
    """The name that the server itself uses."""
    instant: bool = False
    """Whether a call needs nothing but its arguments. It runs together with the answer that requests it, without an
    activity, and is always allowed."""
    reads_only: bool = False
    """Whether a call changes nothing outside its own task. Such calls are allowed by default; others have to be
    approved."""
    untrusted: bool = False
    """Whether results come from outside, so that they may contain instructions of strangers."""
    egress: bool = False
    """Whether arguments leave this installation, so that a hijacked model could send data with them."""
    compensable: bool = False
    """Whether the tool can undo a call, given the call's arguments and result."""


class ToolStatus(StrEnum):
    """Whether a tool can be called. The definition of a `changed` tool differs from the accepted one."""

    ACTIVE = "active"
    CHANGED = "changed"
    GONE = "gone"


class ToolView(Contract):
    """A tool as returned by the API."""

    name: str
    description: str
    parameters: dict[str, Any] = Field(description="JSON Schema of the arguments")
    kind: ToolKind
    source: ToolSource
    server: str | None
    reads_only: bool
    untrusted: bool
    egress: bool
    status: ToolStatus
    sha256: str = Field(description="Hash of the accepted definition")
    own: bool = Field(description="`true` if the tool belongs to one of your own servers")
    ruling: ToolRuling = Field(description="What the rules for your tasks say about calls of the tool")


class OfferedTool(Contract):
    """The definition that a server offers now, instead of the accepted one."""

    description: str
    parameters: dict[str, Any] = Field(description="JSON Schema of the arguments")
    kind: ToolKind
    reads_only: bool
    untrusted: bool
    egress: bool
    sha256: str = Field(description="Hash to send when you accept this definition")


class ToolDetails(ToolView):
    """A tool with the change that waits to be accepted."""

    offered: OfferedTool | None = Field(description="For a changed tool: the definition that its server offers now")


class Acceptance(Body):
    """The acceptance of a changed definition."""

    sha256: str | None = Field(
        default=None,
        max_length=64,
        description="Hash of the definition that you have seen. If it has changed again since, the request fails."
        " Default: the definition that is offered now.",
    )


class ToolPage(Page):
    """A page of tools, by name."""

    items: tuple[ToolView, ...]
