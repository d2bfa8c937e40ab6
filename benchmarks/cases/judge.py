"""Compare an observed result with the correct one, and describe both in a few words. These are pure functions."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, timedelta

from benchmarks.cases.case import Answers, Due, Ends, Exits, Refused, Right
from benchmarks.cases.conversation import ids_in, results_in
from benchmarks.cases.seen import ApiReply, Exit, Seen, Task, Times
from models.base import preview_of

_PREAMBLE = re.compile(r"Subtask 'one' failed: |The provider was called .{0,60}? Last outcome: ")
"""The preamble of the API's error messages, which is left out in a narrow column."""
TRACEBACK = "Traceback (most recent call last)"


def problems_of(right: Right, seen: Seen) -> list[str]:
    """Return a description of each difference from the correct result; the list is empty if there is none."""
    match right, seen:
        case Ends(), Task():
            return list(_of_task(right, seen))
        case Answers(), ApiReply():
            return list(_of_reply(right, seen))
        case Due(), Times():
            return list(_of_times(right, seen))
        case Refused(), Times():
            return list(_of_refusal(right, seen))
        case Exits(), Exit():
            return list(_of_exit(right, seen))
    raise TypeError(f"{type(seen).__name__} can't be judged by {type(right).__name__}")


def words_of(right: Right) -> str:
    """Describe the correct result."""
    match right:
        case Ends():
            return _joined(_words_of_end(right))
        case Answers(status=status, contains=contains, same_id=same_id):
            return _joined([str(status), "the same id" if same_id else "", *_quoted(contains)])
        case Due(once_on=None, at=at):
            return f"once on each such day, at {at}"
        case Due(once_on=day):
            return f"once on {day}"
        case Refused(contains=contains):
            return _joined(["refused", *_quoted(contains)])
        case Exits(code=code, contains=contains, lacks=lacks):
            ends = "no traceback" if code is None else f"exit {code}, no traceback"
            return _joined([ends, *_quoted(contains), *(f"no “{word}”" for word in lacks)])
        case None:
            return "-"


def now_of(seen: Seen) -> str:
    """Describe what happened."""
    match seen:
        case Task(view=view):
            cut = next((f"finish_reason {finish}" for finish in seen.finishes if finish not in (None, "stop")), "")
            tool_results = repr(seen.result) if view["status"] == "completed" else _PREAMBLE.sub("", seen.error)
            return _joined([view["status"], tool_results, cut])
        case ApiReply(status=status, text=text):
            return f"{status} {text}"
        case Times(refused=ApiReply(status=status, text=text)):
            return f"{status} {text}"
        case Times(due=due):
            return ", ".join(f"{moment:%Y-%m-%d %H:%M%z}" for moment in due[:3])
        case Exit(code=code, text=text):
            words = [line.strip(" │") for line in text.splitlines() if re.search(r"\w", line)]
            return f"exit {code}: {'traceback … ' if TRACEBACK in text else ''}{words[-1] if words else ''}"


def _of_task(right: Ends, seen: Task) -> Iterator[str]:
    view, arrived = seen.view, len(seen.arrivals)
    last = seen.arrivals[-1].body if seen.arrivals else {}
    if view["status"] != right.status:
        yield f"status {view['status']}"
    if right.result is not None and seen.result != right.result:
        yield f"result {seen.result!r}"
    if right.requests is not None and arrived != right.requests:
        yield f"{arrived} requests"
    if seen.attempts > arrived:
        yield f"{seen.attempts} attempts counted, {arrived} made"
    if view.get("in_doubt_micro_usd"):
        yield "an answered attempt is in doubt"
    if right.code is not None and view.get("error_code") != right.code:
        yield f"error_code {view.get('error_code')}"
    yield from _missing(right.contains, seen.error)
    yield from _unwanted(right.lacks, f"{seen.result} {seen.error}")
    if right.tools is not None and (tool_results := results_in(seen.wire, last)) != right.tools:
        yield f"tool results {tool_results}"
    if right.spent is not None and view.get("spent_micro_usd") != right.spent:
        yield f"charged {view.get('spent_micro_usd')} micro-USD"
    if right.finish is not None and set(seen.finishes) != {right.finish}:
        yield f"finish_reason of task, subtask, attempt, event: {seen.finishes}"
    yield from (f"request lacks {problem}" for problem in _missing(right.asked, json.dumps(last, ensure_ascii=False)))
    yield from (f"request has {name}" for name in right.unlike if name in last)
    ids = ids_in(seen.wire, last)
    if right.unique_ids and (len(set(ids)) < len(ids) or not all(ids)):
        yield f"tool call ids {ids}"
    if right.wait_s and arrived > 1:
        waited = seen.arrivals[1].at_s - seen.arrivals[0].at_s
        if waited < right.wait_s:
            yield f"requested again after {waited:.1f} s"


def _words_of_end(right: Ends) -> Iterator[str]:
    yield right.status
    yield right.code or ""
    if right.result is not None:
        yield repr(right.result)
    yield from _quoted(right.contains)
    yield from (f"no “{word}”" for word in right.lacks)
    if right.tools is not None:
        yield f"tools {', '.join(right.tools)}"
    if right.finish is not None:
        yield f"finish_reason {right.finish}"
    if right.spent is not None:
        yield f"{right.spent} µ$"
    if right.unique_ids:
        yield "unique ids"
    if right.wait_s:
        yield f"again after {right.wait_s:g} s"


def _of_reply(right: Answers, seen: ApiReply) -> Iterator[str]:
    if seen.status != right.status:
        yield f"status {seen.status}"
    yield from _missing(right.contains, seen.text)
    yield from _unwanted(right.lacks, seen.text)
    if right.same_id and (len(set(seen.ids)) != 1 or seen.ids[0] is None):
        yield f"ids {seen.ids}"


def _of_times(right: Due, seen: Times) -> Iterator[str]:
    if seen.refused is not None or not seen.due:
        yield "refused" if seen.refused else "never due"
        return
    local = list(seen.due)
    if right.days is not None and seen.asked_at is not None:
        expected = first_days(right.days, right.at, seen.asked_at, len(local))
        if (tool_results := [f"{moment:%Y-%m-%d %H:%M}" for moment in local]) != expected:
            yield f"due {tool_results[:2]}, not {expected[:2]}"
    if right.once_on is not None and (times := sum(moment.date() == right.once_on for moment in local)) != 1:
        yield f"due {times} times on {right.once_on}"


def first_days(holds: Callable[[date], bool], at: str, after: datetime, number: int) -> list[str]:
    """Return the first times when a schedule is due, by the slow method: each day is checked."""
    found: list[str] = []
    day = after.date()
    while len(found) < number:
        moment = f"{day} {at}"
        if holds(day) and moment > f"{after:%Y-%m-%d %H:%M}":
            found.append(moment)
        day += timedelta(days=1)
    return found


def _of_refusal(right: Refused, seen: Times) -> Iterator[str]:
    if seen.refused is None:
        yield "taken"
        return
    if seen.refused.status != 422:
        yield f"status {seen.refused.status}"
    yield from _missing(right.contains, seen.refused.text)


def _of_exit(right: Exits, seen: Exit) -> Iterator[str]:
    if seen.code is None or (right.code is not None and seen.code != right.code):
        yield f"exit {seen.code}"
    if TRACEBACK in seen.text:
        yield "a traceback"
    yield from _missing(right.contains, seen.text)
    yield from _unwanted(right.lacks, seen.text)


def _missing(words: Iterable[str], text: str) -> Iterator[str]:
    # Spaces are normalized because a terminal wraps lines.
    folded = " ".join(text.split()).casefold()
    return (f"no “{word}”" for word in words if word.casefold() not in folded)


def _unwanted(words: Iterable[str], text: str) -> Iterator[str]:
    for word in words:
        if word in text:
            line = next((line.strip() for line in text.splitlines() if word in line), "")
            yield f"“{word}”" if line in ("", word) else f"“{word}” in {preview_of(line, 80)!r}"


def _quoted(words: Iterable[str]) -> Iterator[str]:
    return (f"“{word}”" for word in words)


def _joined(parts: Iterable[str]) -> str:
    return ", ".join(part for part in parts if part)
