"""The decorator `tool`, which marks a function as a tool and leaves it as it is."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, overload

from models.tools import ToolKind

Function = TypeVar("Function", bound=Callable[..., Any])
Kind = Literal["pure", "idempotent", "once"]

_MARK = "__chimera_tool__"


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What a function's signature and docstring don't say."""

    kind: ToolKind = ToolKind.ONCE
    reads_only: bool = False
    untrusted: bool = False
    egress: bool = False
    name: str | None = None
    compensation: Callable[..., Any] | None = None


@overload
def tool(function: Function, /) -> Function: ...


@overload
def tool(
    *,
    kind: Kind = "once",
    reads_only: bool | None = None,
    untrusted: bool = False,
    egress: bool = False,
    name: str | None = None,
    compensation: Callable[..., Any] | None = None,
) -> Callable[[Function], Function]: ...


def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    kind: Kind = "once",
    reads_only: bool | None = None,
    untrusted: bool = False,
    egress: bool = False,
    name: str | None = None,
    compensation: Callable[..., Any] | None = None,
) -> Any:
    """Mark a function as a tool. It can still be called as before.

    `kind` says what may happen if a call runs again after a crash: `once` (it must not), `idempotent` (the effect
    happens once, because the function uses `context.idempotency_key`), or `pure` (it has no effect). `reads_only`
    allows calls without an approval; default: only for `pure`. `untrusted` means that results come from outside, and
    `egress` that arguments leave this installation. `name` replaces the function's name. `compensation` undoes a call:
    a function with the same arguments, or some of them, and `result`.

    Raises ValueError for another kind, and TypeError if used on anything but a function.
    """
    if kind not in list(ToolKind):
        raise ValueError(f"kind={kind!r} is unknown. Use 'pure', 'idempotent' or 'once'.")
    options = ToolOptions(
        kind=ToolKind(kind),
        reads_only=kind == "pure" if reads_only is None else reads_only,
        untrusted=untrusted,
        egress=egress,
        name=name,
        compensation=compensation,
    )

    def mark(marked: Function) -> Function:
        if not inspect.isfunction(marked):
            raise TypeError(f"@tool marks functions, and {marked!r} is none. Put @tool above a 'def'.")
        setattr(marked, _MARK, options)
        return marked

    return mark if function is None else mark(function)


def options_of(value: object) -> ToolOptions | None:
    """Return the options of a function that is marked as a tool; None for anything else."""
    options = getattr(value, _MARK, None) if inspect.isfunction(value) else None
    return options if isinstance(options, ToolOptions) else None
