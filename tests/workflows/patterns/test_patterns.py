"""The table of patterns."""

from pathlib import Path

from workflows import patterns
from workflows.patterns import PATTERNS


def test_a_pattern_is_a_file_of_its_name() -> None:
    files = {file.stem for file in Path(patterns.__file__).parent.glob("*.py")} - {"__init__"}
    assert files == set(PATTERNS)
