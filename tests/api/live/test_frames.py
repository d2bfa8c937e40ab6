"""A frame's JSON is serialised once and shared by all clients."""

import json
from datetime import UTC, datetime

import pytest
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from api.live.frames import Written
from api.live.protocol import frame_of
from models.events import EventFrame, RunResumed, TokensFrame
from models.ids import ROOT, TaskId
from models.model_calls import Purpose
from models.streams import topic_of

TASK = TaskId("8f14e45f-ceea-4671-b1d2-0123456789ab")


def event(seq: int = 3) -> EventFrame:
    return EventFrame(run_id=TASK, seq=seq, at=datetime.now(UTC), event=RunResumed())


def tokens() -> TokensFrame:
    place = {"path": ROOT, "purpose": Purpose.TURN, "step": 1, "attempt": 1}
    return TokensFrame.model_validate({"run_id": TASK, **place, "offset": 0, "text": 'He said "é"\n'})


@pytest.mark.parametrize("frame", [event(), tokens()], ids=["event", "tokens"])
def test_a_message_is_the_frame_with_its_topic(frame: EventFrame | TokensFrame) -> None:
    topic = topic_of(TASK)
    sent = json.loads(Written(frame, 3).message(topic)["text"])
    assert sent == {"type": frame.kind, "topic": topic, **frame.model_dump(mode="json")}


def test_two_followers_get_the_same_text() -> None:
    written = Written(event(), 3)
    assert written.message(topic_of(TASK)) is written.message(topic_of(TASK))
    assert written.json is written.json


def test_a_topic_is_echoed_as_its_client_spelt_it() -> None:
    written, theirs = Written(event(), 3), topic_of(TASK).upper().replace("TASK", "task")
    assert json.loads(written.message(theirs)["text"])["topic"] == theirs
    assert json.loads(written.message(topic_of(TASK))["text"])["topic"] == topic_of(TASK)


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536, 200_000])
def test_a_frame_is_read_by_a_websocket_library(size: int) -> None:
    client = ClientProtocol(parse_uri("ws://127.0.0.1/ws"), state=State.OPEN)
    text = ("é" + "x" * size)[: size or None] if size else ""
    client.receive_data(frame_of(text))
    [read] = client.events_received()
    assert isinstance(read, Frame)
    assert (read.opcode, read.fin, bytes(read.data).decode()) == (Opcode.TEXT, True, text)
