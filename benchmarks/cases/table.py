"""The table of results: a line per case, totals by kind and by wire, and the reasons for debatable results."""

import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from benchmarks.cases.judge import words_of
from benchmarks.cases.trial import Verdict

WORDS = ("ok", "wrong", "not run")
ID, KIND, REQUESTS, VERDICT = 24, 16, 5, 7
WIDTH = 200
"""The width of lines that aren't written to a terminal."""


def table_of(verdicts: Sequence[Verdict]) -> str:
    """Return a table of all cases, the totals, the notes and the sources."""
    wide = shutil.get_terminal_size((WIDTH, 0)).columns if sys.stdout.isatty() else WIDTH
    room = max(40, wide - ID - KIND - REQUESTS - VERDICT - 10)
    right = room * 2 // 5
    lines = [_row(("id", "kind", "right", "now", "asked", "verdict"), right, room - right)]
    for verdict in verdicts:
        case = verdict.case
        asked = "-" if verdict.requests is None else str(verdict.requests)
        cells = (case.id, case.kind, words_of(case.right), verdict.now, asked, verdict.word)
        lines.append(_row(cells, right, room - right))
        lines += [f"    ! {_cut(problem, 300)}" for problem in verdict.problems]
    sums = [*_sums("kind", verdicts, (v.case.kind for v in verdicts))]
    sums += _sums("wire", verdicts, (v.case.wire for v in verdicts))
    notes = [f"{note} ({', '.join(ids)})" for note, ids in _notes(verdicts).items()]
    sources = [_shown(f"{v.case.id}: {v.case.what} ({v.case.source})") for v in verdicts]
    return "\n".join([*lines, "", *sums, "", "Decisions", *notes, "", "Inputs and their sources", *sources])


def total_of(verdicts: Sequence[Verdict]) -> str:
    count = Counter(verdict.word for verdict in verdicts)
    return f"{len(verdicts)} cases: {', '.join(f'{count[word]} {word}' for word in WORDS)}"


def _row(cells: Sequence[str], right: int, now: int) -> str:
    widths = (ID, KIND, right, now, REQUESTS, VERDICT)
    return "  ".join(_cut(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _cut(text: str, width: int) -> str:
    line = " ".join(_shown(text).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"


def _notes(verdicts: Sequence[Verdict]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for verdict in verdicts:
        if verdict.case.note:
            found.setdefault(verdict.case.note, []).append(verdict.case.id)
    return found


def _shown(text: str) -> str:
    """Escape the characters that would control a terminal."""
    return "".join(c if c.isprintable() or c.isspace() else repr(c)[1:-1] for c in text)


def _sums(title: str, verdicts: Sequence[Verdict], names: Iterable[str]) -> list[str]:
    count = Counter((name, verdict.word) for name, verdict in zip(names, verdicts, strict=True))
    known = dict.fromkeys(name for name, _ in count)
    head = f"{title:{KIND}}  {'cases':>5}  " + "  ".join(f"{word:>7}" for word in WORDS)
    rows = [
        f"{name:{KIND}}  {sum(count[name, word] for word in WORDS):5}  "
        + "  ".join(f"{count[name, word]:7}" for word in WORDS)
        for name in known
    ]
    return [head, *rows]
