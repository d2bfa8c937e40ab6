"""A node's messages, as `chimera show --path` prints them."""

from typing import Any

import pytest

from cli.output.messages import heading_of, parts_of
from models.ids import NodePath
from models.messages import MessageView, ToolCallView
from models.model_calls import Purpose
from tests.cli.builders import NOW


def a_message(role: str, **fields: Any) -> MessageView:
    empty = dict.fromkeys(
        ("thought", "tool_call_id", "tool", "failed", "guidance_id", "agent", "model", "finish_reason")
    )
    return MessageView.model_validate(
        {
            **empty,
            "path": NodePath("facts"),
            "purpose": Purpose.TURN,
            "step": 2,
            "seq": 2500,
            "role": role,
            "content": "",
            "tokens": 1,
            "created_at": NOW,
            **fields,
        }
    )


@pytest.mark.parametrize(
    ("message", "heading"),
    [
        (a_message("user"), "── turn 2 · prompt"),
        (a_message("user", guidance_id=7), "── turn 2 · guidance"),
        (a_message("assistant", agent="analyst", model="local/m"), "── turn 2 · analyst (local/m)"),
        (a_message("assistant", agent="poet", agent_version=2, model="local/m"), "── turn 2 · poet v2 (local/m)"),
        (a_message("tool", tool="calculator", failed=False), "── turn 2 · calculator"),
        (a_message("tool", tool="calculator", failed=True), "── turn 2 · calculator failed"),
        (a_message("assistant", agent="a\x1b[2Jb\u202e", model="local/m"), "── turn 2 · ab (local/m)"),
    ],
)
def test_a_message_shows_its_role_and_node(message: MessageView, heading: str) -> None:
    assert heading_of(message) == heading


def test_thoughts_tools_and_truncation_differ_from_the_answer() -> None:
    call = ToolCallView(id="c1", name="calculator", arguments='{"expression": "1+1"}')
    printed = a_message("assistant", content="Well.", thought="Hm.", tool_calls=(call,), finish_reason="length")
    assert list(parts_of(printed)) == [
        ("thought:", "Hm."),
        ("answer:", "Well."),
        ("", '→ calculator({"expression": "1+1"})'),
        ("", "[ended: length]"),
    ]
