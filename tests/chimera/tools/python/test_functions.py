"""Python functions as tools: schemas, calls, results and errors."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from chimera.tools.base import OutcomeUnknown, ToolError, ToolImage, ToolOutput, ToolUnavailable
from chimera.tools.context import ToolContext
from chimera.tools.python.decorator import tool
from chimera.tools.python.signatures import UnusableFunction
from models.tools import ToolKind, ToolSource
from tests.chimera.tools.calls import context
from tests.chimera.tools.python.functions import made_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


class Size(StrEnum):
    SMALL = "small"
    LARGE = "large"


class Address(BaseModel):
    street: str
    city: str = "Oslo"


@dataclass
class Order:
    id: int
    day: date


def order(
    pizza: Annotated[str, Field(description="Which one", max_length=20)],
    context: ToolContext,
    size: Size = Size.SMALL,
    to: Address | None = None,
    day: date = date(2026, 1, 2),
    count: int = Field(default=1, ge=1),
    json: Literal["a", "b"] = "a",
) -> dict[str, Any]:
    """Order a pizza.

    Args:
        pizza: Not used, because the annotation says it.
        size: How large.
        count: How many.
    """
    return {"key": context.idempotency_key, "to": to, "day": day, "all": [pizza, size, count, json]}


def test_a_definition_comes_from_signature_and_docstring() -> None:
    definition = made_of(order).definition
    assert (definition.name, definition.description) == ("order", "Order a pizza.")
    assert (definition.kind, definition.source) == (ToolKind.ONCE, ToolSource.PYTHON)
    assert not definition.reads_only
    properties = definition.parameters["properties"]
    assert list(properties) == ["pizza", "size", "to", "day", "count", "json"]
    assert properties["pizza"] == {"description": "Which one", "maxLength": 20, "type": "string"}
    assert properties["count"] == {"default": 1, "description": "How many.", "minimum": 1, "type": "integer"}
    assert properties["size"]["description"] == "How large."
    assert definition.parameters["required"] == ["pizza"]
    assert definition.parameters["additionalProperties"] is False


async def test_arguments_arrive_as_their_types() -> None:
    output = await made_of(order).run(
        {"pizza": "Margherita", "size": "large", "to": {"street": "Elm"}, "count": 2.0}, context(key="key-7")
    )
    assert output.text == (
        '{"key":"key-7","to":{"street":"Elm","city":"Oslo"},"day":"2026-01-02","all":["Margherita","large",2,"a"]}'
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({}, "'pizza' is missing"),
        ({"pizza": "x", "size": "huge"}, 'must be one of "small", "large"'),
        ({"pizza": "x", "day": "2026-13-01"}, "day: "),
        ({"pizza": "x", "context": {}}, "unknown 'context'"),
        ({"pizza": "x", "count": 0}, "count: 0 is less than"),
        ({"pizza": "x", "to": {}}, "'street' is missing"),
    ],
)
async def test_wrong_arguments_are_explained(arguments: dict[str, Any], problem: str) -> None:
    with pytest.raises(ToolError) as raised:
        await made_of(order).run(arguments, context())
    assert raised.value.message.startswith("Invalid arguments for 'order': ")
    assert problem in raised.value.message


def test_pure_functions_only_read_by_default() -> None:
    def look() -> str:
        """Look."""
        return ""

    assert made_of(look, kind="pure").definition.reads_only
    assert not made_of(look, kind="pure", reads_only=False).definition.reads_only


def test_the_options_are_part_of_the_definition() -> None:
    @tool(kind="idempotent", untrusted=True, egress=True, reads_only=True, name="look-up")
    def look() -> str:
        """Look."""
        return ""

    definition = made_of(look).definition
    assert (definition.name, definition.kind) == ("look-up", ToolKind.IDEMPOTENT)
    assert definition.untrusted
    assert definition.egress
    assert definition.reads_only
    assert look() == ""


async def result_of(value: object) -> ToolOutput:
    def give() -> Any:
        """Give."""
        return value

    return await made_of(give).run({}, context())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text\x00", "text"),
        (5, "5"),
        (None, "Done."),
        ([1, {"a": None}], '[1,{"a":null}]'),
        (Address(street="Elm"), '{"street":"Elm","city":"Oslo"}'),
        (Order(1, date(2026, 1, 2)), '{"id":1,"day":"2026-01-02"}'),
        (float("nan"), "null"),
        (b"no image", "[8 bytes that aren't an image in PNG, JPEG, GIF or WebP]"),
        (object(), "The call was made, but its result of type 'object' can't be shown as JSON."),
    ],
    ids=["text", "number", "none", "json", "model", "dataclass", "nan", "bytes", "object"],
)
async def test_a_result_becomes_text(value: object, text: str) -> None:
    assert await result_of(value) == ToolOutput(text)


async def test_a_result_that_contains_itself_is_described() -> None:
    value: list[Any] = []
    value.append(value)
    assert "can't be shown as JSON" in (await result_of(value)).text


async def test_bytes_of_an_image_become_an_image() -> None:
    assert await result_of(PNG) == ToolOutput("", images=(ToolImage("image/png", PNG),))
    mixed = await result_of(["The chart:", PNG, ToolImage("text/html", PNG)])
    assert (mixed.text, len(mixed.images)) == ("The chart:", 2)
    assert {image.media_type for image in mixed.images} == {"image/png"}
    many = await result_of([PNG] * 6)
    assert len(many.images) == 5
    assert "exceeds the limit" in many.text


async def test_an_output_stays_as_it_is() -> None:
    assert await result_of(ToolOutput("no", failed=True)) == ToolOutput("no", failed=True)


async def raised_by(error: BaseException, **options: Any) -> BaseException:
    def fail() -> str:
        """Fail."""
        raise error

    with pytest.raises((Exception, SystemExit)) as raised:
        await made_of(fail, **options).run({}, context())
    return raised.value


@pytest.mark.parametrize("error", [ToolError("no such room"), ToolUnavailable("later"), OutcomeUnknown("lost")])
async def test_errors_for_models_and_callers_pass(error: Exception) -> None:
    assert await raised_by(error) is error


async def test_another_exception_leaves_the_outcome_unknown() -> None:
    error = await raised_by(ConnectionError("password=hunter2"))
    assert isinstance(error, OutcomeUnknown)
    assert error.message == "'fail' failed with ConnectionError in the middle of its work."
    assert isinstance(await raised_by(SystemExit(1)), OutcomeUnknown)
    assert isinstance(await raised_by(StopIteration()), OutcomeUnknown)


async def test_an_exit_of_an_async_function_ends_no_loop() -> None:
    async def leave() -> str:
        """Leave."""
        raise SystemExit(1)

    with pytest.raises(OutcomeUnknown):
        await made_of(leave).run({}, context())
    with pytest.raises(RuntimeError, match="raised SystemExit"):
        await asyncio.create_task(made_of(leave, kind="pure").run({}, context()))


async def test_a_repeatable_function_raises_its_own_exception() -> None:
    for kind in ("pure", "idempotent"):
        assert isinstance(await raised_by(ConnectionError(), kind=kind), ConnectionError)


async def test_plain_functions_run_in_threads() -> None:
    loop_thread = threading.get_ident()

    def plain(context: ToolContext) -> bool:
        """Return whether this is the loop's thread."""
        context.report("half done")
        return threading.get_ident() == loop_thread

    async def coroutine() -> bool:
        """Return whether this is the loop's thread."""
        return threading.get_ident() == loop_thread

    reported: list[tuple[str, bool]] = []
    reporting = replace(context(), report=lambda text: reported.append((text, threading.get_ident() == loop_thread)))
    assert (await made_of(plain).run({}, reporting)).text == "false"
    assert (await made_of(coroutine).run({}, reporting)).text == "true"
    assert reported == [("half done", True)]


async def test_a_cancel_does_not_wait_for_the_thread() -> None:
    begun, ended = threading.Event(), threading.Event()

    def slow() -> str:
        """Wait."""
        begun.set()
        ended.wait()
        return ""

    call = asyncio.create_task(made_of(slow).run({}, context()))
    while not begun.is_set():
        await asyncio.sleep(0.01)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    ended.set()


def undo(pizza: str, result: Order, context: ToolContext) -> str:
    return f"{pizza} {result.id} {context.idempotency_key}"


async def test_a_compensation_gets_arguments_and_result() -> None:
    @tool(compensation=undo)
    def buy(pizza: str, count: int = 1) -> Order:
        """Buy."""
        return Order(7, date(2026, 1, 2))

    made = made_of(buy)
    assert made.definition.compensable
    result = await made.run({"pizza": "Napoli"}, context())
    undone = await made.compensate({"pizza": "Napoli"}, result.text, context(key="undo-1"))
    assert undone.text == "Napoli 7 undo-1"
    with pytest.raises(ToolError, match="isn't what 'undo' expects"):
        await made.compensate({"pizza": "Napoli"}, "Done.", context())


async def test_a_tool_without_compensation_cannot_undo() -> None:
    made = made_of(order)
    assert not made.definition.compensable
    with pytest.raises(ToolError, match="has no compensation"):
        await made.compensate({"pizza": "x"}, "", context())


def without_docstring(x: int) -> int:
    return x


def without_type(x) -> int:  # type: ignore[no-untyped-def]
    """Do it."""
    return 1


def with_any_number(*x: int) -> int:
    """Do it."""
    return 1


def with_unknown_type(x: "Missing") -> int:  # type: ignore[name-defined]  # noqa: F821
    """Do it."""
    return 1


def with_unsupported_type(x: threading.Thread) -> int:
    """Do it."""
    return 1


def with_callback(x: Callable[[int], int]) -> int:
    """Do it."""
    return 1


def generator() -> Any:
    """Do it."""
    yield 1


def größe() -> int:
    """Do it."""
    return 1


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (without_docstring, "has no docstring"),
        (without_type, "'x' of 'without_type' has no type"),
        (with_any_number, "can't be given by name"),
        (with_unknown_type, "'Missing' is not defined"),
        (with_unsupported_type, "isn't supported"),
        (with_callback, "has no JSON Schema"),
        (generator, "is a generator"),
        (größe, "isn't allowed"),
    ],
)
def test_an_unsuitable_function_is_explained(function: Any, problem: str) -> None:
    with pytest.raises(UnusableFunction, match=problem):
        made_of(function)


def test_an_unsuitable_compensation_is_explained() -> None:
    with pytest.raises(UnusableFunction, match="lacks the parameter 'result'"):
        made_of(order, compensation=lambda pizza: None)
    with pytest.raises(UnusableFunction, match="has the parameter 'price'"):
        made_of(order, compensation=lambda price, result: None)


def test_wrong_uses_of_the_decorator_are_explained() -> None:
    with pytest.raises(ValueError, match="Use 'pure', 'idempotent' or 'once'"):
        tool(kind="sometimes")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="marks functions"):
        tool(Order)
