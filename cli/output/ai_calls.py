"""Prints AI calls (embeddings, images and transcriptions): the result on stdout, its cost on stderr."""

from collections.abc import Sequence, Set
from datetime import UTC
from pathlib import Path

from pydantic_core import to_json
from rich.table import Table
from rich.text import Text

from cli.errors import EXIT_CODES
from cli.output.bill import marked
from cli.output.image_files import places_of
from cli.output.printing import print_json
from cli.output.prose import print_line, print_note
from cli.output.remedies import with_command
from cli.output.text import count, one_line, plain, short
from models.ai_calls import AiCallSummary, AiCallView, EmbeddingsView, ImagesView, ImageView, TranscriptionView
from models.base import usd
from models.ids import AiCallId
from models.runs import OPEN, RunStatus

_STATES = {
    RunStatus.QUEUED: "it is queued",
    RunStatus.RUNNING: "its provider is processing the request",
    RunStatus.PAUSED: "it is paused",
    RunStatus.WAITING: "it is waiting for a higher budget",
    RunStatus.CANCELLING: "it is being cancelled",
    RunStatus.COMPLETED: "it is finished",
    RunStatus.FAILED: "it failed",
    RunStatus.CANCELLED: "it was cancelled",
}
_ENDS = {
    RunStatus.COMPLETED: EXIT_CODES["completed"],
    RunStatus.FAILED: EXIT_CODES["failed"],
    RunStatus.CANCELLED: EXIT_CODES["cancelled"],
}


def print_result(call: AiCallView, out: Path | None = None, *, as_json: bool) -> None:
    """Print a finished call's result and cost; `out` is where its images were written."""
    if as_json:
        assert call.result is not None
        print_json(call.result)
        return
    match call.result:
        case EmbeddingsView(data=vectors):
            for vector in vectors:
                print(to_json(vector.embedding).decode())
            _print_facts(call, f"{len(vectors[0].embedding)} dimensions")
        case ImagesView(data=images):
            for place in places_of(out, len(images)) if out else ():
                print(place)
            _print_facts(call, "; ".join(_facts_of(image) for image in images))
        case TranscriptionView(text=text, file_id=file_id):
            print(plain(text))
            _print_facts(call, f"stored as file {file_id}")


def print_call(call: AiCallView, out: Path | None) -> None:
    """Print a call's result as the command that requested it does, or its status."""
    if call.status is not RunStatus.COMPLETED:
        print_line(f"{short(call.id)} ({call.operation}, {call.model}): {where_it_stands(call)}.")
        return
    print_result(call, out, as_json=False)
    if out is None and isinstance(call.result, ImagesView):
        print_line(f"To save the image to a file, run: chimera calls show {short(call.id)} --out image.png")


def exit_code_of(call: AiCallView) -> int:
    """Return the exit code of a command that shows a call."""
    return 0 if call.status in OPEN else _ENDS[call.status]


def where_it_stands(call: AiCallView) -> str:
    """Describe how a call ended, or its status with, if known, the reason and the next try."""
    if call.status not in OPEN:
        after = f" after {count(call.attempts, 'attempt')}" if call.attempts else ""
        why = f": {call.error_code}: {call.error or ''}".rstrip(". :") if _has_failed(call) else ""
        return one_line(f"{_STATES[call.status]}{after}{why}", 500)
    tries = f"{count(call.attempts, 'attempt')} so far" if call.attempts else ""
    return one_line("; ".join(filter(None, (why_of(call), tries, _next_try(call)))), 500)


def why_of(call: AiCallView) -> str:
    """Describe what an open call is waiting for."""
    if call.blocked_by is not None:
        why = f"{call.blocked_by.code}: {call.blocked_by.message}"
        return with_command(why, call.blocked_by.remedy).rstrip(". :")
    if call.status is RunStatus.RUNNING or not call.error_code:
        # The error of the previous attempt no longer applies.
        return _STATES[call.status]
    return f"{call.error_code}: {call.error or ''}".rstrip(". :")


def table_of(calls: Sequence[AiCallSummary], blocked_by: Set[AiCallId]) -> Table:
    """Return a table with one line per call."""
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Id", "Started (UTC)", "Kind", "Status", "Cost"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Model", no_wrap=True, overflow="ellipsis", ratio=1)
    for call in calls:
        begun = f"{call.created_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        status = f"{call.status} (blocked)" if call.id in blocked_by else call.status
        cost = marked(usd(call.cost_micro_usd), estimated=call.estimated)
        cells = (short(call.id), begun, call.operation, status, cost)
        table.add_row(*map(Text, cells), Text(one_line(call.model, 120)))
    return table


def _facts_of(image: ImageView) -> str:
    return f"{image.media_type}, {image.size_bytes} bytes, stored as file {image.file_id}"


def _print_facts(call: AiCallView, what: str) -> None:
    cost = marked(usd(call.cost_micro_usd), estimated=call.estimated)
    simulated = ", simulated" if call.simulated else ""
    print_note(f"{call.model}{simulated}: {what}, {cost}")


def _has_failed(call: AiCallView) -> bool:
    return call.status is RunStatus.FAILED and bool(call.error_code)


def _next_try(call: AiCallView) -> str:
    if call.blocked_by is None or call.blocked_by.next_try_at is None:
        return ""
    return f"next try {call.blocked_by.next_try_at.astimezone(UTC):%H:%M:%S} UTC"
