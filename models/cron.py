"""Cron expressions: the five fields of POSIX, and an explanation for every other form.

Accepted expressions run exactly as parsed (`models/due_times.py`), so forms that cron programs interpret differently
are rejected.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

EXAMPLE = "Use five fields (minute, hour, day of the month, month, day of the week), as in '0 7 * * 1-5'."

MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
"""Names that earlier versions accepted, with the five fields that they stand for."""

_LEAP_YEAR = 2028


@dataclass(frozen=True, slots=True)
class Cron:
    """The values that each field of a cron expression allows. Days of the week are numbered from Sunday (0)."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool
    """Whether both day fields are restricted. As in POSIX, a date then only has to match one of them."""

    @property
    def every_hour(self) -> bool:
        """Whether the expression covers every hour, and therefore follows elapsed hours through a clock change."""
        return len(self.hours) == 24

    def falls_on(self, day: date) -> bool:
        """Return whether a date matches the month and the two day fields."""
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((of_month or of_week) if self.either_day else (of_month and of_week))


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    first: int
    last: int
    names: tuple[str, ...] = ()

    @property
    def largest(self) -> int:
        return 6 if self.last == 7 else self.last

    def value(self, word: str) -> int:
        """Return the number that a word stands for. Raises ValueError."""
        if word.upper() in self.names:
            return self.names.index(word.upper()) + self.first
        if not re.fullmatch(r"[0-9]{1,2}", word):
            wrong = f"neither a number nor a name such as {self.names[1]}" if self.names else "not a number"
            raise ValueError(f"{self.name} {word!r} is {wrong}")
        if not self.first <= int(word) <= self.last:
            raise ValueError(f"{self.name} {word!r} is not between {self.first} and {self.last}")
        return int(word)


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")),
    # 7 is also Sunday.
    _Field("day of the week", 0, 7, ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")),
)


def parse(text: str) -> Cron:
    """Parse a cron expression. Raises ValueError with what to write instead."""
    try:
        return _parse(text)
    except ValueError as error:
        raise ValueError(f"Invalid cron expression {text!r}: {error}. {EXAMPLE}") from None


def _parse(text: str) -> Cron:
    _refuse_other_dialects(text)
    fields = re.split(r"[ \t]+", text.strip(" \t"))
    if len(fields) != len(_FIELDS):
        more = ", but seconds and years are not supported" if len(fields) > len(_FIELDS) else ""
        raise ValueError(f"it contains {len(fields) if text.strip() else 0} fields{more}")
    minutes, hours, days, months, weekdays = (_values_of(*each) for each in zip(_FIELDS, fields, strict=True))
    either_day = fields[2] != "*" and fields[4] != "*"
    if either_day and "*" in fields[2] + fields[4]:
        # Here Vixie cron requires both day fields to match, POSIX only one of them.
        spelt = fields[2].replace("*", "1-31") if "*" in fields[2] else fields[4].replace("*", "0-6")
        raise ValueError(
            "if both day fields are restricted, cron programs disagree on what a step of * means. To match either"
            f" field, use {spelt!r}"
        )
    cron = Cron(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either_day)
    if not either_day and not any(min(days) <= monthrange(_LEAP_YEAR, month)[1] for month in months):
        raise ValueError("it never matches a date. Check the day and month")
    return cron


def _refuse_other_dialects(text: str) -> None:
    """Raise ValueError for forms of other cron programs, with advice on how to rewrite them."""
    lowered = text.lower()
    if lowered.startswith("@every"):
        raise ValueError("@every is not supported. Instead, set interval_s to a number of seconds")
    if lowered.startswith("@"):
        known = MACROS.get(lowered)
        raise ValueError(f"use {known!r} instead" if known else "the name is unknown")
    if "=" in text:
        raise ValueError("it can't contain a time zone. Set time_zone instead")
    if " #" in text or "\t#" in text or text.startswith("#"):
        raise ValueError("comments are not supported. Put the comment in the schedule's name")
    if re.search(r"[^ -~\t]", text):
        raise ValueError("use only ASCII characters, on one line")
    for sign, instead in (
        ("?", "use * instead of ?"),
        ("#", "# for the nth weekday is not supported. Use days of the month or days of the week instead"),
        ("~", "~ for a random value is not supported. Use a number instead"),
    ):
        if sign in text:
            raise ValueError(instead)
    for part in re.split(r"[ \t,]+", lowered):
        if re.fullmatch(r"h(\(.*\))?(/.*)?", part):
            raise ValueError("H is not supported. Use a number instead")
        if re.fullmatch(r"l(-[0-9]+)?|lw|[0-9]+w|[0-9]+l|(sun|mon|tue|wed|thu|fri|sat)l", part):
            raise ValueError("L and W are not supported. Use days of the month instead, such as 28")


def _values_of(field: _Field, text: str) -> frozenset[int]:
    return frozenset(value for part in text.split(",") for value in _part(field, part))


def _part(field: _Field, part: str) -> list[int]:
    """Return the values of `*`, a value or a range, with or without a step."""
    if not part:
        raise ValueError(f"a value is missing in the field {field.name}. Remove the extra comma")
    span, slash, step = part.partition("/")
    values = _span(field, span)
    if not slash:
        return values
    if not re.fullmatch(r"[0-9]+", step) or not int(step):
        raise ValueError(f"in the field {field.name}, the step in {part!r} is not a positive whole number")
    if len(values) == 1:
        wider = f"{span}-{field.largest}/{step}" if int(step) <= field.largest - values[0] else span
        raise ValueError(f"a step needs a range. In the field {field.name}, use {wider!r}")
    if int(step) >= len(values):
        raise ValueError(
            f"in the field {field.name}, the step in {part!r} exceeds the range, so only {values[0]} would match. Use"
            f" {values[0]}, or set interval_s"
        )
    return values[:: int(step)]


def _span(field: _Field, span: str) -> list[int]:
    """Return the values of `*`, a value or a range in order. Ranges may wrap around, as in FRI-MON or 22-2."""
    if span == "*":
        return list(range(field.first, field.largest + 1))
    beginning, dash, end = span.partition("-")
    start = field.value(beginning)
    if not dash:
        return [start]
    stop = field.value(end)
    if start <= stop:
        return list(range(start, stop + 1))
    return [*range(start, field.largest + 1), *range(field.first, stop + 1)]
