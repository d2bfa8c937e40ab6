"""Transcriptions: a form with a recording, which becomes a file of its caller."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import text

from activities.calls import media_requests
from chimera.db.engine import Database
from models.ai_calls import Operation
from tests.api.ai.conftest import AI, Gate, arrivals, ended
from tests.api.conftest import SignUp
from tests.conftest import SimulatorServer
from tests.media import a_png, a_wav
from tests.until import until

pytestmark = pytest.mark.usefixtures("runs")

MODEL = "simulator/transcription"
WAV = ("note.wav", a_wav(2.5), "application/x-whatever")


async def test_a_recording_is_transcribed_and_kept(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post(
        f"{AI}/transcriptions",
        data={"model": MODEL, "language": "en", "prompt": "Bob"},
        files={"file": WAV},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["text"].startswith("[simulated] No model processed this recording (2.5 s, ")
    assert body["text"].endswith("The hint was: Bob")
    assert (body["simulated"], body["usage"]["audio_seconds"]) == (True, 2.5)
    # The price is $0.36 per hour.
    assert body["cost_micro_usd"] == 250
    assert (await alice.get(f"/api/v1/files/{body['file_id']}/content")).content == a_wav(2.5)
    call = (await alice.get(answer.headers["Location"])).json()
    assert call["request"] == {
        "file_id": body["file_id"],
        "audio_seconds": 2.5,
        "language": "en",
        "prompt": "Bob",
    }
    assert call["result"] == body


async def test_an_uploaded_file_is_transcribed(alice: httpx2.AsyncClient) -> None:
    kept = (await alice.post("/api/v1/files", files={"file": WAV})).json()
    answer = await alice.post(f"{AI}/transcriptions", files=form(model=MODEL, file_id=kept["id"]))
    assert answer.status_code == 200, answer.text
    assert answer.json()["file_id"] == kept["id"]


async def test_a_key_means_one_call_and_one_file(sign_up: SignUp, simulator: SimulatorServer) -> None:
    grace = await sign_up()
    key = {"Idempotency-Key": uuid4().hex}
    first = await grace.post(f"{AI}/transcriptions", data={"model": MODEL}, files={"file": WAV}, headers=key)
    again = await grace.post(f"{AI}/transcriptions", data={"model": MODEL}, files={"file": WAV}, headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert arrivals(simulator, first.json()["id"]) == 1
    assert len((await grace.get("/api/v1/files")).json()["items"]) == 1
    other = {"file": ("note.wav", a_wav(1.0))}
    refused = await grace.post(f"{AI}/transcriptions", data={"model": MODEL}, files=other, headers=key)
    assert refused.json()["code"] == "idempotency_key_reused"
    assert len((await grace.get("/api/v1/files")).json()["items"]) == 1


async def test_an_idempotency_key_outlives_its_file(alice: httpx2.AsyncClient) -> None:
    file_id = (await alice.post("/api/v1/files", files={"file": WAV})).json()["id"]
    key = {"Idempotency-Key": uuid4().hex}
    wanted = form(model=MODEL, file_id=file_id, prompt="Bob")
    first = await alice.post(f"{AI}/transcriptions", files=wanted, headers=key)
    assert (await alice.delete(f"/api/v1/files/{file_id}")).status_code == 204
    again = await alice.post(f"{AI}/transcriptions", files=wanted, headers=key)
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotent-Replayed"] == "true"
    other = await alice.post(f"{AI}/transcriptions", files=wanted | form(prompt="Eve"), headers=key)
    assert other.json()["code"] == "idempotency_key_reused"
    without = await alice.post(f"{AI}/transcriptions", files=wanted)
    assert without.status_code == 404


async def test_another_users_file_cant_be_transcribed(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, simulator: SimulatorServer
) -> None:
    kept = (await alice.post("/api/v1/files", files={"file": WAV})).json()["id"]
    unknown = str(uuid4())
    answers = [await bob.post(f"{AI}/transcriptions", files=form(model=MODEL, file_id=id)) for id in (kept, unknown)]
    problems = [
        {name: str(value).replace(id, "…") for name, value in answer.json().items() if name != "instance"}
        for answer, id in zip(answers, (kept, unknown), strict=True)
    ]
    assert answers[0].status_code == 404
    assert problems[0] == problems[1]
    assert (await bob.get(f"{AI}/calls")).json()["items"] == []


async def test_a_file_deleted_between_attempts_fails_the_call(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(Operation.TRANSCRIPTIONS)
    monkeypatch.setattr(media_requests, "ask", gate.ask)
    fields = {"model": MODEL, "prompt": "[[sim: status=503; times=1]]"}
    answer = await alice.post(f"{AI}/transcriptions", data=fields, files={"file": WAV}, headers={"Prefer": "wait=0"})
    file_id = answer.json()["request"]["file_id"]
    await until(lambda: gate.held == 1)
    assert (await alice.delete(f"/api/v1/files/{file_id}")).status_code == 204
    gate.opened.set()
    call = await ended(alice, answer.headers["Location"])
    assert (call["status"], call["error_code"]) == ("failed", "not_found")


@pytest.mark.parametrize(
    ("sent", "status", "field"),
    [
        ({"json": {"model": MODEL, "file": {"path": "/etc/passwd"}}}, 415, "Content-Type"),
        ({"data": {"model": MODEL, "file_id": str(uuid4())}}, 415, "Content-Type"),
        ({"files": {"file": WAV}}, 422, "model"),
        ({"data": {"model": "simulator"}, "files": {"file": WAV}}, 422, "model"),
        ({"data": {"model": "simulator/image"}, "files": {"file": WAV}}, 422, "model"),
        ({"data": {"model": "anthropic/claude-opus-4-5"}, "files": {"file": WAV}}, 422, "model"),
        ({"data": {"model": MODEL, "language": "German!"}, "files": {"file": WAV}}, 422, "language"),
        ({"data": {"model": MODEL, "temperature": "1"}, "files": {"file": WAV}}, 422, "temperature"),
        ({"data": {"model": MODEL, "file_id": str(uuid4())}, "files": {"file": WAV}}, 422, "file"),
        ({"files": {"model": (None, MODEL)}}, 422, "file"),
        ({"files": {"model": (None, MODEL), "file_id": (None, "../../x")}}, 422, "file_id"),
        ({"files": {"model": (None, MODEL), "file_id": (None, str(uuid4()))}}, 404, None),
        ({"data": {"model": MODEL}, "files": {"file": ("a.wav", a_png(), "audio/wav")}}, 422, "file"),
        ({"data": {"model": "google/gemini-2.5-flash"}, "files": {"file": ("a.webm", b"\x1aE\xdf\xa3")}}, 422, "file"),
        ({"data": {"model": MODEL, "prompt": "a\0b"}, "files": {"file": WAV}}, 422, None),
    ],
)
async def test_an_untranscribable_file_is_refused_and_not_stored(
    sign_up: SignUp, sent: dict[str, Any], status: int, field: str | None
) -> None:
    henry = await sign_up()
    answer = await henry.post(f"{AI}/transcriptions", **sent)
    assert answer.status_code == status, answer.text
    if field is not None:
        assert answer.json()["errors"][0]["field"] == field
    assert (await henry.get(f"{AI}/calls")).json()["items"] == []
    assert (await henry.get("/api/v1/files")).json()["items"] == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [("modle", "Did you mean 'model'?"), ("temperature", "Use one of file, file_id, language, model, prompt.")],
)
async def test_an_unknown_form_field_is_named_with_a_remedy(
    alice: httpx2.AsyncClient, name: str, expected: str
) -> None:
    answer = await alice.post(f"{AI}/transcriptions", data={name: MODEL}, files={"file": WAV})
    assert answer.json()["errors"] == [{"field": name, "message": f"Unknown field. {expected}"}]


async def test_a_name_instead_of_a_file_is_explained(alice: httpx2.AsyncClient) -> None:
    sent = {"model": (None, MODEL), "file": (None, "hello")}
    answer = await alice.post(f"{AI}/transcriptions", files=sent)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"field": "file", "message": "Send the file itself instead of text, for example with curl -F file=@note.wav."}
    ]


async def test_an_empty_recording_is_called_empty(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post(f"{AI}/transcriptions", data={"model": MODEL}, files={"file": ("a.wav", b"")})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"field": "file", "message": "The file is empty. Send a file with content."}]


async def test_a_recording_larger_than_a_provider_takes_is_refused(alice: httpx2.AsyncClient) -> None:
    large = ("a.wav", a_wav(1) + bytes(15 * 1024 * 1024))
    answer = await alice.post(f"{AI}/transcriptions", data={"model": "google/gemini-2.5-flash"}, files={"file": large})
    assert answer.status_code == 422
    assert "14680064 bytes" in answer.json()["errors"][0]["message"]


async def test_the_ledger_is_written_before_any_request(alice: httpx2.AsyncClient, database: Database) -> None:
    answer = await alice.post(f"{AI}/transcriptions", data={"model": MODEL}, files={"file": WAV})
    async with database.begin() as session:
        row = (
            await session.execute(
                text("SELECT created_at, started_at, ended_at FROM runs WHERE id = :id"),
                {"id": answer.json()["id"]},
            )
        ).one()
    assert row.created_at <= row.started_at <= row.ended_at


def form(**fields: str) -> dict[str, Any]:
    """Encode fields as a multipart form, even without a file."""
    return {name: (None, value) for name, value in fields.items()}
