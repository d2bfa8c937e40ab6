"""Addresses that are reached without a proxy."""

import pytest

from chimera.config.addresses import is_near, problem_of

OURS = (
    "http://127.0.0.1:1/v1",
    "http://[::1]:1",
    "http://localhost",
    "http://LOCALHOST.:1",
    "http://a.localhost",
    "http://0.0.0.0:1",
    "http://127.1:1",
    "http://2130706433",
    "http://0x7f.1/v1",
    "http://[::ffff:127.0.0.1]",
    "http://localhost.localdomain",
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
    "http://llm.corp",
    "http://192.168.1",
)
AWAY = (
    "https://api.openai.com/v1",
    "http://8.8.8.8",
    "http://8.8",
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


@pytest.mark.parametrize("url", [*OURS, *NEAR, *AWAY, "HTTPS://käse.example/v1"])
def test_a_whole_address_can_be_asked(url: str) -> None:
    assert problem_of(url) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("127.0.0.1:1", "http://"),
        ("ftp://a", "http://"),
        ("http://a:port", "port"),
        ("http://a:99999", "port"),
        ("http://a:0", "port"),
        ("http://[::1", "bracket"),
        ("http://", "host"),
        ("http://a b", "host"),
        ("http://caf\udce9", "host"),
    ],
)
def test_an_invalid_address_is_explained(url: str, words: str) -> None:
    assert words in (problem_of(url) or "")
