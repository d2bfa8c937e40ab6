"""The tables that list prompts and properties by purpose."""

from pathlib import Path

from activities import prompts
from activities.prompts import PROMPTS
from models.model_calls import MEDIA, PURPOSES, Purpose


def test_each_purpose_is_a_row_and_a_file() -> None:
    assert set(PROMPTS) | MEDIA == set(PURPOSES) == set(Purpose)
    files = {file.stem for file in Path(prompts.__file__).parent.glob("*.py")}
    assert set(PROMPTS) <= files


def test_plans_and_summaries_end_no_node() -> None:
    assert [purpose for purpose, facts in PURPOSES.items() if not facts.ends_node] == [Purpose.PLAN, Purpose.SUMMARY]
