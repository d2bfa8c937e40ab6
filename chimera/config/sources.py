"""The sources from which settings are read: the environment, a `.env` file, and a folder of secrets."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
)
from pydantic_settings.exceptions import SettingsError


class FromSurroundings(BaseSettings):
    """A class whose fields are read from these sources."""

    model_config = SettingsConfigDict(
        env_prefix="CHIMERA_",
        env_file=".env",
        # An empty variable counts as not set: `CHIMERA_OPENAI_API_KEY=` isn't a key.
        env_ignore_empty=True,
        populate_by_name=True,
        extra="ignore",
        frozen=True,
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read settings also from the named `.env` file, and secrets from files, as container platforms mount them.

        Raises SettingsError if a named file or folder doesn't exist.
        """
        if "CHIMERA_ENV_FILE" in os.environ:
            file = env_file()
            if file is not None and (file.is_dir() or not file.exists()):
                raise SettingsError(
                    f"CHIMERA_ENV_FILE: the file {str(file)!r} doesn't exist. Correct the path, or leave the variable"
                    " empty."
                )
            dotenv_settings = DotEnvSettingsSource(settings_cls, file)
        folder = os.environ.get("CHIMERA_SECRETS_DIR")
        if not folder:
            return init_settings, env_settings, dotenv_settings
        if not Path(folder).is_dir():
            raise SettingsError(
                f"CHIMERA_SECRETS_DIR: the folder {folder!r} doesn't exist. Mount the secrets there, or correct the"
                " path."
            )
        return init_settings, env_settings, dotenv_settings, _SecretFiles(settings_cls, folder)


class _SecretFiles(SecretsSettingsSource):
    """A folder of secrets. Like an empty variable, an empty file is a secret that isn't set.

    Platforms mount an empty file for an optional secret.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        value, key, is_complex = super().get_field_value(field, field_name)
        return value or None, key, is_complex


def env_file() -> Path | None:
    """Return the settings file: `.env`, or the one that `CHIMERA_ENV_FILE` names; None if that variable is empty."""
    named = os.environ.get("CHIMERA_ENV_FILE", FromSurroundings.model_config.get("env_file"))
    return Path(str(named)).expanduser() if named else None
