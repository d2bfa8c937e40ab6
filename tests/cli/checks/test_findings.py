"""What `chimera doctor` finds."""

import importlib.util
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from benchmarks.ports import free_port
from chimera.config.settings import Settings
from chimera.local import payload_keys as local_payload_keys
from chimera.local.folder import Folder
from chimera.security import payload_keys
from cli.checks import findings
from cli.checks.findings import Finding, Level
from cli.http import sign_in
from models.users import Tokens
from tests.parts import serving

KEY, OTHER_KEY = (payload_keys.made().partition(":")[2] for _ in range(2))


async def local_provider(base_url: str | None) -> Finding:
    found = await findings.providers(Settings(local_base_url=base_url))
    return next(finding for finding in found if "CHIMERA_LOCAL_BASE_URL" in finding.what)


def model_server(answer: Response) -> Starlette:
    async def models(request: Request) -> Response:
        return answer

    return Starlette(routes=[Route("/v1/models", models)])


async def test_a_model_server_that_does_not_answer_is_said_with_the_way_out() -> None:
    found = await local_provider(f"http://127.0.0.1:{free_port()}/v1")
    assert found.level is Level.WARN
    assert "start the model server, or correct the address" in found.message


async def test_a_model_server_that_answers_is_said_with_its_models() -> None:
    async with serving(model_server(JSONResponse({"data": [{"id": "qwen3"}]}))) as url:
        found = await local_provider(f"{url}/v1")
    assert (found.level, "models: qwen3" in found.message) == (Level.OK, True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PlainTextResponse("hello"), "ends in /v1"),
        (JSONResponse({"error": "no"}, 404), "answers 404"),
        (JSONResponse({"error": "no"}, 401), "CHIMERA_LOCAL_API_KEY"),
    ],
)
async def test_a_server_that_answers_otherwise_is_said(answer: Response, words: str) -> None:
    async with serving(model_server(answer)) as url:
        found = await local_provider(f"{url}/v1")
    assert (found.level, words in found.message) == (Level.WARN, True)


@pytest.mark.parametrize("key", ["ключ", "“quoted”", "two\nlines", " blank"])
async def test_an_unusable_key_is_said(key: str) -> None:
    settings = Settings(
        local_base_url=f"http://127.0.0.1:{free_port()}/v1", local_api_key=SecretStr(key), openai_api_key=SecretStr(key)
    )
    found = [finding for finding in await findings.providers(settings) if finding.level is Level.FAIL]
    assert ["OPENAI" in finding.message for finding in found] == [True, False]
    assert all("copy it again into CHIMERA_" in finding.message for finding in found)


async def test_no_model_server_of_ones_own_is_no_fault() -> None:
    assert (await local_provider(None)).level is Level.OK


@pytest.mark.parametrize(
    ("status", "level", "words"),
    [(200, Level.OK, "valid; 1 models"), (401, Level.FAIL, "CHIMERA_OPENAI_API_KEY"), (503, Level.WARN, "unreachable")],
)
async def test_a_vendors_key_is_tried_on_request(status: int, level: Level, words: str) -> None:
    answer = JSONResponse({"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]}, status)
    async with serving(model_server(answer)) as url:
        key = SecretStr("sk-very-secret-1234567890")
        settings = Settings(_env_file=None).model_copy(update={"openai_api_key": key, "openai_base_url": f"{url}/v1"})
        (found,) = await findings.keys(settings)
    assert (found.what, found.level) == ("key for openai", level)
    assert words in found.message
    assert "1234567890" not in found.message


@pytest.mark.parametrize(
    ("model", "key", "level", "words"),
    [
        ("simulator/standard", None, Level.OK, ""),
        ("openai/gpt-4o", None, Level.WARN, "set CHIMERA_OPENAI_API_KEY"),
        ("openai/gpt-4o", "sk-key", Level.OK, ""),
        ("openai/gpt-of-nobody", "sk-key", Level.WARN, "No price is known"),
        ("local/any", None, Level.WARN, "CHIMERA_LOCAL_BASE_URL"),
    ],
)
def test_a_default_model_that_no_task_could_use_is_said(model: str, key: str | None, level: Level, words: str) -> None:
    secret = None if key is None else SecretStr(key)
    settings = Settings(_env_file=None).model_copy(
        update={"default_model": model, "openai_api_key": secret, "local_base_url": None}
    )
    (found,) = findings.default_model(settings)
    assert (found.what, found.level) == (f"default model {model}", level)
    assert words in found.message


async def test_servers_that_settings_name_are_asked_and_no_password_is_shown() -> None:
    port = free_port()
    settings = Settings(
        database_url=f"postgresql://someone:hidden@127.0.0.1:{port}/x",
        temporal_address=f"127.0.0.1:{port}",
        redis_url=f"redis://:hidden@127.0.0.1:{port}/0",
        simulator_url=f"http://someone:hidden@127.0.0.1:{port}",
    )
    found = await findings.servers(settings)
    assert [(finding.what, finding.level) for finding in found] == [
        ("PostgreSQL (CHIMERA_DATABASE_URL)", Level.FAIL),
        ("Temporal (CHIMERA_TEMPORAL_ADDRESS)", Level.FAIL),
        ("Redis (CHIMERA_REDIS_URL)", Level.WARN),
        ("simulator (CHIMERA_SIMULATOR_URL)", Level.WARN),
    ]
    assert all(f"127.0.0.1:{port}" in finding.message for finding in found)
    assert not any(word in str(found) for word in ("someone", "hidden"))
    assert list(findings.programs(settings)) == []


async def test_servers_that_answer_are_said_with_where_they_are(parts: Settings) -> None:
    found = await findings.servers(parts.model_copy(update={"simulator_url": None}))
    assert {finding.level for finding in found} == {Level.OK}
    assert f"answers at {parts.temporal_address}" in [finding.message for finding in found]


async def test_a_simulator_that_is_another_server_is_said() -> None:
    async with serving(model_server(PlainTextResponse("hello"))) as url:
        (found,) = await findings.servers(Settings(simulator_url=url))
    assert (found.level, "answers 404" in found.message) == (Level.WARN, True)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_a_folder_that_can_not_be_made_is_told_from_a_full_disk() -> None:
    (found,) = findings.folder(Settings(data_dir=Path("/proc/x")))
    assert found.level is Level.FAIL
    assert "/proc can't be written to" in found.message
    assert found.message.endswith("set CHIMERA_DATA_DIR")


def test_a_look_at_the_data_folder_leaves_nothing_in_it(tmp_path: Path) -> None:
    assert next(iter(findings.folder(Settings(data_dir=tmp_path / "data")))).level is not Level.FAIL
    assert list(tmp_path.iterdir()) == []


async def test_a_local_model_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    found = await findings.providers(Settings(local_model="/nope/x.gguf"))
    (model,) = [finding for finding in found if "CHIMERA_LOCAL_MODEL" in finding.what]
    assert (model.level, "There is no file '/nope/x.gguf'" in model.message) == (Level.WARN, True)


async def test_the_installation_that_one_is_signed_in_to_is_asked_for_its_health(tmp_path: Path) -> None:
    async def health(request: Request) -> Response:
        if request.headers.get("Authorization") is None:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "ok", "parts": {"database": {"state": "up"}}})

    settings = Settings(data_dir=tmp_path, api_port=free_port())
    assert [finding.what for finding in await findings.health(settings, None)] == ["Chimera"]
    async with serving(Starlette(routes=[Route("/health", health)])) as url:
        tokens = Tokens(access_token="good", refresh_token="unused", expires_in=3600)
        sign_in.write(tmp_path / "cli.json", sign_in.SignIn.of(url, "alice@example.com", tokens))
        assert [finding.what for finding in await findings.health(settings, None)] == ["running: database"]
        (tmp_path / "cli.json").unlink()
        strange = settings.model_copy(update={"api_port": int(url.rpartition(":")[2])})
        (finding,) = await findings.health(strange, None)
        assert "chimera login" in finding.message


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        ({}, Level.WARN, "can be read in Temporal"),
        ({"payload_keys": f"k2:{KEY},k1:{OTHER_KEY}"}, Level.OK, "a start encrypts with k2; also decrypts with k1"),
    ],
)
def test_keys_for_payloads_are_said_and_not_shown(given: dict[str, str], level: Level, words: str) -> None:
    [finding] = findings.payload_keys(Settings.model_validate({"temporal_address": "127.0.0.1:7233", **given}))
    assert (finding.level, words in finding.message) == (level, True)
    assert KEY not in finding.message


def test_every_key_of_the_embedded_stack_is_named(tmp_path: Path) -> None:
    settings, folder = Settings(data_dir=tmp_path), Folder(tmp_path)
    assert [found.message for found in findings.payload_keys(settings)] == ["none yet; a start makes one"]
    kept = local_payload_keys.take(folder, None)[0].get_secret_value().partition(":")[0]
    in_file = f"{kept} (in {tmp_path / 'secrets.json'})"
    assert [found.message for found in findings.payload_keys(settings)] == [f"a start encrypts with {in_file}"]
    settings = settings.model_copy(update={"payload_keys": SecretStr(f"k2:{KEY}")})
    [found] = findings.payload_keys(settings)
    assert found.message == f"a start encrypts with k2 (of CHIMERA_PAYLOAD_KEYS); also decrypts with {in_file}"


@pytest.mark.parametrize(
    ("asked", "level", "words"),
    [
        (f"k2:{KEY},k1:{OTHER_KEY}", Level.OK, ""),
        (f"k3:{KEY},k2:{OTHER_KEY}", Level.WARN, "a start encrypts with k3; also decrypts with k2: restart"),
        (None, Level.WARN, "a start encrypts nothing: restart"),
    ],
    # Keys are random, and names of tests have to be the same in each process.
    ids=("those in use", "the next", "none"),
)
async def test_keys_in_use_are_told_from_the_settings(
    tmp_path: Path, asked: str | None, level: Level, words: str
) -> None:
    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "parts": {"temporal": {"state": "up"}}, "payload_keys": ["k2", "k1"]})

    secret = None if asked is None else SecretStr(asked)
    settings = Settings(data_dir=tmp_path, temporal_address="127.0.0.1:7233", payload_keys=secret)
    async with serving(Starlette(routes=[Route("/health", health)])) as url:
        there = settings.model_copy(update={"api_port": int(url.rpartition(":")[2])})
        [_, found] = await findings.health(there, None)
        elsewhere = there.model_copy(update={"temporal_address": None})
        [_, told] = await findings.health(elsewhere, None)
    assert found.level is level
    assert found.message.startswith("the API encrypts with k2; also decrypts with k1")
    assert words in found.message
    assert told.level is Level.OK, "the settings of another installation are not known here"


def test_a_lost_key_of_the_embedded_stack_is_said(tmp_path: Path) -> None:
    settings, folder = Settings(data_dir=tmp_path), Folder(tmp_path)
    keys, _ = local_payload_keys.take(folder, SecretStr(f"k1:{KEY}"))
    folder.temporal.touch()
    [found, _] = findings.payload_keys(settings)
    assert (found.level, "'k1'" in found.message, KEY in found.message) == (Level.FAIL, True, False)
    [found] = findings.payload_keys(settings.model_copy(update={"payload_keys": keys}))
    assert found.level is Level.OK
    (tmp_path / "secrets.json").write_text('{"payload_keys": "damaged"}')
    [found] = findings.payload_keys(settings)
    assert (found.level, "secrets.json" in found.message) == (Level.FAIL, True)
