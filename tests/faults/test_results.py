"""Results written to a file are read back as the table shows them."""

from pathlib import Path

from tests.faults.checker import examine
from tests.faults.results import read, result_of, write
from tests.faults.table import details_of, row_of
from tests.faults.trials import Trial


async def test_a_result_is_returned_unchanged(ended: Trial, tmp_path: Path) -> None:
    ended.findings = await examine(ended.lab, ended.offers)
    ended.figures["calls interrupted"] = 3
    ended.problems.append("something is wrong")
    result = result_of(ended, "F01", "a title", "openai", {"seconds": 5.0})
    for _ in range(2):
        write(tmp_path / "out.jsonl", result)
    again = read(tmp_path / "out.jsonl")
    assert [row_of(each) for each in again] == [row_of(result)] * 2
    assert details_of(again[0]) == details_of(result)
    assert "FAILED" in row_of(again[0])
