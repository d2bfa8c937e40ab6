"""What of an environment is passed on."""

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


def test_a_server_gets_what_any_program_needs() -> None:
    assert set(surroundings.for_server(EVERYTHING)) == {"PATH", "LC_ALL", "SystemRoot"}


def test_a_python_of_ours_finds_its_modules_too() -> None:
    assert set(surroundings.for_python(EVERYTHING)) == {"PATH", "LC_ALL", "SystemRoot", "PYTHONPATH"}


def test_who_reaches_providers_gets_the_way_there() -> None:
    added = set(surroundings.for_client(EVERYTHING)) - set(surroundings.for_python(EVERYTHING))
    assert added == {"https_proxy", "SSL_CERT_FILE", "PGSSLROOTCERT"}


def test_without_an_argument_it_is_the_environment_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert surroundings.for_server()["TZ"] == "Asia/Tokyo"
