"""The simulator's plans: small plausible ones, scripted shapes, and invalid ones."""

import json
from random import Random
from typing import TypedDict

from chimera.simulator.directives import written
from chimera.simulator.prose import topic_of
from chimera.simulator.script import Script
from chimera.simulator.values import count_text, one_less

_WORKERS = ("researcher", "analyst", "writer", "reviewer")


class Subtask(TypedDict):
    """The fields of `models.plans.PlannedSubtask`."""

    key: str
    title: str
    instruction: str
    agent: str
    depends_on: list[str]
    decompose: bool


def plan_text(random: Random, subject: str, agents: list[str], script: Script) -> str:
    """Write the plan as JSON, in the shape of `models.plans.Plan`."""
    if script.badplan == "garbage":
        return "Certainly! Here is a plan: first I would look into it, then"
    topic = topic_of(subject)
    count = script.split or script.chain
    subtasks = _parts(topic, agents, script, count) if count else _default(random, topic, agents)
    for subtask in subtasks:
        subtask["instruction"] += written("", script.sub)
    if script.nest > 0:
        _let_first_decompose(subtasks, script)
    if script.badplan == "cyclic":
        subtasks[0]["depends_on"] = [subtasks[-1]["key"]]
        subtasks[-1]["depends_on"] = [subtasks[0]["key"]]
    if script.badplan == "unknown_agent":
        subtasks[0]["agent"] = "astrologer"
    return json.dumps({"subtasks": subtasks})


def _default(random: Random, topic: str, agents: list[str]) -> list[Subtask]:
    """Return a plan with one or two researchers at once, then an analyst, then a writer."""
    options, hours = random.randint(3, 9), random.randint(12, 48)
    find = f"Collect the facts that bear on: {topic}."
    compare = f"Find examples and counterexamples for: {topic}. Say where each comes from."
    conclude = f"Compare what was found about: {topic}. Work out the effort as {options} * {hours} hours and conclude."
    write = f"Write a short report on: {topic}. Use the analysis and add no facts of your own."
    researcher, analyst, writer = (_agent(name, agents) for name in ("researcher", "analyst", "writer"))
    research = [
        _subtask("facts", f"Facts: {topic}", find, researcher, []),
        _subtask("examples", f"Examples: {topic}", compare, researcher, []),
    ][: random.choice((1, 2, 2))]
    return [
        *research,
        _subtask("analysis", f"Analysis: {topic}", conclude, analyst, [subtask["key"] for subtask in research]),
        _subtask("report", f"Report: {topic}", write, writer, ["analysis"]),
    ]


def _parts(topic: str, agents: list[str], script: Script, count: int) -> list[Subtask]:
    names = [script.agent] if script.agent else [name for name in _WORKERS if name in agents] or agents or ["analyst"]
    return [
        _subtask(
            f"part-{number}",
            f"Part {number}: {topic}",
            f"Work on part {number} of {count} of: {topic}.",
            names[(number - 1) % len(names)],
            [f"part-{number - 1}"] if script.chain and number > 1 else [],
        )
        for number in range(1, count + 1)
    ]


def _let_first_decompose(subtasks: list[Subtask], script: Script) -> None:
    first = subtasks[0]
    first["decompose"] = True
    shape = f"chain={script.chain}" if script.chain else f"split={script.split}" if script.split else ""
    deeper = f"nest={count_text(one_less(script.nest))}" if script.nest > 1 else ""
    sub = f"sub={{{script.sub}}}" if script.sub else ""
    first["instruction"] += written("plan", "; ".join(filter(None, (shape, deeper, sub))))


def _subtask(key: str, title: str, instruction: str, agent: str, depends_on: list[str]) -> Subtask:
    # A shortened topic already ends with an ellipsis.
    words = instruction.replace("….", "…")
    return Subtask(key=key, title=title, instruction=words, agent=agent, depends_on=depends_on, decompose=False)


def _agent(wanted: str, agents: list[str]) -> str:
    return wanted if wanted in agents or not agents else agents[0]
