"""Downloads the images of a call."""

import asyncio
from pathlib import Path

from cli.errors import WrongUsage
from cli.http.client import Client
from cli.http.trouble import Trouble, retry_until_answered
from cli.live.following import PATIENCE_S
from cli.output.ai_calls import where_it_stands
from cli.output.image_files import places_of
from cli.output.prose import print_note
from models.ai_calls import AiCallView, ImagesView
from models.ids import FileId


async def keep_result(client: Client, call: AiCallView, out: Path) -> None:
    """Write a call's images to files: the first to `out`, the others beside it, with numbers. Raises WrongUsage."""
    if not isinstance(call.result, ImagesView):
        raise WrongUsage(
            f"--out can't be used, because this call ({call.operation}) has no image: {where_it_stands(call)}."
        )
    images = call.result.data
    for path, image in zip(places_of(out, len(images)), images, strict=True):
        data = await _bytes_of(client, image.file_id)
        try:
            await asyncio.to_thread(path.write_bytes, data)
        except OSError as error:
            kept = f"The image is still stored on the server as file {image.file_id}"
            raise WrongUsage(f"{str(path)!r} can't be written ({error.strerror}). {kept}.") from error


async def _bytes_of(client: Client, file_id: FileId) -> bytes:
    return await retry_until_answered(lambda: client.file_content(file_id), Trouble(print_note, PATIENCE_S))
