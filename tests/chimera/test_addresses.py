"""Which addresses no proxy is asked for."""

import pytest

from chimera.addresses import is_near

OURS = (
    "http://127.0.0.1:1/v1",
    "http://[::1]:1",
    "http://localhost",
    "http://LOCALHOST.:1",
    "http://a.localhost",
    "http://0.0.0.0:1",
)
NEAR = (
    "http://192.168.1.5:11434/v1",
    "https://10.0.0.7",
    "http://172.17.0.1:1",
    "http://[fd00::1]:1",
    "http://169.254.1.1",
    "http://100.101.102.103:11434",
    "http://ollama:11434/v1",
    "http://host.docker.internal:1",
    "http://box.local",
    "http://nas.lan./v1",
)
AWAY = (
    "https://api.openai.com/v1",
    "http://8.8.8.8",
    "http://[2606:4700::1111]",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
)


@pytest.mark.parametrize("url", OURS)
def test_this_machine_is_near(url: str) -> None:
    assert is_near(url)


@pytest.mark.parametrize("url", NEAR)
def test_a_private_network_is_near(url: str) -> None:
    assert is_near(url)


@pytest.mark.parametrize("url", [*AWAY, "http://[bad", ""])
def test_the_rest_is_not_near(url: str) -> None:
    assert not is_near(url)
