"""Files of a task: its agents write and read them by name, and users download them.

The files belong to the run of the call, so a call reaches neither a disk nor another task's or user's files.
"""

from io import BytesIO

from pydantic import BaseModel, ConfigDict, Field

from chimera.config.settings import Settings
from chimera.content import file_names
from chimera.content.files import measured
from chimera.content.text import clean_text
from chimera.db.engine import Database
from chimera.ledger import run_files
from chimera.ledger.run_files import RunIsFull, Writer
from chimera.tools.base import ToolError, ToolOutput, TypedTool
from chimera.tools.context import ToolContext
from models.files import MAX_NAME_CHARS, MAX_RUN_FILE_BYTES
from models.tools import ToolKind

DEFAULT_LINES = 500
MAX_LINES = 5000
READ_CHARS = 50_000
"""The most that one call returns: about 12,000 tokens, which leaves room in most context windows."""

Name = Field(min_length=1, max_length=MAX_NAME_CHARS * 4, description="Name of the file, such as drafts/intro.md")


class WriteFileArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Name
    content: str = Field(description="The whole text of the file")


class ReadFileArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Name
    start_line: int = Field(default=1, ge=1, description="First line to read, counted from 1")
    max_lines: int = Field(default=DEFAULT_LINES, ge=1, le=MAX_LINES, description="How many lines to read")


class ListFilesArguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class WriteFile(TypedTool[WriteFileArguments]):
    """Writes a file. Without a database, it only has a definition."""

    name = "write_file"
    description = (
        "Write a text file that all agents of this task can read, and that the user can download. A file with the same"
        f" name is replaced. At most {MAX_RUN_FILE_BYTES:,} bytes."
    )
    kind = ToolKind.IDEMPOTENT
    arguments = WriteFileArguments
    reads_only = True

    def __init__(self, database: Database | None, settings: Settings) -> None:
        self._database = database
        self._most = settings.max_kept_bytes

    async def call(self, arguments: WriteFileArguments, context: ToolContext) -> ToolOutput:
        name = _checked(arguments.name)
        data = clean_text(arguments.content).encode()
        if len(data) > MAX_RUN_FILE_BYTES:
            raise ToolError(
                f"The file would have {len(data):,} bytes, and {MAX_RUN_FILE_BYTES:,} is the limit. Write it in parts."
            )
        writer = Writer(context.owner_id, context.run_id, context.path, context.step)
        try:
            async with _of(self._database).connection() as connection:
                replaced = await run_files.write(connection, writer, name, measured(BytesIO(data)), most=self._most)
        except RunIsFull as error:
            raise ToolError(str(error)) from None
        note = " It replaces the file with the same name." if replaced else ""
        return ToolOutput(f"Wrote {name} ({len(data):,} {'byte' if len(data) == 1 else 'bytes'}).{note}")


class ReadFile(TypedTool[ReadFileArguments]):
    """Reads a text file. Without a database, it only has a definition."""

    name = "read_file"
    description = "Read a text file of this task, by lines. To see which files there are, call list_files."
    kind = ToolKind.PURE
    arguments = ReadFileArguments
    reads_only = True

    def __init__(self, database: Database | None) -> None:
        self._database = database

    async def call(self, arguments: ReadFileArguments, context: ToolContext) -> ToolOutput:
        name = _checked(arguments.name)
        async with _of(self._database).connection() as connection:
            found = await run_files.read(connection, context.run_id, name)
        if found is None:
            raise ToolError(f"There is no file {name!r}. To see which files there are, call list_files.")
        try:
            text = found.data.decode()
        except UnicodeDecodeError:
            return ToolOutput(f"{name} is not text: {found.media_type}, {len(found.data):,} bytes.")
        most = min(READ_CHARS, context.limits.max_result_chars // 2)
        return ToolOutput(excerpt_of(text, arguments.start_line, arguments.max_lines, most))


class ListFiles(TypedTool[ListFilesArguments]):
    """Lists the files. Without a database, it only has a definition."""

    name = "list_files"
    description = "List the files of this task with their types and sizes."
    kind = ToolKind.PURE
    arguments = ListFilesArguments
    reads_only = True

    def __init__(self, database: Database | None) -> None:
        self._database = database

    async def call(self, arguments: ListFilesArguments, context: ToolContext) -> ToolOutput:
        async with _of(self._database).connection() as connection:
            found = await run_files.names(connection, context.run_id)
        lines = [f"{name} ({media_type}, {size:,} bytes)" for name, media_type, size in found]
        return ToolOutput("\n".join(lines) or "This task has no files yet.")


def excerpt_of(text: str, start_line: int, max_lines: int, max_chars: int) -> str:
    """Return the lines from `start_line` on that fit, and a note if they aren't the whole text.

    Lines end at line feeds only, as in most editors. Raises ToolError if the text has fewer lines.
    """
    if not text:
        return "[The file is empty.]"
    lines = text.removesuffix("\n").split("\n")
    if start_line > len(lines):
        raise ToolError(f"The file has {len(lines):,} lines. Use a start_line up to {len(lines):,}.")
    taken: list[str] = []
    room = max_chars
    for line in lines[start_line - 1 : start_line - 1 + max_lines]:
        if taken and len(line) + 1 > room:
            break
        taken.append(line[:max_chars])
        room -= len(line) + 1
    last = start_line - 1 + len(taken)
    excerpt = "\n".join(taken)
    if len(lines[last - 1]) > max_chars:
        excerpt += f"\n[Line {last:,} has {len(lines[last - 1]):,} characters and was cut.]"
    if start_line == 1 and last == len(lines):
        return excerpt
    more = f" To read on, use start_line {last + 1}." if last < len(lines) else ""
    return f"{excerpt}\n[Lines {start_line:,} to {last:,} of {len(lines):,}.{more}]"


def _checked(name: str) -> str:
    """Return the stored form of a name. Raises ToolError."""
    composed = file_names.composed(name)
    if problem := file_names.problem_of(composed):
        raise ToolError(problem)
    return composed


def _of(database: Database | None) -> Database:
    assert database is not None, "This process only describes tools, and runs none."
    return database
