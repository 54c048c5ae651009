"""What older models import though no requirement of theirs has it: seldon_core, sklearn.externals.joblib."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

COMPAT = str(Path(__file__).parents[1] / "compat")
EXTERNALS = "sklearn.externals."
ALIAS = f"{EXTERNALS}joblib"


def offer_old_imports() -> None:
    """Make them importable; what is really installed stays what is imported."""
    if find_spec("seldon_core") is None:
        sys.path.append(COMPAT)
    if not any(isinstance(finder, JoblibAlias) for finder in sys.meta_path):
        sys.meta_path.insert(0, JoblibAlias())


class JoblibAlias(MetaPathFinder, Loader):
    """Finds joblib and its modules as sklearn.externals.joblib, which scikit-learn had until 0.22.

    Pickles of those days name its modules too. It is asked first: the path would find joblib's files a
    second time under the old name, and what the copy makes is of other classes.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return how to import ``fullname``, None for everything else and where scikit-learn has it."""
        if not fullname.startswith(ALIAS):
            return None
        if fullname == ALIAS:
            return None if PathFinder.find_spec(fullname, path) else spec_from_loader(fullname, self)
        known = getattr(sys.modules.get(ALIAS), "__name__", "")
        within = fullname.startswith(f"{ALIAS}.") and known == "joblib"
        return spec_from_loader(fullname, self) if within else None

    def exec_module(self, module: ModuleType) -> None:
        """Put the module itself in place of the new one; ModuleNotFoundError where joblib is missing."""
        name = module.__name__
        sys.modules[name] = importlib.import_module(name.removeprefix(EXTERNALS))
