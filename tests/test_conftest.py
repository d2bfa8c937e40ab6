"""What `./test.sh quick` counts on."""

from pathlib import Path

import pytest

from chimera.local import processes


def test_who_asks_for_no_server_can_start_none(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="starts_servers"):
        processes.spawn(["true"], environment={}, output=tmp_path / "out")


@pytest.mark.usefixtures("starts_servers")
def test_who_asks_for_servers_is_marked(request: pytest.FixtureRequest) -> None:
    assert request.node.get_closest_marker("servers") is not None
