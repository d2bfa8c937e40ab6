"""Finds the tools of installed packages (entry points `chimera.tools`) and of the folder `CHIMERA_TOOLS_DIR`.

Loading runs other people's code, so anything may go wrong: a file or package that is broken is reported and skipped.
"""

import importlib.util
import sys
from collections.abc import Callable, Collection, Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from chimera.config.settings import Settings
from chimera.tools.problems import LoadedTools, ToolProblem
from chimera.tools.python.decorator import ToolOptions, options_of
from chimera.tools.python.functions import FunctionTool
from chimera.tools.python.places import place_of_error, place_of_function, reason_of
from chimera.tools.python.signatures import UnusableFunction
from chimera.tools.python.threads import Threads

GROUP = "chimera.tools"
_MODULES = "chimera_tools_dir"
# What an import can raise: `sys.exit()` in a script that was meant to be run is the usual one besides errors.
_ANYTHING = (Exception, SystemExit)


def load(settings: Settings, taken: Collection[str] = ()) -> LoadedTools:
    """Load all Python tools whose names aren't `taken`. Problems are returned; nothing is raised.

    If two tools have the same name, the first counts: packages before the folder, each in alphabetical order.
    """
    loading = _Loading(taken)
    for entry_point in sorted(entry_points(group=GROUP), key=lambda each: each.name):
        loading.add_package(entry_point)
    if settings.tools_dir is not None:
        loading.add_folder(settings.tools_dir.expanduser().absolute())
    return LoadedTools(tuple(loading.tools.values()), tuple(loading.problems))


class _Loading:
    """The tools found so far."""

    def __init__(self, taken: Collection[str]) -> None:
        self.tools: dict[str, FunctionTool] = {}
        self.problems: list[ToolProblem] = []
        self._taken = taken
        self._places: dict[str, str] = {}
        self._threads = Threads()

    def add_package(self, entry_point: EntryPoint) -> None:
        """Add the function that an entry point names, or the marked functions of its module."""
        package = entry_point.dist.name if entry_point.dist else "a package"
        place = f"{package}: {entry_point.name} = {entry_point.value}"
        try:
            value = entry_point.load()
            functions = list(_marked_in(value)) if isinstance(value, ModuleType) else [value]
        except _ANYTHING as error:
            self._report(place, reason_of(error))
            return
        if not functions or not all(map(callable, functions)):
            self._report(place, "Neither a function nor a module with functions marked with @tool.")
            return
        for function in functions:
            self._add(function, place)

    def add_folder(self, folder: Path) -> None:
        """Add the marked functions of a folder's files."""
        try:
            files = sorted(file for file in folder.glob("*.py") if not file.name.startswith("_"))
            if not folder.is_dir():
                raise NotADirectoryError
        except OSError:
            self._report(str(folder), "CHIMERA_TOOLS_DIR isn't a folder that can be read. Create it, or correct it.")
            return
        if str(folder) not in sys.path:
            # At the end, so that a file can import another one but hides no package.
            sys.path.append(str(folder))
        for file in files:
            self._add_file(file)

    def _add_file(self, file: Path) -> None:
        try:
            functions = list(_marked_in(_imported(file)))
        except _ANYTHING as error:
            self._report(place_of_error(error, str(file)), reason_of(error))
            return
        if not functions:
            self._report(str(file), "No function is marked with @tool. Begin the name with _ if it isn't for tools.")
        for function in functions:
            self._add(function, "")

    def _add(self, function: Callable[..., Any], package: str) -> None:
        place = package
        try:
            place = " ".join(part for part in (package, place_of_function(function)) if part)
            made = FunctionTool(function, options_of(function) or ToolOptions(), self._threads)
        except UnusableFunction as error:
            self._report(place, str(error))
            return
        except _ANYTHING as error:
            self._report(place, f"Not usable as a tool. {reason_of(error)}")
            return
        name = made.definition.name
        if name in self._taken:
            self._report(place, f"{name!r} is the name of a built-in tool. Use another name.")
        elif name in self.tools:
            self._report(place, f"{name!r} is already defined in {self._places[name]}. Use another name.")
        else:
            self.tools[name], self._places[name] = made, place

    def _report(self, place: str, message: str) -> None:
        self.problems.append(ToolProblem(place, message))


def _imported(file: Path) -> ModuleType:
    name = f"{_MODULES}.{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Dataclasses and postponed annotations look their module up.
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _marked_in(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Yield the module's own functions that are marked as tools: not those that it imports."""
    seen: set[int] = set()
    for value in list(vars(module).values()):
        if options_of(value) and value.__module__ == module.__name__ and id(value) not in seen:
            seen.add(id(value))
            yield value
