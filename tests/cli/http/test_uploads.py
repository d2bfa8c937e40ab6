"""Tasks with images."""

from pathlib import Path

import pytest

from cli.errors import Refused
from cli.http import signed_in
from cli.tasks import run
from tests.media import a_png


@pytest.mark.usefixtures("real_api")
async def test_a_refused_task_leaves_no_images_behind(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(a_png())
    async with signed_in() as client:
        with pytest.raises(Refused, match="can't be used for tasks"):
            await run("Look.", "simulator/embedding", image=[image, image], follow=False)
        assert b'"items":[]' in await client._get("/files")
        await run("Look.", image=[image], follow=False)
        assert b'"name":"a.png"' in await client._get("/files")
