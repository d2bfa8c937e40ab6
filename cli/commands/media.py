"""Commands for embeddings, images and transcriptions."""

from pathlib import Path
from typing import Annotated

import typer

from cli.commands.tasks import AsJson
from cli.input.amounts import whole
from cli.input.encodings import path

Model = Annotated[str, typer.Option(help="provider/model; the simulator's is made up.")]


def embed(
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What is turned into a vector.", show_default=False)],
    model: Model = "simulator/embedding",
    dimensions: Annotated[
        int | None, typer.Option(parser=whole(1), help="A shorter vector, where the model can.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Turn a text into a vector and print it."""
    from cli.actions.media import embed
    from cli.input.options import EMBED
    from cli.process.running import finish

    finish(lambda: embed(text, model=model, dimensions=dimensions, as_json=as_json), EMBED)


def image(
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What is drawn.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(parser=path, help="The file to write: image.png, or image-2.png … where that is taken."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file that --out names.")] = False,
    model: Model = "simulator/image",
    size: Annotated[str | None, typer.Option(help="Width x height, as in 1024x1024.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a picture into a file."""
    from cli.actions.media import image
    from cli.input.options import IMAGE
    from cli.process.running import finish

    finish(lambda: image(prompt, out, model=model, size=size, as_json=as_json, force=force), IMAGE)


def transcribe(
    audio: Annotated[Path, typer.Argument(parser=path, metavar="AUDIO", help="The recording.", show_default=False)],
    model: Model = "simulator/transcription",
    language: Annotated[str | None, typer.Option(help="What is spoken, as in de or en.")] = None,
    prompt: Annotated[str | None, typer.Option(help="Names and words that are said in it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a recording down."""
    from cli.actions.media import transcribe
    from cli.input.options import TRANSCRIBE
    from cli.process.running import finish

    finish(lambda: transcribe(audio, model=model, language=language, prompt=prompt, as_json=as_json), TRANSCRIBE)
