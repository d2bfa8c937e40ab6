"""Plans of imperfect models: accepted at the first call if the meaning is clear, otherwise rejected with a reason."""

import json
from typing import Any

from benchmarks.cases.case import SPENT, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import replying, stream
from tests.wires.chat_completions.frames import USAGE, chunk, piece

KIND = "plans"
STEP = {"key": "one", "instruction": "Do it.", "agent": "writer"}
PLAN = json.dumps({"subtasks": [STEP]})
READ = Ends(result="done", requests=2, spent=2 * SPENT)
REPAIRED = Ends(result="done", requests=3)
FAILS = Ends("failed", requests=2, code="plan_invalid", contains=("`plan`",))
FENCES = "https://github.com/kunchenguid/no-mistakes/pull/740"
WORDS = "https://github.com/misospace/pr-reviewer-action/issues/449"
FENCE = "```"


def _case(id: str, what: str, text: str, source: str, right: Ends = READ, note: str = "") -> Case:
    """Return a case whose planner answers `text`, then a correct plan if asked again; the subtask answers "done"."""
    answers = (
        (replying(text), replying("done")) if right is READ else (replying(text), replying(PLAN), replying("done"))
    )
    return Case(id, KIND, source, what, TaskCase(answers, planned=True), right, note)


def _of(**changes: Any) -> str:
    return json.dumps({"subtasks": [{**STEP, **changes}]})


CASES = (
    _case(
        "B11.plan",
        "a thought before the plan",
        f"<think>One step will do.</think>\n{PLAN}",
        "https://github.com/langchain-ai/langchain/pull/35530",
    ),
    _case("B12.one-line", "a fence on one line", f"{FENCE}json{PLAN}{FENCE}", FENCES),
    _case("B12.unclosed", "a fence that never ends", f"{FENCE}json\n{PLAN}", FENCES),
    _case("B12.tildes", "a tilde fence", f"~~~json\n{PLAN}\n~~~", FENCES),
    _case("B12.usual", "an ordinary fence", f"{FENCE}json\n{PLAN}\n{FENCE}", FENCES),
    _case("B13.words", "text before the plan", f"Here is the plan: {PLAN}", WORDS),
    _case(
        "B13.fence-after-words",
        "text, then a fence, then text",
        f"Sure!\n\n{FENCE}json\n{PLAN}\n{FENCE}\nThat is all.",
        WORDS,
    ),
    _case("B13.bom", "a byte order mark", f"\ufeff{PLAN}", WORDS),
    _case("B13.comment", "a comment", '{"subtasks": [ // one\n' + json.dumps(STEP) + "]}", WORDS),
    _case("B14.comma", "an extra comma", PLAN.replace("}]}", "},]}"), WORDS),
    _case("B14.list", "only a list", json.dumps([STEP]), WORDS),
    _case("B14.wrapped", "wrapped in another object", json.dumps({"plan": {"subtasks": [STEP]}}), WORDS),
    _case("B14.false", "'false' as text", _of(decompose="false"), WORDS),
    _case("B14.null", "null for fields with a default", _of(depends_on=None, title=None), WORDS),
    _case("B14.quotes", "Python's quotes", PLAN.replace('"', "'"), WORDS),
    _case("B14.typographic", "typographic quotes", PLAN.replace('"key"', "“key”").replace('"one"', "“one”"), WORDS),
    _case("B14.agent", "an agent name in a different case", _of(agent="Writer"), WORDS),
    _case(
        "B14.cycle",
        "a cycle",
        json.dumps({"subtasks": [{**STEP, "depends_on": ["two"]}, {**STEP, "key": "two", "depends_on": ["one"]}]}),
        WORDS,
        REPAIRED,
        "A plan that can't run is rejected with a reason and repaired in one round.",
    ),
    _case(
        "B14.fence-inside",
        "a fence inside an instruction",
        _of(instruction=f"Write {FENCE}json\n{{}}\n{FENCE}."),
        WORDS,
    ),
    Case(
        "B13.never",
        KIND,
        WORDS,
        "no plan, twice in the same way",
        TaskCase((replying("I can't make plans."),), planned=True),
        FAILS,
        "The second identical failure ends the attempts. The error names the request's field `plan`.",
    ),
    Case(
        "plans.cut-plan",
        KIND,
        "https://github.com/agent0ai/agent-zero/issues/1836",
        "a plan cut off in the middle with finish reason stop, then a complete one",
        TaskCase(
            (
                replying(json.dumps({"subtasks": [STEP, {**STEP, "key": "two"}]})[:-40]),
                replying(PLAN),
                replying("done"),
            ),
            planned=True,
        ),
        REPAIRED,
        "A plan is never shortened silently.",
    ),
    Case(
        "plans.cut-plan-length",
        KIND,
        "https://github.com/agent0ai/agent-zero/issues/1836",
        "a plan cut off at the limit, then a complete one",
        TaskCase((replying(PLAN[:40], "length"), replying(PLAN), replying("done")), planned=True),
        REPAIRED,
        "If a plan is cut off, a shorter one is requested (decision 12). Half of it might pass for a whole plan.",
    ),
    _case(
        "plans.inner-fence-in-fence",
        "a fenced plan whose instruction contains a fence",
        f"{FENCE}json\n{_of(instruction='Write ' + FENCE + 'sh x' + FENCE)}\n{FENCE}",
        "https://github.com/vectorize-io/hindsight/issues/2672",
    ),
    _case(
        "plans.other-fence-first",
        "a fence in another language before the plan",
        f"{FENCE}bash\nls\n{FENCE}\n{FENCE}json\n{PLAN}\n{FENCE}",
        "https://github.com/NVIDIA-NeMo/labs-OO-Agents/pull/238",
    ),
    _case(
        "plans.backticks-in-words",
        "backticks in the text before it",
        f"Here is `the` plan: {PLAN}",
        "https://github.com/langgenius/dify/issues/41958",
    ),
    _case(
        "plans.python-literals",
        "Python's True and None",
        str({"subtasks": [{**STEP, "decompose": False, "title": ""}]}),
        "https://github.com/sreerevanth/repopilot/issues/157",
    ),
    _case("plans.camel-case", "dependsOn", json.dumps({"subtasks": [{**STEP, "dependsOn": []}]}), "own"),
    Case(
        "plans.reasoning-plan",
        KIND,
        "https://github.com/earendil-works/pi/pull/2782",
        "a thought in `reasoning_content` that contains a plan of its own",
        TaskCase(
            (
                stream(
                    chunk({"reasoning_content": '{"subtasks": []} is no plan'}), piece(PLAN), chunk({}, "stop"), USAGE
                ),
                replying("done"),
            ),
            planned=True,
        ),
        READ,
    ),
    Case(
        "plans.planner-agent",
        KIND,
        "own",
        "a subtask for `planner`, then one for writer",
        TaskCase((replying(_of(agent="planner")), replying(PLAN), replying("done")), planned=True),
        REPAIRED,
        "`planner` and `coordinator` aren't offered for subtasks.",
    ),
    _case("plans.keyed", "subtasks under their keys", json.dumps({"subtasks": {"one": STEP}}), "own"),
    _case("plans.numbered", "subtasks under numbers", json.dumps({"subtasks": {"1": STEP}}), "own"),
    _case("plans.as-text", "the list as a JSON string", json.dumps({"subtasks": json.dumps([STEP])}), "own"),
    _case(
        "plans.goal-of-json",
        "a goal that happens to be JSON next to the list",
        json.dumps({"goal": "[3, 1, 2]", "input": '{"a": 1}', "subtasks": [STEP]}),
        "own",
    ),
    _case("plans.escaped", "quotes escaped throughout", PLAN.replace('"', '\\"'), "own"),
    _case("plans.depends-none", "depends_on 'none'", _of(depends_on="none"), "own"),
    _case(
        "plans.other-words",
        "id and description instead of key and instruction",
        json.dumps({"tasks": [{"id": "one", "description": "Do it.", "agent": "writer"}]}),
        "own",
    ),
)
