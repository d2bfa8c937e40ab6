"""The command for the files that a task's agents and tools have written."""

from pathlib import Path
from typing import Annotated

import typer

from cli.http import signed_in
from cli.input.arguments import AsJson, TaskName
from cli.input.encodings import path
from cli.output.printing import print_list

Save = Annotated[
    Path | None,
    typer.Option(
        parser=path, metavar="FOLDER", help="Save the files in this folder, which is created if it doesn't exist."
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace existing files.")]


async def files(task_id: TaskName, save: Save = None, force: Force = False, as_json: AsJson = False) -> int:
    """List the files that a task's agents have written, or save them in a folder."""
    from cli.http.ids import task_named
    from cli.http.pages import items_of
    from cli.live.task_files import save_files
    from cli.output.files import print_files
    from cli.output.prose import print_note
    from cli.output.text import count

    async with signed_in() as client:
        task = await task_named(client, task_id)
        found = await items_of(lambda most, cursor: client.task_files(task.id, limit=most, cursor=cursor))
        found.sort(key=lambda file: file.name)
        if save is not None:
            await save_files(client, found, save, force=force)
            print_note(f"Saved {count(len(found), 'file')} in {str(save)!r}.")
    if as_json:
        print_list(found)
    elif save is None:
        print_files(found, task.id)
    return 0
