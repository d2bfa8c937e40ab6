"""The context in which tests call a tool."""

from uuid import uuid4

from chimera.tools.context import ToolContext, ToolLimits
from models.ids import NodePath, RunId, UserId


def context(*, key: str = "key", max_result_chars: int = 100_000, is_untrusted: bool = False) -> ToolContext:
    return ToolContext(
        owner_id=UserId(str(uuid4())),
        run_id=RunId(str(uuid4())),
        path=NodePath("root"),
        step=1,
        index=0,
        idempotency_key=key,
        limits=ToolLimits(deadline=1e9, max_result_chars=max_result_chars),
        is_untrusted=is_untrusted,
    )
