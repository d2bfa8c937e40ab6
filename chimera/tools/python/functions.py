"""A Python function as a tool."""

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import structlog
from pydantic import JsonValue, PydanticUserError, TypeAdapter, ValidationError

from chimera.tools.base import OutcomeUnknown, ToolError, ToolOutput, ToolUnavailable
from chimera.tools.context import ToolContext
from chimera.tools.python.decorator import ToolOptions
from chimera.tools.python.results import output_of
from chimera.tools.python.signatures import Signature, UnusableFunction, hints_of, is_context, signature_of
from chimera.tools.python.threads import Threads
from models.tools import ToolDefinition, ToolKind, ToolSource

log = structlog.get_logger()


class FunctionTool:
    """A function that models can call. Raises UnusableFunction if it can't be a tool."""

    def __init__(self, function: Callable[..., Any], options: ToolOptions, threads: Threads) -> None:
        self._function = function
        self._signature = signature_of(function, options.name)
        self._compensation = _Compensation.of(options.compensation, self._signature)
        self._threads = threads
        self._definition = ToolDefinition(
            name=self._signature.name,
            description=self._signature.description,
            parameters=self._signature.schema,
            kind=options.kind,
            source=ToolSource.PYTHON,
            reads_only=options.reads_only,
            untrusted=options.untrusted,
            egress=options.egress,
            compensable=self._compensation is not None,
        )

    @property
    def definition(self) -> ToolDefinition:
        return self._definition

    async def run(self, arguments: Mapping[str, JsonValue], context: ToolContext) -> ToolOutput:
        """Run the function, as in `Tool.run`.

        What the function raises for the model (ToolError) or the caller (ToolUnavailable, OutcomeUnknown) passes.
        Another exception becomes OutcomeUnknown if the tool is of kind `once`; otherwise it passes.
        """
        values = self._signature.values_of(arguments)
        if self._signature.context:
            values[self._signature.context] = context
        return output_of(await self._called(self._function, values, context))

    async def compensate(self, arguments: Mapping[str, JsonValue], result: str, context: ToolContext) -> ToolOutput:
        """Undo a call with these arguments and this result, the text of its output. Errors are those of `run`.

        Raises ToolError if the tool has no compensation.
        """
        if self._compensation is None:
            raise ToolError(f"{self._definition.name!r} can't be undone: it has no compensation.")
        values = self._compensation.values_of(self._signature.values_of(arguments), result, context)
        return output_of(await self._called(self._compensation.function, values, context))

    async def _called(self, function: Callable[..., Any], values: dict[str, Any], context: ToolContext) -> object:
        try:
            if inspect.iscoroutinefunction(function):
                return await _without_exit(function(**values))
            return await self._threads.run(partial(function, **_reporting_safely(values, context)))
        except (ToolError, ToolUnavailable, OutcomeUnknown):
            raise
        except Exception as error:
            name = self._definition.name
            # The text of an exception may contain anything, so it is only in the log for debugging.
            log.warning("python_tool_failed", tool=name, error=type(error).__name__, place=_place_of(error))
            log.debug("python_tool_traceback", tool=name, exc_info=True)
            if self._definition.kind is not ToolKind.ONCE:
                raise
            raise OutcomeUnknown(f"{name!r} failed with {type(error).__name__} in the middle of its work.") from error


async def _without_exit(work: Coroutine[Any, Any, object]) -> object:
    """Await a function's work. An exit is meant for a program: it would end the event loop, and so the worker."""
    try:
        return await work
    except SystemExit as error:
        raise RuntimeError("The function raised SystemExit.") from error


class _Compensation:
    """The function that undoes a call."""

    def __init__(self, function: Callable[..., Any], names: tuple[str, ...], context: str | None, result: Any) -> None:
        self.function = function
        self._names = names
        self._context = context
        self._result = result

    @classmethod
    def of(cls, function: Callable[..., Any] | None, signature: Signature) -> "_Compensation | None":
        if function is None:
            return None
        if not inspect.isfunction(function):
            raise UnusableFunction(f"The compensation of {signature.name!r} isn't a function.")
        hints = hints_of(function, function.__name__)
        parameters = inspect.signature(function).parameters
        context = next((each for each in parameters if is_context(each, hints)), None)
        names = tuple(each for each in parameters if each not in ("result", context))
        unknown = [each for each in names if each not in signature.names]
        if "result" not in parameters or unknown:
            what = f"has the parameter {unknown[0]!r}" if unknown else "lacks the parameter 'result'"
            raise UnusableFunction(
                f"The compensation {function.__name__!r} {what}. It takes arguments of {signature.name!r} and 'result'."
            )
        return cls(function, names, context, _reader_of(hints.get("result"), function.__name__))

    def values_of(self, values: dict[str, Any], result: str, context: ToolContext) -> dict[str, Any]:
        """Return the values for the parameters. Raises ToolError if the result isn't of the expected type."""
        chosen = {name: values[name] for name in self._names}
        if self._context:
            chosen[self._context] = context
        try:
            return {**chosen, "result": self._result.validate_json(result) if self._result else result}
        except ValidationError:
            raise ToolError(f"The result isn't what {self.function.__name__!r} expects.") from None


def _reader_of(hint: Any, name: str) -> TypeAdapter[Any] | None:
    """Return what reads a result of this type from JSON; None for text."""
    if hint in (None, str, Any):
        return None
    try:
        return TypeAdapter(hint)
    except PydanticUserError as error:
        raise UnusableFunction(f"The type of 'result' in {name!r} isn't supported: {error}.") from None


def _reporting_safely(values: dict[str, Any], context: ToolContext) -> dict[str, Any]:
    """Return the values with a context that may be used in a thread."""
    loop = asyncio.get_running_loop()

    def report(text: str) -> None:
        loop.call_soon_threadsafe(context.report, text)

    in_thread = replace(context, report=report)
    return {name: in_thread if value is context else value for name, value in values.items()}


def _place_of(error: BaseException) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
