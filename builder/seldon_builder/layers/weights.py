"""Which files of a model are weights, and how they divide into layers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..inputs.ignore_rules import patterns_of
from ..inputs.project_toml import read_project
from ..settings import Settings
from ..source import Source, SourceFile

WEIGHT_SUFFIXES = frozenset(
    {".pkl", ".pickle", ".joblib", ".h5", ".keras", ".pt", ".pth", ".onnx"}
    | {".safetensors", ".npy", ".npz", ".ckpt", ".bin", ".pb", ".gguf"}
)
LARGE_FILE = 1 << 20
OWN_LAYER = 10 << 20
MOST_LAYERS = 20
WEIGHTS_SETTING = "SELDON_WEIGHTS"
_GLOB_CHARACTERS = re.compile(r"([*?\[\\])")


def weight_patterns(source: Source, settings: Settings) -> tuple[str, ...]:
    """Return the user's own patterns: SELDON_WEIGHTS, and ``weights`` of ``[io.seldon]`` in project.toml."""
    listed = (pattern.strip() for pattern in settings.get(WEIGHTS_SETTING).split(","))
    return (*filter(None, listed), *read_project(source.root).weights)


def weight_groups(source: Source, patterns: Sequence[str] = ()) -> tuple[tuple[SourceFile, ...], ...]:
    """Divide the weights into layers: each file of 10 MiB or more by itself, then the others together.

    ``patterns`` (those of .gitignore) name further files. Where more than 20 layers would come of it, the
    largest files keep their own.
    """
    weights = weight_files(source, patterns)
    large = [file for file in weights if file.size >= OWN_LAYER]
    if len(large) + (len(large) < len(weights)) > MOST_LAYERS:
        large = sorted(large, key=lambda file: (-file.size, str(file.path)))[: MOST_LAYERS - 1]
    alone = set(large)
    rest = tuple(file for file in weights if file not in alone)
    return (*((file,) for file in weights if file in alone), *((rest,) if rest else ()))


def weight_files(source: Source, patterns: Sequence[str] = ()) -> tuple[SourceFile, ...]:
    """Return the weights: known by their suffix, their size or the user's patterns."""
    listed = _matching(source, patterns)
    return tuple(
        file
        for file in source.files
        if not file.is_folder and not file.link and (_is_weight(file) or str(file.path) in listed)
    )


def _is_weight(file: SourceFile) -> bool:
    return file.size >= LARGE_FILE or file.path.suffix.lower() in WEIGHT_SUFFIXES


def _matching(source: Source, patterns: Sequence[str]) -> frozenset[str]:
    if not patterns:
        return frozenset()
    spec = patterns_of(WEIGHTS_SETTING, patterns)
    return frozenset(spec.match_files(str(file.path) for file in source.files))


def slice_paths(group: Sequence[SourceFile]) -> tuple[str, ...]:
    """Write a group as the ``paths`` of a CNB slice, which are globs: a ``*`` of a name is escaped."""
    return tuple(_GLOB_CHARACTERS.sub(r"\\\1", str(file.path)) for file in group)
