"""What a distribution is really called that somebody asked for by another name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..lock import canonical_name
from .older_wrappers import CARRIED, PROVIDERS

# Names that models ask for most; a misspelling of one is worth a guess.
_POPULAR = (
    "catboost", "joblib", "lightgbm", "matplotlib", "numpy", "onnxruntime", "pandas", "polars", "pyarrow",
    "pydantic", "scipy", "sentence-transformers", "spacy", "statsmodels", "torch", "torchvision",
    "transformers",
)  # fmt: skip

# What `pip freeze` wrote on another system: no package, or none for this one.
_OF_OTHER_SYSTEMS = {
    "pkg-resources": "remove the line pkg_resources: Debian's pip freezes it, and no index has it",
    **{
        name: f'{name} is for Windows alone: put ` ; sys_platform == "win32"` behind it'
        for name in ("pywin32", "pywinpty", "pypiwin32", "wincertstore")
    },
}


def naming_advice(names: Sequence[str]) -> str:
    """Say what ``names`` that cannot be installed are called, or may be meant to be; empty where unknown."""
    return "; ".join(_advice(names))


def _advice(names: Sequence[str]) -> Iterator[str]:
    from difflib import get_close_matches

    modules = {canonical_name(module): found[0] for module, found in PROVIDERS.items()}
    carried = (line.partition("<")[0] for line in CARRIED.values())
    known = {*modules.values(), *carried, *_POPULAR}
    for name in map(canonical_name, names):
        if name in _OF_OTHER_SYSTEMS:
            yield _OF_OTHER_SYSTEMS[name]
        elif name in modules and modules[name] != name:
            yield f"the package is called {modules[name]}: ask for that instead of {name}"
        elif name not in known and (close := get_close_matches(name, sorted(known), 1, 0.8)):
            yield f"did you mean {close[0]} instead of {name}?"
