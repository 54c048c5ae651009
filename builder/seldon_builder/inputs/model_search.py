"""Find the model's class where nobody named it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ..errors.source import ModelNotParsable, ModelNotRecognised, SeveralModels
from ..events import Emit, decision
from ..source import Source
from .model_classes import COMPONENT_METHODS, HOPSWORKS_METHODS, ModelCode

HOPSWORKS_CLASSES = frozenset({"Predict", "Predictor"})
# Served for itself where there is nothing that it could stand before.
TRANSFORMER, TRANSFORMER_METHODS = "Transformer", frozenset({"preprocess", "postprocess"})
# Their classes may look like models, but none is what an image serves.
_ASIDE = re.compile(r"setup|conftest|noxfile|tasks|test_.*|.*_tests?|train|train_.*|training|training_.*")
_ASIDE_FOLDERS = frozenset({"tests", "test", "docs", "examples", "notebooks", "benchmarks"})
CLASS_LINE = re.compile(rb"^[ \t]*class[ \t]+([A-Za-z_\x80-\xff][\w\x80-\xff]*)", re.MULTILINE)


@dataclass(frozen=True)
class Candidate:
    """A class that may be the model: its MODEL_NAME, ``file:line``, why it counts, how deep it lies.

    It is only looked at where no other has a lower ``rank``.
    """

    name: str
    place: str
    reason: str
    rank: int
    depth: int


def find_model(source: Source, code: ModelCode, emit: Emit) -> str:
    """Return the MODEL_NAME of the only class that can be the model.

    Such a class has a component method and the name of its module, or is a Hopsworks predictor. A class
    whose name differs in case or underscores counts where no other does, and a Hopsworks transformer where
    that does not either; where several count, the only one at the top of the folder wins.
    """
    modules = [name for name, path in sorted(code.paths.items()) if not _is_aside(path)]
    candidates = [found for module in modules for found in _candidates(code, module)]
    rank = min((one.rank for one in candidates), default=0)
    candidates = [one for one in candidates if one.rank == rank]
    chosen = _only(candidates)
    if chosen is None and candidates:
        raise SeveralModels([(one.name, one.place) for one in candidates])
    if chosen is None:
        for path, (line, reason) in sorted(code.broken.items()):
            raise ModelNotParsable(path, line, reason)
        raise ModelNotRecognised(source.root, *_looked_at(code))
    emit(decision("detect", f"MODEL_NAME={chosen.name}: {chosen.reason} ({chosen.place})"))
    return chosen.name


def _only(candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the only candidate, or the only one that lies highest in the folder."""
    highest = min((one.depth for one in candidates), default=0)
    top = [one for one in candidates if one.depth == highest]
    return top[0] if len(top) == 1 and (highest == 1 or len(candidates) == 1) else None


def _candidates(code: ModelCode, module: str) -> Iterator[Candidate]:
    """Yield what a module offers; it is parsed only where a line of it looks like a class that counts."""
    path, own = code.paths[module], module.rpartition(".")[2]
    text = code.read(module)
    written = {name.decode("utf-8", "replace") for name in CLASS_LINE.findall(text)}
    wanted = {name for name in written if folded(name) == folded(own)} | (
        written & (HOPSWORKS_CLASSES | {TRANSFORMER})
    )
    if PurePosixPath(path).name == "__init__.py" and re.search(
        rf"\bimport\b.*\b{own}\b".encode(), text, re.DOTALL
    ):
        wanted.add(own)
    parsed = code.module(module) if wanted else None
    if parsed is None:
        return
    for name in sorted(wanted):
        found = code.find_class(parsed, name)
        rank, reason = _reason(name, own, code.methods(parsed, name)) if found else (0, "")
        if found and reason:
            place = f"{found[0].path}:{found[1].line}"
            yield Candidate(name_of(module, name), place, reason, rank, module.count(".") + 1)


def _reason(name: str, own: str, methods: frozenset[str]) -> tuple[int, str]:
    if name in HOPSWORKS_CLASSES and methods & HOPSWORKS_METHODS:
        return 0, f"class {name} is a Hopsworks predictor"
    has = f"class {name} has the name of its module"
    if methods & COMPONENT_METHODS and name == own:
        return 0, f"{has} and {_methods_text(methods)}"
    if methods & COMPONENT_METHODS and folded(name) == folded(own):
        return 1, f"{has} but for its spelling, and {_methods_text(methods)}"
    if name == TRANSFORMER and methods & TRANSFORMER_METHODS:
        return 2, f"class {name} is a Hopsworks transformer, and nothing that it could stand before is here"
    return 0, ""


def _methods_text(methods: frozenset[str]) -> str:
    found = sorted(methods & COMPONENT_METHODS)
    return "is a SeldonComponent" if len(found) > 10 else f"has {', '.join(found[:3])}"


def name_of(module: str, cls: str) -> str:
    """Write MODEL_NAME as short as it may be."""
    return cls if module == cls else f"{module}.{cls}"


def folded(name: str) -> str:
    """Spell a module and its class alike: ``mean_classifier`` as ``MeanClassifier``."""
    return name.replace("_", "").casefold()


def _is_aside(path: str) -> bool:
    parts = PurePosixPath(path)
    return bool(_ASIDE.fullmatch(parts.stem)) or not _ASIDE_FOLDERS.isdisjoint(parts.parts[:-1])


def _looked_at(code: ModelCode) -> tuple[list[str], list[str]]:
    """Describe every module for whoever has to say which class it is, and the classes that could be."""
    lines, others = list[str](), list[str]()
    for name, path in sorted(code.paths.items()):
        module = code.module(name)
        classes = sorted(module.classes) if module else []
        lines.append(f"{path}: {', '.join(classes) if classes else 'no class'}")
        if module and not _is_aside(path):
            able = [one for one in classes if code.methods(module, one) & COMPONENT_METHODS]
            others.extend(name_of(name, one) for one in able)
    return lines, others
