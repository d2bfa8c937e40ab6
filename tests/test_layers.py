"""Rules that import-linter can't check: no benchmarks in tests, one dialect of SQL, and raw SQL only in the ledger."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ROOT = TESTS.parent

PACKAGES = ("activities", "api", "chimera", "cli", "models", "worker", "workflows")
STATEMENT = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH|LOCK|TRUNCATE)[ \n]")
RAW_SQL = {
    # SQLAlchemy has no construct for locking a table, and this lock concerns no run.
    ("chimera/store/users.py", "LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"),
}


def test_only_their_own_tests_import_benchmarks() -> None:
    files = (path for path in TESTS.rglob("*.py") if TESTS / "benchmarks" not in path.parents)
    assert [str(path.relative_to(TESTS)) for path in files if _imports_benchmarks(path)] == []


def _imports_benchmarks(path: Path) -> bool:
    return any(module.partition(".")[0] == "benchmarks" for module, _ in _imported(path.read_text()))


@pytest.mark.parametrize("package", PACKAGES)
def test_raw_sql_has_one_dialect(package: str) -> None:
    """It is the driver's, see `chimera/db/sql.py`. Tables and migrations use SQLAlchemy's for parts of a schema."""
    files = _files_of(package, but=("chimera/db",))
    assert [path for path, code in files.items() if _imports_text(code)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_raw_sql_is_written_in_the_ledger(package: str) -> None:
    files = _files_of(package, but=("chimera/db", "chimera/ledger"))
    found = {(path, statement) for path, code in files.items() for statement in _statements_in(code)}
    assert found == {allowed for allowed in RAW_SQL if allowed[0].startswith(f"{package}/")}


def test_each_way_to_write_a_statement_is_found() -> None:
    ways = ['"SELECT 1"', '"""\nWITH a AS (SELECT 1)"""', 'f"UPDATE {table} SET x = 1"', '("DELETE\\n" "FROM t")']
    assert [len(list(_statements_in(way))) for way in ways] == [1] * len(ways)
    assert not list(_statements_in("\"Select a model\", 'SELECTED', \"WITH\", 'a SELECT 1'"))


def _files_of(package: str, but: tuple[str, ...]) -> dict[str, str]:
    """Return the code of a package's files outside some folders, by path."""
    paths = [path.relative_to(ROOT).as_posix() for path in (ROOT / package).rglob("*.py")]
    assert paths
    return {path: (ROOT / path).read_text() for path in paths if not path.startswith(tuple(f"{each}/" for each in but))}


def _statements_in(code: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value):
            yield node.value


def test_each_way_to_import_text_is_found() -> None:
    ways = ["from sqlalchemy import select, text", "from sqlalchemy.sql import text as sql", "import sqlalchemy as sa"]
    assert [_imports_text(way) for way in (*ways, "from sqlalchemy import Text, select")] == [True, True, True, False]


def _imports_text(code: str) -> bool:
    return any(
        module.partition(".")[0] == "sqlalchemy" and name in ("text", "TextClause", None)
        for module, name in _imported(code)
    )


def _imported(code: str) -> Iterator[tuple[str, str | None]]:
    """Yield each imported module with the name that is imported from it, or None for the module itself."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
