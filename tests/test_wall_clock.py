"""Tests measure no time: what takes a second on a quiet machine takes five on a busy one.

Instead, they check the order of events, hold calls at a gate, or set one of the code's limits to zero. Each wait has a
limit of a minute or more, which only ends a test that hangs.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CHECKED = sorted(
    path
    for path in TESTS.rglob("*.py")
    # A fault experiment reports how long a fault takes; slowness fails no trial (`Trial.late`).
    if TESTS / "faults" not in path.parents or path.name.startswith(("test_", "conftest"))
)
CLOCKS = {"time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "now", "utcnow"}
ARITHMETIC = {"abs", "float", "int", "max", "min", "round"}
BOUNDS = {"limit_s", "timeout", "timeout_s"}
SHORTEST_BOUND_S = 60
Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: str(path.relative_to(TESTS)))
def test_no_test_measures_time(path: Path) -> None:
    assert found_in(path.read_text()) == []


@pytest.mark.parametrize(
    "code",
    [
        "assert time.monotonic() - began < 1",
        "while time.monotonic() < deadline: pass",
        "began = loop.time()\nassert loop.time() - began < 1",
        "before = datetime.now(UTC)\nassert before < row.at",
        "async def f():\n    began = time.time()\n    took = round(time.time() - began, 1)\n    assert took < 1",
        "def took(began): return time.perf_counter() - began",
        "assert answer.elapsed.total_seconds() < 3",
        "async with asyncio.timeout(5): pass",
        "await asyncio.wait_for(work, 0.5)",
        "socket.receive(timeout=3)",
    ],
)
def test_code_that_measures_time_is_found(code: str) -> None:
    assert found_in(code) != []


@pytest.mark.parametrize(
    "code",
    [
        "claims = {'exp': time.time() - 60}\nassert claims == other",
        "told = await one.failed(error, began_at=time.time())\nassert told.retry_after_s < 9",
        "assert held.since < held.next_try_at",
        "async with asyncio.timeout(LIMIT_S): pass",
        "subprocess.run(command, timeout=60)",
    ],
)
def test_code_without_time_measurement_is_accepted(code: str) -> None:
    assert found_in(code) == []


def found_in(code: str) -> list[str]:
    """Return the lines of a module where time is measured, or where a wait is limited to less than a minute."""
    return [f"line {node.lineno}: {ast.unparse(node)}" for node in _faults_in(ast.parse(code), frozenset())]


def _faults_in(node: ast.AST, clocks: frozenset[str]) -> Iterator[ast.expr]:
    """Yield only the outermost expressions. `clocks` are the names that hold a clock's value."""
    if isinstance(node, Scope):
        clocks |= {name for each in _within(node) for name in _set_from_a_clock(each)}
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr) and (_measures(child, clocks) or _is_short(child)):
            yield child
        else:
            yield from _faults_in(child, clocks)


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes in a scope, without those in nested scopes."""
    for child in ast.iter_child_nodes(scope):
        if not isinstance(child, Scope):
            yield child
            yield from _within(child)


def _set_from_a_clock(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Assign) and _is_time(node.value, frozenset()):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))


def _measures(node: ast.expr, clocks: frozenset[str]) -> bool:
    match node:
        case ast.Compare(left=left, comparators=others):
            return any(_is_time(each, clocks) or _is_elapsed(each) for each in (left, *others))
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return _is_time(left, clocks) and not isinstance(right, ast.Constant | ast.Call)
    return False


def _is_time(node: ast.expr, clocks: frozenset[str]) -> bool:
    """Return whether an expression is a clock's value. The result of another call with a clock's value isn't one."""
    match node:
        case ast.Name(id=name):
            return name in clocks
        case ast.Call(func=ast.Attribute(attr=name)) if name in CLOCKS:
            return True
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in ARITHMETIC:
            return any(_is_time(each, clocks) for each in arguments)
        case ast.BinOp(left=left, right=right):
            return _is_time(left, clocks) or _is_time(right, clocks)
    return False


def _is_elapsed(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Attribute) and each.attr == "elapsed" for each in ast.walk(node))


def _is_short(node: ast.expr) -> bool:
    """Return whether a call gives up in less than a minute."""
    match node:
        case ast.Call(func=ast.Attribute(attr="timeout"), args=[ast.Constant(value=int() | float() as bound)]):
            return bound < SHORTEST_BOUND_S
        case ast.Call(func=ast.Attribute(attr="wait_for"), args=[_, ast.Constant(value=int() | float() as bound)]):
            return bound < SHORTEST_BOUND_S
        case ast.Call(keywords=keywords):
            given = {each.arg: each.value for each in keywords}
            bounds = [value.value for name in BOUNDS if isinstance(value := given.get(name), ast.Constant)]
            return any(isinstance(bound, int | float) and bound < SHORTEST_BOUND_S for bound in bounds)
    return False
