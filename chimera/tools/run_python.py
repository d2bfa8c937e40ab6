"""Runs a model's Python in Monty, a sandboxed interpreter in processes of its own.

Monty is not CPython: it has no way to files, the network, processes or this process's objects. Each call has a
new process of the pool, which has an empty environment. A process that crashes is replaced.
"""

import ast
import asyncio
import os
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict, Field

from chimera.content.text import clean_text
from chimera.tools.base import ToolOutput, ToolUnavailable, TypedTool
from chimera.tools.context import ToolContext
from models.tools import ToolKind

if TYPE_CHECKING:
    from pydantic_monty import AsyncMonty, CollectString, MontyError, OSPolicy, ResourceLimits

MAX_CODE_CHARS: Final = 50_000
MAX_OUTPUT_BYTES: Final = 32 * 1024
"""The limit of what is printed, and of the value that is shown after it."""
MAX_SECONDS: Final = 10.0
MAX_MEMORY_BYTES: Final = 128 * 1024 * 1024
MAX_DEPTH: Final = 500
"""The number of calls within calls."""
MAX_AT_ONCE: Final = max(1, min(4, os.cpu_count() or 1))
"""The number of worker processes. Further calls wait for one."""
_GRACE_SECONDS = 5.0
# The text of the last value is made in the sandbox, within its limits: a value of a few lists that contain each other
# becomes an object with millions of parts here, and a process that converts it does nothing else meanwhile. Without a
# call, so that code can't replace what is called last.
_TEXT_OF_VALUE: Final = (
    f"""'' if _ is None else f"{{(_ if isinstance(_, str) else repr(_))!s:.{2 * MAX_OUTPUT_BYTES}}}" """
)


class RunPythonArguments(BaseModel):
    """The arguments, as a model writes them."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(
        min_length=1,
        max_length=MAX_CODE_CHARS,
        description="The code",
    )


class RunPython(TypedTool[RunPythonArguments]):
    """Runs Python. `aclose` ends its processes."""

    name = "run_python"
    description = (
        "Run Python code in a sandbox. Returns what the code prints, then the value of the last line if that is an"
        " expression. Nothing is kept between calls. No files, network or input(). Only these modules: asyncio, base64,"
        " bisect, collections, copy, csv, dataclasses, datetime, decimal, functools, hashlib, itertools, json, math,"
        " random, re, time, tomllib, typing. Not supported: yield, inheritance, del, decorated methods. Limits:"
        f" {MAX_SECONDS:g} s, 128 MB, {MAX_OUTPUT_BYTES // 1024} KB of output."
    )
    kind = ToolKind.PURE
    arguments = RunPythonArguments
    reads_only = True

    def __init__(
        self, *, max_seconds: float = MAX_SECONDS, max_memory_bytes: int = MAX_MEMORY_BYTES, at_once: int = MAX_AT_ONCE
    ) -> None:
        self._max_seconds = max_seconds
        self._limits: ResourceLimits = {
            "max_feed_duration_secs": max_seconds,
            "max_memory": max_memory_bytes,
            "max_recursion_depth": MAX_DEPTH,
        }
        self._at_once = at_once
        self._pool: AsyncMonty | None = None
        self._opening = asyncio.Lock()

    async def call(self, arguments: RunPythonArguments, context: ToolContext) -> ToolOutput:
        """Run the code. Errors of the code are a failed output with the line.

        Raises ToolUnavailable if no worker process can be started. A cancel ends the worker.
        """
        from pydantic_monty import MontyCrashedError

        pool = await self._open()
        try:
            return await self._run(pool, arguments.code)
        except MontyCrashedError:
            pass  # A process that was idle may have been ended from outside. Code without effects may run again.
        try:
            return await self._run(pool, arguments.code)
        except MontyCrashedError:
            return ToolOutput("The code crashed the interpreter. Write it in a simpler way.", failed=True)

    async def aclose(self) -> None:
        """End the worker processes. A later call starts new ones."""
        async with self._opening:
            pool, self._pool = self._pool, None
            if pool is not None:
                await pool.__aexit__(None, None, None)

    async def _open(self) -> "AsyncMonty":
        from pydantic_monty import AsyncMonty, MontyError

        async with self._opening:
            if self._pool is None:
                pool = AsyncMonty(
                    max_processes=self._at_once,
                    request_timeout=self._max_seconds + _GRACE_SECONDS,
                    # A new process for each call, so that calls of different users share nothing. It takes 4 ms.
                    max_checkouts_per_worker=1,
                )
                try:
                    self._pool = await pool.__aenter__()
                except (MontyError, OSError, RuntimeError):
                    raise ToolUnavailable("The Python sandbox doesn't start.") from None
            return self._pool

    async def _run(self, pool: "AsyncMonty", code: str) -> ToolOutput:
        from pydantic_monty import CollectString, MontyCrashedError, MontyError

        printed = CollectString(max_bytes=MAX_OUTPUT_BYTES)
        kept, has_value = _keeping_value(code)
        is_run, shown = False, ""
        try:
            async with pool.checkout(limits=self._limits, os_policy=_policy(), script_name="code.py") as session:
                await session.feed_run(kept, print_callback=printed)
                is_run = True
                if has_value:
                    shown = _cut(clean_text(await session.feed_run(_TEXT_OF_VALUE, print_callback=printed)))
        except MontyCrashedError:
            raise
        except MontyError as error:
            why = _explained(error, printed, self._max_seconds, is_run=is_run)
            return ToolOutput(_together(printed.output, why), failed=True)
        return ToolOutput(_together(printed.output, shown))


def _policy() -> "OSPolicy":
    return {"sleep": "zero", "timezone": "utc"}


def _keeping_value(code: str) -> tuple[str, bool]:
    """Return code that keeps the value of its last line in `_` instead of returning it, and whether it has one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            last = ast.parse(code).body[-1:]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # The sandbox says what is wrong with it. If it runs nevertheless, it has no value.
        return f"{code}\nNone", False
    if not last or not isinstance(last[0], ast.Expr):
        return code, False
    # Places are in lines and bytes. Lines end as for the parser, not as for `str.splitlines`.
    data = code.encode()
    place = sum(map(len, data.splitlines(keepends=True)[: last[0].lineno - 1])) + last[0].col_offset
    return (data[:place] + b"_ = " + data[place:]).decode(), True


def _cut(text: str) -> str:
    encoded = text.encode()
    if len(encoded) <= MAX_OUTPUT_BYTES:
        return text
    return f"{encoded[:MAX_OUTPUT_BYTES].decode(errors='ignore')}\n[cut off after {MAX_OUTPUT_BYTES // 1024} KB]"


def _together(printed: str, rest: str) -> str:
    printed = clean_text(printed).rstrip("\n")
    return "\n".join(part for part in (printed, rest) if part) or "The code ran. It printed nothing and has no value."


def _explained(error: "MontyError", printed: "CollectString", max_seconds: float, *, is_run: bool) -> str:
    """Return why code failed or, if it has run, why its value can't be shown."""
    if str(error).startswith("TimeoutError: feed time limit exceeded"):
        return f"The code was stopped: it ran longer than {max_seconds:g} s."
    if str(error).startswith("MemoryError: the worker exceeded its memory limit"):
        return "The code was stopped: it needs too much memory."
    if len(printed.output.encode()) >= MAX_OUTPUT_BYTES - 1024 and "MemoryError" in str(error):
        return f"The code was stopped: it printed more than {MAX_OUTPUT_BYTES // 1024} KB."
    if is_run:
        return f"The last value can't be shown: {clean_text(str(error))[:200]}. Print the part that you need."
    display: Callable[[], str] = getattr(error, "display", lambda: str(error))
    lines = [line[:200] for line in display().splitlines()]
    shown = lines if len(lines) <= 16 else [*lines[:8], "  ...", *lines[-7:]]
    return clean_text("\n".join(shown).replace("<python-input-0>", "code.py"))
