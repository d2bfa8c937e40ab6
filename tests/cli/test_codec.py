"""The address of the codec server for Temporal's own tools."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.responses import JSONResponse

from cli.codec import codec
from cli.errors import Refused
from tests.cli.api import TinyApi, problem
from tests.parts import serving

ANSWER = {
    "url": "http://127.0.0.1:8000/api/v1/codec/a.b.c",
    "expires_at": datetime(2026, 11, 29, 12, tzinfo=UTC).isoformat(),
    "temporal_address": "127.0.0.1:18933",
    "temporal_namespace": "agents of mine",
    "web_ui_url": "http://127.0.0.1:8233",
}


async def test_the_address_alone_goes_to_standard_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    api = TinyApi(codec_answers=[JSONResponse(ANSWER)])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        assert await codec(as_json=False) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{ANSWER['url']}\n"
    assert "http://127.0.0.1:8233" in printed.err
    assert "Until 2026-11-29 12:00 UTC" in printed.err
    command = (
        "temporal workflow show --address 127.0.0.1:18933 --namespace 'agents of mine' --codec-endpoint ADDRESS"
        " --workflow-id run-ID\n"
    )
    assert command in printed.err


async def test_on_a_screen_the_command_has_the_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    api = TinyApi(codec_answers=[JSONResponse(ANSWER)])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        assert await codec(as_json=False) == 0
    assert f"--codec-endpoint {ANSWER['url']} " in capsys.readouterr().err


async def test_the_command_has_options_of_tls_and_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    tls = {"server_ca_cert_path": "/tls/our ca.pem", "client_cert_path": "/tls/c.pem", "client_key_path": "/tls/c.key"}
    more = {"temporal_tls": tls | {"server_name": "temporal.example"}, "temporal_api_key_required": True}
    api = TinyApi(codec_answers=[JSONResponse(ANSWER | more)])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        assert await codec(as_json=False) == 0
    printed = capsys.readouterr().err
    command = (
        "temporal workflow show --tls --address 127.0.0.1:18933 --namespace 'agents of mine'"
        " --tls-ca-path '/tls/our ca.pem' --tls-cert-path /tls/c.pem --tls-key-path /tls/c.key"
        " --tls-server-name temporal.example --codec-endpoint ADDRESS --workflow-id run-ID\n"
    )
    assert command in printed
    assert "set the environment variable TEMPORAL_API_KEY to your Temporal API key" in printed


async def test_others_than_administrators_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    api = TinyApi(codec_answers=[problem(403, "forbidden", "Not allowed")])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        with pytest.raises(Refused, match="Not allowed"):
            await codec(as_json=False)
