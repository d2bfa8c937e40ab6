"""The requests that each vendor's server receives: the same conversation in the vendor's own form."""

import json
from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest

from activities.prompts import messages, tool_images
from chimera.ledger.transcripts import TranscriptRow
from chimera.providers.base import ChatMessage, ChatRequest, Image, Provider, ToolRequest, ToolSpec
from models.agents import ReasoningEffort
from models.files import InputFile
from models.plans import Plan
from tests.chimera.providers.asking import asked
from tests.chimera.simulated import CALCULATOR, answer_of
from tests.wires.base import ModelAnswer, ReceivedRequest, Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script

WEATHER = ToolSpec(
    "weather",
    "Says how the weather is.",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
SUM = ToolRequest("call_1", "calculator", '{"expression": "17 * 23"}')
CITY = ToolRequest("call_2", "weather", '{"city": "Köln"}')
TOO_DEEP = '{"a": ' * 5000 + "1" + "}" * 5000
PNG = b"\xff\x89PNG\r\n"


async def received_by(wire: Wire, provider: Provider, server: Scripted, request: ChatRequest) -> ReceivedRequest:
    """Make a call, and return what the server understood of it."""
    server.answers(Script(wire.frames_of(ModelAnswer(pieces=("Done.",)))))
    assert (await answer_of(provider, request)).text == "Done."
    return wire.parse(server.bodies[0], server.targets[0])


async def test_a_question_arrives(wire: Wire, provider: Provider, server: Scripted) -> None:
    received = await received_by(wire, provider, server, asked(wire, "Why is tea popular?"))
    assert received == ReceivedRequest(
        model=wire.model,
        system="You are helpful.",
        items=(("user", "Why is tea popular?"),),
        tools=(),
        may_call=False,
        schema=None,
        max_output_tokens=2048,
        effort=None,
        temperature=None,
        state="",
    )


async def test_a_request_names_its_user_and_call(wire: Wire, provider: Provider, server: Scripted) -> None:
    await received_by(wire, provider, server, asked(wire, call_id="t/a#turn.1", attempt=2))
    (headers,) = server.headers
    assert wire.key_in(headers)
    assert headers["x-chimera-call"] == "t/a#turn.1"
    assert headers["x-chimera-attempt"] == "2"
    assert headers["idempotency-key"] == "t/a#turn.1.2"


async def test_a_temperature_is_sent_where_the_model_takes_one(
    wire: Wire, provider: Provider, server: Scripted
) -> None:
    received = await received_by(wire, provider, server, asked(wire, temperature=0.0))
    assert received.temperature == (0.0 if wire.takes_temperature else None)


@pytest.mark.parametrize("effort", ["low", "medium", "high"])
async def test_a_reasoning_model_gets_an_effort(
    wire: Wire, provider: Provider, server: Scripted, effort: ReasoningEffort
) -> None:
    received = await received_by(wire, provider, server, asked(wire, reasoning_effort=effort, max_output_tokens=8192))
    assert (received.effort, received.max_output_tokens) == (effort, 8192)


async def test_tools_are_offered(wire: Wire, provider: Provider, server: Scripted) -> None:
    received = await received_by(wire, provider, server, asked(wire, tools=(CALCULATOR, WEATHER)))
    assert received.tools == ("calculator", "weather")
    assert received.may_call
    assert '"city"' in json.dumps(server.bodies[0]["tools"])


async def test_tools_may_be_declared_without_being_callable(wire: Wire, provider: Provider, server: Scripted) -> None:
    received = await received_by(wire, provider, server, asked(wire, tools=(CALCULATOR, WEATHER), tool_choice="none"))
    assert received.tools == (("calculator", "weather") if wire.keeps_tools else ())
    assert not received.may_call


async def test_without_tools_no_tool_choice_is_sent(wire: Wire, provider: Provider, server: Scripted) -> None:
    await received_by(wire, provider, server, asked(wire, tool_choice="none"))
    assert not {"tools", "tool_choice", "toolConfig"} & set(server.bodies[0])


async def test_results_are_handed_back_to_their_calls(wire: Wire, provider: Provider, server: Scripted) -> None:
    request = asked(wire, "Go", tools=(CALCULATOR, WEATHER))
    talk = (
        *request.messages,
        ChatMessage("assistant", "I look.", (SUM, CITY)),
        ChatMessage("tool", "rain", tool_call_id=CITY.id),
        ChatMessage("tool", "391", tool_call_id=SUM.id),
        ChatMessage("user", "Hurry."),
        ChatMessage("assistant", "", (replace(SUM, id="call_3", arguments='{"expression": "2"}'),)),
        ChatMessage("tool", "2", tool_call_id="call_3"),
    )
    received = await received_by(wire, provider, server, replace(request, messages=talk))
    assert received.items == (
        ("user", "Go"),
        ("assistant", "I look."),
        ("call", "calculator", '{"expression": "17 * 23"}'),
        ("call", "weather", '{"city": "K\\u00f6ln"}'),
        ("result", '{"city": "K\\u00f6ln"}', "rain"),
        ("result", '{"expression": "17 * 23"}', "391"),
        ("user", "Hurry."),
        ("call", "calculator", '{"expression": "2"}'),
        ("result", '{"expression": "2"}', "2"),
    )


async def test_repeated_call_ids_keep_their_results(wire: Wire, provider: Provider, server: Scripted) -> None:
    request = asked(wire, "Go", tools=(CALCULATOR,))
    talk = list(request.messages)
    for number in ("1", "2", "3"):
        call = ToolRequest("call_0", "calculator", f'{{"expression": "{number}"}}')
        talk += [ChatMessage("assistant", "", (call,)), ChatMessage("tool", number, tool_call_id="call_0")]
    received = await received_by(wire, provider, server, replace(request, messages=tuple(talk)))
    assert [item[1:] for item in received.items if item[0] == "result"] == [
        (f'{{"expression": "{number}"}}', number) for number in ("1", "2", "3")
    ]


@pytest.mark.parametrize(
    "id", ["chatcmpl-tool-0123456789abcdef0123456789abcdef", "functions.calculator:0", "0", "a/b c"]
)
async def test_an_id_is_one_that_the_vendor_takes(wire: Wire, provider: Provider, server: Scripted, id: str) -> None:
    request = asked(wire, "Go", tools=(CALCULATOR,))
    other = replace(SUM, id=id + "x", arguments="{}")
    talk = (
        *request.messages,
        ChatMessage("assistant", "", (replace(SUM, id=id), other)),
        ChatMessage("tool", "391", tool_call_id=id),
        ChatMessage("tool", "0", tool_call_id=other.id),
    )
    received = await received_by(wire, provider, server, replace(request, messages=talk))
    assert [item[1:] for item in received.items if item[0] == "result"] == [(SUM.arguments, "391"), ("{}", "0")]


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("", {}),
        ('{"a": 1', {"arguments": '{"a": 1'}),
        ("[1]", {"arguments": [1]}),
        ('{"a": "1\\u0000\\ud83d2"}', {"a": "12"}),
        ('"x"', {"arguments": "x"}),
        ('{"a": NaN, "b": 1e999}', {"a": None, "b": None}),
        (TOO_DEEP, {"arguments": TOO_DEEP}),
    ],
    ids=["nothing", "cut", "list", "poison", "text", "no numbers", "too deep"],
)
async def test_arguments_return_as_an_object(
    wire: Wire, provider: Provider, server: Scripted, written: str, sent: dict[str, Any]
) -> None:
    request = asked(wire, "Go", tools=(CALCULATOR,))
    call = replace(SUM, arguments=written)
    talk = (*request.messages, ChatMessage("assistant", "", (call,)), ChatMessage("tool", "No.", tool_call_id=call.id))
    received = await received_by(wire, provider, server, replace(request, messages=talk))
    assert received.items[1] == ("call", "calculator", json.dumps(sent))


async def test_an_empty_result_is_a_result(wire: Wire, provider: Provider, server: Scripted) -> None:
    request = asked(wire, "Go", tools=(CALCULATOR,))
    talk = (*request.messages, ChatMessage("assistant", "", (SUM,)), ChatMessage("tool", "", tool_call_id=SUM.id))
    received = await received_by(wire, provider, server, replace(request, messages=talk))
    assert received.items[-1] == ("result", SUM.arguments, "")


async def test_an_image_is_sent(wire: Wire, provider: Provider, server: Scripted) -> None:
    request = asked(wire)
    image = ChatMessage("user", "What is this?", images=(Image("image/png", PNG),))
    received = await received_by(wire, provider, server, replace(request, messages=(request.messages[0], image)))
    assert sorted(received.items) == [
        ("image", "image/png", b64encode(PNG).decode()),
        ("user", "What is this?"),
    ]


async def test_an_answer_in_a_form_is_asked_for(wire: Wire, provider: Provider, server: Scripted) -> None:
    received = await received_by(wire, provider, server, asked(wire, response_schema=Plan.model_json_schema()))
    assert received.schema is not None
    assert received.schema["required"] == ["subtasks"]
    planned: dict[str, Any] = received.schema["$defs"]["PlannedSubtask"]
    assert {"key", "instruction", "agent", "depends_on"} <= set(planned["properties"])


async def test_a_tools_images_follow_its_turns_results(wire: Wire, provider: Provider, server: Scripted) -> None:
    request = asked(wire, "Look", tools=(CALCULATOR, WEATHER))
    rows = [
        TranscriptRow(1000, "user", "Look", 1),
        TranscriptRow(1500, "assistant", "", 1, tool_calls=[vars_of(SUM), vars_of(CITY)]),
        TranscriptRow(1501, "tool", "391", 1, tool_call_id=SUM.id, images=("one",)),
        TranscriptRow(1502, "tool", "Rain", 1, tool_call_id=CITY.id),
        TranscriptRow(2001, "user", "Guidance:\nBe short.", 1),
    ]
    after = tool_images.messages_with(rows, {"one": InputFile("image/png", PNG)}, "deleted")
    spoken = messages.messages_of("You are helpful.", rows, 0, after=after)
    received = await received_by(wire, provider, server, replace(request, messages=spoken))
    assert received.items[:5] == (
        ("user", "Look"),
        ("call", "calculator", SUM.arguments),
        ("call", "weather", json.dumps(json.loads(CITY.arguments))),
        ("result", SUM.arguments, "391"),
        ("result", json.dumps(json.loads(CITY.arguments)), "Rain"),
    )
    image = ("image", "image/png", b64encode(PNG).decode())
    assert set(received.items[5:7]) == {image, ("user", "Images from the result of calculator:")}
    assert received.items[7:] == (("user", "Guidance:\nBe short."),)


def vars_of(call: ToolRequest) -> dict[str, str]:
    """Return a tool call as it is in a transcript."""
    return {"id": call.id, "name": call.name, "arguments": call.arguments}


COMBINE = {"openai", "anthropic", "simulator"}
"""The wires whose servers can combine a schema with tools. Others aren't expected to."""
OPEN = {"type": "object", "additionalProperties": {"type": "string"}}
CLOSED = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}


async def test_a_schema_is_combined_with_tools_or_told(wire: Wire, provider: Provider, server: Scripted) -> None:
    """Servers that can't combine the two get the schema in the prompt, until no tool may be called anymore."""
    request = asked(wire, tools=(CALCULATOR,), response_schema=CLOSED)
    received = await received_by(wire, provider, server, request)
    told = [text for kind, text, *_ in received.items if kind == "user" and "your final answer" in text]
    assert (received.schema is None) == bool(told) == (wire.name not in COMBINE)
    last = await received_by(wire, provider, server, replace(request, tool_choice="none"))
    assert last.schema is not None


async def test_an_open_schema_reaches_every_model(wire: Wire, provider: Provider, server: Scripted) -> None:
    received = await received_by(wire, provider, server, asked(wire, response_schema=OPEN))
    told = any("matches this JSON schema" in text for kind, text, *_ in received.items if kind == "user")
    assert (received.schema is None) == told == (wire.name == "anthropic")
