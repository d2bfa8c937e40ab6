"""How trials are printed: a line of counts each, and below it what the experiment measured and what is wrong."""

from benchmarks.faults.experiments import Experiment
from benchmarks.faults.report import Trial

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
    ("booked", "booked_micro_usd"),
    ("provider", "provider_micro_usd"),
)


def _in_column(heading: str, content: str) -> str:
    return content.rjust(max(5, len(heading)))


HEADINGS = "  ".join(
    ["id   seed  result", *(_in_column(heading, heading) for heading, _ in _COLUMNS), "resume", "  took"]
)


def row_of(name: str, made: Trial) -> str:
    """One trial as a line below the headings."""
    found = made.findings
    cells = [
        _in_column(heading, "-" if found is None else str(getattr(found, attribute))) for heading, attribute in _COLUMNS
    ]
    result = "FAILED" if made.problems or made.late else "passed"
    resume = "-" if made.resume_s is None else f"{made.resume_s:.1f} s"
    return "  ".join([f"{name}  {made.seed:4}  {result}", *cells, resume.rjust(6), f"{made.took_s:4.0f} s"])


def details_of(experiment: Experiment, made: Trial) -> str:
    """What the experiment measured beside the counts, and everything that is wrong."""
    figures = "; ".join(f"{name} {value}" for name, value in made.figures.items())
    lines = [
        f"     {experiment.title}: {figures or 'no figures'}",
        *(f"     ! {problem}" for problem in [*made.problems, *made.late][:20]),
    ]
    return "\n".join(lines)
