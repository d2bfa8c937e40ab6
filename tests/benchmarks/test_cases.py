"""The table of cases: the criteria for results, and the selection of cases."""

import re
from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from benchmarks.cases.__main__ import choice_of
from benchmarks.cases.case import (
    Answers,
    ApiCalls,
    Command,
    Due,
    Ends,
    Exits,
    NotRun,
    Refused,
    Right,
    Scheduled,
    SocketCase,
    TaskCase,
    Wire,
)
from benchmarks.cases.conversation import ids_in, results_in
from benchmarks.cases.judge import problems_of, words_of
from benchmarks.cases.lists import CASES
from benchmarks.cases.lists.schedules import next_change
from benchmarks.cases.seen import ApiReply, Exit, Seen, Task, Times
from benchmarks.cases.table import table_of, total_of
from benchmarks.cases.trial import Verdict
from tests.wires.model_server import Arrival

FITTING: dict[type, Any] = {
    TaskCase: Ends,
    ApiCalls: Answers,
    SocketCase: Answers,
    Scheduled: (Due, Refused),
    Command: Exits,
    NotRun: type(None),
}
THREAD = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+/(issues|pull)/\d+")


def test_every_case_is_named_once() -> None:
    # Compare in lower case, because models are named after their cases' IDs.
    ids = [case.id.lower() for case in CASES]
    assert len(set(ids)) == len(ids)


def test_a_case_is_fully_described() -> None:
    for case in CASES:
        assert isinstance(case.right, FITTING[type(case.act)]), case.id
        assert words_of(case.right), case.id
        assert case.what, case.id
        assert THREAD.fullmatch(case.source) or case.source.startswith("own"), case.source
        assert case.note or not isinstance(case.act, NotRun), case.id


def test_a_findings_number_chooses_all_its_samples() -> None:
    chosen = choice_of(CASES, only="B01,B39.empty")
    assert [case.id for case in chosen] == ["B01.two-chunks", "B01.one-chunk", "B39.empty"]


def test_kind_and_wire_choose_together() -> None:
    chosen = choice_of(CASES, kind="usage", wire="google")
    assert chosen
    assert {(case.kind, case.wire) for case in chosen} == {("usage", "google")}


def asked_with(*results: str, ids: tuple[str, ...] = ()) -> Arrival:
    calls = [{"id": id, "function": {"name": "calculator", "arguments": "{}"}} for id in ids]
    tool_messages = [{"role": "tool", "content": result} for result in results]
    return Arrival(0.0, {"messages": [{"role": "assistant", "tool_calls": calls}, *tool_messages]})


def ended(status: str = "completed", *arrivals: Arrival, **view: Any) -> Task:
    return Task("openai", {"status": status, **view}, arrivals or (asked_with(),), attempts=len(arrivals) or 1)


REQUESTS: dict[Wire, dict[str, Any]] = {
    "openai": asked_with("391", ids=("x",)).body,
    "anthropic": {
        "messages": [
            {"role": "user", "content": "Work it out."},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "x", "name": "calculator", "input": {}}]},
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "x", "content": [{"type": "text", "text": "391"}]}],
            },
        ]
    },
    "google": {
        "contents": [
            {"role": "model", "parts": [{"functionCall": {"id": "x", "name": "calculator", "args": {}}}]},
            {"role": "user", "parts": [{"functionResponse": {"id": "x", "response": {"output": "391"}}}]},
        ]
    },
}


@pytest.mark.parametrize("wire", REQUESTS)
def test_tool_calls_are_found_on_every_wire(wire: Wire) -> None:
    assert (ids_in(wire, REQUESTS[wire]), results_in(wire, REQUESTS[wire])) == (("x",), ("391",))


ONCE_AT_NINE = Due(lambda day: day.day == 13, "09:00")
MONDAY = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("right", "seen", "problem"),
    [
        (Ends(result="a b"), ended(result="a"), "result 'a'"),
        (Ends(requests=1), ended("completed", asked_with(), asked_with()), "2 requests"),
        (Ends("failed", code="wrong_key"), ended("failed", error_code="malformed"), "error_code malformed"),
        (Ends("failed", contains=("plan",)), ended("failed", error="The cause is unknown."), "no “plan”"),
        (Ends(lacks=("Hm",)), ended(result="Hm. 4"), "“Hm” in 'Hm. 4'"),
        (Ends(spent=1800), ended(spent_micro_usd=0), "charged 0 micro-USD"),
        (Ends(tools=("391", "42")), ended("completed", asked_with("391")), "tool results ('391',)"),
        (Ends(unique_ids=True), ended("completed", asked_with(ids=("x", "x"))), "tool call ids ('x', 'x')"),
        (Ends(finish="length"), ended(), "finish_reason of task, subtask, attempt, event: ()"),
        (Ends(unlike=("messages",)), ended(), "request has messages"),
        (Ends(asked=("half",)), ended(), "request lacks no “half”"),
        (Ends(), ended(in_doubt_micro_usd=5), "an answered attempt is in doubt"),
        (Ends(requests=0), Task("openai", {"status": "completed"}, (), 5), "5 attempts counted, 0 made"),
        (
            Ends(requests=2, wait_s=3),
            ended("completed", Arrival(1.0, {}), Arrival(2.5, {})),
            "requested again after 1.5 s",
        ),
        (Answers(422, contains=("another",)), ApiReply(202, "{}"), "status 202"),
        (Answers(202, same_id=True), ApiReply(202, "{}", ("a", "b")), "ids ('a', 'b')"),
        (Refused(("five",)), Times((MONDAY,), MONDAY), "taken"),
        (Refused(("five",)), Times(refused=ApiReply(422, "four fields")), "no “five”"),
        (ONCE_AT_NINE, Times((MONDAY,), MONDAY), "due ['2026-11-30 12:00'], not ['2026-12-13 09:00']"),
        (Due(once_on=MONDAY.date()), Times((MONDAY, MONDAY), MONDAY), "due 2 times on 2026-11-30"),
        (Exits(3), Exit(1, "Traceback (most recent call last)"), "a traceback"),
        (Exits(None), Exit(None, ""), "exit None"),
    ],
)
def test_each_wrong_result_is_named(right: Right, seen: Seen, problem: str) -> None:
    assert problem in problems_of(right, seen)


@pytest.mark.parametrize(
    ("right", "seen"),
    [
        (Ends(result="a b", spent=1800), ended(result="a b", spent_micro_usd=1800)),
        (Ends("failed", contains=("CUDA out",)), ended("failed", error="cuda OUT of memory")),
        (Ends(tools=("391", "42")), ended("completed", asked_with("391", "42"))),
        (Answers(202, same_id=True), ApiReply(202, "{}", ("a", "a"))),
        (ONCE_AT_NINE, Times((datetime(2026, 12, 13, 9, tzinfo=UTC),), MONDAY)),
        (Exits(None, contains=("two words",)), Exit(1, "two\nwords")),
    ],
)
def test_correct_results_have_no_problems(right: Right, seen: Seen) -> None:
    assert problems_of(right, seen) == []


def test_a_change_of_clocks_is_found() -> None:
    after = datetime(2026, 11, 29, tzinfo=UTC)
    berlin, new_york = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
    assert f"{next_change(berlin, time(2, 30), forward=True, after=after)}" == "2027-03-28"
    assert f"{next_change(new_york, time(1, 30), forward=False, after=after)}" == "2027-11-07"


def test_a_table_counts_and_escapes() -> None:
    case = choice_of(CASES, only="B54.dumb")[0]
    verdicts = [Verdict(case, "exit 0: \x1b[1m", None), Verdict(case, "exit 1: x", None, ("exit 1",))]
    table = table_of(verdicts)
    assert "\x1b" not in table
    assert "    ! exit 1" in table
    assert total_of(verdicts) == "2 cases: 1 ok, 1 wrong, 0 not run"
