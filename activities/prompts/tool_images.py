"""Images of tool results, shown to models.

Vendors' tool results are text, so the images of a turn follow its last result, in a message of the user.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from activities.prompts import messages
from chimera.config.settings import Settings
from chimera.db.engine import Connection
from chimera.ledger import input_files
from chimera.ledger.transcripts import TranscriptRow
from chimera.pricing import abilities_of
from chimera.providers.base import ChatMessage, Image
from models.files import InputFile
from models.providers import ModelAbility

MOST_SHOWN = 20
MOST_SHOWN_BYTES = 10_000_000
"""Of all images of results in a conversation, the newest are shown. Google's limit for a request is 20 MB, in which
images are a third larger: https://ai.google.dev/gemini-api/docs/image-understanding
"""
_GONE = "deleted, or too many newer ones"


@dataclass(frozen=True, slots=True)
class _Result:
    """A tool result with images."""

    tool: str
    shown: tuple[Image, ...]
    left_out: int


def are_accepted(model: str, settings: Settings) -> bool:
    """Return whether a model accepts images. An unknown one may."""
    abilities = abilities_of(model, settings.own_models)
    return abilities is None or ModelAbility.IMAGE_INPUT in abilities


async def messages_after(
    connection: Connection, owner_id: str, rows: Sequence[TranscriptRow], model: str, settings: Settings
) -> dict[int, ChatMessage]:
    """Return the messages with the images of a conversation, by the sequence of the row that each one follows.

    A model that doesn't accept images gets a note instead.
    """
    ids = [file_id for row in rows for file_id in row.images]
    if not ids:
        return {}
    if not are_accepted(model, settings):
        return messages_with(rows, {}, messages.NO_IMAGE_INPUT)
    files = await input_files.read_newest(connection, owner_id, ids[-MOST_SHOWN:], max_bytes=MOST_SHOWN_BYTES)
    return messages_with(rows, files, _GONE)


def messages_with(
    rows: Sequence[TranscriptRow], files: Mapping[str, InputFile], why_not: str
) -> dict[int, ChatMessage]:
    """Return the messages with those images that are in `files`, as `messages_after` does."""
    tools = {call["id"]: call["name"] for row in rows for call in row.tool_calls or ()}
    after: dict[int, ChatMessage] = {}
    for turn in _turns_of(rows):
        results = [_result_of(row, tools, files) for row in turn if row.images]
        if results:
            images = tuple(image for result in results for image in result.shown)
            after[turn[-1].seq] = ChatMessage("user", _text_of(results, why_not), images=images)
    return after


def _turns_of(rows: Sequence[TranscriptRow]) -> list[list[TranscriptRow]]:
    """Return the tool results of each turn, which follow each other."""
    turns: list[list[TranscriptRow]] = []
    for before, row in zip([None, *rows], rows, strict=False):
        if row.role != "tool":
            continue
        if before is None or before.role != "tool":
            turns.append([])
        turns[-1].append(row)
    return turns


def _result_of(row: TranscriptRow, tools: Mapping[str, str], files: Mapping[str, InputFile]) -> _Result:
    shown = tuple(Image(*files[file_id]) for file_id in row.images if file_id in files)
    return _Result(tools.get(row.tool_call_id or "", "a tool"), shown, len(row.images) - len(shown))


def _text_of(results: Sequence[_Result], why_not: str) -> str:
    """Return the text beside the images. Vendors put them before or after it, so it states how many belong to what."""
    shown = [result for result in results if result.shown]
    lines = []
    if len(shown) == 1:
        lines.append(f"Images from the result of {shown[0].tool}:")
    elif shown:
        counts = ", ".join(f"{len(result.shown)} from {result.tool}" for result in shown)
        lines.append(f"Images from the results of this turn, in this order: {counts}")
    for result in results:
        if result.left_out:
            count = "1 image" if result.left_out == 1 else f"{result.left_out} images"
            lines.append(f"[The result of {result.tool} has {count} that can't be shown: {why_not}]")
    return "\n".join(lines)
