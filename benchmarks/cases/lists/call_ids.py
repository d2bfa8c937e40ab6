"""Ids of tool calls in a conversation: a strict vendor accepts each id only once."""

from benchmarks.cases.case import BOTH, FIRST, SECOND, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import asking, replying
from tests.wires.chat_completions.frames import call, calls
from tests.wires.model_server import ServedAnswer

KIND = "call-ids"
RIGHT = Ends(result="done", requests=3, tools=BOTH, unique_ids=True)


def _case(id: str, what: str, first: ServedAnswer, second: ServedAnswer, source: str) -> Case:
    return Case(id, KIND, source, what, TaskCase((first, second, replying("done"))), RIGHT)


CASES = (
    _case(
        "B38.none",
        "no ids in two turns",
        asking(calls(call(FIRST, index=0))),
        asking(calls(call(SECOND, index=0))),
        "https://github.com/ducks/claux/issues/40",
    ),
    _case(
        "B38.again",
        "the same id in two turns",
        asking(calls(call(FIRST, index=0, id="dup_id_0001"))),
        asking(calls(call(SECOND, index=0, id="dup_id_0001"))),
        "https://github.com/QwenLM/qwen-code/issues/5099",
    ),
    Case(
        "B38.twice",
        KIND,
        "https://github.com/can1357/oh-my-pi/issues/2055",
        "the same id twice in a turn",
        TaskCase((asking(calls(call(FIRST, index=0, id="x"), call(SECOND, index=1, id="x"))), replying("done"))),
        Ends(result="done", requests=2, tools=BOTH, unique_ids=True),
    ),
    _case(
        "ids.counted-from-0",
        "ids that restart from 0 in each turn",
        asking(calls(call(FIRST, index=0, id="run_calculator:0"))),
        asking(calls(call(SECOND, index=0, id="run_calculator:0"))),
        "https://github.com/QwenLM/qwen-code/issues/8382",
    ),
    _case(
        "ids.same-arguments",
        "the same id and call repeated, as small models do",
        asking(calls(call(FIRST, index=0, id="b9mgIC84m"))),
        asking(calls(call(SECOND, index=0, id="b9mgIC84m"))),
        "https://github.com/NousResearch/hermes-agent/pull/11722",
    ),
    _case(
        "ids.ours-by-chance",
        "a server's own id that looks like one of ours",
        asking(calls(call(FIRST, index=0, id="call_0"))),
        asking(calls(call(SECOND, index=0))),
        "https://github.com/anthropics/claude-code/issues/28515",
    ),
)
