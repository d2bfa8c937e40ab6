"""Creates a task with its images."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from cli.errors import Refused
from cli.http.client import Client
from models.errors import ChimeraError
from models.ids import FileId
from models.tasks import TaskView


async def create_with_images(client: Client, body: Mapping[str, Any], images: Sequence[tuple[str, bytes]]) -> TaskView:
    """Create a task with images, each a name and bytes. If the task is rejected, its images are deleted again."""
    uploaded: list[FileId] = []
    try:
        for image in images:
            # One after the other, so that the images uploaded before a failure are known.
            uploaded += [(await client.upload(*image)).id]
        return await client.create_task({**body, "images": uploaded} if uploaded else body)
    except Refused as refused:
        # After a server error the task may have been accepted.
        if refused.problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            for file_id in uploaded:
                with suppress(ChimeraError):
                    await client.delete_file(file_id)
        raise
