"""The schemas of events and messages are in the document."""

import json
import re
from typing import Any, get_args

import jsonschema_rs
import pytest

from models.events import Event, EventFrame, RunStarted, TokensFrame
from models.ids import ROOT, RunId
from models.model_calls import Purpose
from tests.api.openapi.test_document import document
from tests.cli.builders import NOW

RUN = RunId("8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a")


def is_valid(name: str, value: Any) -> bool:
    schema = {"$ref": f"#/components/schemas/{name}", "components": document()["components"]}
    return jsonschema_rs.is_valid(schema, value)


def test_every_event_has_a_schema() -> None:
    schemas = document()["components"]["schemas"]
    events = get_args(get_args(Event)[0])
    assert len(events) >= 32
    assert [event.__name__ for event in events if event.__name__ not in schemas] == []


@pytest.mark.parametrize(
    "frame",
    [
        EventFrame(run_id=RUN, seq=1, at=NOW, event=RunStarted()),
        TokensFrame(run_id=RUN, path=ROOT, purpose=next(iter(Purpose)), step=1, attempt=1, offset=0, text="Tea"),
    ],
    ids=["event", "tokens"],
)
def test_a_frame_matches_its_schema(frame: EventFrame | TokensFrame) -> None:
    sent = json.loads(frame.model_dump_json())
    assert is_valid("Frame", sent)
    assert not is_valid("Frame", {**sent, "kind": "other"})


def test_a_message_matches_its_schema() -> None:
    assert is_valid("ClientMessage", {"type": "subscribe", "topic": f"run:{RUN}"})
    assert not is_valid("ClientMessage", {"type": "subscribe", "topic": "*"})


def test_streams_refer_to_their_frames() -> None:
    responses = document()["paths"]["/api/v1/tasks/{task_id}/events"]["get"]["responses"]
    assert responses["200"]["content"]["text/event-stream"]["schema"] == {
        "$ref": "#/components/schemas/ServerSentEvent"
    }
    event = document()["components"]["schemas"]["ServerSentEvent"]
    assert event["properties"]["data"]["contentSchema"] == {"$ref": "#/components/schemas/Frame"}
    assert "text/event-stream" not in json.dumps({k: v for k, v in responses.items() if k != "200"})
    assert document()["x-websockets"]["/ws"]["client"] == {"$ref": "#/components/schemas/ClientMessage"}


def test_every_reference_has_its_target() -> None:
    text = json.dumps(document())
    targets = set(re.findall(r'"#/components/(\w+)/([^"]+)"', text))
    assert len(targets) >= 100
    for kind, name in targets:
        assert name in document()["components"][kind]
