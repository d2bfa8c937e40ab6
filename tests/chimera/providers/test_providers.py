"""Models that can be called are determined before anything is stored."""

import pytest
from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS
from chimera.providers import Providers, check_model, split_model
from models import errors
from models.providers import OwnRates
from tests.wires.vendors import WIRES


def test_every_provider_is_put_to_the_contract() -> None:
    assert sorted(wire.name for wire in WIRES) == sorted(VENDORS)


def test_only_the_first_slash_separates() -> None:
    assert split_model("local/org/model:7b") == ("local", "org/model:7b")


@pytest.mark.parametrize("model_ref", ["gpt-5.6", "nobody/model", "/x", "openai/", ""])
def test_an_unknown_provider_is_named_with_those_there_are(model_ref: str) -> None:
    with pytest.raises(errors.UnknownProvider, match=", ".join(VENDORS)):
        split_model(model_ref)


@pytest.mark.parametrize(
    ("model_ref", "settings", "error", "advice"),
    [
        ("openai/gpt-5.6", Settings(), errors.MissingKey, "CHIMERA_OPENAI_API_KEY"),
        ("google/gemini-2.5-pro", Settings(), errors.MissingKey, "CHIMERA_GOOGLE_API_KEY"),
        ("anthropic/claude-opus-5", Settings(), errors.MissingKey, "CHIMERA_ANTHROPIC_API_KEY"),
        ("anthropic/nothing", Settings(anthropic_api_key=SecretStr("k")), errors.UnknownPrice, "CHIMERA_PRICES"),
        ("local/gemma", Settings(), errors.MissingBaseUrl, "CHIMERA_LOCAL_BASE_URL"),
        ("simulator/fast", Settings(), errors.MissingBaseUrl, "CHIMERA_SIMULATOR_URL"),
        ("openai/nothing", Settings(openai_api_key=SecretStr("k")), errors.UnknownPrice, "CHIMERA_PRICES"),
        ("simulator/turbo", Settings(simulator_url="http://s"), errors.UnknownSimulatorModel, "one of simulator/"),
    ],
)
def test_an_unusable_model_is_refused_with_a_remedy(
    model_ref: str, settings: Settings, error: type[errors.InvalidInput], advice: str
) -> None:
    with pytest.raises(error, match=advice):
        check_model(model_ref, settings)


def test_a_model_that_can_be_called_passes() -> None:
    check_model("simulator/fast", Settings(simulator_url="http://127.0.0.1:1"))
    check_model("local/anything", Settings(local_base_url="http://127.0.0.1:1/v1"))
    check_model("openai/gpt-4o-mini", Settings(openai_api_key=SecretStr("k")))
    check_model("google/gemini-3.8-flash", Settings(google_api_key=SecretStr("k")))
    check_model("anthropic/claude-sonnet-5", Settings(anthropic_api_key=SecretStr("k")))
    check_model(
        "openai/mine", Settings(openai_api_key=SecretStr("k"), prices={"openai/mine": OwnRates(input=1, output=2)})
    )


async def test_a_provider_is_made_once() -> None:
    providers = Providers(Settings(simulator_url="http://127.0.0.1:1", local_base_url="http://127.0.0.1:1/v1"))
    assert providers.of("simulator/fast") is providers.of("simulator/slow")
    assert providers.of("simulator/fast").simulated
    assert not providers.of("local/x").simulated
    with pytest.raises(errors.MissingKey):
        providers.of("openai/gpt-5.6")
    await providers.close()


def test_keys_are_read_from_the_sdks_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k")
    assert Settings().key_of("anthropic") == SecretStr("k")
