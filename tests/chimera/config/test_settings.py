import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticUndefined

from chimera.config.errors import BadSettings, read_settings
from chimera.config.settings import Settings
from chimera.local.surroundings import of_settings
from models.providers import OwnRates
from tests.parts import SECRET
from tests.tls import Authority

ROOT = Path(__file__).parents[3]
NAMES = [f"CHIMERA_{name.upper()}" for name in Settings.model_fields]


def test_env_example_names_every_setting_once_and_no_other() -> None:
    listed = re.findall(r"^#?(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(NAMES)


def test_env_example_shows_the_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in re.findall(r"^#(CHIMERA_\w+)=(.+)$", (ROOT / ".env.example").read_text(), re.MULTILINE):
        monkeypatch.setenv(name, value)
    assert Settings() == Settings.model_construct(**defaults())


def defaults() -> dict[str, Any]:
    fields = Settings.model_fields.items()
    values = {name: field.get_default(call_default_factory=True) for name, field in fields}
    assert PydanticUndefined not in values.values(), "a setting without a default would have to be set"
    return values


def test_other_processes_read_settings_back_as_they_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "my data",
        database_url="postgresql://postgres@/chimera?host=/a%20b",
        api_port=9000,
        jwt_secret=SecretStr(SECRET),
        openai_api_key=SecretStr("key"),
        temporal_address="temporal.example:7233",
        temporal_tls=True,
        temporal_api_key=SecretStr("key"),
        temporal_tls_server_ca_cert_path=Authority(tmp_path, "ours").certificate,
        registration="open",
        prices={"local/m": OwnRates(input=0.5, output=1)},
        requests_per_minute={"openai": 3},
        log_dir=tmp_path,
    )
    for name, value in of_settings(settings).items():
        monkeypatch.setenv(name, value)
    assert Settings() == settings


@pytest.mark.parametrize("name", ["CHIMERA_GOOGLE_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"])
def test_googles_own_names_for_its_key_are_read(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "key")
    assert Settings().key_of("google") == SecretStr("key")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("PRICES", '{"local/qwen3": [-1, 2]}', "CHIMERA_PRICES"),
        ("PRICES", '{"qwen3": [1, 2]}', "Use the form provider/model"),
        ("PRICES", '{"local/qwen3": {"input": -1}}', "CHIMERA_PRICES"),
        ("PRICES", '{"local/qwen3": [Infinity, 2]}', "CHIMERA_PRICES: Use a finite number."),
        (
            "PRICES",
            '{"local/one": [0, 0], "local/two": [0]}',
            "Specify the input and output prices in dollars per million tokens",
        ),
        ("PRICES", '{"local/one": [0, 0], "local/two": [0]}', "The problem is in local/two."),
        ("PRICES", "3", "CHIMERA_PRICES: Use an object in curly brackets"),
        ("CONTEXT_WINDOWS", '{"local/qwen3": -5}', "CHIMERA_CONTEXT_WINDOWS: The value must be 1024 or more."),
        ("REQUESTS_PER_MINUTE", '{"openai": 0}', "The value must be 1 or more."),
        ("CALL_FIRST_BYTE_S", "0", "CHIMERA_CALL_FIRST_BYTE_S"),
        ("CALL_TOTAL_S", "1000", "The value must be 840"),
        ("CALL_MAX_ATTEMPTS", "0", "The value must be 1 or more."),
        ("CALL_STALL_S", "-5", "CHIMERA_CALL_STALL_S: The value must be greater than 0.0."),
        ("API_PORT", "99999", "CHIMERA_API_PORT: The value must be 65535 or less."),
        ("API_PORT", "0", "CHIMERA_API_PORT: The value must be 1 or more."),
        ("TEMPORAL_UI_PORT", "0", "CHIMERA_TEMPORAL_UI_PORT: The value must be 1 or more."),
        ("DATABASE_POOL_SIZE", "0", "CHIMERA_DATABASE_POOL_SIZE: The value must be 1 or more."),
    ],
)
def test_a_figure_that_makes_no_sense_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"CHIMERA_{name}", value)
    with pytest.raises(BadSettings) as raised:
        read_settings()
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("DATABASE_URL", "mysql://u:hidden@h/x", "The address doesn't begin with postgresql://, postgres://"),
        ("REDIS_URL", "redis://:hidden/0@h:1/0", "The port in the address is not a number"),
        ("REDIS_URL", "hidden", "The address doesn't begin with redis://, rediss:// or unix://"),
        ("TEMPORAL_ADDRESS", "foo", "'foo' is not in the form host:port. Use a value such as 127.0.0.1:7233"),
        ("TEMPORAL_ADDRESS", "foo:70000", "is not in the form host:port"),
        ("TEMPORAL_ADDRESS", "http://foo:7233", "without a scheme"),
        ("LOG_LEVEL", "LOUD", "'LOUD' is not a valid log level. Use one of these levels: DEBUG, INFO"),
        ("DEFAULT_MODEL", "nope/x", "Unknown provider 'nope'. Use one of these providers: openai, anthropic"),
        ("REQUESTS_PER_MINUTE", '{"opnai": 5}', "Unknown provider 'opnai'. Use one of these providers: openai"),
        ("TOKENS_PER_MINUTE", '{"opnai": 5}', "Unknown provider 'opnai'. Use one of these providers: openai"),
    ],
)
def test_an_unusable_setting_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(f"CHIMERA_{name}", value)
    with pytest.raises(BadSettings) as raised:
        read_settings()
    message = raised.value.message
    assert (message.startswith(f"CHIMERA_{name}: "), expected in message, "hidden" in message) == (True, True, False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://u:p@h/x"),
        ("DATABASE_URL", "postgresql+psycopg://u:p@one:5432,two:5432/x"),
        ("REDIS_URL", "rediss://:p@h:6380/1"),
        ("TEMPORAL_ADDRESS", "[::1]:7233"),
        ("TEMPORAL_ADDRESS", "temporal.example:7233"),
        ("LOG_LEVEL", "warning"),
    ],
)
def test_every_supported_address_is_accepted(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"CHIMERA_{name}", value)
    assert str(getattr(read_settings(), name.lower())).lower() == value


def test_a_missing_named_settings_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nope.env"):
        monkeypatch.setenv("CHIMERA_ENV_FILE", str(path))
        with pytest.raises(BadSettings, match="CHIMERA_ENV_FILE: the file"):
            read_settings()


def test_a_binary_settings_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "settings").write_bytes(b"CHIMERA_HOST=\xff\xfe")
    monkeypatch.setenv("CHIMERA_ENV_FILE", str(tmp_path / "settings"))
    with pytest.raises(BadSettings, match=r"settings can't be read \(UnicodeDecodeError\)"):
        read_settings()


def test_another_file_of_settings_may_be_named_or_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("CHIMERA_API_PORT=9100")
    monkeypatch.setenv("CHIMERA_ENV_FILE", str(tmp_path / "settings"))
    assert read_settings().api_port == 9100
    monkeypatch.setenv("CHIMERA_ENV_FILE", "")
    assert read_settings().api_port == 8000


def test_secrets_are_read_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "CHIMERA_OPENAI_API_KEY").write_text("from a file\n")
    (tmp_path / "ANTHROPIC_API_KEY").write_text("from a file too")
    monkeypatch.setenv("CHIMERA_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_API_KEY", "from a variable")
    settings = read_settings()
    assert settings.key_of("openai") == SecretStr("from a file")
    assert settings.key_of("anthropic") == SecretStr("from a variable")


def test_an_empty_file_is_an_unset_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CHIMERA_JWT_SECRET", "CHIMERA_DATABASE_URL", "CHIMERA_CATALOG_FILE", "CHIMERA_PRICES"):
        (tmp_path / name).write_text("\n")
    monkeypatch.setenv("CHIMERA_SECRETS_DIR", str(tmp_path))
    settings = read_settings()
    assert (settings.jwt_secret, settings.database_url, settings.catalog_file) == (None, None, None)


def test_a_missing_secrets_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHIMERA_SECRETS_DIR", str(tmp_path / "no"))
    with pytest.raises(BadSettings, match="CHIMERA_SECRETS_DIR: the folder"):
        read_settings()


def test_a_secret_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "CHIMERA_OPENAI_API_KEY").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("CHIMERA_SECRETS_DIR", str(tmp_path))
    with pytest.raises(BadSettings, match=r"CHIMERA_OPENAI_API_KEY: the file for this setting .* can't be read"):
        read_settings()


@pytest.mark.parametrize("module", ["api", "worker"])
def test_an_unusable_setting_is_named_and_ends_the_process(module: str) -> None:
    environment = {**os.environ, "CHIMERA_API_PORT": "eighty"}
    ended = subprocess.run([sys.executable, "-m", module], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (2, "CHIMERA_API_PORT: Use a whole number, such as 8000.\n")


def test_origins_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_CORS_ORIGINS", "https://one.example, https://two.example")
    assert Settings().cors_origins == ("https://one.example", "https://two.example")


def test_a_short_secret_is_refused_with_the_command() -> None:
    with pytest.raises(ValidationError, match=r"is shorter than 32 bytes.*token_urlsafe"):
        Settings(jwt_secret=SecretStr("short"))


@pytest.mark.parametrize(
    "secret", ["a" * 40, "changeme" * 4, " " * 40, "0123456789abcdef" * 2, "abcabcabcabcabcabcabcabcabcabcabc"]
)
def test_a_secret_that_can_be_guessed_is_refused(secret: str) -> None:
    with pytest.raises(ValidationError, match=r"is easy to guess.*token_urlsafe"):
        Settings(jwt_secret=SecretStr(secret))


@pytest.mark.parametrize(
    "origin",
    [
        "*",
        "null",
        "https://*",
        ".*",
        "https://one.example/",
        "https://One.example",
        "one.example",
        "ftp://one.example",
        "http://[",
    ],
)
def test_an_origin_that_no_browser_sends_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="is not a valid origin"):
        Settings.model_validate({"cors_origins": origin})


@pytest.mark.parametrize("address", ["temporal.example", "ftp://one.example", "http://", "http://[", "http://x:99999"])
def test_an_address_that_is_no_url_is_refused(address: str) -> None:
    with pytest.raises(ValidationError, match=r"is not a web address\. Use an address such as"):
        Settings(temporal_ui_url=address)


@pytest.mark.parametrize("origin", ["https://one.example", "http://localhost:3000", "http://[::1]:8000"])
def test_an_exact_origin_is_accepted(origin: str) -> None:
    assert Settings.model_validate({"cors_origins": origin}).cors_origins == (origin,)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temporal_ui_url", "javascript:alert(1)"),
        ("temporal_ui_url", "temporal.example"),
        ("access_token_minutes", 1441),
        ("refresh_token_days", 366),
        ("allowed_hosts", "https://chimera.example"),
        ("allowed_hosts", "*"),
        ("allowed_hosts", "chimera.example:8000"),
        ("egress_allow", "searxng"),
        ("egress_allow", "http://searxng:8080"),
        ("egress_trusted", "*"),
        ("egress_trusted", "api.*.example"),
        ("egress_trusted", "https://api.example"),
        ("trusted_proxies", "*"),
        ("trusted_proxies", "proxy"),
        ("trusted_proxies", "10.0.0.7/8"),
        ("max_connections", 0),
    ],
)
def test_a_setting_that_opens_too_much_is_refused(name: str, value: object) -> None:
    with pytest.raises(ValidationError, match=name):
        Settings.model_validate({name: value})
