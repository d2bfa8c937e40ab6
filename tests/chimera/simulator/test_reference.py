"""The reference page: its examples are valid, and it lists every directive."""

import re
from pathlib import Path

import pytest

from chimera.simulator.directives import directives_in
from chimera.simulator.script import Purpose, read_script
from chimera.simulator.steps import STEP_KEYS
from chimera.simulator.values import PARSERS

PAGE = (Path(__file__).parents[3] / "docs/reference/simulator.md").read_text()
EXAMPLES = sorted(
    set(re.findall(r"`(\[\[sim.*?\]\])`(?= \|)", PAGE)) | set(re.findall(r"^.*\[\[sim.*\]\]$", PAGE, re.MULTILINE))
)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_valid(number: int) -> None:
    example = EXAMPLES[number]
    if "…" in example:
        return
    purposes: tuple[Purpose, ...] = ("plan", "turn", "aggregate")
    assert list(directives_in(example))
    assert any(read_script([example], purpose).given() for purpose in purposes)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 10


@pytest.mark.parametrize("key", [*PARSERS, *STEP_KEYS])
def test_every_directive_is_listed(key: str) -> None:
    assert re.search(rf"`{key}[=`]", PAGE)
