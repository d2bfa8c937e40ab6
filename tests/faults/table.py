"""The table of trials: a line of counts for each, followed by its measurements and problems."""

from tests.faults.results import Result

_COLUMNS = (
    ("runs", "runs"),
    ("ended", "completed"),
    ("calls", "arrivals"),
    ("extra", "extra"),
    ("lost", "lost"),
    ("twice", "duplicates"),
    ("again", "repeated"),
    ("unbooked", "unbooked"),
    ("unasked", "unasked"),
    ("stuck", "stuck"),
    ("gaps", "gaps"),
    ("differ", "disagreeing"),
    ("misbooked", "misbooked"),
    ("missing", "missing"),
    ("booked", "booked_micro_usd"),
    ("provider", "provider_micro_usd"),
)


def _in_column(heading: str, content: str) -> str:
    return content.rjust(max(5, len(heading)))


HEADINGS = "  ".join(
    ["id        seed  result", *(_in_column(heading, heading) for heading, _ in _COLUMNS), "resume", "  took"]
)


def row_of(result: Result) -> str:
    """Return one trial as a line below the headings."""
    found = result.findings
    # A file of earlier results may lack counts that were added later.
    cells = [_in_column(heading, "-" if found is None else str(found.get(name, "-"))) for heading, name in _COLUMNS]
    verdict = "FAILED" if result.problems else "passed"
    resume = "-" if result.resume_s is None else f"{result.resume_s:.1f} s"
    begin = f"{result.experiment:8}  {result.seed:4}  {verdict}"
    return "  ".join([begin, *cells, resume.rjust(6), f"{result.took_s:4.0f} s"])


def details_of(result: Result) -> str:
    """Return what the experiment measured in addition to the counts, and all its problems."""
    figures = "; ".join(f"{name} {value}" for name, value in result.figures.items())
    lines = [
        f"     {result.title}: {figures or 'no figures'}",
        *(f"     ! {problem}" for problem in result.problems[:20]),
    ]
    return "\n".join(lines)
