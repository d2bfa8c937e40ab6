"""Every error code is explained: in the catalog, in the docs and on the server's page."""

import re
import runpy
from pathlib import Path

from models.errors.catalog import CATALOG, WORDS, defined_here

ROOT = Path(__file__).parents[2]


def test_every_code_is_in_the_catalog() -> None:
    assert {code for code, _, _ in defined_here()} - WORDS.keys() == set()


def test_the_catalog_has_no_other_codes() -> None:
    assert WORDS.keys() == {entry.code for entry in CATALOG}


def test_codes_of_other_packages_are_real() -> None:
    """The status of an error outside of this package is written down twice, so it is compared."""
    for entry in CATALOG:
        if entry.code in {code for code, _, _ in defined_here()} | {"method_not_allowed"}:
            continue
        places = [path for path in (ROOT / "chimera").rglob("*.py") if f'"{entry.code}"' in path.read_text()]
        assert len(places) >= 1, entry.code


def test_the_page_in_the_docs_is_current() -> None:
    page = runpy.run_path(str(ROOT / "scripts/errors.py"))["page"]
    assert (ROOT / "docs/reference/errors.md").read_text() == page(), "run: python scripts/errors.py"


def test_words_are_sentences() -> None:
    for entry in CATALOG:
        assert re.fullmatch(r"[A-Z`].*\.", entry.meaning), entry.code
        assert re.fullmatch(r"[A-Z`].*\.", entry.remedy), entry.code
