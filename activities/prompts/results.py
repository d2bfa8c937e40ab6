"""Results of subtasks in the prompts of other nodes."""

from collections.abc import Sequence

from chimera.db.engine import Connection
from chimera.ledger import transcripts
from chimera.ledger.transcripts import Result
from models.errors import AnswerMissing
from models.ids import NodePath, RunId
from models.subtasks import ANSWERED

CHARS_A_TOKEN = 3
"""Bytes per token, as `estimate_tokens` counts."""

_CUT = {
    "length": "[This result reached its length limit and is incomplete.]",
    "content_filter": "[The provider's content filter removed the rest of this result.]",
}
"""Notes below a result, by its finish reason."""


async def read_results(
    connection: Connection, run_id: RunId, parent: NodePath, keys: tuple[str, ...] | None, *, tokens: int
) -> Sequence[Result]:
    """Read the results of a node's subtasks: all, or those of some keys. Raises AnswerMissing if one is missing.

    Together they get half of `tokens`, in equal shares.
    """
    found = await transcripts.read_results(connection, run_id, parent, keys, max_chars=tokens * CHARS_A_TOKEN // 2)
    if missing := [result.path for result in found if result.status not in ANSWERED]:
        raise AnswerMissing(missing)
    return found


def sections_of(results: Sequence[Result]) -> str:
    """Format each result under its key."""
    return "\n\n".join(
        f"## {result.key}{f' ({result.title})' if result.title else ''}\n{_words_of(result)}" for result in results
    )


def _words_of(result: Result) -> str:
    if result.status != "completed":
        return f"[no result: {result.status}]"
    mark = _CUT.get(result.finish_reason or "")
    return f"{result.text}\n{mark}" if mark else result.text
