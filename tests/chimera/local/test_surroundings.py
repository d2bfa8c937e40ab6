"""The environment variables that are passed on to other processes."""

import openai
import pytest

from chimera.local import surroundings

EVERYTHING = {
    "PATH": "/bin",
    "LC_ALL": "C",
    "SystemRoot": "C:\\Windows",
    "PYTHONPATH": "/src",
    "https_proxy": "http://proxy:3128",
    "SSL_CERT_FILE": "/etc/ca.pem",
    "PGSSLROOTCERT": "/etc/pg.pem",
    "CHIMERA_JWT_SECRET": "secret",
    "OPENAI_API_KEY": "secret",
    "CHIMERA_ANTHROPIC_API_KEY": "secret",
    "GOOGLE_API_KEY": "secret",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "GITHUB_TOKEN": "secret",
    "CHIMERA_DATABASE_URL": "secret",
    "PATHOLOGY_KEY": "secret",
    "MY_PATH": "secret",
}


def test_servers_get_only_basic_variables() -> None:
    assert set(surroundings.for_server(EVERYTHING)) == {"PATH", "LC_ALL", "SystemRoot"}


def test_a_python_of_ours_finds_its_modules_too() -> None:
    assert set(surroundings.for_python(EVERYTHING)) == {"PATH", "LC_ALL", "SystemRoot", "PYTHONPATH"}


def test_processes_that_reach_providers_get_proxies() -> None:
    added = set(surroundings.for_client(EVERYTHING)) - set(surroundings.for_python(EVERYTHING))
    assert added == {"https_proxy", "SSL_CERT_FILE", "PGSSLROOTCERT"}


@pytest.mark.parametrize(
    "name",
    [
        *("OPENAI_ORG_ID", "OPENAI_PROJECT_ID", "OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS"),
        *("SSL_CERT_DIR", "HTTP_PROXY", "no_proxy", "OPENSSL_MODULES", "RES_OPTIONS", "PGSSLMODE", "KRB5CCNAME"),
    ],
)
def test_clients_get_the_variables_of_sdks(name: str) -> None:
    assert surroundings.for_client({name: "x"}) == {name: "x"}
    assert surroundings.for_model({name: "x"}) == surroundings.for_python({name: "x"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        *("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_WEBHOOK_SECRET", "ANTHROPIC_AUTH_TOKEN", "GOOGLE_API_KEY"),
        *("AZURE_OPENAI_API_KEY", "AWS_BEARER_TOKEN_BEDROCK", "ANTHROPIC_WORK_SECRET", "HF_TOKEN", "LLAMA_API_KEY"),
    ],
)
def test_unnamed_keys_reach_no_process(name: str) -> None:
    assert surroundings.for_client({name: "x"}) == surroundings.for_model({name: "x"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"),
        *("HSA_OVERRIDE_GFX_VERSION", "ROCR_VISIBLE_DEVICES", "ONEAPI_DEVICE_SELECTOR", "VK_ICD_FILENAMES"),
        *("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "KMP_AFFINITY"),
    ],
)
def test_a_local_model_finds_its_processors(name: str) -> None:
    assert surroundings.for_model({name: "x"}) == {name: "x"}


def test_the_sdk_sends_organization_and_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same happens in a worker that `up` started with these variables."""
    found = surroundings.for_client({"OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj-1"})
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    headers = openai.AsyncOpenAI(api_key="none").default_headers
    assert (headers["OpenAI-Organization"], headers["OpenAI-Project"]) == ("org-1", "proj-1")


def test_the_default_is_this_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert surroundings.for_server()["TZ"] == "Asia/Tokyo"
