"""Benchmarks stand on what the tests have; tests know no benchmark, except those of the benchmarks themselves."""

import ast
from pathlib import Path

TESTS = Path(__file__).parent


def test_only_their_own_tests_import_benchmarks() -> None:
    files = (path for path in TESTS.rglob("*.py") if TESTS / "benchmarks" not in path.parents)
    assert [str(path.relative_to(TESTS)) for path in files if _imports_benchmarks(path)] == []


def _imports_benchmarks(path: Path) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "benchmarks"
        for node in ast.walk(ast.parse(path.read_text()))
    )
