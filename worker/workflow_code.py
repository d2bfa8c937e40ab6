"""The code of workflow modules, kept in memory: the sandbox loads them anew for every run.

If a worker's files are replaced by an upgrade while it runs, the worker continues with the version that it was started
with. This is the reason; the saving is small (`python -m benchmarks shims`).
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
    """From now on load the package's modules from the code that they have now, also in `importlib.reload`.

    A second time changes nothing. Modules that don't come from source files (a zip) are loaded as ever.
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
        # A copy: the import system writes into it.
        return None if spec is None else copy(spec)


class _Loader(SourceFileLoader):
    def __init__(self, loader: SourceFileLoader) -> None:
        super().__init__(loader.name, loader.path)
        self._code = loader.get_code(loader.name)

    def get_code(self, fullname: str) -> CodeType | None:
        return self._code


def _spec_of(name: str) -> ModuleSpec | None:
    """The module's spec with its code in it; None where it doesn't come from a source file."""
    spec = find_spec(name)
    if spec is None or not isinstance(spec.loader, SourceFileLoader):
        return None
    kept = copy(spec)
    kept.loader = _Loader(spec.loader)
    return kept
