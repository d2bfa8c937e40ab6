"""Keeps the code of workflow modules in memory, because the sandbox loads these modules again for every run.

If an upgrade replaces a worker's files while it runs, the worker continues with the version that it was started with.
This is the reason; the time saved is small (`python -m benchmarks shims`).
"""

import sys
from collections.abc import Sequence
from copy import copy
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import find_spec
from pkgutil import walk_packages
from types import CodeType, ModuleType


def keep(package: ModuleType) -> None:
    """Load the package's modules from their current code from now on, even with `importlib.reload`.

    Another call has no effect. Modules that don't come from source files (for example from a zip file) are loaded as
    usual.
    """
    if not any(isinstance(finder, Kept) and finder.package == package.__name__ for finder in sys.meta_path):
        sys.meta_path.insert(0, Kept(package))


class Kept(MetaPathFinder):
    def __init__(self, package: ModuleType) -> None:
        self.package = package.__name__
        inside = walk_packages(package.__path__, f"{package.__name__}.")
        names = (package.__name__, *(module.name for module in inside))
        self._specs = {name: spec for name in names if (spec := _spec_of(name)) is not None}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = self._specs.get(fullname)
        # A copy, because the import system modifies it.
        return None if spec is None else copy(spec)


class _Loader(SourceFileLoader):
    def __init__(self, loader: SourceFileLoader) -> None:
        super().__init__(loader.name, loader.path)
        self._code = loader.get_code(loader.name)

    def get_code(self, fullname: str) -> CodeType | None:
        return self._code


def _spec_of(name: str) -> ModuleSpec | None:
    """Return the module's spec with its code in it; None if the module doesn't come from a source file."""
    spec = find_spec(name)
    if spec is None or not isinstance(spec.loader, SourceFileLoader):
        return None
    kept = copy(spec)
    kept.loader = _Loader(spec.loader)
    return kept
