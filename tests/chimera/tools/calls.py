"""The context of a tool call, for tests."""

from chimera.tools.context import ToolContext, ToolLimits
from models.ids import NodePath, RunId, UserId


def a_context(key: str = "key-1") -> ToolContext:
    """Return the context of a call whose limits don't matter."""
    return ToolContext(
        owner_id=UserId("user-1"),
        run_id=RunId("run-1"),
        path=NodePath("facts"),
        step=1,
        index=0,
        idempotency_key=key,
        limits=ToolLimits(deadline=float("inf"), max_result_chars=256 * 1024),
    )
