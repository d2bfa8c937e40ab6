"""Amounts and numbers as users type them: either unambiguous, or refused with an explanation."""

from datetime import UTC, datetime

import pytest
import typer
from typer.testing import CliRunner

from cli.input.amounts import micro_usd, moment, whole
from cli.input.arguments import ON_FAILURE, ON_TRUNCATED, SUBTASKS
from cli.main import app
from cli.schedules import BACKFILL_OVERLAPS, OVERLAPS
from models.schedules import BackfillOverlap, Overlap
from models.tasks import OnFailure, OnTruncated, SubtaskMode


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("5", 5_000_000),
        ("$0.50", 500_000),
        (" 3 ", 3_000_000),
        (".5", 500_000),
        ("1.500", 1_500_000),
        ("0.000001", 1),
        ("1.000001", 1_000_001),
        ("0007", 7_000_000),
        ("9999999.999999", 9_999_999_999_999),
        ("10000000", 10_000_000_000_000),
    ],
)
def test_an_amount_is_read_to_the_millionth(written: str, amount: int) -> None:
    assert micro_usd(written) == amount


@pytest.mark.parametrize(
    "written",
    [
        *("0,050", "0,05", "1,500", "1.500,00", "1,234.50", "1.500.000", "1'000", "1 000", "1\u00a0000", "1_000"),
        *(
            "1e3",
            "5 USD",
            "5$",
            "€5",
            "5.",
            ".",
            "$",
            "",
            " ",
            "+5",
            "-1",
            "--5",
            "nan",
            "inf",
            "Infinity",
            "0x10",
            "1/2",
        ),
        *("\uff15", "\u0663", "0.5\uff10", "5\u066b5", "many"),
    ],
)
def test_ambiguous_amounts_are_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter, match=r"is not an amount in US dollars\. .* such as (0|1500)\.50[,.]"):
        micro_usd(written)


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ("0,050", "A comma is ambiguous"),
        ("0", "allows no spending"),
        ("0.000000", "allows no spending"),
        ("0.0000001", "too many decimal places. Use at most 6."),
        ("0.50000000", "too many decimal places. Use at most 6."),
        ("10000000.000001", "exceeds the maximum budget of 10000000 US dollars"),
        ("9" * 30, "exceeds the maximum budget"),
        ("9" * 5000, "9…' is not an amount"),
    ],
)
def test_a_refused_amount_shows_the_right_form(written: str, printed: str) -> None:
    with pytest.raises(typer.BadParameter) as raised:
        micro_usd(written)
    assert printed in raised.value.message
    assert len(raised.value.message) < 200


def test_a_whole_number_is_digits_alone() -> None:
    assert (whole(1)("5000"), whole(0)(" 0 "), whole(1, 64)(64)) == (5000, 0, 64)
    for written in ("5,000", "1_000", "1e3", "+5", "5.0", "\uff15", "\u0663", "", "many", "-1", "0", "9" * 5000):
        with pytest.raises(
            typer.BadParameter, match=r"is not a whole number of 1 or more\. Enter only digits, such as 5000"
        ):
            whole(1)(written)
    with pytest.raises(typer.BadParameter, match="'65' is not a whole number from 1 to 64"):
        whole(1, 64)("65")


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("run", "x", "--budget-usd", "0,050"), "'0,050' is not an amount"),
        (("schedules", "create", "x", "y", "--budget-usd", "-1"), "'-1' is not an amount"),
        (("budget", "6c1f", "--usd", "abc"), "'abc' is not an amount in US dollars"),
        (("budget", "6c1f", "--tokens", "5,000"), "'5,000' is not a whole number"),
        (("budget", "6c1f", "--requests", "0"), "'0' is not a whole number"),
        (("run", "x", "--priority", "6"), "'6' is not a whole number from 1 to 5"),
        (("follow", "6c1f", "--after", "-1"), "'-1' is not a whole number of 0 or more"),
        (("tasks", "--limit", "1_000"), "'1_000' is not a whole number"),
        (("calls", "--limit", "1e1"), "'1e1' is not a whole number"),
        (("schedules", "create", "x", "y", "--interval-s", "3,600"), "'3,600' is not a whole number"),
        (("embed", "x", "--dimensions", "+5"), "'+5' is not a whole number"),
        (("up", "--port", "8_000"), "'8_000' is not a whole number from 1 to 65535"),
        (("up", "--workers", "65"), "'65' is not a whole number from 1 to 64"),
    ],
)
def test_every_option_with_a_number_reads_it_alike(arguments: tuple[str, ...], printed: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert printed in " ".join(result.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        (
            "run x --on-failure retri",
            "--on-failure: 'retri' is not allowed. Choose one of 'fail', 'skip', 'retry'. Did you mean 'retry'?",
        ),
        (
            "run x --subtasks inlin",
            "--subtasks: 'inlin' is not allowed. Choose one of 'child', 'inline'. Did you mean 'inline'?",
        ),
        (
            "run x --on-truncated zzz",
            "--on-truncated: 'zzz' is not allowed. Choose one of 'continue', 'accept', 'fail'.",
        ),
        (
            "schedules create a b --overlap SKIP",
            "--overlap: 'SKIP' is not allowed. Choose one of 'skip', 'buffer_one', 'allow_all',",
        ),
        (
            "schedules backfill a --start 2026-01-01 --end 2026-01-02 --overlap no",
            "--overlap: 'no' is not allowed. Choose one of",
        ),
    ],
)
def test_a_wrong_choice_gets_our_message(typed: str, printed: str) -> None:
    shown = CliRunner(env={"COLUMNS": "200"}).invoke(app, typed.split()).output
    assert printed in shown.replace("'--", "--").replace("':", ":")
    assert "Value error" not in shown


def test_choices_are_those_of_the_api() -> None:
    assert list(ON_FAILURE) == list(OnFailure)
    assert list(ON_TRUNCATED) == list(OnTruncated)
    assert list(SUBTASKS) == list(SubtaskMode)
    assert list(OVERLAPS) == list(Overlap)
    assert list(BACKFILL_OVERLAPS) == list(BackfillOverlap)


def test_times_are_read_with_or_without_an_offset() -> None:
    assert moment(" 2026-11-01T07:00 ") == datetime(2026, 11, 1, 7)  # noqa: DTZ001
    assert moment("2026-11-01T07:00Z") == datetime(2026, 11, 1, 7, tzinfo=UTC)
    with pytest.raises(typer.BadParameter, match="such as 2026-11-01T07:00"):
        moment("yesterday")
