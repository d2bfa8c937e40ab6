"""Arithmetic for models, which are bad at it. Only the few operations named here are evaluated.

The calculator uses decimals with 50 digits, so 0.1 + 0.2 is 0.3, and no operation takes long, whatever its size. Exact
integers would grow until the machine stops (9 ** 9 ** 9), but decimals overflow at once, and the model sees an error.
"""

import ast
import warnings
from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal, DecimalException, localcontext

from pydantic import BaseModel, ConfigDict, Field

from chimera.tools.base import ToolError, ToolOutput, TypedTool
from chimera.tools.context import ToolContext
from models.tools import ToolKind

MAX_CHARS = 500
MAX_DEPTH = 50
MAX_EXPONENT = 9_999
"""The largest exponent of a result, as a power of ten."""

_SHOWN_DIGITS = 20
_CONTEXT = Context(prec=50, Emax=MAX_EXPONENT, Emin=-MAX_EXPONENT)
# Multiplication sign, middle dot, division sign, minus sign, en dash: what models write for * / -.
_SPELLINGS = str.maketrans({"\u00d7": "*", "\u00b7": "*", "\u00f7": "/", "\u2212": "-", "\u2013": "-"})


class CalculatorArguments(BaseModel):
    """The calculator's arguments, as a model writes them."""

    model_config = ConfigDict(extra="forbid")

    expression: str = Field(
        min_length=1, description="An expression such as (17 * 23 + 4) / 2, sqrt(2) or round(10 / 3, 2)"
    )


class Calculator(TypedTool[CalculatorArguments]):
    """Evaluates one arithmetic expression."""

    name = "calculator"
    description = (
        "Evaluate an arithmetic expression: + - * / // % ** ( ), and abs, ceil, exp, floor, log (natural, or"
        " log(x, base)), max, min, round, sqrt. Numbers only, no variables, no thousands separators."
    )
    kind = ToolKind.PURE
    arguments = CalculatorArguments
    instant = True
    reads_only = True

    async def call(self, arguments: CalculatorArguments, context: ToolContext) -> ToolOutput:
        return ToolOutput(calculate(arguments.expression))


def calculate(expression: str) -> str:
    """Evaluate `expression` and return the result with up to 20 digits (whole numbers with up to 50).

    Raises `ToolError` with advice on the correct form. Rounding is half up, as by hand; // and % are floored.
    """
    with localcontext(_CONTEXT):
        try:
            result = _value(_parsed(expression), depth=0)
        except DecimalException as error:
            raise ToolError(f"{_shown(expression)} doesn't have a valid result: {_reason(error)}.") from None
        if not result.is_finite():
            raise ToolError(f"{_shown(expression)} doesn't have a finite result.")
        return _written(result)


def _parsed(expression: str) -> ast.expr:
    if len(expression) > MAX_CHARS:
        raise ToolError(
            f"The expression has {len(expression)} characters. Split it into calls of at most {MAX_CHARS} characters."
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(expression.translate(_SPELLINGS).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ToolError(
            f"{_shown(expression)} is not an expression. Write an expression such as (17 * 23 + 4) / 2."
        ) from None


def _value(node: ast.expr, depth: int) -> Decimal:
    if depth > MAX_DEPTH:
        raise ToolError(f"The expression is nested deeper than {MAX_DEPTH} levels. Evaluate the inner parts first.")
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            # Converted from its shortest notation: the number as written, not the nearest binary fraction.
            return +Decimal(str(number))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand, depth + 1)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left, depth + 1), _value(right, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _called(name, [_value(argument, depth + 1) for argument in arguments])
    raise ToolError(_advice(node))


def _called(name: str, arguments: list[Decimal]) -> Decimal:
    function, fewest, most = _FUNCTIONS[name]
    if not fewest <= len(arguments) <= most:
        raise ToolError(f"{name}() accepts {fewest} to {most} numbers, not {len(arguments)}.")
    return function(*arguments)


def _floor_divided(left: Decimal, right: Decimal) -> Decimal:
    return (left / right).to_integral_value(ROUND_FLOOR)


def _modulo(left: Decimal, right: Decimal) -> Decimal:
    rest = left % right
    return rest + right if rest and (rest < 0) != (right < 0) else rest


def _rounded(number: Decimal, digits: Decimal = Decimal(0)) -> Decimal:
    if digits != digits.to_integral_value() or abs(digits) > _SHOWN_DIGITS:
        raise ToolError(f"round() accepts an integer number of digits up to {_SHOWN_DIGITS}.")
    return number.quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP)


def _logarithm(number: Decimal, base: Decimal | None = None) -> Decimal:
    if base is None:
        return number.ln()
    # Calculated with log10, which is exact for powers of ten.
    return number.log10() / base.log10()


_OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: _floor_divided,
    ast.Mod: _modulo,
    ast.Pow: lambda left, right: left**right,
}

_FUNCTIONS: dict[str, tuple[Callable[..., Decimal], int, int]] = {
    "abs": (abs, 1, 1),
    "ceil": (lambda number: number.to_integral_value(ROUND_CEILING), 1, 1),
    "exp": (Decimal.exp, 1, 1),
    "floor": (lambda number: number.to_integral_value(ROUND_FLOOR), 1, 1),
    "log": (_logarithm, 1, 2),
    "max": (max, 1, 100),
    "min": (min, 1, 100),
    "round": (_rounded, 1, 2),
    "sqrt": (Decimal.sqrt, 1, 1),
}


def _written(number: Decimal) -> str:
    if number == number.to_integral_value() and abs(number) < Decimal(10) ** 50:
        return format(number.to_integral_value() + 0, "f")
    shown = Context(prec=_SHOWN_DIGITS).plus(number).normalize()
    return format(shown, "f") if -_SHOWN_DIGITS < shown.adjusted() < _SHOWN_DIGITS else str(shown)


def _advice(node: ast.expr) -> str:
    match node:
        case ast.BinOp(op=ast.BitXor()):
            return "'^' is not an operator here. Write powers with **."
        case ast.Tuple():
            return "Write numbers without thousands separators, and one expression per call."
        case ast.Call(func=ast.Name(id=name)):
            return f"Unknown function {name[:40]!r}. Use one of {', '.join(_FUNCTIONS)}."
        case ast.Name(id=name):
            return f"Unknown variable {name[:40]!r}. Write the value of the variable instead."
    known = ", ".join(_FUNCTIONS)
    return f"{_shown(ast.unparse(node))} is not arithmetic. Use only numbers, + - * / // % ** ( ) and {known}."


def _reason(error: DecimalException) -> str:
    name = type(error).__name__
    signal = error.args[0][0].__name__ if error.args and isinstance(error.args[0], list) else name
    return {
        "DivisionByZero": "it divides by zero",
        "DivisionUndefined": "it divides zero by zero",
        "Overflow": f"it is larger than 10 ** {MAX_EXPONENT}",
        "DivisionImpossible": "the numbers differ too much for % with 50 digits",
    }.get(signal, "the operation is not defined for these numbers")


def _shown(expression: str) -> str:
    return repr(expression if len(expression) <= 60 else expression[:59] + "…")
