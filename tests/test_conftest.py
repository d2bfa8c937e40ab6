"""The rules that `./test.sh quick` relies on."""

from pathlib import Path

import pytest

from chimera.local import processes


def test_tests_without_the_fixture_start_no_server(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="starts_servers"):
        processes.spawn(["true"], environment={}, output=tmp_path / "out")


@pytest.mark.usefixtures("starts_servers")
def test_tests_using_servers_are_marked(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("servers") is not None
