"""Unusable settings are explained with the variable's name, and misspelt ones are noticed."""

from pathlib import Path

import pytest

from chimera.config.errors import BadSettings
from chimera.config.settings import Settings
from cli.checks.findings import Level
from cli.checks.installation import variables
from cli.input.settings import load_settings, where_settings


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("CHIMERA_PRICES", "{bad", 'CHIMERA_PRICES must be valid JSON, such as {"local/qwen3": [0, 0]}.'),
        (
            "CHIMERA_PRICES",
            '{"local/m": 3}',
            "CHIMERA_PRICES: Specify the input and output prices in dollars per million tokens",
        ),
        (
            "CHIMERA_DEFAULT_MODEL",
            "gpt-5",
            "CHIMERA_DEFAULT_MODEL: Use the form provider/model, such as openai/gpt-5-mini",
        ),
        ("CHIMERA_API_PORT", "eighty", "CHIMERA_API_PORT: Use a whole number"),
        ("CHIMERA_LOCAL_BASE_URL", "127.0.0.1:11434/v1", "CHIMERA_LOCAL_BASE_URL: '127.0.0.1:11434/v1' doesn't begin"),
        ("CHIMERA_OPENAI_BASE_URL", "localhost", "CHIMERA_OPENAI_BASE_URL: 'localhost' doesn't begin with http://"),
        ("CHIMERA_LOG_JSON", "perhaps", "CHIMERA_LOG_JSON: Use true or false."),
        ("CHIMERA_JWT_SECRET", "short", "CHIMERA_JWT_SECRET: The secret is shorter than 32 bytes"),
    ],
)
def test_a_bad_setting_is_named_with_a_remedy(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(BadSettings) as raised:
        load_settings()
    assert raised.value.message.startswith(expected)


def test_a_bad_price_does_not_stop_api_commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHIMERA_PRICES", "{bad")
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CHIMERA_API_PORT", "8010")
    assert where_settings() == Settings.model_construct(data_dir=tmp_path, api_port=8010)


def test_commands_read_the_same_settings_files_as_the_api(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("CHIMERA_API_PORT=8011\n")
    (tmp_path / "CHIMERA_DATA_DIR").write_text("elsewhere\n")
    monkeypatch.setenv("CHIMERA_ENV_FILE", str(tmp_path / "settings"))
    monkeypatch.setenv("CHIMERA_SECRETS_DIR", str(tmp_path))
    where, settings = where_settings(), load_settings()
    assert (where.api_port, where.data_dir) == (settings.api_port, settings.data_dir) == (8011, Path("elsewhere"))


def test_misspelt_variables_are_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CHIMERA_DEFAULT_MODLE=local/qwen3\n#CHIMERA_OLD=1\nCHIMERA_LOG_LEVEL=INFO\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHIMERA_ENV_FILE", ".env")
    monkeypatch.setenv("CHIMERA_PORT", "8010")
    monkeypatch.setenv("CHIMERA_TOKEN", "known")
    found = list(variables())
    assert [finding.level for finding in found] == [Level.WARN, Level.WARN]
    assert found[0].message.startswith("CHIMERA_PORT is ignored, because there is no such setting. ")
    assert found[1].message == (
        "CHIMERA_DEFAULT_MODLE in .env is ignored, because there is no such setting."
        " Did you mean CHIMERA_DEFAULT_MODEL?"
    )


def test_an_unreadable_line_is_named_without_its_text(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text(
        "# mine\nCHIMERA_OPENAI_API_KEY sk-hidden\n\nCHIMERA_LOG_JSON\nCHIMERA_HOST=::1\n"
    )
    monkeypatch.setenv("CHIMERA_ENV_FILE", str(tmp_path / "settings"))
    assert load_settings().host == "::1"
    assert [finding.message for finding in variables()] == [
        f"Line {number} of {tmp_path}/settings is ignored, because it doesn't have the form NAME=value."
        for number in (2, 4)
    ]


def test_a_misnamed_file_of_a_secret_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CHIMERA_OPNAI_API_KEY", "CHIMERA_ANTHROPIC_API_KEY", "OPENAI_API_KEY", "..data"):
        (tmp_path / name).write_text("key")
    monkeypatch.setenv("CHIMERA_SECRETS_DIR", str(tmp_path))
    (found,) = variables()
    assert found.message == (
        f"CHIMERA_OPNAI_API_KEY in {tmp_path} is ignored, because there is no such setting."
        " Did you mean CHIMERA_OPENAI_API_KEY?"
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("CHIMERA_TOKENS", "Did you mean CHIMERA_TOKEN?"),
        ("CHIMERA_FRUIT", "All settings are listed in docs/reference/settings.md."),
        ("CHIMERA_OPENAI_KEY", "Did you mean CHIMERA_OPENAI_API_KEY?"),
    ],
)
def test_an_unknown_variable_gets_a_suggestion(monkeypatch: pytest.MonkeyPatch, name: str, expected: str) -> None:
    monkeypatch.setenv("CHIMERA_ENV_FILE", "")
    monkeypatch.setenv(name, "x")
    (found,) = variables()
    assert found.message == f"{name} is ignored, because there is no such setting. {expected}"


def test_suggestions_for_a_file_fit_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("CHIMERA_TOKN=x\nCHIMERA_API_URI=x\nCHIMERA_TOKEN=x\n")
    monkeypatch.setenv("CHIMERA_ENV_FILE", str(tmp_path / "settings"))
    found = [finding.message for finding in variables()]
    assert not any("Did you mean CHIMERA_TOKEN" in message or "CHIMERA_API_URL" in message for message in found)
    assert found[2] == (
        f"CHIMERA_TOKEN in {tmp_path}/settings has no effect, because Chimera reads this variable only from the"
        " environment. Set the environment variable CHIMERA_TOKEN instead."
    )


def test_named_secrets_are_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("CHIMERA_SECRET_A=x\n")
    (tmp_path / "chimera_secret_b").write_text("x")
    monkeypatch.setenv("CHIMERA_ENV_FILE", str(tmp_path / "settings"))
    monkeypatch.setenv("CHIMERA_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("CHIMERA_SECRET_C", "x")
    assert list(variables()) == []
