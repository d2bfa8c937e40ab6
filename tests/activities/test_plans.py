"""Reading plans from imperfect answers: accepted if the meaning is clear, refused if something would be lost."""

import json
import re
from typing import Any

import pytest

from activities.plans import CUT_OFF, MAX_CHARS, MAX_PLANS, MAX_PROBLEMS, SHAPE, TOO_LONG, Read, chosen, plans_in
from chimera.ledger.plans import PlanRoom
from models.agents import BUILT_IN_BY_NAME, NOT_OFFERED
from models.plans import MAX_NODES
from tests.chimera.providers.counting import calls_during

ROOM = PlanRoom({name: agent for name, agent in BUILT_IN_BY_NAME.items() if name not in NOT_OFFERED}, MAX_NODES, 0)
ONE = {"key": "one", "instruction": "Do it.", "agent": "writer"}
TWO = {"key": "two", "instruction": "Then that.", "agent": "analyst", "depends_on": ["one"]}
PLAN = json.dumps({"subtasks": [ONE, TWO]})
DRAFT = json.dumps({"subtasks": [{**ONE, "key": "draft"}]})
FENCE = "`" * 3


def read(answer: str) -> Read:
    return chosen(plans_in(answer), ROOM, depth=1)


def keys_in(answer: str) -> list[str]:
    subtasks, problems = read(answer)
    assert problems == []
    return [subtask.key for subtask in subtasks]


def problems_in(answer: Any) -> list[str]:
    text = answer if isinstance(answer, str) else json.dumps(answer)
    subtasks, problems = read(text)
    assert subtasks == ()
    return problems


@pytest.mark.parametrize(
    "answer",
    [
        PLAN,
        f"<think>One {{step}} will do.</think>\n{PLAN}",
        f"{FENCE}json{PLAN}{FENCE}",
        f"{FENCE}json\n{PLAN}",
        f"~~~json\n{PLAN}\n~~~",
        f"Here is the plan:\n\n{FENCE}\n{PLAN}\n{FENCE}\n\nShall I go on?",
        f"\ufeff{PLAN}",
        PLAN.replace('"agent"', '// who\n"agent"'),
        PLAN.replace("}]", "},]"),
        str(json.loads(PLAN)),
        re.sub(r'"([^"]*)"', r"“\1”", PLAN),
    ],
)
def test_a_plan_is_read_within_any_text(answer: str) -> None:
    assert keys_in(answer) == ["one", "two"]


@pytest.mark.parametrize(
    "answer",
    [
        {"plan": {"subtasks": [ONE, TWO]}},
        {"goal": "Tea", "thought": "Two will do.", "plan": {"subtasks": [ONE, TWO]}, "confidence": 0.9},
        [{"subtasks": [ONE, TWO]}],
        [ONE, TWO],
        {"steps": [ONE, TWO]},
        {"result": {"plan": [ONE, TWO]}},
        {"SubTasks": [ONE, TWO]},
        {"subtasks": {"one": {"instruction": "Do it."}, "two": {"instruction": "It.", "depends_on": "one"}}},
        {"subtasks": {"1": ONE, "2": TWO}},
        {"subtasks": json.dumps([ONE, TWO])},
        {"subtasks": [json.dumps(ONE), json.dumps(TWO)]},
        {"subtasks": [{"subtask": ONE}, {"subtask": TWO}]},
        {"name": "plan", "arguments": json.dumps({"subtasks": [ONE, TWO]})},
        {"notes": ["Two will do."], "subtasks": [ONE, TWO]},
    ],
)
def test_wrappers_around_a_plan_are_taken_off(answer: Any) -> None:
    assert keys_in(json.dumps(answer)) == ["one", "two"]


@pytest.mark.parametrize(
    "beside",
    [
        {"goal": "[3, 1, 2]"},
        {"input": '{"a": 1}', "goal": "[x] Sort."},
        {"goal": json.dumps({"subtasks": [ONE]}), "thought": json.dumps([ONE])},
        {"edges": "none"},
        {"dependencies": "[]"},
    ],
)
@pytest.mark.parametrize("plan", [{"subtasks": [ONE, TWO]}, {"subtasks": json.dumps([ONE, TWO])}])
def test_texts_beside_a_plan_are_remarks(beside: dict[str, str], plan: dict[str, Any]) -> None:
    assert keys_in(json.dumps({**beside, **plan})) == ["one", "two"]
    assert keys_in(json.dumps({**beside, "plan": plan})) == ["one", "two"]


@pytest.mark.parametrize("plan", [{"subtasks": [ONE, TWO]}, json.dumps({"subtasks": [ONE, TWO]})])
def test_a_plan_in_text_is_found_after_remarks(plan: Any) -> None:
    assert keys_in(json.dumps({"goal": "[3, 1, 2]", "plan": plan})) == ["one", "two"]


def test_subtasks_one_after_the_other_are_a_plan() -> None:
    assert keys_in(f"{json.dumps(ONE)}\n{json.dumps(TWO)}") == ["one", "two"]
    assert problems_in(f"{json.dumps(ONE)}\n{json.dumps(TWO)[:-1]}") == [CUT_OFF]
    assert "Invalid JSON" in problems_in(f'{json.dumps(ONE)}\n{{"key": "two", ...}}')[0]


def test_the_last_plan_that_can_run_counts() -> None:
    assert keys_in(f"First {DRAFT}, better {PLAN}") == ["one", "two"]
    assert keys_in(f"{PLAN}\nThat is of the form {{'subtasks': [...]}}") == ["one", "two"]
    cyclic = json.dumps({"subtasks": [{**ONE, "depends_on": ["one"]}]})
    assert keys_in(f"{PLAN}\n{cyclic}") == ["one", "two"]
    assert keys_in(f"{DRAFT}\n" * 10 * MAX_PLANS + PLAN) == ["one", "two"]


@pytest.mark.parametrize("end", range(len('{"subtasks": [{"key": "o'), len(PLAN)))
def test_a_truncated_plan_is_never_accepted(end: int) -> None:
    assert problems_in(PLAN[:end]) == [CUT_OFF]
    assert problems_in(f"{DRAFT}\nBetter:\n{FENCE}json\n{PLAN[:end]}\n{FENCE}") == [CUT_OFF]


def test_a_plan_with_its_quotes_escaped_is_read() -> None:
    assert keys_in(PLAN.replace('"', '\\"')) == ["one", "two"]


@pytest.mark.parametrize(
    ("reported", "depends_on"),
    [
        *((nothing, ()) for nothing in ("none", "N/A", "-", "null", [None], [""], ["none"], False, "[]")),
        *((one, ("one",)) for one in ('["one"]', [{"key": "one"}], {"key": "one"}, "one; one", "ONE")),
    ],
)
def test_dependencies_are_read_in_many_forms(reported: Any, depends_on: tuple[str, ...]) -> None:
    subtasks, problems = read(json.dumps({"subtasks": [ONE, {**TWO, "depends_on": reported}]}))
    assert problems == []
    assert subtasks[1].depends_on == depends_on


def test_synonyms_of_a_missing_field_are_read() -> None:
    one = {"id": "one", "description": "Do it.", "agent": ["writer"]}
    assert keys_in(json.dumps({"tasks": [one, {**TWO, "depends_on": None, "requires": ["one"]}]})) == ["one", "two"]
    assert "description: Unknown field" in problems_in({"subtasks": [{**ONE, "description": "More."}]})[0]
    assert keys_in(json.dumps({"subtasks": [{**ONE, "key": "none"}, {**TWO, "depends_on": "none"}]})) == ["none", "two"]


def test_names_and_values_are_read_by_their_meaning() -> None:
    answer = {
        "subtasks": [
            {"Key": "Find Facts", "INSTRUCTION": "Find.", "Agent": "Writer", "dependsOn": None, "decompose": "false"},
            {"key": 2, "instruction": "Sum.", "depends-on": "Find Facts", "title": "t" * 500, "decompose": "True"},
            {"key": "3", "instruction": "End.", "depends": [2, "find facts"], "agent": None, "note": None},
        ]
    }
    subtasks, problems = read(json.dumps(answer))
    assert problems == []
    assert [(s.key, s.agent, s.depends_on, s.decompose) for s in subtasks] == [
        ("find-facts", "writer", (), False),
        ("2", "analyst", ("find-facts",), True),
        ("3", "analyst", ("2", "find-facts"), False),
    ]
    assert len(subtasks[1].title) == 120


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("", f"plan: The answer must have exactly one list of subtasks. Answer only with JSON, as in {SHAPE}."),
        ("Certainly! Here is a plan: first I would", "plan: The answer must have exactly one list"),
        ({"properties": {"subtasks": {"type": "array", "items": {}}}}, "plan: The answer must have exactly one list"),
        ({"phases": [{"subtasks": [ONE]}, {"subtasks": [TWO]}]}, "plan: The answer must have exactly one list"),
        ({"subtasks": []}, "subtasks: Send at least one item."),
        ({"subtasks": [{"key": "a"}]}, "subtasks.0.instruction: A required value is missing. Add it."),
        (
            {"subtasks": [{**ONE, "dependson_": [], "waits_for": ["two"]}, TWO]},
            "subtasks.0.waits_for: Unknown field",
        ),
        ({"subtasks": [ONE, TWO], "edges": [["one", "two"]]}, "edges: Unknown field"),
        ({"subtasks": [ONE, TWO], "edges": '[["one", "two"]]'}, "edges: Unknown field"),
        ({"plan": [ONE, TWO], "Depends_on": '{"one": ["two"]}'}, "Depends_on: Unknown field"),
        (
            {"subtasks": [{**ONE, "instruction": "…"}]},
            "subtasks.0.instruction: The text is empty. Enter at least one character.",
        ),
        ({"subtasks": [{**ONE, "key": None}]}, "subtasks.0.key: Send text"),
        ({"subtasks": [{**ONE, "key": "über"}]}, "subtasks.0.key: Use at most 40 characters: lowercase"),
        ({"subtasks": [{**ONE, "decompose": "maybe"}]}, "subtasks.0.decompose: Send true or false"),
        ({"subtasks": [{**ONE, "instruction": ["Do", "it"]}]}, "subtasks.0.instruction: Send text"),
        ({"subtasks": [ONE, {**TWO, "key": "ONE", "depends_on": []}]}, "Key 'one' is used more than once"),
        (
            {"subtasks": [{**ONE, "agent": "writter"}]},
            "Subtask 'one' names the unknown agent 'writter'. Did you mean 'writer'?",
        ),
        (
            {"subtasks": [{**ONE, "agent": "planner"}]},
            "Subtask 'one' can't be given to 'planner'. Use one of",
        ),
        ({"subtasks": [{**ONE, "agent": "coordinator"}]}, "Subtask 'one' can't be given to 'coordinator'. Use one of"),
        (PLAN.replace('}, {"key"', ', "key"'), "plan: Invalid JSON: 'key' appears twice in an object"),
        (PLAN.replace("]}", ", ...]}"), "plan: Invalid JSON: "),
        (PLAN.replace("}]}", "}]]}"), CUT_OFF),
    ],
)
def test_ambiguous_plans_are_reported(answer: Any, problem: str) -> None:
    assert any(reported.startswith(problem) for reported in problems_in(answer)), problems_in(answer)


def test_text_that_cannot_be_stored_is_cleaned() -> None:
    subtasks, _ = read('{"subtasks": [{"key": "a", "instruction": "x\\u0000y\\ud800z"}]}')
    assert subtasks[0].instruction == "xyz"


def test_an_overlong_plan_must_be_shorter() -> None:
    assert keys_in(PLAN + " " * (MAX_CHARS - len(PLAN))) == ["one", "two"]
    assert problems_in(PLAN + " " * (MAX_CHARS + 1 - len(PLAN))) == [TOO_LONG]


def test_subtasks_beyond_the_maximum_are_not_read() -> None:
    many = [{**ONE, "key": f"n{index}"} for index in range(MAX_NODES + 1)]
    reported = problems_in({"subtasks": many})
    assert len(reported) == 1
    assert problems_in({"subtasks": [*many, *[7] * 1000]}) == reported


def test_unknown_names_are_listed_up_to_a_limit() -> None:
    names = [f"name-{index}" for index in range(MAX_NODES)]
    compared = calls_during(lambda: problems_in({"subtasks": [{**ONE, "depends_on": names}]}))["get_close_matches"]
    assert 0 < compared <= MAX_PROBLEMS
