"""Writes rows as CSV, JSON or Parquet, page by page, so that the memory used doesn't depend on their number."""

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import IO, Any

from pydantic_core import to_json

from models.exports import ExportFormat, Sort

Columns = Mapping[str, Sort]
Pages = AsyncGenerator[Sequence[Sequence[Any]]]

MEDIA_TYPES = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.JSON: "application/json",
    ExportFormat.PARQUET: "application/vnd.apache.parquet",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""Characters with which a cell begins that spreadsheets would run as a formula."""
_GROUP_ROWS = 20_000
_CHUNK = 64 * 1024
_WRITERS = ThreadPoolExecutor(2, thread_name_prefix="parquet")
"""A writer waits for pages. In the threads that sign-ins and other requests use, a few exports would stop them all."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written(format_: ExportFormat, columns: Columns, pages: Pages) -> AsyncGenerator[bytes]:
    """Return the bytes of an export, whose rows have these columns."""
    writers: dict[ExportFormat, Callable[[Columns, Pages], AsyncGenerator[bytes]]] = {
        ExportFormat.CSV: _csv,
        ExportFormat.JSON: _json,
        ExportFormat.PARQUET: _parquet,
    }
    return writers[format_](columns, pages)


def cell_of(value: Any) -> Any:
    """Return a value as a cell of a CSV file. Text that looks like a formula gets an apostrophe, as spreadsheets do."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case int() | float():
            return value
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


async def _csv(columns: Columns, pages: Pages) -> AsyncGenerator[bytes]:
    yield _csv_lines([list(columns)])
    async for page in pages:
        yield _csv_lines([[cell_of(value) for value in row] for row in page])


def _csv_lines(rows: Sequence[Sequence[Any]]) -> bytes:
    lines = io.StringIO()
    csv.writer(lines).writerows(rows)
    return lines.getvalue().encode()


async def _json(columns: Columns, pages: Pages) -> AsyncGenerator[bytes]:
    names, before = tuple(columns), b"[\n"
    async for page in pages:
        for row in page:
            yield before + to_json(dict(zip(names, row, strict=True)))
            before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"


async def _parquet(columns: Columns, pages: Pages) -> AsyncGenerator[bytes]:
    """Write a temporary file first, because Parquet's table of contents is at the end of the file."""
    with tempfile.TemporaryFile() as file:
        queue: Queue[Sequence[Sequence[Any]] | None] = Queue()
        writing = _WRITERS.submit(_write, file, columns, queue)
        try:
            async with aclosing(pages):
                async for page in pages:
                    if writing.done():
                        break
                    queue.put(page)
                    while queue.qsize() > 1 and not writing.done():
                        await asyncio.sleep(0.01)
        except BaseException:
            # One that other exports still keep waiting needs no thread any more.
            writing.cancel()
            raise
        finally:
            queue.put(None)
            if not writing.cancelled():
                await asyncio.wrap_future(writing)
        file.seek(0)
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk


def _write(file: IO[bytes], columns: Columns, queue: "Queue[Sequence[Sequence[Any]] | None]") -> None:
    from arro3.core import DataType, Field, RecordBatch, RecordBatchReader, Schema
    from arro3.io import write_parquet

    types = {
        "text": DataType.string(),
        "whole": DataType.int64(),
        "flag": DataType.bool(),
        "time": DataType.timestamp("us", tz="UTC"),
    }
    schema = Schema([Field(name, types[sort], nullable=True) for name, sort in columns.items()])

    def batches() -> Iterator[RecordBatch]:
        while (page := queue.get()) is not None:
            if page:
                values = zip(*page, strict=True)
                arrays = [_array(column, sort, types) for column, sort in zip(values, columns.values(), strict=True)]
                yield RecordBatch.from_arrays(arrays, schema=schema)

    write_parquet(
        RecordBatchReader.from_batches(schema, batches()),
        file,
        compression="zstd(3)",
        max_row_group_size=_GROUP_ROWS,
    )


def _array(values: Sequence[Any], sort: Sort, types: Mapping[str, Any]) -> Any:
    from arro3.core import Array

    if sort == "time":
        micros = [None if value is None else (value - _EPOCH) // timedelta(microseconds=1) for value in values]
        return Array(micros, types["whole"]).cast(types["time"])
    if sort == "text":
        return Array([None if value is None else str(value) for value in values], types["text"])
    return Array(list(values), types[sort])
