from datetime import date, timedelta

import pytest

from models.cron import MACROS, Cron, parse

WEEKDAYS = {0, 1, 2, 3, 4, 5, 6}


def _days_of(cron: Cron, year: int = 2027) -> list[date]:
    return [day for n in range(365) if cron.falls_on(day := date(year, 1, 1) + timedelta(n))]


@pytest.mark.parametrize(
    ("text", "minutes", "hours"),
    [
        ("5 7 * * *", {5}, {7}),
        ("05 07 * * *", {5}, {7}),
        ("*/20 * * * *", {0, 20, 40}, set(range(24))),
        ("1-10/3,59 0 * * *", {1, 4, 7, 10, 59}, {0}),
        ("0 22-2 * * *", {0}, {22, 23, 0, 1, 2}),
        ("50-10/10 22-2/2 * * *", {50, 0, 10}, {22, 0, 2}),
        ("0  7\t* * *", {0}, {7}),
    ],
)
def test_times_are_values_ranges_steps_and_lists(text: str, minutes: set[int], hours: set[int]) -> None:
    cron = parse(text)
    assert (set(cron.minutes), set(cron.hours)) == (minutes, hours)


@pytest.mark.parametrize(
    ("text", "months", "weekdays"),
    [
        ("0 0 * jan-MAR,Dec *", {1, 2, 3, 12}, WEEKDAYS),
        ("0 0 * NOV-FEB *", {11, 12, 1, 2}, WEEKDAYS),
        ("0 0 * * mon-FRI", set(range(1, 13)), {1, 2, 3, 4, 5}),
        ("0 0 * * FRI-MON", set(range(1, 13)), {5, 6, 0, 1}),
        ("0 0 * * SAT-SUN", set(range(1, 13)), {6, 0}),
        ("0 0 * * 0", set(range(1, 13)), {0}),
        ("0 0 * * 7", set(range(1, 13)), {0}),
        ("0 0 * * 5-7", set(range(1, 13)), {5, 6, 0}),
        ("0 0 * * 7-2", set(range(1, 13)), {0, 1, 2}),
        ("0 0 * * 0-7", set(range(1, 13)), WEEKDAYS),
    ],
)
def test_names_and_wrapped_ranges_mean_the_obvious(text: str, months: set[int], weekdays: set[int]) -> None:
    cron = parse(text)
    assert (set(cron.months), set(cron.weekdays)) == (months, weekdays)


def test_either_kind_of_day_matches_when_both_are_restricted() -> None:
    days = _days_of(parse("0 9 13 * 5"))
    assert all(day.day == 13 or day.isoweekday() == 5 for day in days)
    assert len(days) == 12 + 53 - 1  # August's 13th is a Friday
    # POSIX checks whether a field is a star, not what its range covers.
    assert len(_days_of(parse("0 9 1-31 * 5"))) == 365


@pytest.mark.parametrize(
    ("text", "count"), [("0 9 13 * *", 12), ("0 9 * * 5", 53), ("0 9 * 2 1", 4), ("0 9 31 * *", 7)]
)
def test_one_kind_of_day_alone_decides(text: str, count: int) -> None:
    assert len(_days_of(parse(text))) == count


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("0 0 7 * * *", "it contains 6 fields, but seconds and years are not supported"),
        ("* * * * * * *", "it contains 7 fields, but seconds and years are not supported"),
        ("0 7 * *", "it contains 4 fields."),
        ("", "it contains 0 fields."),
        ("@every 1s", "interval_s"),
        ("@EVERY 5m", "interval_s"),
        ("@reboot", "the name is unknown"),
        ("CRON_TZ=Europe/Berlin 0 7 * * *", "time_zone"),
        ("TZ=UTC 0 7 * * *", "time_zone"),
        ("0 0 L * *", "L and W are not supported"),
        ("0 0 L-3 * *", "L and W are not supported"),
        ("0 0 * * 5L", "L and W are not supported"),
        ("0 0 15W * *", "L and W are not supported"),
        ("0 0 * * FRI#2", "# for the nth weekday is not supported"),
        ("0 0 ? * 1", "use * instead of ?"),
        ("H 7 * * *", "H is not supported"),
        ("H(0-29)/10 7 * * *", "H is not supported"),
        ("0~30 7 * * *", "~ for a random value is not supported"),
        ("0 7 * * * # morning", "comments are not supported"),
        ("٣ 7 * * *", "ASCII"),
        ("\uff10 7 * * *", "ASCII"),
        ("0 7 * * *\n0 8 * * *", "on one line"),
        ("0,,5 7 * * *", "a value is missing"),
        ("0, 7 * * *", "a value is missing"),
        ("60 * * * *", "minute '60' is not between 0 and 59"),
        ("0 24 * * *", "hour '24' is not between 0 and 23"),
        ("0 0 0 * *", "day of the month '0' is not between 1 and 31"),
        ("0 0 * 13 *", "month '13' is not between 1 and 12"),
        ("0 0 * * 8", "day of the week '8' is not between 0 and 7"),
        ("0 0 * MON *", "month 'MON' is neither a number nor a name such as FEB"),
        ("0 0 * * MONDAY", "nor a name such as MON"),
        ("-5 * * * *", "minute '' is not a number"),
        ("1-2-3 * * * *", "minute '2-3' is not a number"),
        ("*/0 * * * *", "is not a positive whole number"),
        ("*/x * * * *", "is not a positive whole number"),
        ("*/60 * * * *", "so only 0 would match"),
        ("*/90 * * * *", "or set interval_s"),
        ("0 0 */31 * *", "so only 1 would match"),
        ("5/15 * * * *", "In the field minute, use '5-59/15'"),
        ("0/9999 * * * *", "In the field minute, use '0'"),
        ("0 0 * * 7/2", "In the field day of the week, use '7'"),
        ("0 0 */2 * 1", "To match either field, use '1-31/2'"),
        ("0 0 13 * */2", "To match either field, use '0-6/2'"),
        ("0 0 30 2 *", "it never matches"),
        ("0 0 31 4,6,9,11 *", "it never matches"),
        ("every day at seven o'clock", "minute 'every' is not a number"),
    ],
)
def test_another_form_is_refused_with_a_remedy(text: str, advice: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011
        parse(text)
    message = str(refused.value)
    assert message.startswith(f"Invalid cron expression {text!r}: ")
    assert advice in message
    assert message.endswith(
        "Use five fields (minute, hour, day of the month, month, day of the week), as in '0 7 * * 1-5'."
    )


@pytest.mark.parametrize("name", sorted(MACROS))
def test_a_name_is_refused_with_its_five_fields(name: str) -> None:
    with pytest.raises(ValueError, match="use '"):
        parse(name.upper())
    assert parse(MACROS[name]).minutes == {0}


@pytest.mark.parametrize("text", ["0 0 29 2 *", "0 0 30 2 1", "0 0 31 1-12 *"])
def test_a_rare_day_is_accepted(text: str) -> None:
    parse(text)
