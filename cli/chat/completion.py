"""Completes commands, their arguments and file names."""

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from cli.output.text import one_line, plain

MAX_FILES = 200


class CommandCompleter(Completer):
    """Completes `/commands`. The choices of an argument are those that were last put into `choices`."""

    def __init__(self, commands: Mapping[str, str], files: Sequence[str]) -> None:
        """`commands` are names with their help texts; the arguments of those in `files` are file names."""
        self._commands = commands
        self._files = files
        self.choices: dict[str, Sequence[str]] = {}

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterator[Completion]:
        typed = document.text_before_cursor
        if not typed.startswith("/") or "\n" in typed:
            return
        name, space, argument = typed[1:].partition(" ")
        if not space:
            for command, summary in self._commands.items():
                if command.startswith(name):
                    yield Completion(f"/{command}", -len(typed), display_meta=summary)
        elif name in self._files:
            yield from _files_for(argument.rpartition(" ")[2])
        else:
            for choice in self.choices.get(name, ()):
                if choice.startswith(argument):
                    yield Completion(plain(choice), -len(argument))


def _files_for(begun: str) -> Iterator[Completion]:
    folder, _, beginning = begun.rpartition("/")
    place = Path(f"{folder}/").expanduser() if "/" in begun else Path()
    try:
        with os.scandir(place) as entries:
            found = sorted((each.name, each.is_dir()) for each in entries if each.name.startswith(beginning))
    except OSError:
        return
    for name, is_folder in found[:MAX_FILES]:
        is_safe = one_line(name, 1000) == name and " " not in name
        if is_safe and (beginning or not name.startswith(".")):
            yield Completion(name + ("/" if is_folder else ""), -len(beginning))
