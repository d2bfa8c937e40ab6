"""Every case, by kind: those of this wire first, then the same kinds on the other vendors' wires."""

from benchmarks.cases.case import Case
from benchmarks.cases.lists import (
    anthropic,
    call_ids,
    command_line,
    contents,
    endings,
    errors,
    framing,
    google,
    media_types,
    names,
    plans,
    replays,
    schedules,
    schemas,
    too_long,
    tool_calls,
    usage,
    waiting,
)

CASES: tuple[Case, ...] = (
    *tool_calls.CASES,
    *call_ids.CASES,
    *framing.CASES,
    *media_types.CASES,
    *contents.CASES,
    *endings.CASES,
    *usage.CASES,
    *errors.CASES,
    *too_long.CASES,
    *waiting.CASES,
    *plans.CASES,
    *schemas.CASES,
    *names.CASES,
    *replays.CASES,
    *schedules.CASES,
    *command_line.CASES,
    *anthropic.CASES,
    *google.CASES,
)
