"""Imports that import-linter can't see: benchmarks in tests, and the second dialect of SQL."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent


def test_only_their_own_tests_import_benchmarks() -> None:
    files = (path for path in TESTS.rglob("*.py") if TESTS / "benchmarks" not in path.parents)
    assert [str(path.relative_to(TESTS)) for path in files if _imports_benchmarks(path)] == []


def _imports_benchmarks(path: Path) -> bool:
    return any(module.partition(".")[0] == "benchmarks" for module, _ in _imported(path.read_text()))


@pytest.mark.parametrize(
    "package", ["chimera/ledger", "chimera/store", "chimera/temporal", "api", "activities", "worker"]
)
def test_raw_sql_has_one_dialect(package: str) -> None:
    """It is the driver's, see `chimera/db/sql.py`."""
    files = list((ROOT / package).rglob("*.py"))
    assert files
    assert [str(path.relative_to(ROOT)) for path in files if _imports_text(path.read_text())] == []


def test_each_way_to_import_text_is_found() -> None:
    ways = ["from sqlalchemy import select, text", "from sqlalchemy.sql import text as sql", "import sqlalchemy as sa"]
    assert [_imports_text(way) for way in (*ways, "from sqlalchemy import Text, select")] == [True, True, True, False]


def _imports_text(code: str) -> bool:
    return any(
        module.partition(".")[0] == "sqlalchemy" and name in ("text", "TextClause", None)
        for module, name in _imported(code)
    )


def _imported(code: str) -> Iterator[tuple[str, str | None]]:
    """Each imported module with the name that is imported from it; None for the module itself."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
