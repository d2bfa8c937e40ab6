"""AI calls (embeddings, images and transcriptions): request one; list, show or cancel earlier ones."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from cli.http import signed_in
from cli.input.amounts import whole
from cli.input.arguments import AsJson
from cli.input.encodings import path, text_of
from cli.input.options import EMBED, IMAGE, TRANSCRIBE
from cli.output.printing import print_json
from cli.output.prose import print_line, print_note
from cli.output.tables import print_table
from cli.output.text import short

Content = Annotated[str, typer.Argument(metavar="TEXT", help="The text to embed.", show_default=False)]
Prompt = Annotated[
    str, typer.Argument(metavar="PROMPT", help="A description of the image to generate.", show_default=False)
]
Audio = Annotated[
    Path, typer.Argument(parser=path, metavar="AUDIO", help="The recording to transcribe.", show_default=False)
]
Model = Annotated[
    str, typer.Option(help="The model, as provider/model. The simulator's models return made-up results.")
]
Dimensions = Annotated[
    int | None,
    typer.Option(parser=whole(1), help="The number of dimensions, for models that support shorter vectors."),
]
Size = Annotated[str | None, typer.Option(help="The image's width and height in pixels, such as 1024x1024.")]
Language = Annotated[str | None, typer.Option(help="The language spoken in the recording, such as de or en.")]
Names = Annotated[
    str | None, typer.Option(help="Names and terms that occur in the recording, as a hint for the model.")
]
Out = Annotated[
    Path | None,
    typer.Option(
        parser=path,
        help="The output file. Default: image.png, or image-2.png and so on if image.png exists.",
    ),
]
ShownOut = Annotated[Path | None, typer.Option(parser=path, help="The file to save the image to.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The call's ID or its first characters.", show_default=False)]
Limit = Annotated[int, typer.Option(parser=whole(1, 100), help="Maximum number of calls to list, newest first.")]

app = typer.Typer(name="calls", help="List, show and cancel your embedding, image and transcription calls.")


async def embed(
    text: Content, model: Model = "simulator/embedding", dimensions: Dimensions = None, as_json: AsJson = False
) -> int:
    """Embed text and print its vector."""
    from cli.http.bodies import given
    from cli.live.waiting import made
    from cli.output.ai_calls import print_result
    from models.ai_calls import Operation

    body = given({"model": model, "input": text, "dimensions": dimensions})
    async with signed_in(EMBED) as client:
        call = await made(client, Operation.EMBEDDINGS, body, print_note)
    print_result(call, as_json=as_json)
    return 0


async def image(
    prompt: Prompt,
    out: Out = None,
    force: Force = False,
    model: Model = "simulator/image",
    size: Size = None,
    as_json: AsJson = False,
) -> int:
    """Generate an image file."""
    from cli.http.bodies import given
    from cli.live.images import keep_result
    from cli.live.waiting import made
    from cli.output.ai_calls import print_result
    from cli.output.image_files import check_place, free_name
    from models.ai_calls import Operation

    # The extension may be that of another image type, because it is only part of the name.
    out = out or free_name(Path("image.png"))
    check_place(out, force=force)
    body = given({"model": model, "prompt": prompt, "size": size})
    async with signed_in(IMAGE) as client:
        call = await made(client, Operation.IMAGES, body, print_note)
        await keep_result(client, call, out)
    print_result(call, out, as_json=as_json)
    return 0


async def transcribe(
    audio: Audio,
    model: Model = "simulator/transcription",
    language: Language = None,
    prompt: Names = None,
    as_json: AsJson = False,
) -> int:
    """Transcribe a recording."""
    from cli.http.bodies import given
    from cli.input.files import bytes_of
    from cli.live.waiting import made
    from cli.output.ai_calls import print_result
    from models.ai_calls import Operation

    file = (text_of(audio.name, "The file's name"), await bytes_of(audio))
    fields = given({"model": model, "language": language, "prompt": prompt})
    async with signed_in(TRANSCRIBE) as client:
        call = await made(client, Operation.TRANSCRIPTIONS, fields, print_note, file=file)
    print_result(call, as_json=as_json)
    return 0


@app.callback(invoke_without_command=True)
def calls(context: typer.Context, limit: Limit = 20, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """List, show and cancel your embedding, image and transcription calls."""
    return None if context.invoked_subcommand else list_calls(limit=limit, as_json=as_json)


@app.command(name="list")
async def list_calls(limit: Limit = 20, as_json: AsJson = False) -> int:
    """List your embedding, image and transcription calls. Same as: chimera calls"""
    from cli.http.blocked import blocked_calls
    from cli.output.ai_calls import table_of

    async with signed_in() as client:
        page = await client.ai_calls(limit=limit)
        blocked_by = set() if as_json else await blocked_calls(client, page.items)
    if as_json:
        print_json(page)
    elif not page.items:
        print_line('No calls yet. To make one, run: chimera embed "a red apple"')
    else:
        print_table(Console(highlight=False), table_of(page.items, blocked_by))
    return 0


@app.command()
async def show(call_id: Id, out: ShownOut = None, force: Force = False, as_json: AsJson = False) -> int:
    """Print a call's result, or its status if there is no result."""
    from cli.http.ids import call_named
    from cli.live.images import keep_result
    from cli.output.ai_calls import exit_code_of, print_call
    from cli.output.image_files import check_place

    if out is not None:
        check_place(out, force=force)
    async with signed_in() as client:
        call = await call_named(client, call_id)
        if out is not None:
            await keep_result(client, call, out)
    if as_json:
        print_json(call)
    else:
        print_call(call, out)
    return exit_code_of(call)


@app.command()
async def cancel(call_id: Id) -> int:
    """Cancel a call so that no more requests are sent to its provider."""
    from cli.http.ids import call_named
    from models.runs import RunStatus

    async with signed_in() as client:
        call = await client.cancel_ai_call((await call_named(client, call_id)).id)
    state = "being cancelled" if call.status is RunStatus.CANCELLING else call.status
    print_line(f"Call {short(call.id)} is {state}. No more requests will be sent to its provider.")
    return 0
