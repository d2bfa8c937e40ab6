"""Named secrets: where they come from, and how texts refer to them."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from chimera.config.named_secrets import MissingSecret, filled, named_in, read_secrets
from chimera.config.settings import Settings
from chimera.local import surroundings


def test_secrets_are_read_from_three_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env_file, folder = tmp_path / ".env", tmp_path / "secrets"
    env_file.write_text("CHIMERA_SECRET_A=from file\nCHIMERA_SECRET_B=from file\nOTHER=x\n")
    folder.mkdir()
    for name in ("GITHUB_TOKEN", "chimera_secret_c", "C", "B", "CHIMERA_OPENAI_API_KEY", "no name.txt"):
        (folder / name).write_text(f"in {name}\n")
    monkeypatch.setenv("CHIMERA_SECRETS_DIR", str(folder))
    monkeypatch.setenv("CHIMERA_SECRET_A", "from environment")
    found = {name: value.get_secret_value() for name, value in read_secrets(env_file).items()}
    assert found == {
        "A": "from environment",
        "B": "from file",
        "C": "in chimera_secret_c",
        "GITHUB_TOKEN": "in GITHUB_TOKEN",
    }


def test_references_are_filled_in() -> None:
    secrets = {"A": SecretStr("1"), "B_2": SecretStr("${A}")}
    assert filled("x${A}y${a}${C:-z}$A${", secrets) == "x1y1z$A${"
    # A value isn't looked at again.
    assert filled("${B_2}", secrets) == "${A}"
    assert named_in("${A}${C:-z}", secrets) == ["1"]
    with pytest.raises(MissingSecret, match=r"'C', which isn't set\. Set CHIMERA_SECRET_C"):
        filled("${C}", secrets)


def test_only_workers_receive_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_SECRET_A", "hidden")
    settings = Settings()
    assert surroundings.of_secrets(settings) == {"CHIMERA_SECRET_A": "hidden"}
    assert "hidden" not in str(surroundings.of_settings(settings))
    assert "hidden" not in repr(settings)
    assert surroundings.of_secrets(settings.model_copy(update={"host": "::1"})) == {"CHIMERA_SECRET_A": "hidden"}
